"""A worker's log: a line for each call, answer, task and receipt, as it is committed, with ids and nothing else."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from config.wiring import DEFAULT_SELLER
from store import telling
from store.engine import Connection
from store.journal import Entry, write
from tests.factories import event, invoice_event
from tests.integration.test_settle import mail_event
from tests.pipeline import TUESDAY_0930, Pipeline

LATE = {"id": "F-1", "number": "F-1", "due_on": "2026-11-20", "issued_on": "2026-10-20"}

Lines = list[tuple[str, Any]]


@pytest.fixture
def told(pipeline: Pipeline) -> Lines:
    """What the pipeline tells, as workers run it."""
    lines: Lines = []
    telling.follow(pipeline.services.engine, lambda event, fields: lines.append((event, fields)))
    return lines


@pytest.fixture
def calling(pipeline: Pipeline, told: Lines) -> Pipeline:
    """C-17 is to be called, at half past ten."""
    at = pipeline.at(TUESDAY_0930 + timedelta(hours=1))
    at.take(invoice_event(invoice=LATE | {"due_on": "2026-11-12", "issued_on": "2026-09-20"}))
    at.deliver_due()
    return at


def open_task(connection: Connection, number: int) -> None:
    write(connection, [Entry(DEFAULT_SELLER, TUESDAY_0930, "task.opened", {"kind": "fix"}, task=f"t{number}")])


def test_a_reminder_is_followed_from_call_to_receipt_by_its_ids(pipeline: Pipeline, told: Lines) -> None:
    pipeline.take(invoice_event(invoice=LATE))
    pipeline.deliver_due()
    pipeline.settle("sendgrid", [mail_event(pipeline.log()[0].attempt, "delivered")])
    row = pipeline.log()[0]
    ids = {"seller": "default", "account": pipeline.account().key, "reminder": row.reminder, "attempt": row.attempt}
    receipt = {"provider": "sendgrid", "word": "delivered", "state": "delivered"}
    assert told == [
        ("attempt.calling", ids | {"channel": "email", "step": "first", "number": 1}),
        ("attempt.answered", ids | {"channel": "email", "state": "accepted", "class": "accepted"}),
        ("receipt.settled", ids | {"channel": "email", **receipt}),
    ]
    private = json.dumps(told).casefold()
    assert [
        word for word in ("anne ", "anne@", "martin", "@", "+336", "f-1", "1250", "c-17") if word in private
    ] == []


def test_a_task_is_told_when_it_is_opened_and_when_it_is_closed_with_its_id(pipeline: Pipeline, told: Lines) -> None:
    pipeline.take(invoice_event(invoice=LATE, customer={"contacts": []}))
    with pipeline.services.engine.connect() as connection:
        task = connection.execute(sa.text("SELECT id FROM tasks")).scalar_one()
    pipeline.take(event("invoice.cancelled", {"invoice_id": "F-1"}, id="evt-2", time="2026-11-24T09:00:00+01:00"))
    ids = {"seller": "default", "account": pipeline.account().key, "task": task, "kind": "repair", "step": "first"}
    assert told == [("task.opened", ids), ("task.cancelled", ids)]


def test_a_call_for_a_person_is_told_as_an_attempt_and_as_a_task(calling: Pipeline, told: Lines) -> None:
    """Opening the task is the contact: both bear one id."""
    [row] = calling.log()
    event_name, fields = next((name, fields) for name, fields in told if fields.get("channel") == "phone")
    assert (event_name, fields["attempt"], fields["task"]) == ("attempt.calling", row.attempt, row.attempt)


def test_what_was_taken_back_is_not_told(pipeline: Pipeline, told: Lines) -> None:
    engine = pipeline.services.engine
    with engine.connect() as connection:
        open_task(connection, 1)
        connection.rollback()
        open_task(connection, 2)
        with connection.begin_nested():
            open_task(connection, 3)
        with connection.begin_nested() as inner:
            open_task(connection, 4)
            inner.rollback()
        open_task(connection, 5)
        connection.commit()
    with engine.connect() as connection:
        open_task(connection, 6)
    with engine.begin() as connection:
        open_task(connection, 7)
    assert [fields["task"] for _, fields in told] == ["t2", "t3", "t5", "t7"]


@pytest.mark.parametrize("is_nested", [False, True])
def test_a_connection_that_is_cut_is_told_as_what_it_is(pipeline: Pipeline, told: Lines, is_nested: bool) -> None:
    """Whoever works in it tries again later, and takes nobody for broken."""
    with pytest.raises(OperationalError):
        work_on_a_cut_connection(pipeline, nullcontext if not is_nested else lambda it: it.begin_nested())
    with pipeline.services.engine.begin() as connection:
        open_task(connection, 2)
    assert [fields["task"] for _, fields in told] == ["t2"]


def work_on_a_cut_connection(
    pipeline: Pipeline, inside: Callable[[Connection], AbstractContextManager[object]]
) -> None:
    with pipeline.services.engine.begin() as connection, inside(connection):
        open_task(connection, 1)
        connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))


def test_what_has_no_place_in_the_log_is_left_out(pipeline: Pipeline, told: Lines) -> None:
    """What a person noted, who he is, and every plan: the journal has them."""
    facts = {"kind": "phone", "outcome": "done", "by": "Luc", "note": "has moved"}
    with pipeline.services.engine.begin() as connection:
        entries = [Entry(DEFAULT_SELLER, TUESDAY_0930, name, facts) for name in ("plan.changed", "task.closed")]
        write(connection, entries)
    assert told == [("task.closed", {"seller": "default", "kind": "phone", "outcome": "done"})]
