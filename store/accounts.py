"""Accounts as rows: the lock that planning and claiming share, and when each has to be looked at again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from domain.ids import AccountKey, CustomerId, InvoiceId, SellerId
from store.arrays import INSTANT, NUMBER, TEXT, Rows, any_of, array_text
from store.tables import accounts, inbox, invoices


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account's row, locked. `plan_digest` says what was journaled last, `is_quiet` that no look is due ever.

    `channel` is that over which it is due; None once it is woken, or only to be planned again.
    """

    key: AccountKey
    seller: SellerId
    customer_id: CustomerId
    plan_digest: str
    is_quiet: bool = False
    channel: str | None = None


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
    """When an account has to be looked at, and over which channel it is due then (None: only to plan).

    It also has to be once the payment feed is newer than `gated_as_of` (None: it does not wait for that).
    """

    key: AccountKey
    due_at: datetime | None
    channel: str | None
    gated_as_of: datetime | None


_NEW = Rows(seller=TEXT, customer_id=TEXT)
_MAKE = _NEW.into(accounts).on_conflict_do_nothing()


def make(
    connection: sa.Connection, seller: SellerId, customers: Collection[CustomerId]
) -> dict[CustomerId, AccountKey]:
    """Makes the accounts of these customers, those that are new, and returns all their keys."""
    connection.execute(_MAKE, _NEW.sent((seller, customer) for customer in sorted(customers)))
    return {customer: key for (_, customer), key in find(connection, [(seller, c) for c in customers]).items()}


_OPEN = (
    insert(accounts)
    .from_select(
        ["seller", "customer_id"],
        sa.select(inbox.c.seller, inbox.c.customer_id)
        .where(any_of(inbox.c.id, "ids"), inbox.c.customer_id.is_not(None))
        .distinct()
        .order_by(inbox.c.seller, inbox.c.customer_id),
    )
    .on_conflict_do_nothing()
)


def open_accounts(connection: sa.Connection, inbox_ids: Collection[int]) -> None:
    """Makes the accounts that these events speak of, if they are new. Commit before locking: nobody waits on it."""
    connection.execute(_OPEN, {"ids": array_text(inbox_ids)})


_NAMED = Rows(seller=TEXT, invoice_id=TEXT)
_MENTION = _NAMED.into(invoices).on_conflict_do_nothing()
_LOCK_INVOICES = (
    sa.select(invoices.c.seller, invoices.c.invoice_id, invoices.c.account_id)
    .join(_NAMED.table, sa.and_(_NAMED.c.seller == invoices.c.seller, _NAMED.c.invoice_id == invoices.c.invoice_id))
    .order_by(invoices.c.seller, invoices.c.invoice_id)
    .with_for_update(of=invoices)
)


def lock_invoices(
    connection: sa.Connection, names: Iterable[tuple[SellerId, InvoiceId]]
) -> dict[tuple[SellerId, InvoiceId], AccountKey | None]:
    """Locks these invoices, known or not, and says whose they are.

    An invoice nobody has heard of gets a row without an owner, so that two transactions that learn of it at the
    same time wait for each other. Locks are taken in the order of the names.
    """
    rows = _NAMED.sent(sorted(set(names)))
    connection.execute(_MENTION, rows)
    found = connection.execute(_LOCK_INVOICES, rows)
    return {(SellerId(seller), InvoiceId(invoice_id)): owner for seller, invoice_id, owner in found}


_OWNED = Rows(seller=TEXT, invoice_id=TEXT, account_id=NUMBER, number=TEXT)
_OWN = (
    sa.update(invoices)
    .where(invoices.c.seller == _OWNED.c.seller, invoices.c.invoice_id == _OWNED.c.invoice_id)
    .values(account_id=_OWNED.c.account_id, number=_OWNED.c.number)
)


def own_invoices(connection: sa.Connection, rows: Collection[tuple[SellerId, InvoiceId, AccountKey, str]]) -> None:
    """These invoices belong to these accounts now. The rows are locked by `lock_invoices`."""
    connection.execute(_OWN, _OWNED.sent(rows))


_CUSTOMERS = Rows(seller=TEXT, customer_id=TEXT)
_FIND = sa.select(accounts.c.seller, accounts.c.customer_id, accounts.c.id).join(
    _CUSTOMERS.table,
    sa.and_(_CUSTOMERS.c.seller == accounts.c.seller, _CUSTOMERS.c.customer_id == accounts.c.customer_id),
)


def find(
    connection: sa.Connection, names: Iterable[tuple[SellerId, CustomerId]]
) -> dict[tuple[SellerId, CustomerId], AccountKey]:
    """The keys of these customers' accounts, for those that exist."""
    rows = connection.execute(_FIND, _CUSTOMERS.sent(sorted(set(names))))
    return {(SellerId(s), CustomerId(c)): AccountKey(key) for s, c, key in rows}


_LOCK = (
    sa.select(
        accounts.c.id,
        accounts.c.seller,
        accounts.c.customer_id,
        accounts.c.plan_digest,
        accounts.c.due_at.is_(None),
        accounts.c.channel,
    )
    .where(any_of(accounts.c.id, "keys"))
    .order_by(accounts.c.id)
    .with_for_update()
)
_LOCK_DUE = _LOCK.where(accounts.c.due_at <= sa.bindparam("due_by", type_=INSTANT))


def lock(connection: sa.Connection, keys: Collection[AccountKey], due_by: datetime | None = None) -> list[AccountRow]:
    """Locks the accounts in the order of their keys until the transaction ends; with `due_by` only the due ones."""
    if not keys:
        return []
    wanted = {"keys": array_text(keys)}
    rows = (
        connection.execute(_LOCK, wanted)
        if due_by is None
        else connection.execute(_LOCK_DUE, {**wanted, "due_by": due_by})
    )
    return [
        AccountRow(AccountKey(key), SellerId(seller), CustomerId(customer), digest, is_quiet, channel)
        for key, seller, customer, digest, is_quiet, channel in rows
    ]


_PLANS = Rows(id=NUMBER, name=TEXT, due_at=INSTANT, channel=TEXT, gated_as_of=INSTANT, plan=TEXT, plan_digest=TEXT)
_SAVE_PLANS = (
    sa.update(accounts)
    .where(accounts.c.id == _PLANS.c.id)
    .values(
        name=_PLANS.c.name,
        due_at=_PLANS.c.due_at,
        channel=_PLANS.c.channel,
        gated_as_of=_PLANS.c.gated_as_of,
        plan=sa.cast(_PLANS.c.plan, JSONB),
        plan_digest=_PLANS.c.plan_digest,
        nudged_at=None,
    )
)


def save_plans(connection: sa.Connection, plans: Sequence[SavedPlan]) -> None:
    """Keeps each account's next look. A nudge that was under way counts no more."""
    if plans:
        rows = [(p.key, p.name, p.due_at, p.channel, p.gated_as_of, p.plan, p.digest) for p in plans]
        connection.execute(_SAVE_PLANS, _PLANS.sent(rows))


_NEXT_LOOKS = (
    sa.select(accounts.c.id, accounts.c.due_at, accounts.c.channel, accounts.c.gated_as_of)
    .where(
        any_of(accounts.c.id, "keys"),
        sa.or_(accounts.c.due_at.is_not(None), accounts.c.gated_as_of.is_not(None)),
    )
    .order_by(accounts.c.id)
)


def next_looks(connection: sa.Connection, keys: Collection[AccountKey]) -> list[NextLook]:
    """When each of these accounts has to be looked at, in the order of their keys; none is given out."""
    rows = connection.execute(_NEXT_LOOKS, {"keys": array_text(keys)})
    return [NextLook(AccountKey(key), *row) for key, *row in rows]


_LOOK_AT = (
    sa.update(accounts)
    .where(any_of(accounts.c.id, "keys"))
    .values(due_at=sa.bindparam("at", type_=INSTANT), channel=None, nudged_at=None)
)


def wake(connection: sa.Connection, keys: Collection[AccountKey], at: datetime) -> None:
    """Has these accounts planned again then: at once, or when they are put off, no earlier."""
    _look_at(connection, keys, at)


def quiet(connection: sa.Connection, keys: Collection[AccountKey]) -> None:
    """Nothing to look at while these accounts' reminders are being delivered."""
    _look_at(connection, keys, None)


def _look_at(connection: sa.Connection, keys: Collection[AccountKey], at: datetime | None) -> None:
    if keys:
        connection.execute(_LOOK_AT, {"keys": array_text(keys), "at": at})
