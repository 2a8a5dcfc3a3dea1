"""Signs of life that workers leave in the database: which tick ran when, and when each worker last ran a canary."""

from __future__ import annotations

import structlog

from config.wiring import Services
from store import ticks
from store.engine import DatabaseFault

CANARY = "worker.canary"
"""The Celery task that does nothing, sent by `workers/canary` to one worker alone."""

ALIVE_WITHIN_S = 150.0
"""How old a worker's last sign may be: two checks a minute apart, and the time that a batch of slow calls takes."""

log = structlog.get_logger()


def note(services: Services, name: str, worker: str) -> None:
    """A tick or a canary has run to its end on this worker."""
    try:
        with services.engine.begin() as connection:
            ticks.note(connection, name, worker, services.clock.wall())
    except DatabaseFault as error:  # no reason for a task to fail: whoever watches sees that the sign is missing
        log.warning("tick.not_noted", tick=name, error=type(error).__name__)
