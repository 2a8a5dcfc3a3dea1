"""Finds what any crash or lost nudge left behind, and takes it on. The database is the queue of record.

Called by the Celery task `tick.sweep` every few seconds. Any number of them may run at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import structlog

from config.wiring import Services
from store import attempts, inbox, journal, quarantine, receipts
from store.journal import Entry
from workers import look_for, strangers
from workers.nudges import BATCH, Nudge, in_batches

FORGOTTEN_AFTER_S = 3.0
MOST_PER_TICK = 2_000
FEW = 4
"""Messages in a queue."""
BEHIND_AFTER_S = 60.0
"""When an event counts as forgotten although its queue is behind."""

log = structlog.get_logger()


def sweep(services: Services, now: datetime, waiting: Mapping[str, int] | None = None) -> list[Nudge]:
    """Marks attempts whose caller died as unconfirmed, and nudges what nobody has taken up.

    That is events, receipts, and replies whose customer has to be looked for.

    Into a queue in which more than a few messages are `waiting` it tells one more: most likely all of it waits there
    already, and told again and again would keep others waiting.
    """
    with services.engine.begin() as connection:
        lost = attempts.expire_leases(connection, MOST_PER_TICK)
        why = {"why": "lease_expired"}
        entries = [Entry(a.seller, now, "attempt.unconfirmed", why, a.account, a.reminder, a.id) for a in lost]
        journal.write(connection, entries)
    is_short = {queue: (waiting or {}).get(queue, 0) <= FEW for queue in ("intake", "settle", "sweep")}
    most = {queue: MOST_PER_TICK if short else BATCH for queue, short in is_short.items()}
    after_s = FORGOTTEN_AFTER_S if is_short["intake"] else BEHIND_AFTER_S
    with services.engine.connect() as connection:
        events = inbox.forgotten(connection, after_s, most["intake"])
        reports = receipts.forgotten(connection, most["settle"])
        most_looked_for = look_for.MOST if is_short["sweep"] else 0
        replies = quarantine.with_problem(connection, strangers.KIND, strangers.NOT_LOOKED_FOR, most_looked_for)
    if lost or events:
        log.warning("sweep.found", unconfirmed=len(lost), events=len(events))
    found = in_batches("event.intake", "intake", events) + in_batches("receipt.settle", "settle", reports)
    return found + in_batches("reply.look_for", "sweep", replies)
