"""What is planned after an accepted message, from what was known at its claim, is what planning would say."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from config.policy_book import store_policy
from config.policy_files import SHIPPED, load_policy
from domain.ids import AccountKey
from domain.outcomes import Outcome, OutcomeClass
from tests.factories import Json, contact_data, customer_data, event, invoice_event
from tests.pipeline import TUESDAY_0930, Pipeline
from workers.calls import Call
from workers.claim import claim_due
from workers.deliver import record
from workers.due import plan_again

LATER = TUESDAY_0930 + timedelta(minutes=2)
AT_THE_PHONE = TUESDAY_0930 + timedelta(hours=2, minutes=29)
MANY = 6
ACCEPTED = Outcome(OutcomeClass.ACCEPTED, provider_id="made-up")
BUSY = Outcome(OutcomeClass.TRANSIENT, code="503")
SHARED = {"email": "accountant@example.com", "phone": "+33612000000"}


def invoice(customer: str, number: int, due_on: str, **changes: Any) -> Json:
    name = f"{customer}-{number}"
    fields = {"id": name, "number": name, "due_on": due_on, "issued_on": "2026-10-01"}
    known = customer_data(id=customer) | changes
    return invoice_event(customer=known, invoice=fields, id=f"issued-{name}")


def a_book() -> list[Json]:
    """Customers with one and several invoices, a part paid, shared people, a consumer, an old debt."""
    accountant = [contact_data(id="p9", **SHARED)]
    return [
        invoice("C-1", 1, "2026-11-20"),
        *(invoice("C-2", number, f"2026-11-{10 + number * 3}") for number in range(1, 5)),
        invoice("C-3", 1, "2026-11-20"),
        event("payment.received", {"invoice_id": "C-3-1", "payment_id": "p1", "amount": "100.00", "currency": "EUR",
                                   "paid_on": "2026-11-21"}, id="part-3"),
        invoice("C-4", 1, "2026-11-20", contacts=accountant),
        invoice("C-5", 1, "2026-11-21", contacts=accountant),
        invoice("C-6", 1, "2026-11-20", kind="consumer", language="en"),
        invoice("C-7", 1, "2026-11-20"),
        invoice("C-7", 2, "2027-02-20"),
        invoice("C-8", 1, "2026-10-01", segment="vip"),
        invoice("C-9", 1, "2026-11-29", preferred_channel="sms"),
    ]  # fmt: skip


def claimed(pipeline: Pipeline) -> list[Call]:
    keys = [AccountKey(key) for key in pipeline_rows(pipeline)]
    calls = []
    for queue in ("deliver.email", "deliver.sms"):
        calls += claim_due(pipeline.services, keys, queue, LATER - timedelta(seconds=1))
    assert len(calls) == MANY
    return calls


def pipeline_rows(pipeline: Pipeline) -> dict[int, tuple[Any, ...]]:
    with pipeline.services.engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT id, due_at, channel, gated_as_of, plan, plan_digest FROM accounts"))
        return {row[0]: tuple(row)[1:] for row in rows}


def read_again(pipeline: Pipeline, calls: list[Call]) -> dict[int, tuple[Any, ...]]:
    """The rows after everything was read, folded and planned anew at the same instant."""
    plan_again(pipeline.services, [call.claim.account for call in calls], LATER)
    return pipeline_rows(pipeline)


def test_it_is_what_planning_says(pipeline: Pipeline) -> None:
    pipeline.take(*a_book())
    calls = claimed(pipeline)
    record(pipeline.services, [(call, ACCEPTED) for call in calls], LATER)
    before = pipeline_rows(pipeline)
    assert any(due_at for due_at, *_ in before.values())
    assert read_again(pipeline, calls) == before


@pytest.mark.parametrize(
    "news",
    [
        event("invoice.paid", {"invoice_id": "C-1-1", "paid_on": "2026-11-24"}, id="paid"),
        event("customer.held", {"customer_id": "C-1", "reason": "a word on the telephone"}, id="held"),
        invoice("C-1", 2, "2026-11-21"),
    ],
)
def test_what_came_meanwhile_counts(pipeline: Pipeline, news: Json) -> None:
    pipeline.take(*a_book())
    calls = claimed(pipeline)
    pipeline.take(news)
    record(pipeline.services, [(call, ACCEPTED) for call in calls], LATER)
    before = pipeline_rows(pipeline)
    assert read_again(pipeline, calls) == before


def test_the_journal_is_the_same(pipeline: Pipeline) -> None:
    pipeline.take(*a_book())
    calls = claimed(pipeline)
    record(pipeline.services, [(call, ACCEPTED) for call in calls], LATER)
    assert [entry.event for entry in pipeline.journal("C-1")][-3:] == [
        "attempt.calling",
        "attempt.answered",
        "plan.changed",
    ]


def test_what_was_given_up_at_the_claim_is_not_given_up_again(pipeline: Pipeline) -> None:
    """Nobody worked for a week: the heads-up that was to be tried again is too late, and the next step is due."""
    pipeline.take(invoice("C-9", 1, "2026-11-29"))
    [key] = [AccountKey(key) for key in pipeline_rows(pipeline)]
    [heads_up] = claim_due(pipeline.services, [key], "deliver.sms", LATER)
    record(pipeline.services, [(heads_up, BUSY)], LATER)
    at_last = LATER + timedelta(days=8, hours=2)
    [first] = claim_due(pipeline.services, [key], "deliver.email", at_last)
    record(pipeline.services, [(first, ACCEPTED)], at_last)
    assert [entry.event for entry in pipeline.journal("C-9")].count("reminder.withdrawn") == 1


def test_a_plan_of_another_delivery_is_not_taken_for_the_present_one(pipeline: Pipeline) -> None:
    """The account was woken with the plan that it had during the call before, and paid during this one."""
    pipeline.take(invoice("C-9", 1, "2026-11-29"))
    [key] = [AccountKey(key) for key in pipeline_rows(pipeline)]
    [heads_up] = claim_due(pipeline.services, [key], "deliver.sms", LATER)
    pipeline.take(event("payment.received", {"invoice_id": "C-9-1", "payment_id": "p1", "amount": "1.00",
                                             "currency": "EUR", "paid_on": "2026-11-24"}, id="part"))  # fmt: skip
    during_the_call = pipeline_rows(pipeline)[key][-1]
    record(pipeline.services, [(heads_up, ACCEPTED)], LATER)
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text("UPDATE accounts SET plan_digest = :it"), {"it": during_the_call})
    at_last = LATER + timedelta(days=8, hours=2)
    [first] = claim_due(pipeline.services, [key], "deliver.email", at_last)
    pipeline.take(event("invoice.paid", {"invoice_id": "C-9-1", "paid_on": "2026-12-02"}, id="paid"))
    record(pipeline.services, [(first, ACCEPTED)], at_last)
    assert pipeline.codes("C-9") == ["nothing_owed"]


def test_a_policy_that_was_published_during_the_claim_counts(pipeline: Pipeline, tmp_path: Path) -> None:
    """Who published it has passed the account: it was due still, and locked by its claim."""
    pipeline.take(*a_book())
    calls = claimed(pipeline)
    file = tmp_path / "v2.yaml"
    file.write_text((SHIPPED / "standard.yaml").read_text().replace("due + 10 days", "due + 9 days"))
    with pipeline.services.engine.begin() as connection:
        store_policy(connection, load_policy(str(file)), moves=True)
    record(pipeline.services, [(call, ACCEPTED) for call in calls], LATER)
    before = pipeline_rows(pipeline)
    assert read_again(pipeline, calls) == before


def a_call(pipeline: Pipeline) -> Call:
    pipeline.take(invoice("C-1", 1, "2026-11-12"))
    [key] = [AccountKey(key) for key in pipeline_rows(pipeline)]
    [call] = claim_due(pipeline.services, [key], "deliver.task", AT_THE_PHONE)
    return call


def test_after_work_for_a_person_it_is_what_planning_says(pipeline: Pipeline) -> None:
    call = a_call(pipeline)
    with counting(pipeline, "FROM facts") as read:
        record(pipeline.services, [(call, ACCEPTED)], AT_THE_PHONE)
    assert read == []
    before = pipeline_rows(pipeline)
    plan_again(pipeline.services, [call.claim.account], AT_THE_PHONE)
    assert pipeline_rows(pipeline) == before


def test_what_came_while_work_for_a_person_was_opened_counts(pipeline: Pipeline) -> None:
    call = a_call(pipeline)
    pipeline.take(event("invoice.paid", {"invoice_id": "C-1-1", "paid_on": "2026-11-24"}, id="paid"))
    record(pipeline.services, [(call, ACCEPTED)], AT_THE_PHONE)
    assert pipeline.codes("C-1") == ["nothing_owed"]


def test_who_opened_work_for_a_person_and_ended_leaves_its_account_due(pipeline: Pipeline) -> None:
    """Nothing was recorded: whoever comes next opens nothing again, and goes on."""
    call = a_call(pipeline)
    before = pipeline_rows(pipeline)[call.claim.account]
    assert before[0] <= AT_THE_PHONE
    assert claim_due(pipeline.services, [call.claim.account], "deliver.task", AT_THE_PHONE) == []
    after = pipeline_rows(pipeline)[call.claim.account]
    assert after[0] > AT_THE_PHONE
    record(pipeline.services, [(call, ACCEPTED)], AT_THE_PHONE)
    assert pipeline_rows(pipeline)[call.claim.account] == after


@contextmanager
def counting(pipeline: Pipeline, words: str) -> Iterator[list[str]]:
    """The statements with these words that are sent meanwhile."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if words in statement:
            found.append(statement)

    sa.event.listen(pipeline.services.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(pipeline.services.engine, "before_cursor_execute", note)
