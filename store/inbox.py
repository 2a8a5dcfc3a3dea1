"""Events as they were received: put in before the sender is answered, taken out once by intake.

An event counts once: unique (seller, source, event id). Nothing here is ever overwritten;
only the body leaves, long after it was folded (`store/retention`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from domain.event import Event
from domain.ids import AccountKey, CustomerId, InvoiceId, SellerId
from store.arrays import INSTANT, TEXT, Rows, any_of, array_text, joined, seconds, texts
from store.fact_codec import body_from_row, body_to_row
from store.tables import accounts, inbox, invoices


@dataclass(frozen=True, slots=True)
class Incoming:
    """A valid event with the text that is kept of it, that text's digest, and when it came (business time)."""

    event: Event
    body: str
    digest: str
    received_at: datetime


class Reception(StrEnum):
    """What became of an event that was put in."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Received:
    """The answer to one event: its row if it was new."""

    reception: Reception
    inbox_id: int | None = None


@dataclass(frozen=True, slots=True)
class InboxRow:
    """An event that waits to be folded. `body` is as it was received, `fact` as it was understood then."""

    id: int
    seller: SellerId
    event_id: str
    source: str
    type: str
    happened_at: datetime | None
    sequence: str
    fact_type: str
    fact: str
    customer_id: str | None
    invoice_ids: Sequence[str]
    body: str
    received_at: datetime

    @property
    def event(self) -> Event:
        """The event, as it was understood when it was accepted."""
        return Event(
            id=self.event_id,
            source=self.source,
            type=self.type,
            time=self.happened_at,
            sequence=self.sequence,
            body=body_from_row(self.fact_type, self.fact),
            customer_id=None if self.customer_id is None else CustomerId(self.customer_id),
            invoice_ids=tuple(InvoiceId(invoice_id) for invoice_id in self.invoice_ids),
        )


_NEW = Rows(
    received_at=INSTANT,
    source=TEXT,
    event_id=TEXT,
    type=TEXT,
    digest=TEXT,
    body=TEXT,
    customer_id=TEXT,
    invoice_ids=TEXT,
    happened_at=INSTANT,
    sequence=TEXT,
    fact_type=TEXT,
    fact=TEXT,
)
_PUT = (
    _NEW.into(
        inbox,
        seller=sa.bindparam("of", type_=TEXT),
        invoice_ids=texts(_NEW.c.invoice_ids),
    )
    .on_conflict_do_nothing()
    .returning(inbox.c.id, inbox.c.source, inbox.c.event_id, inbox.c.digest)
)


def put(connection: sa.Connection, seller: SellerId, incoming: Sequence[Incoming]) -> list[Received]:
    """Stores the new ones and answers for each, in order. Two round trips at most, whatever the number.

    The same id with the same digest is a duplicate, with another digest a conflict; so is a second one of the
    same batch.
    """
    # In the order of their names, so that two batches with the same events wait for each other and never in a circle.
    ordered = sorted(incoming, key=lambda one: (one.event.source, one.event.id))
    stored = connection.execute(_PUT, _NEW.sent(map(_row, ordered)) | {"of": seller}).all()
    fresh = {(source, event_id): inbox_id for inbox_id, source, event_id, _ in stored}
    known = {(source, event_id): digest for _, source, event_id, digest in stored}
    others = {name for one in ordered if (name := (one.event.source, one.event.id)) not in known}
    known |= _digests(connection, seller, others) if others else {}
    answers = []
    for one in incoming:
        name = (one.event.source, one.event.id)
        if known[name] != one.digest:
            answers.append(Received(Reception.CONFLICT))
        elif name in fresh:
            answers.append(Received(Reception.ACCEPTED, fresh.pop(name)))
        else:
            answers.append(Received(Reception.DUPLICATE))
    return answers


_TAKE = (
    sa.select(*(inbox.c[field.name] for field in fields(InboxRow)))
    .where(any_of(inbox.c.id, "ids"), inbox.c.folded_at.is_(None), inbox.c.quarantined_at.is_(None))
    .order_by(inbox.c.id)
    .with_for_update(skip_locked=True)
)


def take(connection: sa.Connection, ids: Collection[int]) -> list[InboxRow]:
    """Locks those of the events that nobody has folded, is folding or has set aside, until the transaction ends."""
    return [InboxRow(*row) for row in connection.execute(_TAKE, {"ids": array_text(ids)})]


_MARK_FOLDED = sa.update(inbox).where(any_of(inbox.c.id, "ids")).values(folded_at=sa.func.clock_timestamp())


def mark_folded(connection: sa.Connection, ids: Collection[int]) -> None:
    """These events are in their accounts now."""
    connection.execute(_MARK_FOLDED, {"ids": array_text(ids)})


def set_aside(connection: sa.Connection, inbox_id: int) -> None:
    """This event is not tried any more, and not folded: whom it is about is left alone until a person has looked."""
    connection.execute(
        sa.update(inbox).where(inbox.c.id == inbox_id).values(quarantined_at=sa.func.clock_timestamp())
    )


def take_up_again(connection: sa.Connection, inbox_id: int) -> None:
    """This event is folded as if it had just come."""
    statement = sa.update(inbox).where(inbox.c.id == inbox_id)
    connection.execute(statement.values(quarantined_at=None, folded_at=None, failures=0))


def drop(connection: sa.Connection, inbox_id: int) -> None:
    """This event counts for nothing: nobody waits for it any more."""
    statement = sa.update(inbox).where(inbox.c.id == inbox_id, inbox.c.folded_at.is_(None))
    connection.execute(statement.values(quarantined_at=None, folded_at=sa.func.clock_timestamp()))


def accounts_about(connection: sa.Connection, inbox_id: int) -> list[AccountKey]:
    """The accounts that an event concerns, as far as they are known."""
    one = sa.select(inbox.c.seller, inbox.c.customer_id, inbox.c.invoice_ids).where(inbox.c.id == inbox_id).subquery()
    by_name = sa.select(accounts.c.id).join(
        one, sa.and_(one.c.seller == accounts.c.seller, one.c.customer_id == accounts.c.customer_id)
    )
    by_invoice = sa.select(invoices.c.account_id).join(
        one, sa.and_(one.c.seller == invoices.c.seller, invoices.c.invoice_id == sa.any_(one.c.invoice_ids))
    )
    owned = by_invoice.where(invoices.c.account_id.is_not(None))
    return sorted(AccountKey(key) for key in connection.execute(by_name.union(owned)).scalars())


def count_failure(connection: sa.Connection, inbox_id: int) -> int:
    """One more crash over this event; returns how many there were."""
    counted = sa.update(inbox).where(inbox.c.id == inbox_id).values(failures=inbox.c.failures + 1)
    return int(connection.execute(counted.returning(inbox.c.failures)).scalar_one())


def forgotten(connection: sa.Connection, older_than_s: float, limit: int) -> list[int]:
    """Events that have waited longer than that (wall time) to be folded: their nudge was lost."""
    waited = sa.func.clock_timestamp() - inbox.c.stored_at > seconds(older_than_s)
    is_free = sa.and_(inbox.c.folded_at.is_(None), inbox.c.quarantined_at.is_(None))
    statement = sa.select(inbox.c.id).where(is_free, waited).order_by(inbox.c.id).limit(limit)
    return list(connection.execute(statement).scalars())


def _row(one: Incoming) -> tuple[Any, ...]:
    event = one.event
    return (
        one.received_at,
        event.source,
        event.id,
        event.type,
        one.digest,
        one.body,
        event.customer_id,
        joined(event.invoice_ids),
        event.time,
        event.sequence,
        *body_to_row(event.body),
    )


_NAMES = Rows(source=TEXT, event_id=TEXT)
_DIGESTS = (
    sa.select(inbox.c.source, inbox.c.event_id, inbox.c.digest)
    .join(_NAMES.table, sa.and_(inbox.c.source == _NAMES.c.source, inbox.c.event_id == _NAMES.c.event_id))
    .where(inbox.c.seller == sa.bindparam("of", type_=TEXT))
)


def _digests(
    connection: sa.Connection, seller: SellerId, names: Collection[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """What had been received before under these sources and ids."""
    rows = connection.execute(_DIGESTS, _NAMES.sent(names) | {"of": seller})
    return {(source, event_id): digest for source, event_id, digest in rows}
