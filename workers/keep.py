"""Makes the journal's next months, and lets go of what is older than is kept: in small batches, never all at once.

Called by the Celery task `tick.keep` each hour, and by `relance keep`. Of several at once one goes on and the others
leave; one that is killed has done what it has done, and the next one goes on. What planning reads is never touched:
facts, reminders, steps, contacts of the last months. What is old is so by both clocks, this machine's and the
database's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from zlib import crc32

import structlog

from config.wiring import Services
from domain.ids import AttemptId
from domain.keeping import MONTHS_AHEAD, may_leave, month_start
from store import figures, months, retention
from store.engine import Connection, Unavailable
from store.retention import RAW, SAID, Kind, Place
from workers.folding import fold_accounts

BATCH = 500
MOST_BATCHES = 100
"""Of each kind in one run: an hour's worth, and a backlog is worked off in days."""

CLOCK_OFF_S = 3_600
"""So far from the database's clock, on the wall, this machine's may be before the log says so."""

MONTHS = "months of the journal"
WORDS = "words of messages"
KINDS = (MONTHS, WORDS, *(kind.name for kind in (*SAID, *RAW)))

log = structlog.get_logger()


class _AnotherError(Exception):
    """Another one is at work."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How many of each kind left. Not `to_the_end`: another one was at work, the rest is left to that."""

    left: Mapping[str, int]
    to_the_end: bool


def keep(services: Services, now: datetime) -> Kept:
    """Makes the months from this one on, then lets go; the kinds that are missing in the answer were not come to."""
    said, raw = _limits(services, now)
    left: dict[str, int] = {}
    try:
        _change_months(services, now, said, left)
        _let_words_go(services, said, now, left)
        for kinds, before in ((SAID, said), (RAW, raw)):
            for kind in kinds:
                _let_go(services, kind, before, left)
    except _AnotherError:
        log.info("keep.left_to_another", left=_some(left))
        return Kept(left, to_the_end=False)
    log.info("keep.done", left=_some(left))
    return Kept(left, to_the_end=True)


def _some(left: Mapping[str, int]) -> Mapping[str, int]:
    return {name: number for name, number in left.items() if number}


def would_leave(services: Services, now: datetime) -> Mapping[str, int]:
    """How many of each kind would leave if `keep` ran until nothing more does. Only reads, and no table for long."""
    said, raw = _limits(services, now)
    left = dict.fromkeys(KINDS, 0)
    with _counting(services) as connection:
        left[MONTHS] = len(_old_months(connection, said))
    with _counting(services) as connection:
        place: Place | None = _newest(said)
        while place is not None:
            ids, place = _may_leave(services, connection, place)
            left[WORDS] += len(ids)
    for kinds, before in ((SAID, said), (RAW, raw)):
        for kind in kinds:
            with _counting(services) as connection:
                left[kind.name] = retention.count(connection, kind, before)
    return left


@contextmanager
def _counting(services: Services) -> Iterator[Connection]:
    """A transaction for one count: on a large book it takes minutes, and what it has read it holds to its end."""
    with services.engine.connect() as connection:
        retention.take_your_time(connection)
        yield connection


def _limits(services: Services, now: datetime) -> tuple[datetime, datetime]:
    """Before when what was said and decided leaves, and before when what came in: each the start of a month."""
    settings, agreed = services.settings, _agreed(services, now)
    return month_start(agreed, -settings.keep_months), month_start(agreed, -settings.keep_raw_months)


def _agreed(services: Services, now: datetime) -> datetime:
    """The earlier of `now` and what it is by the database's clock: one that is ahead would let go of what is new."""
    with services.engine.connect() as connection:
        there = services.clock.business_at(figures.database_now(connection))
    if abs(services.clock.wall_seconds(now - there)) > CLOCK_OFF_S:
        log.warning("keep.clock_off", here=now.isoformat(), database=there.isoformat())
    return min(now, there)


def _change_months(services: Services, now: datetime, before: datetime, left: dict[str, int]) -> None:
    """Makes those ahead, drops the old. It gives way to others' locks, and then tries no other month in this run.

    Whoever writes to the journal waits behind each try.
    """
    try:
        _make_months(services, now)
        _drop_months(services, before, left)
    except Unavailable as error:
        left.setdefault(MONTHS, 0)
        log.warning("keep.later", error=type(error).__name__)


def _make_months(services: Services, now: datetime) -> None:
    for number in range(MONTHS_AHEAD + 1):
        month = month_start(now, number)
        with _alone(services) as connection:
            is_missing = month not in months.months(connection)
            if is_missing and not months.make(connection, month):
                log.warning("keep.month_left", month=f"{month:%Y-%m}")


def _drop_months(services: Services, before: datetime, left: dict[str, int]) -> None:
    left[MONTHS] = 0
    with services.engine.connect() as connection:
        old = _old_months(connection, before)
    for month in old:
        with _alone(services) as connection:
            is_there = month in months.months(connection)
            if is_there:
                months.drop(connection, month)
        left[MONTHS] += is_there


def _old_months(connection: Connection, before: datetime) -> list[datetime]:
    return [month for month in months.months(connection) if month < before]


@contextmanager
def _alone(services: Services) -> Iterator[Connection]:
    """A transaction of the one that is at work; raises _AnotherError where that is another."""
    with services.engine.begin() as connection:
        if not months.alone(connection):
            raise _AnotherError
        yield connection


def _let_words_go(services: Services, before: datetime, now: datetime, left: dict[str, int]) -> None:
    """From some place back to the oldest, then from the newest; as far as one run goes."""
    left[WORDS], place, anew = 0, _some_place(services, before, now), [_newest(before)]
    for _ in range(MOST_BATCHES):
        with _alone(services) as connection:
            ids, further = _may_leave(services, connection, place)
            batch = retention.let_words_go(connection, ids, now)
        left[WORDS] += batch
        if further is None and not anew:
            break
        place = further or anew.pop()


def _some_place(services: Services, before: datetime, now: datetime) -> Place:
    """By lot, a new one each run, mostly among the newest: there is what has just grown old.

    What is owed still is looked at in vain, and debts that are never paid gather: from one place always, a run would
    see nothing else some day.
    """
    with services.engine.connect() as connection:
        oldest = retention.oldest_words(connection)
    lot = crc32(now.isoformat().encode()) / 2**32
    return _newest(before if oldest is None else before - max(before - oldest, timedelta(0)) * lot**3)


def _newest(before: datetime) -> Place:
    return before, AttemptId("")


def _may_leave(services: Services, connection: Connection, before: Place) -> tuple[list[AttemptId], Place | None]:
    """Of the next older attempts those about which nothing is owed any more, and where to go on (None: no more)."""
    found = retention.written(connection, before, BATCH)
    rows = list({one.account.key: one.account for one in found}.values())
    accounts = {row.key: account for row, account, _ in fold_accounts(connection, services, rows)}
    ids = [one.attempt for one in found if may_leave(accounts[one.account.key], one.invoice_ids)]
    return ids, (found[-1].called_at, found[-1].attempt) if len(found) == BATCH else None


def _let_go(services: Services, kind: Kind, before: datetime, left: dict[str, int]) -> None:
    left[kind.name] = 0
    for _ in range(MOST_BATCHES):
        with _alone(services) as connection:
            batch = retention.let_go(connection, kind, before, BATCH)
        left[kind.name] += batch
        if batch < BATCH:
            break
