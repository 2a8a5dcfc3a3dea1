"""What has happened, as rows: the only truth that accounts are folded from. Append-only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from domain.facts import Fact, Stamp
from domain.ids import AccountKey, InvoiceId, SellerId
from store.arrays import INSTANT, NUMBER, TEXT, Columns, among, unnested
from store.fact_codec import body_from_row, body_to_row
from store.tables import facts, invoices

Mark = tuple[int, int]
"""How many facts an account has, and the newest one's number."""


@dataclass(frozen=True, slots=True)
class NewFact:
    """A fact and where it belongs: to an account, or (None) to the account of an invoice that is not known yet."""

    seller: SellerId
    account: AccountKey | None
    waits_for: InvoiceId | None
    invoice_ids: tuple[InvoiceId, ...]
    fact: Fact


def add(connection: sa.Connection, new_facts: Sequence[NewFact]) -> None:
    """Writes the facts. The inbox sees to it that each event comes here once."""
    columns: Columns = [
        ("seller", TEXT),
        ("account_id", NUMBER),
        ("waits_for", TEXT),
        ("invoice_ids", TEXT),
        ("type", TEXT),
        ("happened_at", INSTANT),
        ("sequence", TEXT),
        ("event_id", TEXT),
        ("received_at", INSTANT),
        ("body", TEXT),
    ]
    new = unnested(columns, [_row(one) for one in new_facts])
    values = [
        sa.func.string_to_array(new.c[name], "\x1f", type_=sa.ARRAY(sa.Text))
        if name == "invoice_ids"
        else new.c[name]
        for name, _ in columns
    ]
    connection.execute(insert(facts).from_select([name for name, _ in columns], sa.select(*values)))


def adopt(connection: sa.Connection, names: Collection[tuple[SellerId, InvoiceId]]) -> None:
    """Facts that waited for these invoices go to the accounts that own them now."""
    wanted = unnested([("seller", TEXT), ("invoice_id", TEXT)], sorted(names))
    connection.execute(
        sa.update(facts)
        .where(
            facts.c.account_id.is_(None),
            facts.c.seller == wanted.c.seller,
            facts.c.waits_for == wanted.c.invoice_id,
            invoices.c.seller == wanted.c.seller,
            invoices.c.invoice_id == wanted.c.invoice_id,
        )
        .values(account_id=invoices.c.account_id)
    )


def copy_to(connection: sa.Connection, moved: Iterable[tuple[AccountKey, InvoiceId, AccountKey]]) -> None:
    """What is known of a moved invoice is copied from its old account to the new one: (from, invoice, to).

    Nothing is taken away: `fold` leaves out invoices that belong to somebody else. What is there already is not
    copied again: an invoice that goes back and forth would else double its facts each time.
    """
    columns: Columns = [
        ("old", NUMBER),
        ("invoice_id", TEXT),
        ("new", NUMBER),
    ]
    move = unnested(columns, sorted(moved))
    kept = [column for column in facts.c if column.name not in ("id", "account_id")]
    there = facts.alias("there")
    is_there = sa.exists().where(there.c.account_id == move.c.new, there.c.event_id == facts.c.event_id)
    known = sa.select(move.c.new, *kept).where(
        facts.c.account_id == move.c.old, move.c.invoice_id == sa.any_(facts.c.invoice_ids), ~is_there
    )
    connection.execute(insert(facts).from_select(["account_id", *(column.name for column in kept)], known))


def load(connection: sa.Connection, keys: Collection[AccountKey]) -> dict[AccountKey, list[Fact]]:
    """All facts of these accounts, in one round trip."""
    found: dict[AccountKey, list[Fact]] = defaultdict(list)
    rows = connection.execute(
        sa.select(
            facts.c.account_id,
            facts.c.type,
            facts.c.happened_at,
            facts.c.sequence,
            facts.c.event_id,
            facts.c.received_at,
            facts.c.body,
        ).where(among(facts.c.account_id, keys))
    )
    for key, type_name, happened_at, sequence, event_id, received_at, body in rows:
        stamp = Stamp(happened_at, sequence, event_id)
        found[AccountKey(key)].append(Fact(stamp, received_at, body_from_row(type_name, body)))
    return found


def marks(connection: sa.Connection, keys: Collection[AccountKey]) -> dict[AccountKey, Mark]:
    """For each account something that is another as soon as it has one more fact."""
    mark = sa.select(facts.c.account_id, sa.func.count(), sa.func.max(facts.c.id))
    rows = connection.execute(mark.where(among(facts.c.account_id, keys)).group_by(facts.c.account_id))
    return {AccountKey(key): (count, newest) for key, count, newest in rows}


def _row(one: NewFact) -> tuple[Any, ...]:
    type_name, body = body_to_row(one.fact.body)
    stamp = one.fact.stamp
    return (
        one.seller,
        one.account,
        one.waits_for,
        "\x1f".join(one.invoice_ids),
        type_name,
        stamp.time,
        stamp.sequence,
        stamp.event_id,
        one.fact.received_at,
        body,
    )


def accounts_naming(connection: sa.Connection, seller: SellerId, address: str) -> list[AccountKey]:
    """The accounts whose facts mention an address, in whatever case. It reads all of the seller's facts."""
    mentions = sa.func.strpos(sa.func.lower(facts.c.body), address.lower()) > 0
    statement = sa.select(facts.c.account_id).where(
        facts.c.seller == seller,
        facts.c.account_id.is_not(None),
        among(facts.c.type, ["InvoiceIssued", "CustomerUpdated"]),
        mentions,
    )
    return sorted(AccountKey(key) for key in connection.execute(statement.distinct()).scalars())
