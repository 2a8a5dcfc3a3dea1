"""Looks through everybody's facts for who has the number from which a reply came, where nothing was ever sent to it.

Called by the Celery task `reply.look_for` with rows of the quarantine that the sweep finds, and by tests. Never by
the edge: a large book is read for seconds, and strangers may write as often as they like.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog

from channels.twilio.callbacks import Inbound, read_form, read_inbound
from channels.wishes import Wish
from config.wiring import Services
from store import quarantine
from store.attempts import Reached
from store.engine import Connection, Unavailable, took_too_long
from store.quarantine import QuarantineRow
from workers import strangers
from workers.blame import spare_the_others
from workers.hear import take_in, wake

log = structlog.get_logger()

MOST = 1
"""Searches of one task: each reads the whole book, and what came in meanwhile has its turn."""


def look_for(services: Services, ids: Sequence[int], now: datetime) -> tuple[int, ...]:
    """Takes in these replies where somebody has the number. Returns new rows of the inbox, for a nudge to intake.

    Each number is looked for once for all that it wrote, and then left to a person. In the whole installation one
    search runs at a time: where another one does, nothing is done, and the sweep comes back to it.
    """

    def look(some: Sequence[int]) -> list[int]:
        return [inbox_id for row_id in some for inbox_id in _look_for_one(services, row_id, now)]

    def leave(row_id: int, _error: Exception) -> None:
        with services.engine.begin() as connection:
            quarantine.say(connection, [row_id], strangers.BROKE)

    found = spare_the_others("reply.not_looked_for", ids[:MOST], look, leave)
    return tuple(inbox_id for part in found for inbox_id in part)


def _look_for_one(services: Services, row_id: int, now: datetime) -> tuple[int, ...]:
    with services.engine.begin() as connection:
        row = quarantine.one(connection, row_id, is_locked=True) if quarantine.look_alone(connection) else None
        if row is None or row.closed_at is not None or row.problem != strangers.NOT_LOOKED_FOR:
            return ()
        inbound = _inbound(row)
        known = _whose(connection, inbound)
        if not known:
            problem = strangers.TOOK_TOO_LONG if known is None else strangers.NOBODYS
            _leave_all(connection, row, inbound.address, problem, now)
            return ()
        inbox_ids = take_in(connection, strangers.told_late(inbound), known, now, row.at)
        quarantine.close(connection, [row.id], "retried", "", now)
    if inbound.wish is Wish.STOP:
        wake(services, [one.account for one in known], now)
    return inbox_ids


def _whose(connection: Connection, inbound: Inbound) -> list[Reached] | None:
    """Who has the number; None if that took too long, or too much."""
    try:
        with connection.begin_nested():
            return strangers.whose(connection, inbound.address)
    except (*Unavailable, MemoryError) as error:
        if not (isinstance(error, MemoryError) or took_too_long(error)):
            raise
        log.warning("reply.not_found_whom", reply=inbound.key, error=type(error).__name__)
        return None


def _leave_all(connection: Connection, row: QuarantineRow, address: str, problem: str, now: datetime) -> None:
    """To a person, who is told why: all that waits from there, or whoever writes often has the book read as often.

    A stop or start word alone asks nobody, where it is nobody's.
    """
    others = quarantine.replies_from(connection, address, strangers.NOT_LOOKED_FOR)
    rows = {one.id: one for one in [row, *others]}
    asks_nobody = [key for key, one in rows.items() if problem == strangers.NOBODYS and not _inbound(one).says_more]
    quarantine.say(connection, list(rows), problem)
    quarantine.close(connection, asks_nobody, "retried", "", now)


def _inbound(row: QuarantineRow) -> Inbound:
    return read_inbound(read_form(row.raw))
