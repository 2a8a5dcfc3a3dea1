"""What could not be taken in or worked on, kept as it came, for a person to see and to try again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, insert

from domain.ids import SellerId
from store.arrays import INSTANT, TEXT, Columns, unnested
from store.tables import quarantine


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One thing set aside. `kind` is `event` (never taken in), `conflict` or `crash`; `raw` is as it came."""

    seller: SellerId
    kind: str
    reference: str | None
    problem: str
    raw: bytes
    at: datetime


def set_aside(connection: sa.Connection, items: Sequence[Quarantined]) -> None:
    """Keeps the items, in one round trip."""
    if not items:
        return
    columns: Columns = [
        ("seller", TEXT),
        ("kind", TEXT),
        ("reference", TEXT),
        ("problem", TEXT),
        ("raw", BYTEA()),
        ("at", INSTANT),
    ]
    rows = [(item.seller, item.kind, item.reference, item.problem, item.raw, item.at) for item in items]
    new = unnested(columns, rows)
    names = [name for name, _ in columns]
    connection.execute(insert(quarantine).from_select(names, sa.select(*(new.c[name] for name in names))))
