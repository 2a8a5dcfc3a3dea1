"""Attempts after their call: closed by fence, found again by what providers report."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from domain.after import PROOFS
from domain.asking import ASKS_AFTER_S, WAITING
from domain.ids import AccountKey, AttemptId, CustomerId, ReminderId, SellerId
from domain.outcomes import AttemptState
from store.arrays import BY_NOW, INSTANT, NUMBER, TEXT, Rows, any_of, array_text, joined, seconds, texts
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
    stands already stays. `error_class` is that of a failure.
    """

    attempt: AttemptId
    state: AttemptState | None
    provider_id: str | None = None
    error_code: str | None = None
    ask_in_s: float | None = None
    error_class: str | None = None


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


def in_seconds(number: float | sa.ColumnElement[float] | None) -> sa.ColumnElement[datetime]:
    """The database's own clock in so many seconds; null for null."""
    return sa.func.clock_timestamp(type_=INSTANT) + seconds(number)


_CLOSINGS = Rows(
    id=TEXT,
    fence=NUMBER,
    state=TEXT,
    provider_id=TEXT,
    error_class=TEXT,
    error_code=TEXT,
    segments=NUMBER,
    ask_in_s=sa.Double(),
)
_CLOSE = (
    sa.update(attempts)
    .where(
        attempts.c.id == _CLOSINGS.c.id,
        attempts.c.fence == _CLOSINGS.c.fence,
        attempts.c.state == sa.bindparam("was", type_=TEXT),
    )
    .values(
        state=_CLOSINGS.c.state,
        provider_id=sa.func.coalesce(attempts.c.provider_id, _CLOSINGS.c.provider_id),
        error_class=_CLOSINGS.c.error_class,
        error_code=_CLOSINGS.c.error_code,
        segments=sa.func.coalesce(_CLOSINGS.c.segments, attempts.c.segments),
        fence=attempts.c.fence + 1,
        leased_until=None,
        ask_at=in_seconds(_CLOSINGS.c.ask_in_s),
    )
    .returning(attempts.c.id)
)


def close(
    connection: sa.Connection, closings: Sequence[Closing], was: AttemptState = AttemptState.CALLING
) -> set[AttemptId]:
    """Closes the attempts that are still in the state they `was` in, under our fence; returns which those were."""
    if not closings:
        return set()
    rows = [
        (c.attempt, c.fence, c.state.value, c.provider_id, c.error_class, c.error_code, c.segments, c.ask_in_s)
        for c in closings
    ]
    closed = connection.execute(_CLOSE, {**_CLOSINGS.sent(rows), "was": was.value})
    return {AttemptId(found) for found in closed.scalars()}


_OVERDUE = (
    sa.select(attempts.c.id)
    .where(attempts.c.state == "calling", attempts.c.leased_until < BY_NOW)
    .limit(sa.bindparam("limit", type_=NUMBER))
    .with_for_update(skip_locked=True)
)
_EXPIRE = (
    sa.update(attempts)
    .where(attempts.c.id.in_(_OVERDUE))
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


def expire_leases(connection: sa.Connection, limit: int) -> list[AttemptRow]:
    """Attempts whose caller never came back become `unconfirmed`, and the caller's fence is broken.

    Leases are given and taken by the database's clock alone: two machines' clocks may be minutes apart.
    """
    return find(connection, connection.execute(_EXPIRE, {"limit": limit}).scalars().all())


_CHANGES = Rows(id=TEXT, state=TEXT, spent=TEXT, retry_at=INSTANT)
_HAS_LEFT = sa.exists().where(
    attempts.c.reminder_id == _CHANGES.c.id, attempts.c.state.in_([state.value for state in PROOFS])
)
_IS_OVER = sa.and_(_CHANGES.c.state == "open", _HAS_LEFT)
_CHANGE_REMINDERS = (
    sa.update(reminders)
    .where(reminders.c.id == _CHANGES.c.id)
    .values(
        state=sa.case((_IS_OVER, "done"), else_=_CHANGES.c.state),
        spent=texts(_CHANGES.c.spent),
        retry_at=sa.case((_IS_OVER, None), else_=_CHANGES.c.retry_at),
    )
)


def change_reminders(connection: sa.Connection, changes: Sequence[ReminderChange]) -> None:
    """Takes the reminders on. The accounts are locked by the caller.

    One of which any attempt is known to have left is not opened again: it is done, whatever came of a later one.
    """
    if changes:
        rows = [(one.reminder, one.state, joined(one.spent), one.retry_at) for one in changes]
        connection.execute(_CHANGE_REMINDERS, _CHANGES.sent(rows))


_TRIES = (
    sa.select(attempts.c.reminder_id, attempts.c.channel, attempts.c.error_class, sa.func.count())
    .where(any_of(attempts.c.reminder_id, "ids"), attempts.c.state == sa.bindparam("state", type_=TEXT))
    .group_by(attempts.c.reminder_id, attempts.c.channel, attempts.c.error_class)
)


def tries_of(
    connection: sa.Connection, reminder_ids: Collection[ReminderId], state: AttemptState = AttemptState.REFUSED
) -> dict[tuple[str, str, str | None], int]:
    """How many attempts of each reminder ended in `state`, by (reminder, channel, class of the log).

    `undelivered` are those of which the provider said so later.
    """
    if not reminder_ids:
        return {}
    rows = connection.execute(_TRIES, {"ids": array_text(reminder_ids), "state": state.value})
    return {(reminder, channel, error_class): count for reminder, channel, error_class, count in rows}


_FIND = (
    sa.select(
        attempts.c.id,
        attempts.c.seller,
        attempts.c.account_id.label("account"),
        attempts.c.reminder_id.label("reminder"),
        attempts.c.channel,
        attempts.c.recipient,
        attempts.c.state,
        attempts.c.fence,
        attempts.c.number,
        attempts.c.utc_offset_s,
        reminders.c.state.label("reminder_state"),
        reminders.c.spent.label("reminder_spent"),
        reminders.c.attempts.label("reminder_attempts"),
    )
    .select_from(attempts.join(reminders, reminders.c.id == attempts.c.reminder_id))
    .where(any_of(attempts.c.id, "ids"))
    .order_by(attempts.c.id)
)


def find(connection: sa.Connection, ids: Collection[str]) -> list[AttemptRow]:
    """These attempts, by our id."""
    if not ids:
        return []
    rows = connection.execute(_FIND, {"ids": array_text(ids)}).mappings()
    return [AttemptRow(**{**row, "state": AttemptState(row["state"])}) for row in rows]


def accounts_reached_at(connection: sa.Connection, address: str) -> list[Reached]:
    """The accounts, with their sellers, that were ever contacted at this address, over whatever channel."""
    statement = sa.select(attempts.c.seller, attempts.c.account_id, accounts.c.customer_id)
    statement = statement.join(accounts, accounts.c.id == attempts.c.account_id)
    rows = connection.execute(
        statement.where(attempts.c.recipient == address).distinct().order_by(attempts.c.account_id)
    )
    return [Reached(SellerId(seller), AccountKey(key), CustomerId(customer)) for seller, key, customer in rows]


_OF_PROVIDER = sa.select(attempts.c.provider_id, attempts.c.id).where(any_of(attempts.c.provider_id, "ids"))


def find_by_provider(connection: sa.Connection, provider_ids: Collection[str]) -> dict[str, AttemptId]:
    """The attempts that the provider knows by these ids."""
    if not provider_ids:
        return {}
    rows = connection.execute(_OF_PROVIDER, {"ids": array_text(provider_ids)})
    return {provider_id: AttemptId(found) for provider_id, found in rows}


_REPORTS = Rows(id=TEXT, state=TEXT, provider_id=TEXT, error_code=TEXT, ask_in_s=sa.Double(), error_class=TEXT)
_IS_MOVED = _REPORTS.c.state.is_not(None)
_STANDS = sa.or_(~_IS_MOVED, sa.and_(attempts.c.state.in_(WAITING), _REPORTS.c.ask_in_s.is_not(None)))
_REPORT = (
    sa.update(attempts)
    .where(attempts.c.id == _REPORTS.c.id)
    .values(
        state=sa.func.coalesce(_REPORTS.c.state, attempts.c.state),
        provider_id=sa.func.coalesce(attempts.c.provider_id, _REPORTS.c.provider_id),
        error_class=sa.func.coalesce(_REPORTS.c.error_class, attempts.c.error_class),
        error_code=sa.func.coalesce(_REPORTS.c.error_code, attempts.c.error_code),
        fence=attempts.c.fence + sa.case((_IS_MOVED, 1), else_=0),
        leased_until=sa.case((_IS_MOVED, None), else_=attempts.c.leased_until),
        ask_at=sa.case((_STANDS, attempts.c.ask_at), else_=in_seconds(_REPORTS.c.ask_in_s)),
    )
)


def report(connection: sa.Connection, reports: Sequence[Report]) -> None:
    """Writes what receipts tell; a known id, class or code is never erased.

    Where the state is new, the caller's fence is broken; where it is not, the caller, or the sweep if it died, has
    still to say what became of the call.
    """
    if not reports:
        return
    rows = [
        (one.attempt, one.state and one.state.value, one.provider_id, one.error_code, one.ask_in_s, one.error_class)
        for one in reports
    ]
    connection.execute(_REPORT, _REPORTS.sent(rows))
