"""Work for people: calls to make, steps to approve, contacts to repair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from domain.ids import AccountKey, ReminderId, SellerId
from store.arrays import INSTANT, NUMBER, TEXT, Columns, unnested
from store.tables import tasks


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to open. Its id is derived from what it is about, so that it is opened once."""

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


def open_tasks(connection: sa.Connection, new: Sequence[NewTask]) -> set[str]:
    """Opens those that were never opened before; returns their ids."""
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
    ]
    rows = unnested(columns, [_row(task) for task in {task.id: task for task in new}.values()])
    names = [name for name, _ in columns]
    units = sa.func.string_to_array(rows.c.units, "\x1f", type_=sa.ARRAY(sa.Text))
    values = [units if name == "units" else rows.c[name] for name in names]
    statement = insert(tasks).from_select(names, sa.select(*values)).on_conflict_do_nothing()
    return set(connection.execute(statement.returning(tasks.c.id)).scalars())


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
    )
