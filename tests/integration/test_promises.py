"""Promises, repeated calls and approvals from their events to what goes out, on a real database."""

from datetime import datetime, timedelta
from typing import Any

from store import worklist
from store.worklist import TaskRow
from tests.factories import Json, event, invoice_event
from tests.pipeline import TUESDAY_0930, Pipeline

CALL_HOURS = TUESDAY_0930 + timedelta(hours=2, minutes=5)
"""When everybody's turn in the morning's windows has come."""
DAY = timedelta(days=1)


def late(due_on: str = "2026-11-20", **customer: Any) -> Json:
    invoice = {"id": "F-1", "number": "F-1", "due_on": due_on, "issued_on": "2026-09-20"}
    return invoice_event(customer=customer, invoice=invoice)


def said(type_name: str, at: datetime, data: Json) -> Json:
    return event(type_name, data, id=f"{type_name}-{at.isoformat()}", time=at.isoformat())


def closed(task: TaskRow, outcome: str, next_on: str, at: datetime) -> Json:
    about = {
        "customer_id": "C-17",
        "task_id": task.id,
        "kind": task.kind,
        "step": task.step,
        "units": list(task.units),
    }
    return said("task.closed", at, {**about, "cycle": task.cycle, "outcome": outcome, "next_on": next_on})


def rows(pipeline: Pipeline) -> list[TaskRow]:
    with pipeline.services.engine.connect() as connection:
        return worklist.read(connection)


def journal(pipeline: Pipeline, *events: str) -> list[str]:
    return [entry.event for entry in pipeline.journal() if entry.event in events]


def sent(pipeline: Pipeline) -> list[tuple[str, str]]:
    """Step and channel of every row of the log, oldest first."""
    return [(row.step, row.channel) for row in sorted(pipeline.log(), key=lambda row: row.at)]


def test_a_promise_holds_breaks_once_and_starts_at_the_policys_step(pipeline: Pipeline) -> None:
    pipeline.take(late())
    promise = {"invoice_ids": ["F-1"], "amount": "500.00", "promised_on": "2026-11-27", "by": "Anne"}
    pipeline.take(said("promise.made", TUESDAY_0930, promise))
    assert pipeline.codes()[0] == "unit_promised"
    assert pipeline.deliver_due() == 0

    broken = pipeline.at(CALL_HOURS + 6 * DAY)
    broken.deliver_due()
    assert journal(broken, "promise.kept", "promise.broken") == ["promise.broken"]
    assert sent(broken) == [("call", "phone")]
    assert [(task.kind, task.step, task.cycle) for task in rows(broken)] == [("phone", "call", 1)]

    paid = {"invoice_id": "F-1", "payment_id": "p1", "amount": "500.00", "currency": "EUR", "paid_on": "2026-11-26"}
    later = broken.at(CALL_HOURS + 7 * DAY)
    for _ in range(2):
        later.take(said("payment.received", later.now.replace(microsecond=0), paid))
    assert journal(later, "promise.kept", "promise.broken") == ["promise.broken", "promise.kept"]
    later.deliver_due()
    assert sent(later) == [("call", "phone")]


def test_a_call_that_nobody_answered_is_made_again_as_an_attempt_of_the_same_reminder(pipeline: Pipeline) -> None:
    first = pipeline.at(CALL_HOURS)
    first.take(late("2026-11-12"))
    first.deliver_due()
    [call] = rows(first)

    first.take(closed(call, "no_answer", "2026-11-25", first.now))
    assert rows(first) == []
    second = first.at(CALL_HOURS + DAY)
    second.deliver_due()
    assert sent(second) == [("call", "phone"), ("call", "phone")]
    assert {row.reminder for row in second.log()} == {second.log()[0].reminder}
    [again] = rows(second)
    assert again.id != call.id

    second.take(closed(again, "promised", "2026-12-01", second.now))
    assert second.codes()[0] in ("unit_promised", "unit_waits_for_date")
    assert second.at(CALL_HOURS + 8 * DAY).deliver_due() == 0
    assert sent(second) == [("call", "phone"), ("call", "phone")]


def test_an_approved_step_goes_out_and_says_so(pipeline: Pipeline) -> None:
    """From the first reminder to the formal notice of a consumer, whom nobody charges."""
    now = CALL_HOURS
    pipeline.at(now).take(late("2026-11-20", kind="consumer"))
    while not any(task.kind == "approve" for task in rows(pipeline)):
        pipeline.at(now).deliver_due()
        now += DAY
        assert now < CALL_HOURS + 60 * DAY
    at = pipeline.at(now)
    assert [step for step, _ in sent(at)] == ["first", "call", "widen"]

    [task] = [task for task in rows(at) if task.kind == "approve"]
    at.take(closed(task, "approved", (now + DAY).date().isoformat(), now))
    at.deliver_due()
    assert "formal-notice" not in [step for step, _ in sent(at)]
    for day in range(1, 4):
        at.at(now + day * DAY).deliver_due()
    assert sent(at)[-1] == ("formal-notice", "email")
    assert [row.tone for row in at.log() if row.step == "formal-notice"] == ["formal"]
