"""Takes in again what is in quarantine, or drops it, as a person says. Called by `relance quarantine`.

    event      read again, by the rules of today, at the instant at which it came
    conflict   taken in beside the event that had its id before, under an id of its own
    crash      folded again, as if it had just come
    callback   read again; what it reports finds its attempt by the provider's id
    reply      its customer is looked for again, by the number

Whatever it comes to, what is kept of it in quarantine stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from channels.answers import CallbackError
from channels.sendgrid import callbacks as sendgrid
from channels.twilio import callbacks as twilio
from config.wiring import Services
from domain.exact_json import read_json
from domain.ids import AccountKey
from store import accounts, inbox, journal, quarantine, receipts, retention
from store.engine import Connection
from store.journal import Entry
from store.quarantine import QuarantineRow
from workers import strangers
from workers.hear import hear, take_in
from workers.receive import receive_in

CONFLICT = "conflict"
"""The kind that only a person can decide on, one by one: both events would count."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a retry: what is wrong still, or else new rows of the inbox, for a nudge to intake."""

    problem: str | None = None
    inbox_ids: tuple[int, ...] = ()


@dataclass(slots=True)
class _StillWrongError(Exception):
    """It cannot be taken in; nothing of the try is kept."""

    problem: str = field(default="")


def take_again(services: Services, row_id: int, now: datetime) -> Taken:
    """Takes one thing in again, if it still waits; of two people who do so at once, the second changes nothing."""
    try:
        with services.engine.begin() as connection:
            row = quarantine.one(connection, row_id, is_locked=True)
            if row is None or row.closed_at is not None:
                return Taken("it does not wait any more")
            ids = _take(services, connection, row, now)
            quarantine.close(connection, [row.id], "retried", "", now)
            journal.write(connection, _entries(connection, row, "event.retried", now))
    except _StillWrongError as error:
        return Taken(error.problem)
    return Taken(None, ids)


def drop(services: Services, row_id: int, reason: str, now: datetime) -> bool:
    """Has one thing count for nothing, for this reason; False if it does not wait any more.

    Those whom it concerned are planned again: they were held for it.
    """
    with services.engine.begin() as connection:
        row = quarantine.one(connection, row_id, is_locked=True)
        if row is None or row.closed_at is not None:
            return False
        journal.write(connection, _entries(connection, row, "event.dropped", now, reason))
        quarantine.close(connection, [row.id], "dropped", reason, now)
        inbox_id = _inbox_id(row)
        if inbox_id is not None:
            concerned = inbox.accounts_about(connection, inbox_id)
            inbox.drop(connection, inbox_id)
            accounts.lock(connection, concerned)
            accounts.wake(connection, concerned, now)
    return True


def _take(services: Services, connection: Connection, row: QuarantineRow, now: datetime) -> tuple[int, ...]:
    match row.kind:
        case "crash":
            inbox_id = int(row.reference or 0)
            inbox.take_up_again(connection, inbox_id)
            return (inbox_id,)
        case "callback":
            return _take_callback(services, row, now)
        case strangers.KIND:
            return _take_reply(connection, row, now)
        case _:
            return _take_event(connection, row)


def _take_event(connection: Connection, row: QuarantineRow) -> tuple[int, ...]:
    try:
        raw = read_json(row.raw)
    except ValueError as error:
        raise _StillWrongError(f"it is not JSON: {error}") from None
    if row.kind == CONFLICT and isinstance(raw, dict):
        # By this id it is the last word among facts of one instant: a person has chosen it.
        raw = raw | {"id": f"{raw.get('id')}~quarantine-{row.id}"}
    reply = receive_in(connection, row.seller, [raw], row.at)
    if reply.rejected:
        raise _StillWrongError(reply.rejected[0].error)
    return reply.inbox_ids


def _take_callback(services: Services, row: QuarantineRow, now: datetime) -> tuple[int, ...]:
    """In a transaction of its own: a report counts once by its key. The sweep has it settled."""
    try:
        if row.reference == "sendgrid":
            found = sendgrid.read_events(row.raw)
        else:
            form = twilio.read_form(row.raw)
            if "MessageStatus" not in form and "SmsStatus" not in form:
                return hear(services, strangers.told_late(twilio.read_inbound(form)), row.raw, now, row.at)
            found = [(twilio.read_receipt(form, None), row.raw)]
    except CallbackError as error:
        raise _StillWrongError(str(error)) from None
    with services.engine.begin() as connection:
        receipts.put(connection, row.reference or "", found, now)
    return ()


def _take_reply(connection: Connection, row: QuarantineRow, now: datetime) -> tuple[int, ...]:
    """Its receipt is there: only whose it is was not known. A person waits for as long as the search takes."""
    retention.take_your_time(connection)
    inbound = twilio.read_inbound(twilio.read_form(row.raw))
    known = strangers.whose(connection, inbound.address)
    if not known:
        raise _StillWrongError("no customer has this number")
    return take_in(connection, strangers.told_late(inbound), known, now, row.at)


def _inbox_id(row: QuarantineRow) -> int | None:
    return int(row.reference) if row.kind == "crash" and row.reference is not None else None


def _entries(
    connection: Connection, row: QuarantineRow, event: str, now: datetime, reason: str | None = None
) -> list[Entry]:
    inbox_id = _inbox_id(row)
    concerned = [] if inbox_id is None else inbox.accounts_about(connection, inbox_id)
    about: list[AccountKey | None] = [*concerned] or [None]
    facts = {"quarantine": row.id, "kind": row.kind, "reason": reason}
    return [Entry(row.seller, now, event, facts, key) for key in about]
