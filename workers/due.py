"""Finds the accounts whose time has come and nudges them, by channel, to whoever delivers. Nothing more.

Called by the Celery task `tick.due`, once a second. Any number of them may run at once, and any nudge may be lost:
an account stays due until it is claimed or planned again, and is nudged again after half a minute.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import structlog

from config.wiring import Services
from domain.ids import AccountKey
from domain.levels import Channel
from store import accounts
from store.engine import Unavailable
from workers.instants import Now, now_of
from workers.nudges import Nudge, in_batches, queue_of
from workers.planning import PUT_OFF, keep_plans, plan_accounts

MOST_PER_TICK = 5_000
RENUDGE_S = 30.0

log = structlog.get_logger()


def due(services: Services, now: datetime) -> list[Nudge]:
    """The nudges for all accounts due at `now`: to deliver, or only to plan again."""
    with services.engine.begin() as connection:
        found = accounts.nudge_due(connection, now, RENUDGE_S, MOST_PER_TICK)
    by_queue: dict[tuple[str, str], list[AccountKey]] = defaultdict(list)
    for key, channel in found:
        if channel is None:
            by_queue["account.plan", "due"].append(key)
        else:
            by_queue["reminder.deliver", queue_of(Channel(channel))].append(key)
    return [nudge for (kind, queue), keys in sorted(by_queue.items()) for nudge in in_batches(kind, queue, keys)]


def plan_again(services: Services, keys: Sequence[AccountKey], now: Now) -> None:
    """Plans accounts for which time alone has changed something: a hold that ended, a promise's date.

    One that breaks it is tried alone and put off; the others go on.
    """
    try:
        with services.engine.begin() as connection:
            rows = accounts.lock(connection, keys)
            keep_plans(connection, plan_accounts(connection, services, rows, now))
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - whatever one account breaks must not stop the others
        log.warning("plan.failed", accounts=list(keys), error=type(error).__name__)
        if len(keys) > 1:
            for key in keys:
                plan_again(services, [key], now)
            return
        with services.engine.begin() as connection:
            accounts.put_off(connection, keys, now_of(now, keys[0]) + PUT_OFF)
