"""Finds what any crash or lost nudge left behind, and takes it on. The database is the queue of record.

Called by the Celery task `tick.sweep` every few seconds. Any number of them may run at once.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from config.wiring import Services
from store import attempts, inbox, journal, receipts
from store.journal import Entry
from workers.nudges import Nudge, in_batches

FORGOTTEN_AFTER_S = 3.0
MOST_PER_TICK = 2_000

log = structlog.get_logger()


def sweep(services: Services, now: datetime) -> list[Nudge]:
    """Marks attempts whose caller died as unconfirmed, and nudges events and receipts that nobody has taken up."""
    with services.engine.begin() as connection:
        lost = attempts.expire_leases(connection, MOST_PER_TICK)
        why = {"why": "lease_expired"}
        entries = [Entry(a.seller, now, "attempt.unconfirmed", why, a.account, a.reminder, a.id) for a in lost]
        journal.write(connection, entries)
    with services.engine.connect() as connection:
        events = inbox.forgotten(connection, FORGOTTEN_AFTER_S, MOST_PER_TICK)
        reports = receipts.forgotten(connection, MOST_PER_TICK)
    if lost or events:
        log.warning("sweep.found", unconfirmed=len(lost), events=len(events))
    return in_batches("event.intake", "intake", events) + in_batches("receipt.settle", "settle", reports)
