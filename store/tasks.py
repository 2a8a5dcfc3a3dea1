"""Work for people: calls to make, steps to approve, contacts to repair, and what came of them.

The rows follow the facts: what `task.closed` events say is folded with the account, and written here by the same
transaction that plans it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from domain.ids import AccountKey, ReminderId, SellerId
from domain.internal_task import DOCUMENT_MISSING
from domain.task_outcomes import TaskKind
from store.arrays import DAY, INSTANT, NUMBER, TEXT, Columns, unnested
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

    `fixes` are the ids of the `fix` tasks that something is still wrong for; None: that is not known now.
    """

    account: AccountKey
    names: tuple[str, ...]
    at: datetime
    fixes: tuple[str, ...] | None = None


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


def open_tasks(connection: sa.Connection, new: Sequence[NewTask]) -> set[str]:
    """Opens those that were never opened before, or were cancelled and are needed after all; returns their ids."""
    if not new:
        return set()
    columns: Columns = [
        ("id", TEXT),
        ("seller", TEXT),
        ("account_id", NUMBER),
        ("kind", TEXT),
        ("step", TEXT),
        ("units", TEXT),
        ("opened_at", INSTANT),
        ("reminder_id", TEXT),
        ("title", TEXT),
        ("body", TEXT),
        ("cycle", NUMBER),
        ("utc_offset_s", NUMBER),
    ]
    rows = unnested(columns, [_row(task) for task in {task.id: task for task in new}.values()])
    names = [name for name, _ in columns]
    values = [_texts(rows.c.units) if name == "units" else rows.c[name] for name in names]
    statement = insert(tasks).from_select(names, sa.select(*values))
    anew = {name: statement.excluded[name] for name in ("opened_at", "utc_offset_s")}
    statement = statement.on_conflict_do_update(
        index_elements=[tasks.c.id],
        set_={**anew, "closed_at": None, "outcome": None},
        where=tasks.c.outcome == CANCELLED,
    )
    return set(connection.execute(statement.returning(tasks.c.id)).scalars())


def close(connection: sa.Connection, closings: Sequence[Closing]) -> list[ClosedTask]:
    """Has the rows say what the facts say; returns those that said something else. The accounts are locked."""
    if not closings:
        return []
    columns: Columns = [
        ("id", TEXT),
        ("account_id", NUMBER),
        ("kind", TEXT),
        ("outcome", TEXT),
        ("next_on", DAY),
        ("note", TEXT),
        ("closed_by", TEXT),
        ("closed_at", INSTANT),
    ]
    rows = [(one.id, one.account, one.kind, one.outcome, one.next_on, one.note, one.by, one.at) for one in closings]
    new = unnested(columns, rows)
    told = ("outcome", "next_on", "note", "closed_by")
    statement = (
        sa.update(tasks)
        .where(
            tasks.c.id == new.c.id,
            tasks.c.account_id == new.c.account_id,
            tasks.c.kind == new.c.kind,
            sa.or_(*(tasks.c[name].is_distinct_from(new.c[name]) for name in told)),
        )
        .values(closed_at=new.c.closed_at, **{name: new.c[name] for name in told})
    )
    return _closed(connection, statement)


def cancel_moot(connection: sa.Connection, pending: Sequence[Pending]) -> list[ClosedTask]:
    """Closes the open tasks of these accounts that are about nothing pending any more. The accounts are locked.

    A task without units is about all that is pending. A `fix` is moot, too, once nothing is wrong any more; whether a
    document can be fetched, nobody knows before it is tried.
    """
    columns: Columns = [("account_id", NUMBER), ("names", TEXT), ("at", INSTANT), ("fixes", TEXT)]
    rows = [
        (one.account, "\x1f".join(one.names), one.at, None if one.fixes is None else "\x1f".join(one.fixes))
        for one in pending
    ]
    new = unnested(columns, rows)
    names = _texts(new.c.names)
    is_right = sa.and_(
        tasks.c.kind == TaskKind.FIX.value,
        tasks.c.step != DOCUMENT_MISSING,
        tasks.c.id != sa.all_(_texts(new.c.fixes)),
    )
    is_moot = sa.case(
        (sa.func.cardinality(tasks.c.units) == 0, sa.func.cardinality(names) == 0),
        else_=~tasks.c.units.overlap(names),
    )
    statement = (
        sa.update(tasks)
        .where(tasks.c.account_id == new.c.account_id, tasks.c.closed_at.is_(None), sa.or_(is_moot, is_right))
        .values(closed_at=new.c.at, outcome=CANCELLED)
    )
    return _closed(connection, statement)


def _closed(connection: sa.Connection, statement: sa.Update) -> list[ClosedTask]:
    wanted = ("id", "account_id", "kind", "step", "outcome", "next_on", "closed_by", "reminder_id")
    rows = connection.execute(statement.returning(*(tasks.c[name] for name in wanted)))
    return sorted((ClosedTask(*row) for row in rows), key=lambda task: (task.account, task.id))


def _texts(column: sa.ColumnElement[str]) -> sa.ColumnElement[Any]:
    return sa.func.string_to_array(column, "\x1f", type_=sa.ARRAY(sa.Text))


def _row(task: NewTask) -> tuple[Any, ...]:
    return (
        task.id,
        task.seller,
        task.account,
        task.kind,
        task.step,
        "\x1f".join(task.units),
        task.opened_at,
        task.reminder,
        task.title,
        task.body,
        task.cycle,
        task.utc_offset_s,
    )
