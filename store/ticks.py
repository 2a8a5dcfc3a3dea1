"""Signs of life: when each tick last ran, on which worker, and how far that worker's clock is from the database's.

A row for each tick and worker, written over each time; of a worker that is gone it is forgotten after a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.arrays import INSTANT
from store.tables import ticks

_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sign:
    """How long ago a tick ran on a worker, and the database's clock minus that worker's then, in seconds."""

    name: str
    worker: str
    age_s: float
    skew_s: float


def note(connection: sa.Connection, name: str, worker: str, wall: datetime) -> None:
    """This tick has run now, on this worker, whose clock says `wall`. One round trip, which the skew includes."""
    now = sa.func.clock_timestamp(type_=INSTANT)
    is_this = sa.and_(ticks.c.name == name, ticks.c.worker == worker)
    gone = sa.delete(ticks).where(ticks.c.at < now - _KEPT, sa.not_(is_this)).cte("gone")
    skew_s = sa.extract("epoch", now - sa.literal(wall, INSTANT))
    new = insert(ticks).values(name=name, worker=worker, at=now, skew_s=skew_s).add_cte(gone)
    anew = {"at": new.excluded.at, "skew_s": new.excluded.skew_s}
    connection.execute(new.on_conflict_do_update(index_elements=[ticks.c.name, ticks.c.worker], set_=anew))


def read(connection: sa.Connection) -> list[Sign]:
    """All signs of the last day."""
    age_s = sa.extract("epoch", sa.func.clock_timestamp(type_=INSTANT) - ticks.c.at)
    rows = connection.execute(sa.select(ticks.c.name, ticks.c.worker, age_s.label("age_s"), ticks.c.skew_s))
    return [Sign(row.name, row.worker, float(row.age_s), row.skew_s) for row in rows]
