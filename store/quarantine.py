"""What could not be taken in or worked on, kept as it came, for a person to see, to try again or to drop.

A row's content is never changed: it is closed, with what became of it, and leaves long after (`store/retention`).
Only its problem may be told anew: that of a reply, once its customer was looked for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, insert

from domain.ids import SellerId
from store.arrays import INSTANT, TEXT, Rows, any_of, array_text
from store.tables import quarantine, receipts


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One thing set aside; `raw` is as it came.

    event      it could not be read, and the sender was told
    conflict   its id had come before with another body, and the sender was told
    crash      it was taken in and broke intake three times; `reference` is its row in the inbox
    callback   a provider's report that could not be read; `reference` is the provider
    reply      a customer's message from a number that nobody knows; `reference` is its receipt's key
    """

    seller: SellerId
    kind: str
    reference: str | None
    problem: str
    raw: bytes
    at: datetime


_ITEMS = Rows(seller=TEXT, kind=TEXT, reference=TEXT, problem=TEXT, raw=BYTEA(), at=INSTANT)
_KNOWN = quarantine.alias("known")
_IS_KNOWN = sa.exists().where(
    _KNOWN.c.seller == _ITEMS.c.seller,
    sa.func.md5(_KNOWN.c.raw) == sa.func.md5(_ITEMS.c.raw),
    _KNOWN.c.closed_at.is_(None),
    _KNOWN.c.kind == _ITEMS.c.kind,
    _KNOWN.c.reference.is_not_distinct_from(_ITEMS.c.reference),
)
_SET_ASIDE = insert(quarantine).from_select(list(_ITEMS.c.keys()), sa.select(*_ITEMS.c).where(~_IS_KNOWN))


def set_aside(connection: sa.Connection, items: Sequence[Quarantined]) -> None:
    """Keeps the items, in one round trip; what waits already is not kept twice, however often it is sent."""
    if items:
        rows = [(item.seller, item.kind, item.reference, item.problem, item.raw, item.at) for item in items]
        connection.execute(_SET_ASIDE, _ITEMS.sent(rows))


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """One thing that was set aside, and what became of it: `retried` or `dropped`, None while it waits."""

    id: int
    seller: SellerId
    kind: str
    reference: str | None
    problem: str
    raw: bytes
    at: datetime
    closed_at: datetime | None
    outcome: str | None
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """As `--json` lists it: all but the content."""
        return {
            "id": self.id,
            "seller": self.seller,
            "kind": self.kind,
            "reference": self.reference,
            "problem": self.problem,
            "at": self.at.isoformat(),
            "outcome": self.outcome,
            "closed_at": None if self.closed_at is None else self.closed_at.isoformat(),
            "reason": self.reason,
        }


def read(
    connection: sa.Connection, *, is_all: bool = False, seller: SellerId | None = None, kind: str | None = None
) -> list[QuarantineRow]:
    """What waits, or everything, the oldest first."""
    statement = _SELECT.order_by(quarantine.c.id)
    if not is_all:
        statement = statement.where(quarantine.c.closed_at.is_(None))
    if seller is not None:
        statement = statement.where(quarantine.c.seller == seller)
    if kind is not None:
        statement = statement.where(quarantine.c.kind == kind)
    return [_row(row) for row in connection.execute(statement)]


def one(connection: sa.Connection, row_id: int, *, is_locked: bool = False) -> QuarantineRow | None:
    """This one, or None; locked, it is nobody else's until the transaction ends."""
    statement = _SELECT.where(quarantine.c.id == row_id)
    row = connection.execute(statement.with_for_update() if is_locked else statement).one_or_none()
    return None if row is None else _row(row)


_THESE = sa.update(quarantine).where(any_of(quarantine.c.id, "ids"))


def close(connection: sa.Connection, row_ids: Collection[int], outcome: str, reason: str, at: datetime) -> None:
    """They wait no more. The caller has locked them."""
    statement = _THESE.values(closed_at=at, outcome=outcome, reason=reason)
    connection.execute(statement, {"ids": array_text(row_ids)})


def say(connection: sa.Connection, row_ids: Collection[int], problem: str) -> None:
    """They wait for another reason now, those that wait."""
    statement = _THESE.where(quarantine.c.closed_at.is_(None)).values(problem=problem)
    connection.execute(statement, {"ids": array_text(row_ids)})


_LOOKS = 7_263_543
"""The advisory lock of who looks for a reply's customer; the number means nothing."""


def look_alone(connection: sa.Connection) -> bool:
    """Whether nobody else looks for a customer now; until the transaction ends, nobody will. Waits for no one."""
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_LOOKS))).scalar_one())


def with_problem(connection: sa.Connection, kind: str, problem: str, most: int) -> list[int]:
    """What waits of this kind for this reason, the oldest first."""
    statement = sa.select(quarantine.c.id).where(quarantine.c.kind == kind, quarantine.c.problem == problem)
    waits = statement.where(quarantine.c.closed_at.is_(None))
    return list(connection.execute(waits.order_by(quarantine.c.id).limit(most)).scalars())


def replies_from(connection: sa.Connection, address: str, problem: str) -> list[QuarantineRow]:
    """What waits of this number's replies for this reason, but for what another one works on; locked."""
    came = sa.and_(receipts.c.provider == "twilio", receipts.c.key == quarantine.c.reference)
    statement = _SELECT.join(receipts, came).where(receipts.c.body["address"].astext == address)
    waits = statement.where(quarantine.c.kind == "reply", quarantine.c.problem == problem)
    waits = waits.where(quarantine.c.closed_at.is_(None)).order_by(quarantine.c.id)
    return [_row(row) for row in connection.execute(waits.with_for_update(of=quarantine, skip_locked=True))]


_SELECT = sa.select(quarantine)


def _row(row: Any) -> QuarantineRow:
    return QuarantineRow(**{**row._mapping, "raw": bytes(row.raw)})  # noqa: SLF001 - the row's public way to a mapping
