"""What providers reported, stored raw and once, settled later.

A row stays for ever; its raw form leaves long after it was settled (`store/retention`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import BYTEA, JSONB

from domain.outcomes import Receipt
from store.arrays import BY_NOW, INSTANT, NUMBER, TEXT, Rows, any_of, array_text, seconds
from store.tables import receipts

_FIRST_LOOK_S = 3.0
_GIVE_UP_S = 7 * 86_400.0
_RECEIPT: TypeAdapter[Receipt] = TypeAdapter(Receipt)


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A receipt that waits to be settled; business instant of its arrival."""

    id: int
    provider: str
    receipt: Receipt
    received_at: datetime


_NOW = sa.func.clock_timestamp(type_=INSTANT)
_NEW = Rows(provider=TEXT, key=TEXT, raw=BYTEA(), body=TEXT, received_at=INSTANT)
_PUT = (
    _NEW.into(receipts, body=sa.cast(_NEW.c.body, JSONB), look_at=_NOW + seconds(_FIRST_LOOK_S))
    .on_conflict_do_nothing()
    .returning(receipts.c.id)
)


def put(
    connection: sa.Connection, provider: str, found: Sequence[tuple[Receipt, bytes]], received_at: datetime
) -> list[int]:
    """Stores the receipts that are new, each with its raw form; returns their rows."""
    if not found:
        return []
    # In the order of their keys, so that two posts with the same events wait for each other and never in a circle.
    ordered = sorted(found, key=lambda one: one[0].key)
    rows = [(provider, one.key, raw, _RECEIPT.dump_json(one).decode(), received_at) for one, raw in ordered]
    return list(connection.execute(_PUT, _NEW.sent(rows)).scalars())


def raw_of(connection: sa.Connection, provider: str, key: str) -> bytes | None:
    """A receipt in its raw form, by its key; None if it never came."""
    statement = sa.select(receipts.c.raw).where(receipts.c.provider == provider, receipts.c.key == key)
    return connection.execute(statement).scalar_one_or_none()


_TAKE = (
    sa.select(receipts.c.id, receipts.c.provider, receipts.c.body, receipts.c.received_at)
    .where(any_of(receipts.c.id, "ids"), receipts.c.settled_at.is_(None))
    .order_by(receipts.c.id)
    .with_for_update(skip_locked=True)
)


def take(connection: sa.Connection, ids: Collection[int]) -> list[ReceiptRow]:
    """Locks those of the receipts that nobody has settled or is settling, until the transaction ends."""
    if not ids:
        return []
    rows = connection.execute(_TAKE, {"ids": array_text(ids)})
    return [ReceiptRow(r.id, r.provider, _RECEIPT.validate_python(r.body, strict=False), r.received_at) for r in rows]


_SETTLED = Rows(id=NUMBER, attempt_id=TEXT)
_MARK_SETTLED = (
    sa.update(receipts)
    .where(receipts.c.id == _SETTLED.c.id)
    .values(settled_at=sa.func.clock_timestamp(), look_at=None, attempt_id=_SETTLED.c.attempt_id)
)


def mark_settled(connection: sa.Connection, settled: Sequence[tuple[int, str | None]]) -> None:
    """These (receipt, attempt) pairs are done with."""
    if settled:
        connection.execute(_MARK_SETTLED, _SETTLED.sent(settled))


_WAITED = _NOW - receipts.c.stored_at
_PARK = (
    sa.update(receipts)
    .where(any_of(receipts.c.id, "ids"))
    .values(
        look_at=sa.case(
            (seconds(_GIVE_UP_S) > _WAITED, _NOW + sa.func.greatest(_WAITED, seconds(_FIRST_LOOK_S))), else_=None
        )
    )
)


def park(connection: sa.Connection, ids: Collection[int]) -> None:
    """Nobody knows the attempts of these receipts yet.

    Each waits as long again as it has waited already, and is given up, though kept, after a week.
    """
    if ids:
        connection.execute(_PARK, {"ids": array_text(ids)})


def forgotten(connection: sa.Connection, limit: int) -> list[int]:
    """Receipts to look at (again): their nudge was lost, or their attempt was unknown when last looked for."""
    statement = sa.select(receipts.c.id).where(receipts.c.look_at <= BY_NOW)
    return list(connection.execute(statement.order_by(receipts.c.look_at).limit(limit)).scalars())
