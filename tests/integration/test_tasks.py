"""People's work from its opening to its end: closed by whoever did it, cancelled when it is moot."""

from datetime import timedelta
from typing import Any

import pytest

from config.wiring import DEFAULT_SELLER
from store import tasks, worklist
from store.tasks import NewTask
from store.worklist import TaskRow
from tests.factories import Json, contact_data, event, invoice_event
from tests.pipeline import TUESDAY_0930, Pipeline

UNREACHABLE = {"contacts": [contact_data(email="nonsense", phone="12", whatsapp=False)]}


def late(number: int = 1, due_on: str = "2026-11-12", customer: Json | None = None) -> Json:
    invoice = {"id": f"F-{number}", "number": f"F-{number}", "due_on": due_on, "issued_on": "2026-09-20"}
    return invoice_event(customer=customer, invoice=invoice, id=f"issue-{number}")


def paid(number: int = 1) -> Json:
    return event("invoice.paid", {"invoice_id": f"F-{number}", "paid_on": "2026-11-24"}, id=f"paid-{number}")


def resolved(number: int) -> Json:
    at = f"2026-11-24T12:1{number}:00+01:00"
    return event("dispute.resolved", {"invoice_id": f"F-{number}"}, id=f"resolved-{number}", time=at)


def closed(task: TaskRow, outcome: str, minute: int = 0, **changes: Any) -> Json:
    """A `task.closed` as another program may send it."""
    data = {
        "customer_id": task.customer,
        "task_id": task.id,
        "kind": task.kind,
        "step": task.step,
        "units": list(task.units),
        "outcome": outcome,
        "next_on": "2026-12-01",
    }
    at = f"2026-11-24T12:{minute:02d}:00+01:00"
    return event("task.closed", data | changes, id=f"closed-{minute}-{outcome}", source="crm", time=at)


def rows(pipeline: Pipeline) -> list[TaskRow]:
    with pipeline.services.engine.connect() as connection:
        return worklist.read(connection, is_all=True)


def told(pipeline: Pipeline, name: str) -> list[dict[str, Any]]:
    return [dict(entry.facts) for entry in pipeline.journal() if entry.event == name]


def states(pipeline: Pipeline) -> list[tuple[str, str]]:
    return [(row.channel, row.state) for row in pipeline.log()]


@pytest.fixture
def calling(pipeline: Pipeline) -> Pipeline:
    """C-17 is to be called about F-1 and F-2, at half past ten."""
    at = pipeline.at(TUESDAY_0930 + timedelta(hours=1))
    at.take(late(1), late(2))
    at.deliver_due()
    assert [(task.kind, task.units) for task in at.tasks()] == [("phone", ("F-1", "F-2"))]
    return at


def test_a_task_keeps_whose_clock_it_was_opened_by(calling: Pipeline) -> None:
    [task] = rows(calling)
    assert task.opened_at.isoformat().startswith("2026-11-24T10:30:")
    assert (task.opened_at.utcoffset(), task.cycle) == (timedelta(hours=1), 0)
    assert (task.invoices, task.state) == (("F-1", "F-2"), "open")


def test_what_came_of_a_call_closes_it_whoever_says_so(calling: Pipeline) -> None:
    calling.take(closed(rows(calling)[0], "promised", note="she pays on Tuesday", by="Paul"))
    [task] = rows(calling)
    assert (task.state, task.outcome, str(task.next_on)) == ("closed", "promised", "2026-12-01")
    assert (task.note, task.by, task.closed_at) == ("she pays on Tuesday", "Paul", task.closed_at)
    assert (calling.tasks(), states(calling)) == ([], [("phone", "done")])
    [told_of_it] = told(calling, "task.closed")
    assert told_of_it == {
        "kind": "phone",
        "step": "call",
        "outcome": "promised",
        "next_on": "2026-12-01",
        "by": "Paul",
    }


def test_no_answer_is_a_contact_that_was_made(calling: Pipeline) -> None:
    calling.take(closed(rows(calling)[0], "no_answer"))
    assert states(calling) == [("phone", "done")]


def test_the_last_word_counts_in_whatever_order_it_comes(calling: Pipeline) -> None:
    [task] = rows(calling)
    calling.take(closed(task, "says_paid", minute=5))
    calling.take(closed(task, "no_answer", minute=1))
    assert [row.outcome for row in rows(calling)] == ["says_paid"]
    calling.take(closed(task, "disputed", minute=9))
    assert [row.outcome for row in rows(calling)] == ["disputed"]
    assert [entry["outcome"] for entry in told(calling, "task.closed")] == ["says_paid", "disputed"]


@pytest.mark.parametrize("changes", [{"task_id": "another"}, {"customer_id": "C-18"}, {"kind": "visit"}])
def test_a_word_about_another_task_closes_none(calling: Pipeline, changes: Json) -> None:
    calling.take(closed(rows(calling)[0], "done", **changes))
    assert [row.state for row in rows(calling)] == ["open"]
    assert states(calling) == [("phone", "opened")]


def test_a_call_about_what_is_paid_is_cancelled(calling: Pipeline) -> None:
    """Nobody is called who has paid; a call about something that is still owed is made."""
    calling.take(paid(1))
    assert [row.state for row in rows(calling)] == ["open"]
    calling.take(paid(2))
    [task] = rows(calling)
    assert (task.state, task.outcome, task.next_on) == ("cancelled", "cancelled", None)
    assert states(calling) == [("phone", "cancelled")]
    assert told(calling, "task.cancelled") == [{"kind": "phone", "step": "call"}]


def test_a_dispute_that_an_event_has_ended_is_nobodys_to_settle(calling: Pipeline) -> None:
    """Closed later, it would have ended the next one; as long as one of its invoices is disputed, it stays."""
    calling.take(closed(rows(calling)[0], "disputed", next_on="2026-11-24"))
    assert [(task.kind, task.units) for task in calling.tasks()] == [("dispute", ("F-1", "F-2"))]
    calling.take(resolved(1))
    assert [task.kind for task in calling.tasks()] == ["dispute"]
    calling.take(resolved(2))
    assert calling.tasks() == []
    assert told(calling, "task.cancelled") == [{"kind": "dispute", "step": ""}]


def test_a_dispute_that_is_heard_of_again_for_a_later_date_stays_somebodys_to_settle(calling: Pipeline) -> None:
    """Its task was cancelled, and what was being done about it lost."""
    [phone] = rows(calling)
    calling.take(closed(phone, "disputed", next_on="2026-11-24"))
    calling.take(closed(phone, "disputed", 5, task_id="t-other", next_on="2026-12-08"))
    assert [task.kind for task in calling.tasks()] == ["dispute"]
    calling.take(resolved(1), resolved(2))
    assert calling.tasks() == []


def test_a_dispute_stays_somebodys_to_settle_while_the_customer_is_held(calling: Pipeline) -> None:
    calling.take(closed(rows(calling)[0], "disputed", next_on="2026-11-24"))
    calling.take(event("customer.held", {"customer_id": "C-17", "reason": "talks"}, id="held"))
    assert [task.kind for task in calling.tasks()] == ["dispute"]


def test_a_payment_and_an_outcome_at_once_leave_the_outcome(calling: Pipeline) -> None:
    [task] = rows(calling)
    calling.take(paid(1), paid(2), closed(task, "says_paid"))
    assert [row.outcome for row in rows(calling)] == ["says_paid"]
    assert told(calling, "task.cancelled") == []


def test_who_called_all_the_same_may_say_so_after_the_payment(calling: Pipeline) -> None:
    [task] = rows(calling)
    calling.take(paid(1), paid(2))
    calling.take(closed(task, "done"))
    assert [row.outcome for row in rows(calling)] == ["done"]
    assert states(calling) == [("phone", "done")]


def test_a_repair_is_cancelled_once_nothing_is_owed_and_opened_again_when_it_is_needed(pipeline: Pipeline) -> None:
    pipeline.take(late(1, "2026-11-20", UNREACHABLE))
    [task] = rows(pipeline)
    assert (task.kind, task.units, task.state) == ("repair", (), "open")
    pipeline.take(paid(1))
    assert [row.state for row in rows(pipeline)] == ["cancelled"]
    pipeline.take(late(2, "2026-11-20", UNREACHABLE))
    assert [(row.id, row.state) for row in rows(pipeline)] == [(task.id, "open")]
    assert [entry.event for entry in pipeline.journal() if entry.event.startswith("task.")] == [
        "task.opened",
        "task.cancelled",
        "task.opened",
    ]


def test_a_repair_that_was_done_in_vain_is_a_new_one_from_its_next_date_on(pipeline: Pipeline) -> None:
    pipeline.take(late(1, "2026-11-20", UNREACHABLE))
    pipeline.take(closed(rows(pipeline)[0], "done", next_on="2026-11-26"))
    assert [row.state for row in rows(pipeline)] == ["closed"]
    two_days_later = pipeline.at(TUESDAY_0930 + timedelta(days=2))
    two_days_later.take(late(2, "2026-11-20", UNREACHABLE))
    assert [row.state for row in rows(pipeline)] == ["closed", "open"]


def test_opening_a_task_twice_opens_it_once(calling: Pipeline) -> None:
    [task] = rows(calling)
    again = NewTask(task.id, DEFAULT_SELLER, task.account, task.kind, task.step, task.units, task.opened_at)
    with calling.services.engine.begin() as connection:
        assert tasks.open_tasks(connection, [again]) == set()
    calling.take(closed(task, "done"))
    with calling.services.engine.begin() as connection:
        assert tasks.open_tasks(connection, [again]) == set()
