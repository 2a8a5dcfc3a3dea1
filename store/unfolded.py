"""Which accounts have an event in the inbox that is not folded yet: nothing may be sent to them until it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from domain.ids import AccountKey, SellerId
from store.arrays import TEXT, any_of, array, array_text
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


def _about(which: sa.ColumnElement[bool]) -> sa.CompoundSelect[Any]:
    """Those of the events that are not folded which concern some customers or invoices."""
    waiting = sa.select(
        inbox.c.id, inbox.c.seller, inbox.c.customer_id, inbox.c.invoice_ids, inbox.c.event_id, inbox.c.type
    ).where(inbox.c.folded_at.is_(None), which, any_of(inbox.c.seller, "sellers"))
    about_customers = waiting.where(any_of(inbox.c.customer_id, "customers"))
    about_invoices = waiting.where(inbox.c.invoice_ids.overlap(array("invoices", TEXT)))
    return sa.union(about_customers, about_invoices).order_by(sa.literal_column("id"))


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
    connection: sa.Connection, keys: Collection[AccountKey], asked: sa.CompoundSelect[Any]
) -> dict[AccountKey, list[SetAside]]:
    # The names first, and then one look at the inbox for all of them: joined, after a burst of events of which the
    # database has no statistics yet, it reads the whole burst once for each account.
    names = connection.execute(_NAMES_OF, {"keys": array_text(keys)}).all()
    wanted = {
        "sellers": array_text({row.seller for row in names}),
        "customers": array_text({row.customer_id for row in names}),
        "invoices": array_text([row.invoice_id for row in names if row.invoice_id is not None]),
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
