"""Work for people: calls to make, steps to approve, contacts to repair, and what came of them.

The rows follow the facts: what `task.closed` events say is folded with the account, and written here by the same
transaction that plans it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.ids import AccountKey, ReminderId, SellerId
from domain.internal_task import DOCUMENT_MISSING, PROVIDER_OUT_OF_REACH, SET_UP_WRONG
from domain.task_outcomes import TaskKind
from store.arrays import DAY, INSTANT, NUMBER, TEXT, Rows, joined, texts
from store.tables import tasks

CANCELLED = "cancelled"
"""The outcome of a task that nobody has to do any more: no event can say it."""


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to open. Its id is derived from what it is about, so that it is opened once.

    `utc_offset_s` is the customer's own at `opened_at`.
    """

    id: str
    seller: SellerId
    account: AccountKey
    kind: str
    step: str
    units: tuple[str, ...]
    opened_at: datetime
    reminder: ReminderId | None = None
    title: str = ""
    body: str = ""
    cycle: int = 0
    utc_offset_s: int = 0


@dataclass(frozen=True, slots=True)
class Closing:
    """What the facts of an account say came of one of its tasks."""

    id: str
    account: AccountKey
    kind: str
    outcome: str
    next_on: date
    note: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Pending:
    """What tasks may still be about at an instant: the units that are owed, and the replies that nobody has read.

    `wanted` are the ids of the `fix` and `dispute` tasks that there is reason for still; None: that is not known now.
    """

    account: AccountKey
    names: tuple[str, ...]
    at: datetime
    wanted: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ClosedTask:
    """A task that has just been closed. `reminder` is set where opening it was a contact."""

    id: str
    account: AccountKey
    kind: str
    step: str
    outcome: str
    next_on: date | None
    by: str
    reminder: ReminderId | None


_NEW = Rows(
    id=TEXT,
    seller=TEXT,
    account_id=NUMBER,
    kind=TEXT,
    step=TEXT,
    units=TEXT,
    opened_at=INSTANT,
    reminder_id=TEXT,
    title=TEXT,
    body=TEXT,
    cycle=NUMBER,
    utc_offset_s=NUMBER,
)
_INSERT = _NEW.into(tasks, units=texts(_NEW.c.units))
_OPEN = _INSERT.on_conflict_do_update(
    index_elements=[tasks.c.id],
    set_={
        "opened_at": _INSERT.excluded.opened_at,
        "utc_offset_s": _INSERT.excluded.utc_offset_s,
        "closed_at": None,
        "outcome": None,
    },
    where=tasks.c.outcome == CANCELLED,
).returning(tasks.c.id)


def open_tasks(connection: sa.Connection, new: Sequence[NewTask]) -> set[str]:
    """Opens those that were never opened before, or were cancelled and are needed after all; returns their ids."""
    if not new:
        return set()
    rows = [_row(task) for task in {task.id: task for task in new}.values()]
    return set(connection.execute(_OPEN, _NEW.sent(rows)).scalars())


_CLOSED = tuple(
    tasks.c[name] for name in ("id", "account_id", "kind", "step", "outcome", "next_on", "closed_by", "reminder_id")
)
_CLOSINGS = Rows(
    id=TEXT, account_id=NUMBER, kind=TEXT, outcome=TEXT, next_on=DAY, note=TEXT, closed_by=TEXT, closed_at=INSTANT
)
_TOLD = ("outcome", "next_on", "note", "closed_by")
_NOTES_STAY = timedelta(days=365)
"""Notes leave twelve months after their task was closed or later (`store/retention`), and facts say them still."""
_NOTE_HAS_LEFT = sa.and_(tasks.c.note == "", tasks.c.closed_at <= _CLOSINGS.c.closed_at - _NOTES_STAY)
_IS_NEW = sa.or_(
    *(tasks.c[name].is_distinct_from(_CLOSINGS.c[name]) for name in _TOLD if name != "note"),
    sa.and_(tasks.c.note != _CLOSINGS.c.note, _NOTE_HAS_LEFT.is_not(sa.true())),
)
_CLOSE = (
    sa.update(tasks)
    .where(
        tasks.c.id == _CLOSINGS.c.id,
        tasks.c.account_id == _CLOSINGS.c.account_id,
        tasks.c.kind == _CLOSINGS.c.kind,
        _IS_NEW,
    )
    .values(closed_at=_CLOSINGS.c.closed_at, **{name: _CLOSINGS.c[name] for name in _TOLD})
    .returning(*_CLOSED)
)


def close(connection: sa.Connection, closings: Sequence[Closing]) -> list[ClosedTask]:
    """Has the rows say what the facts say; returns those that said something else. The accounts are locked."""
    if not closings:
        return []
    rows = [(one.id, one.account, one.kind, one.outcome, one.next_on, one.note, one.by, one.at) for one in closings]
    return _in_order(connection.execute(_CLOSE, _CLOSINGS.sent(rows)))


_PENDING = Rows(account_id=NUMBER, names=TEXT, at=INSTANT, wanted=TEXT)
_NAMES = texts(_PENDING.c.names)
_IS_RIGHT = sa.and_(
    tasks.c.kind.in_([TaskKind.FIX.value, TaskKind.DISPUTE.value]),
    tasks.c.step.not_in([DOCUMENT_MISSING, SET_UP_WRONG, PROVIDER_OUT_OF_REACH]),
    tasks.c.id != sa.all_(texts(_PENDING.c.wanted)),
)
_IS_MOOT = sa.case(
    (sa.func.cardinality(tasks.c.units) == 0, sa.func.cardinality(_NAMES) == 0), else_=~tasks.c.units.overlap(_NAMES)
)
_CANCEL_MOOT = (
    sa.update(tasks)
    .where(tasks.c.account_id == _PENDING.c.account_id, tasks.c.closed_at.is_(None), sa.or_(_IS_MOOT, _IS_RIGHT))
    .values(closed_at=_PENDING.c.at, outcome=CANCELLED)
    .returning(*_CLOSED)
)


def cancel_moot(connection: sa.Connection, pending: Sequence[Pending]) -> list[ClosedTask]:
    """Closes the open tasks of these accounts that are about nothing pending any more. The accounts are locked.

    A task without units is about all that is pending. A `fix` is moot, too, once nothing is wrong any more, and a
    `dispute` once an event has ended it; whether a document can be fetched, or a provider takes our set-up, nobody
    knows before it is tried.
    """
    if not pending:
        return []
    rows = [
        (one.account, joined(one.names), one.at, None if one.wanted is None else joined(one.wanted))
        for one in pending
    ]
    return _in_order(connection.execute(_CANCEL_MOOT, _PENDING.sent(rows)))


def _in_order(rows: Iterable[Any]) -> list[ClosedTask]:
    return sorted((ClosedTask(*row) for row in rows), key=lambda task: (task.account, task.id))


def _row(task: NewTask) -> tuple[Any, ...]:
    return (
        task.id,
        task.seller,
        task.account,
        task.kind,
        task.step,
        joined(task.units),
        task.opened_at,
        task.reminder,
        task.title,
        task.body,
        task.cycle,
        task.utc_offset_s,
    )
