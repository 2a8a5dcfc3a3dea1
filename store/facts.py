"""What has happened, as rows: the only truth that accounts are folded from. Append-only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert

from domain.facts import Fact, InvoiceIssued, Stamp
from domain.ids import AccountKey, CustomerId, InvoiceId, SellerId
from store.arrays import INSTANT, NUMBER, TEXT, Rows, any_of, array_text, joined, texts
from store.attempts import Reached
from store.fact_codec import body_from_row
from store.tables import accounts, facts, invoices

Mark = tuple[int, int]
"""How many facts an account has, and the newest one's number."""


@dataclass(frozen=True, slots=True)
class NewFact:
    """A fact and where it belongs: to an account, or (None) to the account of an invoice that is not known yet.

    `type_name` and `body` are the fact as `store/fact_codec` wrote it, when it came into the inbox.
    """

    seller: SellerId
    account: AccountKey | None
    waits_for: InvoiceId | None
    invoice_ids: Sequence[InvoiceId]
    stamp: Stamp
    received_at: datetime
    type_name: str
    body: str


_NEW = Rows(
    seller=TEXT,
    account_id=NUMBER,
    waits_for=TEXT,
    invoice_ids=TEXT,
    type=TEXT,
    happened_at=INSTANT,
    sequence=TEXT,
    event_id=TEXT,
    received_at=INSTANT,
    body=TEXT,
)
_ADD = _NEW.into(facts, invoice_ids=texts(_NEW.c.invoice_ids))


def add(connection: sa.Connection, new_facts: Sequence[NewFact]) -> None:
    """Writes the facts. The inbox sees to it that each event comes here once."""
    connection.execute(_ADD, _NEW.sent(map(_row, new_facts)))


_WANTED = Rows(seller=TEXT, invoice_id=TEXT)
_ADOPT = (
    sa.update(facts)
    .where(
        facts.c.account_id.is_(None),
        facts.c.seller == _WANTED.c.seller,
        facts.c.waits_for == _WANTED.c.invoice_id,
        invoices.c.seller == _WANTED.c.seller,
        invoices.c.invoice_id == _WANTED.c.invoice_id,
    )
    .values(account_id=invoices.c.account_id)
)


def adopt(connection: sa.Connection, names: Collection[tuple[SellerId, InvoiceId]]) -> None:
    """Facts that waited for these invoices go to the accounts that own them now."""
    connection.execute(_ADOPT, _WANTED.sent(sorted(names)))


_MOVED = Rows("moved", old=NUMBER, invoice_id=TEXT, new=NUMBER)
_SAID = Rows("said", old=NUMBER, event_id=TEXT, new=NUMBER)
_KEPT = [column for column in facts.c if column.name not in ("id", "account_id")]
_THERE = facts.alias("there")


def _copying(rows: Rows, which: sa.ColumnElement[bool]) -> sa.Insert:
    """Copies such facts from old accounts to new ones, but for those that are there already."""
    is_there = sa.exists().where(_THERE.c.account_id == rows.c.new, _THERE.c.event_id == facts.c.event_id)
    return insert(facts).from_select(
        ["account_id", *(column.name for column in _KEPT)],
        sa.select(rows.c.new, *_KEPT).where(facts.c.account_id == rows.c.old, which, ~is_there),
    )


_COPY = _copying(_MOVED, _MOVED.c.invoice_id == sa.any_(facts.c.invoice_ids))
_COPY_SAID = _copying(_SAID, _SAID.c.event_id == facts.c.event_id)


def copy_to(connection: sa.Connection, moved: Iterable[tuple[AccountKey, InvoiceId, AccountKey]]) -> None:
    """What is known of a moved invoice is copied from its old account to the new one: (from, invoice, to).

    Nothing is taken away: `fold` leaves out invoices that belong to somebody else. What is there already is not
    copied again: an invoice that goes back and forth would else double its facts each time.
    """
    connection.execute(_COPY, _MOVED.sent(sorted(moved)))


def copy_said(connection: sa.Connection, said: Collection[tuple[AccountKey, str, AccountKey]]) -> None:
    """The same for facts by their event ids, which name no invoice and are about one that has moved."""
    connection.execute(_COPY_SAID, _SAID.sent(sorted(said)))


_LOAD = sa.select(
    facts.c.account_id,
    facts.c.type,
    facts.c.happened_at,
    facts.c.sequence,
    facts.c.event_id,
    facts.c.received_at,
    facts.c.body,
).where(any_of(facts.c.account_id, "keys"))


def load(connection: sa.Connection, keys: Collection[AccountKey]) -> dict[AccountKey, list[Fact]]:
    """All facts of these accounts, in one round trip."""
    found: dict[AccountKey, list[Fact]] = defaultdict(list)
    rows = connection.execute(_LOAD, {"keys": array_text(keys)}).all()
    for key, type_name, happened_at, sequence, event_id, received_at, body in rows:
        stamp = Stamp(happened_at, sequence, event_id)
        found[AccountKey(key)].append(Fact(stamp, received_at, body_from_row(type_name, body)))
    return found


_STATED = Rows("stated", account_id=NUMBER, invoice_id=TEXT)
_NEWEST = (
    sa.select(_STATED.c.account_id, _STATED.c.invoice_id, facts.c.type, facts.c.body)
    .ext(distinct_on(_STATED.c.account_id, _STATED.c.invoice_id))
    .where(
        facts.c.account_id == _STATED.c.account_id,
        facts.c.type == InvoiceIssued.__name__,
        _STATED.c.invoice_id == sa.any_(facts.c.invoice_ids),
    )
    .order_by(
        _STATED.c.account_id,
        _STATED.c.invoice_id,
        facts.c.happened_at.desc(),
        *(sa.collate(column, "C").desc() for column in (facts.c.sequence, facts.c.event_id)),
    )
)


def newest_statements(
    connection: sa.Connection, names: Collection[tuple[AccountKey, InvoiceId]]
) -> dict[tuple[AccountKey, InvoiceId], InvoiceIssued]:
    """What was stated last, in the order of the stamps, of each of these invoices in the account that owns it."""
    found: dict[tuple[AccountKey, InvoiceId], InvoiceIssued] = {}
    for key, name, type_name, body in connection.execute(_NEWEST, _STATED.sent(sorted(names))):
        statement = body_from_row(type_name, body)
        assert isinstance(statement, InvoiceIssued)  # noqa: S101 - the query asks for no other
        found[AccountKey(key), InvoiceId(name)] = statement
    return found


_MARKS = (
    sa.select(facts.c.account_id, sa.func.count(), sa.func.max(facts.c.id))
    .where(any_of(facts.c.account_id, "keys"))
    .group_by(facts.c.account_id)
)


def marks(connection: sa.Connection, keys: Collection[AccountKey]) -> dict[AccountKey, Mark]:
    """For each account something that is another as soon as it has one more fact."""
    rows = connection.execute(_MARKS, {"keys": array_text(keys)})
    return {AccountKey(key): (count, newest) for key, count, newest in rows}


def _row(one: NewFact) -> tuple[Any, ...]:
    return (
        one.seller,
        one.account,
        one.waits_for,
        joined(one.invoice_ids),
        one.type_name,
        one.stamp.time,
        one.stamp.sequence,
        one.stamp.event_id,
        one.received_at,
        one.body,
    )


_OF_ITS_OWN = 6
"""So many digits at the end of a phone number are the same in each country's way to write it."""


def accounts_naming(connection: sa.Connection, seller: SellerId, address: str) -> list[AccountKey]:
    """The accounts whose facts mention an address, in whatever case, or a national number that it may be.

    It reads all of the seller's facts.
    """
    statement = sa.select(facts.c.account_id).where(facts.c.seller == seller, *_naming(address))
    return sorted(AccountKey(key) for key in connection.execute(statement.distinct()).scalars())


def all_naming(connection: sa.Connection, address: str) -> list[Reached]:
    """The same of all sellers: it reads all facts that there are."""
    statement = sa.select(accounts.c.seller, accounts.c.id, accounts.c.customer_id).distinct()
    statement = statement.join(facts, facts.c.account_id == accounts.c.id).where(*_naming(address))
    rows = connection.execute(statement.order_by(accounts.c.id))
    return [Reached(SellerId(seller), AccountKey(key), CustomerId(customer)) for seller, key, customer in rows]


def _naming(address: str) -> tuple[sa.ColumnElement[bool], ...]:
    mentions = sa.func.strpos(sa.func.lower(facts.c.body), address.lower()) > 0
    if address.startswith("+"):
        digits = sa.func.regexp_replace(facts.c.body, "[^0-9]", "", "g")
        is_national = sa.func.strpos(facts.c.body, '"national":"') > 0
        mentions |= is_national & (sa.func.strpos(digits, address[-_OF_ITS_OWN:]) > 0)
    is_about_somebody = facts.c.type.in_(["InvoiceIssued", "CustomerUpdated"])
    return facts.c.account_id.is_not(None), is_about_somebody, mentions
