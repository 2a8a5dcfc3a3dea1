"""Finds the accounts whose time has come and nudges them, by channel, to whoever delivers. Nothing more.

Called by the Celery task `tick.due` once a second, and whenever a delivery begins. Any number of them may run at
once, and any nudge may be lost: an account stays due until it is claimed or planned again, and is nudged again after
half a minute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from config.wiring import Services
from domain.ids import AccountKey
from domain.levels import Channel
from store import accounts
from store import due as store_due
from store.due import Room
from workers.blame import spare_the_others
from workers.instants import Now
from workers.nudges import BATCH, IN_FLIGHT, Nudge, channel_of, in_batches, queue_of
from workers.planning import keep_plans, plan_accounts, put_off

RENUDGE_S = 30.0
AHEAD = 2
"""How many messages may wait in a queue. What waits there is in nobody's turn any more, so that it is kept short."""
LINE_AHEAD_S = 1.0
"""For how long a line's room is filled ahead: about as long as the next tick takes."""
DELIVERY_QUEUES = ("deliver.email", "deliver.sms", "deliver.whatsapp", "deliver.task")


def due(
    services: Services, now: datetime, waiting: Mapping[str, int] | None = None, only: str | None = None
) -> list[Nudge]:
    """The nudges for accounts due at `now`: to deliver, or only to plan again.

    No more than the queues have room for beside the messages that are `waiting` in them (none), so that whoever has
    little to say waits for nobody who has much; the rest is nudged when these are taken up. `only` one queue.
    """
    queues = ("due", *DELIVERY_QUEUES) if only is None else (only,)
    rooms = [room for queue in queues for room in _rooms(services, queue, waiting or {})]
    with services.engine.begin() as connection:
        found = store_due.nudge_due(connection, now, RENUDGE_S, rooms)
    return [nudge for queue, keys in sorted(found.items()) for nudge in _nudges(queue, keys)]


def _nudges(queue: str, keys: Sequence[AccountKey]) -> list[Nudge]:
    if queue == "due":
        return in_batches("account.plan", queue, keys)
    return in_batches("reminder.deliver", queue, keys, IN_FLIGHT)


def _rooms(services: Services, queue: str, waiting: Mapping[str, int]) -> list[Room]:
    """What a queue has room for. Accounts of a line that is down are planned again instead."""
    free = AHEAD - waiting.get(queue, 0)
    if queue == "due":
        free = max(1, free)  # ticks wait there too, and a queue that nobody serves has none that run
        down = tuple(sorted(channel.value for channel in services.lines.down()))
        return [Room(queue, (), free * BATCH), *([Room(queue, down, free * BATCH)] if down else [])]
    channels = tuple(channel.value for channel in Channel if queue_of(channel) == queue)
    channel = channel_of(queue)
    line = None if channel is None else services.lines.get(channel)
    most = max(0, free) * IN_FLIGHT
    return [Room(queue, channels, most if line is None else min(most, line.room(LINE_AHEAD_S)))]


def plan_again(services: Services, keys: Sequence[AccountKey], now: Now) -> None:
    """Plans accounts for which time alone has changed something: a hold that ended, a promise's date.

    One that breaks it is tried alone and put off; the others go on.
    """
    spare_the_others(
        "plan.failed", keys, lambda some: _plan(services, some, now), lambda key, _error: put_off(services, key, now)
    )


def _plan(services: Services, keys: Sequence[AccountKey], now: Now) -> None:
    with services.engine.begin() as connection:
        rows = accounts.lock(connection, keys)
        keep_plans(connection, plan_accounts(connection, services, rows, now))
