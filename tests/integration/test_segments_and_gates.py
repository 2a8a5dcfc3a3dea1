"""What a customer's history and the gates change in what really goes out, and how it is told."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from cli.explain import as_lines, in_words, look
from config.wiring import DEFAULT_SELLER
from store import tables
from tests.factories import event, invoice_event
from tests.integration.test_policy_change import with_policy
from tests.pipeline import TUESDAY_0930, Json, Pipeline

POLICY = """\
name: strict
require: [purchase_order]
steps:
  - {id: first, when: due + 2 days, level: courteous, channels: [email]}
  - {id: call, when: due + 5 days, level: courteous, channels: [phone]}
segments:
  reliable: {skip: [call]}
"""
LATE: Json = {"id": "F-1", "number": "F-1", "due_on": "2026-11-20"}


@pytest.fixture
def strict(pipeline: Pipeline, tmp_path: Path) -> Pipeline:
    """The pipeline under a policy that wants a purchase order and calls no reliable customer."""
    file = tmp_path / "strict.yaml"
    file.write_text(POLICY)
    return with_policy(pipeline, file)


def told(pipeline: Pipeline) -> tuple[list[Json], str]:
    """What `relance explain` says, as JSON and in words."""
    found = look(pipeline.services, DEFAULT_SELLER, "C-17", pipeline.now)
    assert found is not None
    return [json.loads(line) for line in as_lines(found)], "\n".join(in_words(found, None))


def reasons(lines: list[Json], code: str) -> list[Json]:
    return [line["facts"] for line in lines if line["kind"] == "reason" and line["code"] == code]


def test_what_the_policy_requires_holds_until_the_invoice_is_put_right(strict: Pipeline) -> None:
    strict.take(invoice_event(invoice=LATE))
    assert strict.deliver_due() == 0
    assert strict.codes() == ["gate"]
    assert [(task.kind, task.step, list(task.units)) for task in strict.tasks()] == [
        ("fix", "purchase_order", ["F-1"])
    ]
    opened = [entry.facts for entry in strict.journal() if entry.event == "task.opened"]
    assert opened == [{"kind": "fix", "why": "purchase_order"}]
    lines, words = told(strict)
    assert reasons(lines, "gate") == [{"unit": "F-1", "invoice": "F-1", "why": "purchase_order"}]
    assert "le numéro de commande manque" in words
    put_right = invoice_event(
        id="evt-2", type="invoice.updated", time="2026-11-23T09:00:00+01:00", invoice={**LATE, "purchase_order": "7"}
    )
    strict.take(put_right)
    assert strict.tasks() == []
    assert strict.deliver_due() == 1
    assert [row.step for row in strict.log()] == ["first"]


def test_a_person_lets_it_pass_as_it_is(strict: Pipeline) -> None:
    strict.take(invoice_event(invoice=LATE))
    strict.take(closed(task_ids(strict)[0], "as_is"))
    assert strict.deliver_due() == 0
    assert strict.at(TUESDAY_0930 + timedelta(days=2, hours=2)).deliver_due() == 1


def test_done_in_vain_opens_another_task_on_its_next_date(strict: Pipeline) -> None:
    strict.take(invoice_event(invoice=LATE))
    first = task_ids(strict)
    strict.take(closed(first[0], "done"))
    assert task_ids(strict) == first
    later = strict.at(TUESDAY_0930 + timedelta(days=2))
    assert later.deliver_due() == 0
    assert {(task.kind, task.step) for task in later.tasks()} == {("fix", "purchase_order")}
    assert len(task_ids(later)) == 2


def task_ids(pipeline: Pipeline) -> list[str]:
    """Of every task that was ever opened."""
    with pipeline.services.engine.connect() as connection:
        return list(connection.execute(sa.select(tables.tasks.c.id)).scalars())


def closed(task_id: str, outcome: str) -> Json:
    """What came of the fix, to be looked at again on Thursday."""
    work = {"kind": "fix", "step": "purchase_order", "units": ["F-1"], "outcome": outcome, "next_on": "2026-11-26"}
    return event(
        "task.closed",
        {"customer_id": "C-17", "task_id": task_id, **work},
        id="evt-closed",
        time="2026-11-24T09:00:00+01:00",
    )


def test_a_complaint_holds_the_first_reminder_and_no_later_one(pipeline: Pipeline) -> None:
    complaint = {"customer_id": "C-17", "complaint_id": "k1", "reason": "late delivery"}
    opened = event("complaint.opened", complaint, id="evt-k", time="2026-11-23T09:00:00+01:00")
    pipeline.take(invoice_event(invoice=LATE))
    assert pipeline.deliver_due() == 1
    second = {**LATE, "id": "F-2", "number": "F-2"}
    pipeline.take(opened, invoice_event(id="evt-2", invoice=second))
    lines, _ = told(pipeline)
    assert reasons(lines, "gate") == [{"unit": "F-2", "invoice": "F-2", "why": "complaint"}]
    assert [line["invoices"] for line in lines if line["kind"] == "next"] == [["F-1"], ["F-1"]]


def paid_in_time(n: int) -> list[Json]:
    issued = {"id": f"P-{n}", "number": f"P-{n}", "due_on": "2026-06-02", "purchase_order": "7"}
    paid = {"invoice_id": f"P-{n}", "paid_on": "2026-06-03"}
    return [invoice_event(id=f"i-{n}", invoice=issued), event("invoice.paid", paid, id=f"p-{n}")]


def test_who_has_always_paid_in_time_is_reliable_and_explain_says_why(strict: Pipeline) -> None:
    strict.take(invoice_event(invoice={**LATE, "due_on": "2026-11-18", "purchase_order": "7"}))
    lines, words = told(strict)
    assert reasons(lines, "segment_unnamed")[0]["name"] == "new"
    assert "Segment «\u00a0new\u00a0»" in words
    assert "La politique ne fait rien de particulier pour ce segment." in words
    assert strict.account().plan is not None
    strict.take(*paid_in_time(1), *paid_in_time(2), *paid_in_time(3))
    lines, words = told(strict)
    assert reasons(lines, "segment") == [
        {
            "name": "reliable", "settled": 3, "unpaid": 0, "in_time_percent": 100, "mean_days_late": 1,
            "as_of": "2026-11-24",
        }
    ]  # fmt: skip
    assert "Segment «\u00a0reliable\u00a0»\u00a0; au 24 novembre 2026" in words
    assert strict.deliver_due() == 1
    assert [(row.step, row.channel) for row in strict.log()] == [("first", "email")]
