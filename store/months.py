"""The journal's months: each is a part of its table, made ahead, and dropped whole when nothing of it is kept.

    journal ─┬─ journal_2026_11   at in [2026-11-01, 2026-12-01), UTC
             ├─ journal_2026_12   …
             └─ journal_default   every other instant: a write never fails, whatever the clock says

Called by `workers/keep`. Each change is one short transaction, and waits for nobody for longer than `WAITS_MS`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import sqlalchemy as sa

from domain.keeping import month_start

WAITS_MS = 2_000
"""How long a change waits for its lock. Whoever writes to the journal waits behind it, for 5 s at most."""

MOST_MOVED = 100_000
"""Rows that are moved out of the default part, with all who write or read kept waiting: a second or two."""

_LOCK = 7_263_542
"""The advisory lock of who keeps, in each of his transactions; the number means nothing."""

_PART = re.compile(r"journal_(\d{4})_(\d{2})")


def alone(connection: sa.Connection) -> bool:
    """Whether nobody else makes, drops or lets go now; until the transaction ends, nobody will. Waits for no one."""
    connection.execute(sa.text(f"SET LOCAL lock_timeout = {WAITS_MS}"))
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))).scalar_one())


def months(connection: sa.Connection) -> list[datetime]:
    """The months that have a part, by their first instant, the oldest first."""
    names = connection.execute(
        sa.text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'journal'::regclass")
    ).scalars()
    found = (_PART.fullmatch(name) for name in names)
    return sorted(datetime(int(part[1]), int(part[2]), 1, tzinfo=UTC) for part in found if part)


def ahead(connection: sa.Connection, now: datetime) -> int:
    """How many months in a row, from the next one on, have a part."""
    known = set(months(connection))
    count = 0
    while month_start(now, count + 1) in known:
        count += 1
    return count


def make(connection: sa.Connection, month: datetime) -> bool:
    """Makes the month's part, with what lies in the default part of it. False: that is too much, and stays there.

    It is made beside the journal and attached then: who writes or reads other months does not wait.
    """
    name = _name(month)
    bounds = {"since": month, "until": month_start(month, 1)}
    early = sa.text("SELECT count(*) FROM (SELECT FROM journal_default WHERE at >= :since AND at < :until LIMIT :n)")
    count = connection.execute(early, {**bounds, "n": MOST_MOVED + 1}).scalar_one()
    if count > MOST_MOVED:
        return False
    run = connection.exec_driver_sql
    run("LOCK TABLE journal_default IN ACCESS EXCLUSIVE MODE")  # from here on nothing can be written there
    run(f"CREATE TABLE {name} (LIKE journal INCLUDING ALL EXCLUDING IDENTITY)")
    move = (
        "WITH moved AS (DELETE FROM journal_default WHERE at >= :since AND at < :until RETURNING *)"  # noqa: S608 - ours
        f" INSERT INTO {name} SELECT * FROM moved"
    )
    connection.execute(sa.text(move), bounds)
    run(f"ALTER TABLE journal ATTACH PARTITION {name} FOR VALUES FROM ('{month}') TO ('{bounds['until']}')")
    return True


def drop(connection: sa.Connection, month: datetime) -> None:
    """Drops the month's part, whatever it holds."""
    connection.exec_driver_sql(f"DROP TABLE {_name(month)}")


def _name(month: datetime) -> str:
    return f"journal_{month:%Y_%m}"
