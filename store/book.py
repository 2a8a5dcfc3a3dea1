"""Accounts read without a lock, for who only looks: `explain` and `preview`. What is planned here is never kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from domain.ids import AccountKey, CustomerId, SellerId
from store.accounts import AccountRow
from store.tables import accounts, inbox, invoices
from store.unfolded import FIRST_INVOICE, HAS_SEVERAL_INVOICES

_FIRST = AccountKey(0)


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One look: all that is read inside is of the same instant, and nothing is locked or written."""
    with engine.connect() as connection:
        yield connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def batch(
    connection: sa.Connection,
    limit: int,
    after: AccountKey = _FIRST,
    seller: SellerId | None = None,
    customer: CustomerId | None = None,
) -> list[AccountRow]:
    """The next accounts after a key, in the order of their keys: of all sellers and customers, or of these."""
    statement = sa.select(accounts.c.id, accounts.c.seller, accounts.c.customer_id, accounts.c.plan_digest)
    statement = statement.where(accounts.c.id > after).order_by(accounts.c.id).limit(limit)
    if seller is not None:
        statement = statement.where(accounts.c.seller == seller)
    if customer is not None:
        statement = statement.where(accounts.c.customer_id == customer)
    return [
        AccountRow(AccountKey(key), SellerId(owner), CustomerId(name), digest)
        for key, owner, name, digest in connection.execute(statement)
    ]


def named(connection: sa.Connection, seller: SellerId, name: str) -> AccountRow | None:
    """The account of the customer with this id, else the one that owes the invoice with this id, else number."""
    found = batch(connection, 1, seller=seller, customer=CustomerId(name))
    if found:
        return found[0]
    row = connection.execute(
        sa.select(accounts.c.customer_id)
        .join(invoices, invoices.c.account_id == accounts.c.id)
        .where(invoices.c.seller == seller, sa.or_(invoices.c.invoice_id == name, invoices.c.number == name))
        .order_by((invoices.c.invoice_id == name).desc(), invoices.c.invoice_id)
        .limit(1)
    ).one_or_none()
    return None if row is None else batch(connection, 1, seller=seller, customer=CustomerId(row.customer_id))[0]


def is_to_come(connection: sa.Connection, customer: CustomerId, seller: SellerId | None = None) -> bool:
    """Whether an event that is not counted yet is about this customer: of one seller, or of any."""
    waits = sa.select(1).where(inbox.c.folded_at.is_(None), inbox.c.customer_id == customer)
    if seller is not None:
        waits = waits.where(inbox.c.seller == seller)
    return connection.execute(waits.limit(1)).one_or_none() is not None


def is_mentioned(connection: sa.Connection, seller: SellerId, name: str) -> bool:
    """Whether an event names it that is not counted yet, or counts once the invoice with this id has come."""
    waits = sa.select(1).where(inbox.c.folded_at.is_(None), inbox.c.seller == seller)
    of_invoice = waits.where(
        sa.or_(sa.literal(name) == FIRST_INVOICE, sa.and_(HAS_SEVERAL_INVOICES, inbox.c.invoice_ids.contains([name])))
    )
    to_come = invoices.c.seller == seller, invoices.c.invoice_id == name, invoices.c.account_id.is_(None)
    found = sa.or_(of_invoice.exists(), sa.select(1).where(*to_come).exists())
    return is_to_come(connection, CustomerId(name), seller) or bool(connection.execute(sa.select(found)).scalar_one())
