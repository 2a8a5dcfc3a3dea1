"""Which accounts have an event in the inbox that is not folded yet: nothing may be sent to them until it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from domain.ids import AccountKey, SellerId
from store.arrays import TEXT, Rows, any_of, array, array_text
from store.tables import accounts, inbox, invoices


@dataclass(frozen=True, slots=True)
class SetAside:
    """An event that is not folded."""

    inbox_id: int
    event_id: str
    type: str


_NAMES_OF = (
    sa.select(accounts.c.id, accounts.c.seller, accounts.c.customer_id, invoices.c.invoice_id)
    .select_from(accounts.outerjoin(invoices, invoices.c.account_id == accounts.c.id))
    .where(any_of(accounts.c.id, "keys"))
)


_CUSTOMERS = Rows("customer", seller=TEXT, id=TEXT)
_INVOICES = Rows("invoice", seller=TEXT, id=TEXT)
_EVENT = (inbox.c.id, inbox.c.seller, inbox.c.customer_id, inbox.c.invoice_ids, inbox.c.event_id, inbox.c.type)

_APART: sa.ColumnElement[int] = sa.literal_column("0")
"""An offset, so that it stays a look-up for each name and is not made a join."""
FIRST_INVOICE: sa.ColumnElement[str] = sa.literal_column("inbox.invoice_ids[1]")
HAS_SEVERAL_INVOICES: sa.ColumnElement[bool] = sa.literal_column("cardinality(inbox.invoice_ids) > 1", sa.Boolean())
"""Written out, as the indexes have them: an index of an expression is not used for one with a parameter."""


def _about(which: sa.ColumnElement[bool]) -> sa.Executable:
    """Those of the events that are not folded which concern some customers or invoices.

    Looked up one name after the other, whatever the database has for statistics: it would rather read all that is
    not folded, once for each claim, and in a burst that is what most of its time went to (measured).
    """
    waiting = sa.select(*_EVENT).where(inbox.c.folded_at.is_(None), which)

    def of_each(names: Rows, name: sa.ColumnElement[Any]) -> sa.Select[Any]:
        mine = waiting.where(inbox.c.seller == names.c.seller, name == names.c.id).offset(_APART).lateral()
        return sa.select(*mine.c).select_from(names.table.join(mine, sa.true()))

    about_customers = of_each(_CUSTOMERS, inbox.c.customer_id)
    about_invoices = of_each(_INVOICES, FIRST_INVOICE)
    about_several = waiting.where(HAS_SEVERAL_INVOICES, inbox.c.invoice_ids.overlap(array("invoices", TEXT)))
    return sa.union(about_customers, about_invoices, about_several).order_by(sa.literal_column("id"))


_ABOUT, _ASIDE_ABOUT = _about(sa.true()), _about(inbox.c.quarantined_at.is_not(None))


def with_unfolded(connection: sa.Connection, keys: Collection[AccountKey]) -> set[AccountKey]:
    """Those of the accounts that have an event in the inbox which is not folded yet: nothing may be sent to them."""
    return set(_unfolded(connection, keys, _ABOUT))


# Not asked whether it is folded: the index of those that are not holds a whole burst, and would be read for it.
_ANY_ASIDE = (
    sa.select(inbox.c.id).where(inbox.c.quarantined_at.is_not(None), any_of(inbox.c.seller, "sellers")).limit(1)
)


def in_quarantine(
    connection: sa.Connection, rows: Collection[tuple[SellerId, AccountKey]]
) -> dict[AccountKey, list[SetAside]]:
    """The events that were set aside and that a person has not looked at yet, by the accounts that they concern."""
    sellers = {seller for seller, _ in rows}
    if connection.execute(_ANY_ASIDE, {"sellers": array_text(sellers)}).first() is None:  # as good as always
        return {}
    return _unfolded(connection, [key for _, key in rows], _ASIDE_ABOUT)


def _unfolded(
    connection: sa.Connection, keys: Collection[AccountKey], asked: sa.Executable
) -> dict[AccountKey, list[SetAside]]:
    names = connection.execute(_NAMES_OF, {"keys": array_text(keys)}).all()
    invoices_ = {(row.seller, row.invoice_id) for row in names if row.invoice_id is not None}
    wanted = {
        **_CUSTOMERS.sent({(row.seller, row.customer_id) for row in names}),
        **_INVOICES.sent(invoices_),
        "invoices": array_text({invoice_id for _, invoice_id in invoices_}),
    }
    events = connection.execute(asked, wanted).all()
    by_customer: dict[tuple[str, str | None], list[SetAside]] = defaultdict(list)
    by_invoice: dict[tuple[str, str | None], list[SetAside]] = defaultdict(list)
    for event in events:
        one = SetAside(event.id, event.event_id, event.type)
        by_customer[event.seller, event.customer_id].append(one)
        for invoice_id in event.invoice_ids:
            by_invoice[event.seller, invoice_id].append(one)
    found: dict[AccountKey, dict[SetAside, None]] = defaultdict(dict)
    for row in names:
        about = (*by_customer[row.seller, row.customer_id], *by_invoice[row.seller, row.invoice_id])
        if about:
            found[AccountKey(row.id)].update(dict.fromkeys(about))
    return {key: list(events) for key, events in found.items()}
