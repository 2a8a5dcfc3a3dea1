"""What pages, the demo's table and the health check show: accounts with their plans, and how far the work is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.ids import AccountKey, CustomerId, SellerId
from store.arrays import any_of, array_text
from store.tables import accounts, inbox, invoices, reminders


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as it was last planned. `plan` is what the planner answered, as JSON values."""

    key: AccountKey
    seller: SellerId
    customer_id: CustomerId
    name: str
    due_at: datetime | None
    plan: Mapping[str, Any] | None


def accounts_of(connection: sa.Connection, seller: SellerId, limit: int = 500) -> list[AccountView]:
    """The seller's accounts, by name: of more than `limit` those whose ids come first, so that not all are sorted."""
    first = sa.select(accounts).where(accounts.c.seller == seller).order_by(accounts.c.customer_id).limit(limit)
    found = first.subquery()
    return [account_of(row) for row in connection.execute(sa.select(found).order_by(found.c.name, found.c.id))]


def account(connection: sa.Connection, seller: SellerId, customer: CustomerId) -> AccountView | None:
    """One customer's account, or None."""
    statement = sa.select(accounts).where(accounts.c.seller == seller, accounts.c.customer_id == customer)
    row = connection.execute(statement).one_or_none()
    return None if row is None else account_of(row)


def numbers_of(connection: sa.Connection, seller: SellerId, ids: Collection[str]) -> dict[str, str]:
    """By which number people know each of these invoices, by its id; those that are known, in one round trip."""
    statement = sa.select(invoices.c.invoice_id, invoices.c.number).where(
        invoices.c.seller == seller, any_of(invoices.c.invoice_id, "ids"), invoices.c.number != ""
    )
    found = connection.execute(statement, {"ids": array_text(ids)}).all() if ids else []
    return {row.invoice_id: row.number for row in found}


def unfinished(connection: sa.Connection, now: datetime) -> int:
    """How many events, due accounts and running reminders there are: 0 when nothing is left to do at `now`.

    What waits for a person in quarantine is nobody's work here.
    """
    waiting = sa.and_(inbox.c.folded_at.is_(None), inbox.c.quarantined_at.is_(None))
    events = sa.select(sa.func.count()).where(waiting).scalar_subquery()
    due = sa.select(sa.func.count()).where(accounts.c.due_at <= now).scalar_subquery()
    running = sa.select(sa.func.count()).where(reminders.c.state.in_(("open", "calling"))).scalar_subquery()
    return int(connection.execute(sa.select(events + due + running)).scalar_one())


def ping(connection: sa.Connection) -> None:
    """One round trip; raises if the database does not answer."""
    connection.execute(sa.select(1))


def account_of(row: Any) -> AccountView:
    """The row of `accounts` as a value."""
    return AccountView(row.id, row.seller, row.customer_id, row.name, row.due_at, row.plan)
