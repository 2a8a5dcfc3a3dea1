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

MOST = 10
"""Searches of one task, one after the other: they read the same pages."""


def look_for(services: Services, ids: Sequence[int], now: datetime) -> tuple[int, ...]:
    """Takes in these replies where somebody has the number. Returns new rows of the inbox, for a nudge to intake.

    Each is looked for once, and then left to a person. In the whole installation one search runs at a time: where
    another one does, nothing is done, and the sweep comes back to it.
    """

    def look(some: Sequence[int]) -> list[int]:
        return [inbox_id for row_id in some for inbox_id in _look_for_one(services, row_id, now)]

    def leave(row_id: int, _error: Exception) -> None:
        with services.engine.begin() as connection:
            quarantine.say(connection, row_id, strangers.BROKE)

    found = spare_the_others("reply.not_looked_for", ids[:MOST], look, leave)
    return tuple(inbox_id for part in found for inbox_id in part)


def _look_for_one(services: Services, row_id: int, now: datetime) -> tuple[int, ...]:
    with services.engine.begin() as connection:
        row = quarantine.one(connection, row_id, is_locked=True) if quarantine.look_alone(connection) else None
        if row is None or row.closed_at is not None or row.problem != strangers.NOT_LOOKED_FOR:
            return ()
        inbound = read_inbound(read_form(row.raw))
        known = _whose(connection, row, inbound)
        inbox_ids = take_in(connection, strangers.told_late(inbound), known, now, row.at) if known else ()
        if known or (known is not None and not inbound.says_more):
            quarantine.close(connection, row.id, "retried", "", now)
    if known and inbound.wish is Wish.STOP:
        wake(services, [one.account for one in known], now)
    return inbox_ids


def _whose(connection: Connection, row: QuarantineRow, inbound: Inbound) -> list[Reached] | None:
    """Who has the number; None if that took too long. A person is told why the reply waits, if it does."""
    try:
        with connection.begin_nested():
            known = strangers.whose(connection, inbound.address)
    except Unavailable as error:
        if not took_too_long(error):
            raise
        log.warning("reply.not_found_whom", quarantine=row.id, error=type(error).__name__)
        quarantine.say(connection, row.id, strangers.TOOK_TOO_LONG)
        return None
    if not known:
        quarantine.say(connection, row.id, strangers.NOBODYS)
    return known
