"""Tasks as people read them: the list of what is to do, and one task by the beginning of its id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from domain.ids import AccountKey, CustomerId, SellerId
from store.arrays import INSTANT, TEXT
from store.tables import accounts, attempts, inbox, reminders, tasks
from store.tasks import CANCELLED

Place = tuple[datetime, str]
"""Where a task stands in the list: when it was opened, and its id."""
SEVERAL = 2
"""As many as tell that a name is of more than one task."""


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task with whom it is about; `opened_at` and `closed_at` have the offset that the customer had at its opening.

    `state` is `open`, `closing` (said, and not counted yet), `closed` or `cancelled`. `invoices` are those of the
    reminder, where opening the task was one, and `to` is whom it is about reaching: a phone number, an address, or
    nothing.
    """

    id: str
    state: str
    seller: SellerId
    account: AccountKey
    customer: CustomerId
    name: str
    kind: str
    step: str
    units: tuple[str, ...]
    invoices: tuple[str, ...]
    cycle: int
    reminder: str | None
    to: str
    opened_at: datetime
    title: str
    body: str
    outcome: str | None
    next_on: date | None
    closed_at: datetime | None
    by: str
    note: str

    @property
    def place(self) -> Place:
        """Where it stands in the list."""
        return self.opened_at, self.id

    def as_dict(self) -> dict[str, Any]:
        """As `--json` shows it."""
        return {
            "id": self.id,
            "state": self.state,
            "kind": self.kind,
            "seller": self.seller,
            "customer": self.customer,
            "name": self.name,
            "step": self.step,
            "units": list(self.units),
            "invoices": list(self.invoices),
            "cycle": self.cycle,
            "reminder": self.reminder,
            "to": self.to,
            "opened_at": self.opened_at.isoformat(),
            "title": self.title,
            "outcome": self.outcome,
            "next_on": None if self.next_on is None else self.next_on.isoformat(),
            "closed_at": None if self.closed_at is None else self.closed_at.isoformat(),
            "by": self.by,
            "note": self.note,
        }


def read(
    connection: sa.Connection,
    *,
    is_all: bool = False,
    seller: SellerId | None = None,
    customer: CustomerId | None = None,
    kind: str | None = None,
    after: Place | None = None,
    limit: int | None = None,
) -> list[TaskRow]:
    """The tasks that match and stand after a place, oldest first.

    Those that are open, and that nobody has just closed, or all of them.
    """
    statement = _SELECT.order_by(*_OLDEST_FIRST).limit(limit)
    if not is_all:
        statement = statement.where(_IS_OPEN)
    if after is not None:
        place = sa.tuple_(sa.literal(after[0], INSTANT), sa.literal(after[1], TEXT))
        statement = statement.where(sa.tuple_(*_OLDEST_FIRST) > place)
    if seller is not None:
        statement = statement.where(tasks.c.seller == seller)
    if customer is not None:
        statement = statement.where(accounts.c.customer_id == customer)
    if kind is not None:
        statement = statement.where(tasks.c.kind == kind)
    return [_task(row) for row in connection.execute(statement)]


def how_many(connection: sa.Connection, seller: SellerId, most: int) -> int:
    """How many tasks of the seller are open, as `read` has it, counted up to `most`."""
    open_ones = sa.select(tasks.c.id).join(accounts, accounts.c.id == tasks.c.account_id)
    found = open_ones.where(tasks.c.seller == seller, _IS_OPEN).limit(most).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(found)).scalar_one())


def named(connection: sa.Connection, name: str, *, is_open: bool = False) -> list[TaskRow]:
    """The task with this id, else those whose ids begin so: at most `SEVERAL`, open ones only if asked so."""
    begins = sa.and_(tasks.c.id.startswith(name, autoescape=True), tasks.c.id != name)
    for which in (tasks.c.id == name, begins):
        statement = _SELECT.where(which).order_by(tasks.c.id).limit(SEVERAL)
        if is_open:
            statement = statement.where(tasks.c.closed_at.is_(None))
        found = [_task(row) for row in connection.execute(statement)]
        if found:
            return found
    return []


@dataclass(frozen=True, slots=True)
class Made:
    """What was made for a person's contact (as in `LogRow.message`), and when (UTC)."""

    at: datetime
    message: Mapping[str, Any]


def message_of(connection: sa.Connection, task_id: str, seller: SellerId | None = None) -> Made | None:
    """What the task with this id, of this seller if one is given, was opened with; None if it is no contact."""
    statement = sa.select(attempts.c.called_at, attempts.c.message).join(tasks, tasks.c.id == attempts.c.id)
    statement = statement.where(tasks.c.id == task_id)
    if seller is not None:
        statement = statement.where(tasks.c.seller == seller)
    row = connection.execute(statement).one_or_none()
    return None if row is None else Made(row.called_at.astimezone(UTC), row.message)


def locked(connection: sa.Connection, task_id: str) -> TaskRow:
    """This task as it is once nobody else is about to close it; until the transaction ends, nobody is.

    What another one has just said of it is seen, because the row is read after the lock and not with it.
    """
    connection.execute(sa.select(tasks.c.id).where(tasks.c.id == task_id).with_for_update())
    return _task(connection.execute(_SELECT.where(tasks.c.id == task_id)).one())


_IS_CLOSING = (
    sa.exists()
    .where(
        inbox.c.folded_at.is_(None),
        inbox.c.quarantined_at.is_(None),
        inbox.c.seller == tasks.c.seller,
        inbox.c.customer_id == accounts.c.customer_id,
        inbox.c.fact_type == "TaskClosed",
        sa.cast(inbox.c.fact, JSONB)["task_id"].astext == tasks.c.id,
    )
    .correlate(tasks, accounts)
)
"""Whether its `task.closed` is in the inbox and waits to be folded; nobody folds one that was set aside."""
_IS_OPEN = sa.and_(tasks.c.closed_at.is_(None), ~_IS_CLOSING)
_OLDEST_FIRST = (tasks.c.opened_at, tasks.c.id)

_SELECT = sa.select(
    tasks,
    accounts.c.customer_id,
    accounts.c.name,
    reminders.c.invoice_ids,
    attempts.c.recipient,
    _IS_CLOSING.label("is_closing"),
).select_from(
    tasks.join(accounts, accounts.c.id == tasks.c.account_id)
    .outerjoin(reminders, reminders.c.id == tasks.c.reminder_id)
    .outerjoin(attempts, attempts.c.id == tasks.c.id)
)


def _task(row: Any) -> TaskRow:
    there = timezone(timedelta(seconds=row.utc_offset_s))
    return TaskRow(
        id=row.id,
        state=_state(row),
        seller=row.seller,
        account=row.account_id,
        customer=row.customer_id,
        name=row.name,
        kind=row.kind,
        step=row.step,
        units=tuple(row.units),
        invoices=tuple(row.invoice_ids or ()),
        cycle=row.cycle,
        reminder=row.reminder_id,
        to=row.recipient or "",
        opened_at=row.opened_at.astimezone(there),
        title=row.title,
        body=row.body,
        outcome=row.outcome,
        next_on=row.next_on,
        closed_at=None if row.closed_at is None else row.closed_at.astimezone(there),
        by=row.closed_by,
        note=row.note,
    )


def _state(row: Any) -> str:
    if row.closed_at is None:
        return "closing" if row.is_closing else "open"
    return "cancelled" if row.outcome == CANCELLED else "closed"
