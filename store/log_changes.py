"""What is new in the delivery log since a look at it, by the journal: what changes an attempt writes an entry there.

An entry has its number before its transaction commits, so that a lower number may come to sight after a higher one.
Numbers that were passed and not seen are looked for again, until whoever may have taken them has ended: an attempt is
written before its entry, so that by then the transaction has an id. Called by `relance log --follow`, a look for each
page; `store/book.reading` makes one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from domain.ids import CustomerId, SellerId
from store.arrays import NUMBER, TEXT, Rows, any_of, array_text
from store.log import ROWS, LogRow, matching, row_of
from store.tables import attempts, journal

PAGE = 10_000
"""Entries that are looked through at a time, and so many before the first mark: who wrote them may not have ended."""

_EVENTS = (
    "attempt.calling",
    "attempt.answered",
    "attempt.unconfirmed",
    "attempt.resolved",
    "receipt.settled",
    "task.closed",
    "task.cancelled",
)
"""Those after which an attempt's state may be another. `document.missing` is about one too, and changes none."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far somebody has looked: through all entries up to `upto`, without those that are `missing`.

    Each of these was taken by a transaction that began before the one with its number here, if by any that still
    runs. `is_behind`: there was more to look through.
    """

    upto: int
    missing: Mapping[int, int]
    is_behind: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """An entry about an attempt, and the state that it states; a word of its own, where it states none."""

    id: int
    attempt: str
    reminder: str
    stated: str


def _stated(entries: sa.FromClause) -> sa.ColumnElement[str]:
    return sa.func.coalesce(entries.c.facts["state"].astext, sa.func.split_part(entries.c.event, ".", 2))


_IN_FLIGHT = sa.select(
    sa.select(sa.func.max(journal.c.id)).scalar_subquery().label("newest"),
    sa.cast(sa.cast(sa.func.pg_snapshot_xmin(sa.func.pg_current_snapshot()), TEXT), NUMBER).label("oldest_running"),
    sa.cast(sa.cast(sa.func.pg_snapshot_xmax(sa.func.pg_current_snapshot()), TEXT), NUMBER).label("next"),
)
_SEEN = sa.select(
    journal.c.id,
    journal.c.attempt_id,
    journal.c.reminder_id,
    sa.case((journal.c.event.in_(_EVENTS), _stated(journal))).label("stated"),
).where(
    sa.or_(
        sa.and_(
            journal.c.id > sa.bindparam("after", type_=NUMBER), journal.c.id <= sa.bindparam("upto", type_=NUMBER)
        ),
        any_of(journal.c.id, "missing"),
    )
)


def start(connection: sa.Connection) -> Mark:
    """From now on: what is committed after this look is new."""
    return look(connection, None)[1]


def look(connection: sa.Connection, mark: Mark | None, limit: int = PAGE) -> tuple[list[Said], Mark]:
    """The entries about attempts that came to sight since that mark, and the next mark. Two round trips."""
    flight = connection.execute(_IN_FLIGHT).one()
    newest = flight.newest or 0
    mark = mark or Mark(max(0, newest - limit), {})
    upto = max(mark.upto, min(newest, mark.upto + limit))
    asked = {"after": mark.upto, "upto": upto, "missing": array_text(mark.missing)}
    seen = {row.id: row for row in connection.execute(_SEEN, asked)}
    passed = {**mark.missing, **dict.fromkeys(range(mark.upto + 1, upto + 1), flight.next)}
    missing = {one: by for one, by in passed.items() if one not in seen and by > flight.oldest_running}
    said = [Said(*row) for _, row in sorted(seen.items()) if row.attempt_id is not None and row.stated is not None]
    return said, Mark(upto, missing, upto < newest)


_SAID = Rows("said", id=NUMBER, attempt=TEXT, reminder=TEXT, stated=TEXT)
_other = journal.alias("other")
_is_same = _stated(_other) == _SAID.c.stated
_IS_NO_NEWS = sa.exists().where(
    _other.c.reminder_id == _SAID.c.reminder,
    _other.c.attempt_id == _SAID.c.attempt,
    _other.c.at >= attempts.c.called_at,  # in the parts of the journal from then on
    _other.c.event.in_(_EVENTS),
    sa.or_(sa.and_(_other.c.id < _SAID.c.id, _is_same), sa.and_(_other.c.id > _SAID.c.id, ~_is_same)),
)
_NEWS = ROWS.join(_SAID.table, _SAID.c.attempt == attempts.c.id).where(~_IS_NO_NEWS).order_by(_SAID.c.id)


def rows(
    connection: sa.Connection,
    said: Sequence[Said],
    *,
    seller: SellerId | None = None,
    customer: CustomerId | None = None,
    since: datetime | None = None,
) -> list[LogRow]:
    """The attempts as they are now, in the order of the entries that brought them to this state. One round trip.

    An entry that states what an earlier one stated (a click, a second report) is no news; one that a later one
    overtook is told with that. States only rise in rank, so that none comes back.
    """
    if not said:
        return []
    sent = _SAID.sent([(one.id, one.attempt, one.reminder, one.stated) for one in said])
    return [row_of(row) for row in connection.execute(matching(_NEWS, seller, customer, since), sent)]
