"""What must always hold in the model-based test, and what must hold at the end of all."""

import sqlalchemy as sa

from config.wiring import DEFAULT_SELLER
from domain.levels import Channel
from domain.outcomes import AttemptState
from store import asking
from store.engine import Connection
from tests.integration.pipeline_driver import Driver
from tests.integration.pipeline_events import INVOICES
from tests.integration.pipeline_model import DOUBT, FAILED, PROVEN

ATTEMPTS = """SELECT a.id, a.state, a.leased_until, a.ask_at, r.state AS reminder_state,
        a.number = r.attempts AS is_last, c.due_at,
        EXISTS (SELECT FROM reminders l WHERE l.account_id = a.account_id AND l.id <> r.id
            AND l.claimed_at >= r.claimed_at) AS has_later
    FROM attempts a JOIN reminders r ON r.id = a.reminder_id JOIN accounts c ON c.id = a.account_id"""
SUPPRESSED = "SELECT channel, address FROM suppressions WHERE seller <> ''"
"""Without what holds for sellers who are made later."""


def check(drive: Driver) -> None:
    """The database says what the model says."""
    with drive.services.engine.connect() as connection:
        _check_events(drive, connection)
        _check_attempts(drive, connection)
        _check_truth(drive)


def _check_events(drive: Driver, connection: Connection) -> None:
    facts = sorted(connection.execute(sa.text("SELECT event_id FROM facts")).scalars())
    assert facts == sorted(f"{one.id}@billing" for one in drive.model.told.values() if one.folded)
    waiting = sorted(connection.execute(sa.text("SELECT event_id FROM inbox WHERE folded_at IS NULL")).scalars())
    assert waiting == sorted(one.id for one in drive.model.told.values() if not one.folded)


def _check_attempts(drive: Driver, connection: Connection) -> None:
    rows = connection.execute(sa.text(ATTEMPTS)).all()
    assert {row.id: row.state for row in rows} == {one.id: one.state.value for one in drive.model.attempts.values()}
    for row in rows:
        assert (row.leased_until is not None) == (row.state == "calling"), row
        if not row.is_last:
            continue
        assert (row.reminder_state == "calling") == (row.state in DOUBT), row
        if row.state in FAILED:
            assert row.reminder_state != "done" or row.has_later, f"no fallback for {row}"
        if row.reminder_state == "open":
            assert row.due_at is not None, f"nobody will ever look at {row}"
    held = connection.execute(sa.text(SUPPRESSED)).all()
    assert len(held) == len(drive.model.out_of_use)


def check_end(drive: Driver) -> None:
    """Nothing is left between two states: what is still in doubt is listed for a person, and nobody is asked."""
    rows = drive.query(ATTEMPTS)
    assert [row for row in rows if row.state == "calling"] == []
    assert [row for row in rows if row.state == "unconfirmed" and row.ask_at is not None] == []
    with drive.services.engine.connect() as connection:
        listed = {one.id for one in asking.in_doubt(connection, DEFAULT_SELLER)}
    assert listed == set(drive.model.in_state(AttemptState.UNCONFIRMED))
    assert {drive.model.attempts[one].channel for one in listed} <= {Channel.EMAIL}, "others can be asked about"
    assert all(one.folded for one in drive.model.told.values())
    matched = {row.id for row in drive.query("SELECT id FROM receipts WHERE attempt_id IS NOT NULL")}
    assert {one.row for one in drive.reported if one.attempt in drive.model.names} <= matched


def _check_truth(drive: Driver) -> None:
    taken = [drive.model.attempts[one.attempt] for one in drive.edge.sent.values() if one.taken]
    pairs = [(one.reminder, one.channel) for one in taken]
    assert len(pairs) == len(set(pairs)), "two accepted messages of one reminder on one channel"
    assert len(drive.edge.calls) == len(set(drive.edge.calls)), "an attempt was called twice"


def check_nobody_is_forgotten(drive: Driver) -> None:
    """Who owes, can be reached and is not in doubt has heard of it."""
    waits = {drive.model.attempts[one].customer for one in drive.model.in_state(AttemptState.UNCONFIRMED)}
    waits |= {customer for customer, _ in drive.model.out_of_use}
    heard = {unit for one in drive.model.attempts.values() if one.state in PROVEN for unit, _, _ in one.steps}
    failed = {unit for one in drive.model.attempts.values() if one.state in FAILED for unit, _, _ in one.steps}
    for invoice, customer in INVOICES.items():
        if customer not in waits and drive.model.why_silent(customer, invoice) is None:
            assert invoice in heard | failed, f"{invoice} was forgotten"
