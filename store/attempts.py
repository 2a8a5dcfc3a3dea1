"""Attempts after their call: closed by fence, found again by what providers report."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from domain.after import PROOFS
from domain.asking import ASKS_AFTER_S, WAITING
from domain.ids import AccountKey, AttemptId, CustomerId, ReminderId, SellerId
from domain.outcomes import AttemptState, OutcomeClass
from store.arrays import INSTANT, NUMBER, TEXT, Columns, among, unnested
from store.tables import accounts, attempts, reminders


@dataclass(frozen=True, slots=True)
class Closing:
    """What an attempt's call came to. It counts only while the attempt is still ours, under the same fence.

    `ask_in_s` is after how many seconds its provider is asked what became of it; None: never.
    """

    attempt: AttemptId
    fence: int
    state: AttemptState
    provider_id: str | None
    error_class: str | None
    error_code: str | None
    segments: int | None
    ask_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What is newly known of an attempt. No state: nothing of the delivery (a click, a person in copy).

    `ask_in_s` is after how many seconds its provider is asked, if the next receipt is waited for; a deadline that
    stands already stays.
    """

    attempt: AttemptId
    state: AttemptState | None
    provider_id: str | None = None
    error_code: str | None = None
    ask_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class ReminderChange:
    """How a reminder goes on after an attempt: its state, the channels that are spent, when to try again."""

    reminder: ReminderId
    state: str
    spent: tuple[str, ...]
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """An attempt with what is needed to settle it, and how its reminder stands."""

    id: AttemptId
    seller: SellerId
    account: AccountKey
    reminder: ReminderId
    channel: str
    recipient: str
    provider: str
    state: AttemptState
    fence: int
    number: int
    utc_offset_s: int
    reminder_state: str
    reminder_spent: tuple[str, ...]
    reminder_attempts: int


@dataclass(frozen=True, slots=True)
class Reached:
    """An account that was contacted, and whose customer it is."""

    seller: SellerId
    account: AccountKey
    customer: CustomerId


def close(
    connection: sa.Connection, closings: Sequence[Closing], was: AttemptState = AttemptState.CALLING
) -> set[AttemptId]:
    """Closes the attempts that are still in the state they `was` in, under our fence; returns which those were."""
    columns: Columns = [
        ("id", TEXT),
        ("fence", NUMBER),
        ("state", TEXT),
        ("provider_id", TEXT),
        ("error_class", TEXT),
        ("error_code", TEXT),
        ("segments", NUMBER),
        ("ask_in_s", sa.Double()),
    ]
    rows = [
        (c.attempt, c.fence, c.state.value, c.provider_id, c.error_class, c.error_code, c.segments, c.ask_in_s)
        for c in closings
    ]
    new = unnested(columns, rows)
    statement = (
        sa.update(attempts)
        .where(attempts.c.id == new.c.id, attempts.c.fence == new.c.fence, attempts.c.state == was.value)
        .values(
            state=new.c.state,
            provider_id=sa.func.coalesce(attempts.c.provider_id, new.c.provider_id),
            error_class=new.c.error_class,
            error_code=new.c.error_code,
            segments=sa.func.coalesce(new.c.segments, attempts.c.segments),
            fence=attempts.c.fence + 1,
            leased_until=None,
            ask_at=in_seconds(new.c.ask_in_s),
        )
        .returning(attempts.c.id)
    )
    return {AttemptId(found) for found in connection.execute(statement).scalars()}


def expire_leases(connection: sa.Connection, limit: int) -> list[AttemptRow]:
    """Attempts whose caller never came back become `unconfirmed`, and the caller's fence is broken.

    Leases are given and taken by the database's clock alone: two machines' clocks may be minutes apart.
    """
    overdue = (
        sa.select(attempts.c.id)
        .where(attempts.c.state == "calling", attempts.c.leased_until < sa.func.clock_timestamp())
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        sa.update(attempts)
        .where(attempts.c.id.in_(overdue))
        .values(
            state="unconfirmed",
            fence=attempts.c.fence + 1,
            leased_until=None,
            error_class="unconfirmed",
            error_code="lease_expired",
            ask_at=in_seconds(ASKS_AFTER_S[0]),
        )
        .returning(attempts.c.id)
    )
    return find(connection, list(connection.execute(statement).scalars()))


def change_reminders(connection: sa.Connection, changes: Sequence[ReminderChange]) -> None:
    """Takes the reminders on. The accounts are locked by the caller.

    One of which any attempt is known to have left is not opened again: it is done, whatever came of a later one.
    """
    columns: Columns = [("id", TEXT), ("state", TEXT), ("spent", TEXT), ("retry_at", INSTANT)]
    rows = [(one.reminder, one.state, "\x1f".join(one.spent), one.retry_at) for one in changes]
    new = unnested(columns, rows)
    has_left = sa.exists().where(
        attempts.c.reminder_id == new.c.id, attempts.c.state.in_([state.value for state in PROOFS])
    )
    is_over = sa.and_(new.c.state == "open", has_left)
    connection.execute(
        sa.update(reminders)
        .where(reminders.c.id == new.c.id)
        .values(
            state=sa.case((is_over, "done"), else_=new.c.state),
            spent=sa.func.string_to_array(new.c.spent, "\x1f", type_=sa.ARRAY(sa.Text)),
            retry_at=sa.case((is_over, None), else_=new.c.retry_at),
        )
    )


def tries_of(connection: sa.Connection, reminder_ids: Collection[ReminderId]) -> dict[tuple[str, str], int]:
    """How many attempts of each reminder failed on each channel for now. Being told to slow down is no failure."""
    statement = (
        sa.select(attempts.c.reminder_id, attempts.c.channel, sa.func.count())
        .where(among(attempts.c.reminder_id, reminder_ids), attempts.c.error_class == OutcomeClass.TRANSIENT.value)
        .group_by(attempts.c.reminder_id, attempts.c.channel)
    )
    return {(reminder, channel): count for reminder, channel, count in connection.execute(statement)}


def find(connection: sa.Connection, ids: Collection[str]) -> list[AttemptRow]:
    """These attempts, by our id."""
    return _read(connection, among(attempts.c.id, ids))


def accounts_reached_at(connection: sa.Connection, address: str) -> list[Reached]:
    """The accounts, with their sellers, that were ever contacted at this address, over whatever channel."""
    statement = sa.select(attempts.c.seller, attempts.c.account_id, accounts.c.customer_id)
    statement = statement.join(accounts, accounts.c.id == attempts.c.account_id)
    rows = connection.execute(
        statement.where(attempts.c.recipient == address).distinct().order_by(attempts.c.account_id)
    )
    return [Reached(SellerId(seller), AccountKey(key), CustomerId(customer)) for seller, key, customer in rows]


def find_by_provider(connection: sa.Connection, provider_ids: Collection[str]) -> dict[str, AttemptId]:
    """The attempts that the provider knows by these ids."""
    statement = sa.select(attempts.c.provider_id, attempts.c.id).where(among(attempts.c.provider_id, provider_ids))
    return {provider_id: AttemptId(found) for provider_id, found in connection.execute(statement)}


def report(connection: sa.Connection, reports: Sequence[Report]) -> None:
    """Writes what receipts tell; a known id or code is never erased.

    Where the state is new, the caller's fence is broken; where it is not, the caller, or the sweep if it died, has
    still to say what became of the call.
    """
    columns: Columns = [
        ("id", TEXT),
        ("state", TEXT),
        ("provider_id", TEXT),
        ("error_code", TEXT),
        ("ask_in_s", sa.Double()),
    ]
    rows = [
        (one.attempt, one.state and one.state.value, one.provider_id, one.error_code, one.ask_in_s) for one in reports
    ]
    new = unnested(columns, rows)
    is_moved = new.c.state.is_not(None)
    stands = sa.or_(~is_moved, sa.and_(attempts.c.state.in_(WAITING), new.c.ask_in_s.is_not(None)))
    connection.execute(
        sa.update(attempts)
        .where(attempts.c.id == new.c.id)
        .values(
            state=sa.func.coalesce(new.c.state, attempts.c.state),
            provider_id=sa.func.coalesce(attempts.c.provider_id, new.c.provider_id),
            error_code=sa.func.coalesce(new.c.error_code, attempts.c.error_code),
            fence=attempts.c.fence + sa.case((is_moved, 1), else_=0),
            leased_until=sa.case((is_moved, None), else_=attempts.c.leased_until),
            ask_at=sa.case((stands, attempts.c.ask_at), else_=in_seconds(new.c.ask_in_s)),
        )
    )


def in_seconds(seconds: float | sa.ColumnElement[float] | None) -> sa.ColumnElement[datetime]:
    """The database's own clock in so many seconds; null for null."""
    return sa.func.clock_timestamp(type_=INSTANT) + sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def _read(connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[AttemptRow]:
    joined = attempts.join(reminders, reminders.c.id == attempts.c.reminder_id)
    statement = sa.select(
        attempts.c.id,
        attempts.c.seller,
        attempts.c.account_id,
        attempts.c.reminder_id,
        attempts.c.channel,
        attempts.c.recipient,
        attempts.c.provider,
        attempts.c.state,
        attempts.c.fence,
        attempts.c.number,
        attempts.c.utc_offset_s,
        reminders.c.state.label("reminder_state"),
        reminders.c.spent,
        reminders.c.attempts,
    )
    rows = connection.execute(statement.select_from(joined).where(where).order_by(attempts.c.id))
    return [
        AttemptRow(
            AttemptId(row.id),
            SellerId(row.seller),
            AccountKey(row.account_id),
            ReminderId(row.reminder_id),
            row.channel,
            row.recipient,
            row.provider,
            AttemptState(row.state),
            row.fence,
            row.number,
            row.utc_offset_s,
            row.reminder_state,
            tuple(row.spent),
            row.attempts,
        )
        for row in rows
    ]
