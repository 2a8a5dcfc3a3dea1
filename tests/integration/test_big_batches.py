"""What grows with the book: statements for thousands of rows, queries that run every second, receipts in waiting."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from config.wiring import DEFAULT_SELLER
from domain.ids import AccountKey, AttemptId
from domain.outcomes import Receipt
from store import attempts, contacted, due, history, inbox, log, log_changes, quarantine, receipts, tasks, unfolded
from store.due import Room
from store.log_changes import Mark, Said
from store.quarantine import Quarantined
from store.tasks import NewTask
from tests.factories import invoice_event
from tests.integration.test_races import at_once
from tests.pipeline import Pipeline

MORE_THAN_PARAMETERS = 11_000
"""Of six columns each; PostgreSQL takes 65,535 parameters."""
NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)


def test_tasks_and_quarantined_events_are_written_in_any_number(pipeline: Pipeline) -> None:
    pipeline.take(invoice_event())
    key = pipeline.account().key
    new = [
        NewTask(str(n), DEFAULT_SELLER, key, "repair", "first", ("F-1",), NOW) for n in range(MORE_THAN_PARAMETERS)
    ]
    bad = [Quarantined(DEFAULT_SELLER, "event", None, "wrong", b"raw", NOW)] * MORE_THAN_PARAMETERS
    with pipeline.services.engine.begin() as connection:
        assert len(tasks.open_tasks(connection, new)) == MORE_THAN_PARAMETERS
        quarantine.set_aside(connection, bad)


def test_posts_with_the_same_reports_in_other_orders_do_not_block_each_other(pipeline: Pipeline) -> None:
    """A provider that got no answer in time posts again while the first post is still being stored."""
    for turn in range(6):
        found = [(Receipt(f"{turn}-{number}", "delivered", None), b"raw") for number in range(400)]
        stored = at_once(*[partial(put, pipeline, order) for order in (found, found[::-1], found[::-1])])
        assert sum(map(len, stored)) == 400


def put(pipeline: Pipeline, found: list[tuple[Receipt, bytes]]) -> list[int]:
    with pipeline.services.engine.begin() as connection:
        return receipts.put(connection, "sendgrid", found, NOW)


def test_a_receipt_that_nobody_knows_is_looked_for_ever_more_rarely_and_for_a_week(pipeline: Pipeline) -> None:
    [known] = put(pipeline, [(Receipt("one", "delivered", None, provider_id="somebody else's"), b"raw")])
    pauses = []
    for age in ("1 second", "1 hour", "8 days"):
        with pipeline.services.engine.begin() as connection:
            older = sa.text("UPDATE receipts SET stored_at = clock_timestamp() - CAST(:age AS interval)")
            connection.execute(older, {"age": age})
            receipts.park(connection, [known])
            pause = "SELECT round(extract(epoch FROM look_at - clock_timestamp())) FROM receipts"
            pauses.append(connection.execute(sa.text(pause)).scalar_one())
    assert pauses == [3, 3600, None]


def test_the_queries_that_run_all_the_time_read_no_whole_table(pipeline: Pipeline) -> None:
    """With scans made dear, a plan that scans all the same has no index to go by."""
    keys = [AccountKey(1), AccountKey(2)]
    queries: list[Callable[[sa.Connection], Any]] = [
        lambda c: due.nudge_due(c, NOW, 30.0, [Room("due", (), 400), Room("deliver.email", ("email",), 100)]),
        lambda c: unfolded.with_unfolded(c, keys),
        lambda c: inbox.forgotten(c, 3.0, 2_000),
        lambda c: receipts.forgotten(c, 2_000),
        lambda c: attempts.expire_leases(c, 2_000),
        lambda c: attempts.accounts_reached_at(c, "anne@example.com"),
        lambda c: contacted.last_mails(c, ["anne@example.com"], NOW),
        lambda c: history.load(c, keys),
        log.read,
        lambda c: log.page(c, (NOW, AttemptId("x")), 1_000),
        lambda c: log.page(c, (NOW, AttemptId("x")), 1_000, seller=DEFAULT_SELLER),
        lambda c: log.before_newest(c, 1_000),
        lambda c: log_changes.look(c, Mark(0, {7: 8})),
        lambda c: log_changes.rows(c, [Said(1, "an attempt", "a reminder", "sent")]),
        lambda c: log.read(c, seller=DEFAULT_SELLER),
    ]
    pipeline.take(invoice_event())
    with pipeline.services.engine.connect() as connection:
        connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        connection.execute(sa.text("SET LOCAL enable_sort = off"))
        plans = {number: "\n".join(plans_of(connection, query)) for number, query in enumerate(queries)}
    scans = {
        number: plan for number, plan in plans.items() if "Seq Scan on sellers" not in plan and "Seq Scan" in plan
    }
    assert scans == {}


def plans_of(connection: sa.Connection, query: Callable[[sa.Connection], Any]) -> Iterator[str]:
    with listening(connection) as told:
        query(connection)
    for statement, parameters in told:
        rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
        yield from rows.scalars()


@contextmanager
def listening(connection: sa.Connection) -> Iterator[list[tuple[str, Any]]]:
    told: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        told.append((statement, parameters))

    sa.event.listen(connection, "before_cursor_execute", note)
    try:
        yield told
    finally:
        sa.event.remove(connection, "before_cursor_execute", note)
