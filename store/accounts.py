"""Accounts as rows: the lock that planning and claiming share, and when each has to be looked at again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from domain.ids import AccountKey, CustomerId, InvoiceId, SellerId
from store.arrays import INSTANT, NUMBER, TEXT, Columns, among, unnested
from store.tables import accounts, inbox, invoices, sellers


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account's row, locked. `plan_digest` says what was journaled last."""

    key: AccountKey
    seller: SellerId
    customer_id: CustomerId
    plan_digest: str


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What is kept of a plan: when to look again, over which queue (None: only to plan again), and why."""

    key: AccountKey
    name: str
    due_at: datetime | None
    channel: str | None
    gated_as_of: datetime | None
    plan: str
    digest: str


@dataclass(frozen=True, slots=True)
class NextLook:
    """When an account has to be looked at (None: at once), and over which channel it is due (None: only to plan)."""

    key: AccountKey
    due_at: datetime | None
    channel: str | None


def make(
    connection: sa.Connection, seller: SellerId, customers: Collection[CustomerId]
) -> dict[CustomerId, AccountKey]:
    """Makes the accounts of these customers, those that are new, and returns all their keys."""
    new = unnested([("seller", TEXT), ("customer_id", TEXT)], [(seller, customer) for customer in sorted(customers)])
    statement = insert(accounts).from_select(["seller", "customer_id"], sa.select(new.c.seller, new.c.customer_id))
    connection.execute(statement.on_conflict_do_nothing())
    return {customer: key for (_, customer), key in find(connection, [(seller, c) for c in customers]).items()}


def open_accounts(connection: sa.Connection, inbox_ids: Collection[int]) -> None:
    """Makes the accounts that these events speak of, if they are new. Commit before locking: nobody waits on it."""
    wanted = (
        sa.select(inbox.c.seller, inbox.c.customer_id)
        .where(among(inbox.c.id, inbox_ids), inbox.c.customer_id.is_not(None))
        .distinct()
        .order_by(inbox.c.seller, inbox.c.customer_id)
    )
    statement = insert(accounts).from_select(["seller", "customer_id"], wanted)
    connection.execute(statement.on_conflict_do_nothing())


def lock_invoices(
    connection: sa.Connection, names: Iterable[tuple[SellerId, InvoiceId]]
) -> dict[tuple[SellerId, InvoiceId], AccountKey | None]:
    """Locks these invoices, known or not, and says whose they are.

    An invoice nobody has heard of gets a row without an owner, so that two transactions that learn of it at the
    same time wait for each other. Locks are taken in the order of the names.
    """
    rows = sorted(set(names))
    new = unnested([("seller", TEXT), ("invoice_id", TEXT)], rows)
    statement = insert(invoices).from_select(["seller", "invoice_id"], sa.select(new.c.seller, new.c.invoice_id))
    connection.execute(statement.on_conflict_do_nothing())
    wanted = unnested([("seller", TEXT), ("invoice_id", TEXT)], rows)
    found = connection.execute(
        sa.select(invoices.c.seller, invoices.c.invoice_id, invoices.c.account_id)
        .join(wanted, sa.and_(wanted.c.seller == invoices.c.seller, wanted.c.invoice_id == invoices.c.invoice_id))
        .order_by(invoices.c.seller, invoices.c.invoice_id)
        .with_for_update(of=invoices)
    )
    return {(SellerId(seller), InvoiceId(invoice_id)): owner for seller, invoice_id, owner in found}


def own_invoices(connection: sa.Connection, rows: Collection[tuple[SellerId, InvoiceId, AccountKey, str]]) -> None:
    """These invoices belong to these accounts now. The rows are locked by `lock_invoices`."""
    columns: Columns = [
        ("seller", TEXT),
        ("invoice_id", TEXT),
        ("account_id", NUMBER),
        ("number", TEXT),
    ]
    new = unnested(columns, rows)
    connection.execute(
        sa.update(invoices)
        .where(invoices.c.seller == new.c.seller, invoices.c.invoice_id == new.c.invoice_id)
        .values(account_id=new.c.account_id, number=new.c.number)
    )


def find(
    connection: sa.Connection, names: Iterable[tuple[SellerId, CustomerId]]
) -> dict[tuple[SellerId, CustomerId], AccountKey]:
    """The keys of these customers' accounts, for those that exist."""
    new = unnested([("seller", TEXT), ("customer_id", TEXT)], sorted(set(names)))
    rows = connection.execute(
        sa.select(accounts.c.seller, accounts.c.customer_id, accounts.c.id).join(
            new, sa.and_(new.c.seller == accounts.c.seller, new.c.customer_id == accounts.c.customer_id)
        )
    )
    return {(SellerId(s), CustomerId(c)): AccountKey(key) for s, c, key in rows}


def lock(connection: sa.Connection, keys: Collection[AccountKey], due_by: datetime | None = None) -> list[AccountRow]:
    """Locks the accounts in the order of their keys until the transaction ends; with `due_by` only the due ones."""
    statement = sa.select(accounts.c.id, accounts.c.seller, accounts.c.customer_id, accounts.c.plan_digest)
    statement = statement.where(among(accounts.c.id, keys)).order_by(accounts.c.id).with_for_update()
    if due_by is not None:
        statement = statement.where(accounts.c.due_at <= due_by)
    rows = connection.execute(statement)
    return [AccountRow(AccountKey(k), SellerId(s), CustomerId(c), digest) for k, s, c, digest in rows]


def save_plans(connection: sa.Connection, plans: Sequence[SavedPlan]) -> None:
    """Keeps each account's next look. A nudge that was under way counts no more."""
    columns: Columns = [
        ("id", NUMBER),
        ("name", TEXT),
        ("due_at", INSTANT),
        ("channel", TEXT),
        ("gated_as_of", INSTANT),
        ("plan", TEXT),
        ("plan_digest", TEXT),
    ]
    rows = [(p.key, p.name, p.due_at, p.channel, p.gated_as_of, p.plan, p.digest) for p in plans]
    new = unnested(columns, rows)
    connection.execute(
        sa.update(accounts)
        .where(accounts.c.id == new.c.id)
        .values(
            name=new.c.name,
            due_at=new.c.due_at,
            channel=new.c.channel,
            gated_as_of=new.c.gated_as_of,
            plan=sa.cast(new.c.plan, JSONB),
            plan_digest=new.c.plan_digest,
            nudged_at=None,
        )
    )


def next_looks(connection: sa.Connection, before: datetime) -> list[NextLook]:
    """The accounts that have to be looked at before an instant, in the order of their keys; none is given out."""
    columns = (accounts.c.id, accounts.c.due_at, accounts.c.channel)
    due = sa.select(*columns).where(accounts.c.due_at < before)
    rows = connection.execute(due.union(released(sa.select(*columns))).order_by(accounts.c.id))
    return [NextLook(AccountKey(key), due_at, channel) for key, due_at, channel in rows]


def released(statement: sa.Select[Any]) -> sa.Select[Any]:
    """Only those that wait for a payment feed that has moved on since."""
    joined = statement.join(sellers, sellers.c.id == accounts.c.seller)
    return joined.where(accounts.c.gated_as_of < sellers.c.synced_as_of)


def wake(connection: sa.Connection, keys: Collection[AccountKey], now: datetime) -> None:
    """Has these accounts planned again at once. The caller has locked them."""
    connection.execute(
        sa.update(accounts).where(among(accounts.c.id, keys)).values(due_at=now, channel=None, nudged_at=None)
    )


def wake_outdated(
    connection: sa.Connection,
    now: datetime,
    limit: int,
    *,
    labels: Collection[str],
    overtaken: Collection[str],
    footing: str,
) -> int:
    """Has accounts planned again at once whose plan would now be by another policy, or stood on something else.

    That is so for a plan by none of these policies, unless a running ladder is pinned there; then if that version
    is overtaken. At most `limit` at a time, which is returned, so that nobody waits long for an account. An account
    that is being planned for the first time is among them: by what, is not known yet.
    """
    label = sa.func.coalesce(accounts.c.plan["policy"].astext, "")
    pinned = sa.func.coalesce(accounts.c.plan["pinned"].astext, "")
    is_outdated = sa.or_(
        sa.func.coalesce(accounts.c.plan["footing"].astext, "") != footing,
        pinned == "",
        sa.and_(pinned == "false", sa.not_(among(label, labels))),
        sa.and_(pinned == "true", among(label, overtaken)),
    )
    return _wake_where(connection, is_outdated, now, limit)


def wake_everyone(connection: sa.Connection, now: datetime, limit: int) -> int:
    """Has every account planned again at once, at most `limit` at a time, which is returned."""
    return _wake_where(connection, sa.true(), now, limit)


def wake_seller(connection: sa.Connection, now: datetime, limit: int, *, seller: SellerId) -> int:
    """Has this seller's accounts planned again at once, at most `limit` at a time, which is returned."""
    return _wake_where(connection, accounts.c.seller == seller, now, limit)


def _wake_where(connection: sa.Connection, which: sa.ColumnElement[bool], now: datetime, limit: int) -> int:
    is_asleep = sa.or_(accounts.c.due_at.is_(None), accounts.c.due_at > now)
    asleep = sa.select(accounts.c.id).where(which, is_asleep).order_by(accounts.c.id).limit(limit).with_for_update()
    keys = list(connection.execute(asleep).scalars())
    wake(connection, keys, now)
    return len(keys)


def quiet(connection: sa.Connection, keys: Collection[AccountKey]) -> None:
    """Nothing to look at while these accounts' reminders are being delivered."""
    connection.execute(
        sa.update(accounts).where(among(accounts.c.id, keys)).values(due_at=None, channel=None, nudged_at=None)
    )


def put_off(connection: sa.Connection, keys: Collection[AccountKey], until: datetime) -> None:
    """These accounts break whoever works on them: they are left alone until then."""
    connection.execute(
        sa.update(accounts).where(among(accounts.c.id, keys)).values(due_at=until, channel=None, nudged_at=None)
    )
