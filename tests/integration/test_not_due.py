"""What is not due yet is not read: by the ticks that run every few seconds, and by the figures."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from store import asking, attempts, due, figures, receipts
from store.due import Room
from store.engine import Connection
from tests.pipeline import TUESDAY_0930, Pipeline

MANY = 2_000
FEW = 3

_FILL = f"""
    INSERT INTO accounts (seller, customer_id) VALUES ('default', 'C-17');
    INSERT INTO reminders (id, seller, account_id, claimed_at, step, level, tone, channel, policy, members,
        invoice_ids, state)
    SELECT 'r', seller, id, now(), 'first', 1, 1, 'email', 'standard@1', '[]', '{{}}', 'done' FROM accounts;
    INSERT INTO attempts (id, seller, account_id, reminder_id, number, channel, provider, recipient, called_at,
        utc_offset_s, state, template, message, ask_at, leased_until)
    SELECT 'a' || n, 'default', id, 'r', n, 'email', 'smtp', 'anne@example.com', now(), 3600,
        CASE WHEN mod(n, 2) = 0 THEN 'accepted' ELSE 'calling' END, '', '{{}}',
        CASE WHEN mod(n, 2) = 0 THEN moment END, CASE WHEN mod(n, 2) = 1 THEN moment END
    FROM accounts, generate_series(1, 2 * {MANY}) AS n,
        LATERAL (SELECT now() + CASE WHEN n <= 2 * {FEW} THEN interval '-1 hour' ELSE interval '1 day' END AS moment);
    INSERT INTO receipts (provider, key, raw, body, received_at, look_at)
    SELECT 'smtp', n::text, '', '{{}}', now(),
        now() + CASE WHEN n <= {FEW} THEN interval '-1 hour' ELSE interval '1 day' END
    FROM generate_series(1, {MANY}) AS n;
    ANALYZE attempts, receipts;
"""  # noqa: S608 - numbers of ours

_GATE = f"""
    UPDATE sellers SET synced_as_of = '2026-11-20 00:00Z';
    INSERT INTO accounts (seller, customer_id, gated_as_of)
    SELECT 'default', 'C-' || n, '2026-11-20 00:00Z' FROM generate_series(1, {MANY}) AS n;
"""  # noqa: S608 - a number of ours


@pytest.mark.parametrize(
    ("table", "ask"),
    [
        ("attempts", lambda connection: len(asking.take(connection, 50, 60.0))),
        ("attempts", lambda connection: len(attempts.expire_leases(connection, 2_000))),
        ("receipts", lambda connection: len(receipts.forgotten(connection, 2_000))),
        ("receipts", lambda connection: figures.due_receipts(connection).count),
    ],
    ids=["tick.ask", "tick.sweep leases", "tick.sweep receipts", "figures"],
)
def test_what_is_not_due_is_not_read(pipeline: Pipeline, table: str, ask: Callable[[Connection], int]) -> None:
    """Each mail that SMTP accepted waits three days to be asked about; nothing may read all of them each second."""
    with pipeline.services.engine.begin() as connection:
        connection.exec_driver_sql(_FILL)
    with pipeline.services.engine.begin() as connection:
        assert ask(connection) == FEW
        assert rows_read(connection, table) < MANY / 20


@pytest.mark.parametrize("has_statistics", [True, False])
def test_who_waits_for_a_payment_feed_is_not_read_before_it_moves_on(
    pipeline: Pipeline, *, has_statistics: bool
) -> None:
    """A feed may stand still for days, and nobody may read all who wait for it each second."""
    with pipeline.services.engine.begin() as connection:
        connection.exec_driver_sql(_GATE)
        if has_statistics:
            connection.exec_driver_sql("ANALYZE accounts")
    with pipeline.services.engine.begin() as connection:
        assert due.nudge_due(connection, TUESDAY_0930, 30.0, [Room("due", (), 400)]) == {}
        assert rows_read(connection, "accounts") < MANY / 20
    with pipeline.services.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sellers SET synced_as_of = '2026-11-21 00:00Z'")
        assert len(due.nudge_due(connection, TUESDAY_0930, 30.0, [Room("due", (), 400)])["due"]) == 400


def rows_read(connection: Connection, table: str) -> int:
    """How many rows of the table this transaction has read so far."""
    asked = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = :table"
    return int(connection.execute(sa.text(asked), {"table": table}).scalar_one())
