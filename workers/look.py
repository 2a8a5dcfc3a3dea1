"""Looks again, right before calls begin, whether their customers have had news since the claim.

Called by `workers/deliver` where the last look is old, and by `workers/enclose` when documents have been fetched. It
only reads, and locks nothing.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog

from config.wiring import Services
from domain.addresses import address_key
from domain.ids import AttemptId, SellerId
from domain.past import Suppressed
from store import facts, history, unfolded
from store.engine import Connection
from workers.calls import GOOD_FOR_S, Call

AGAIN_AFTER_S = 0.5
"""A look that is so old is not relied on: the rest of GOOD_FOR_S is for the calls of a share to begin in."""
LOOKS = 3
"""A look may take so long itself that it is old when it ends. What the last one leaves no time for is too late: a
database that slow is not helped by asking it for ever."""

log = structlog.get_logger()


async def look_again(services: Services, calls: Sequence[Call]) -> list[Call]:
    """The same calls, looked at again as far as the last look is old."""
    for _ in range(LOOKS):
        if not any(_is_old(call) for call in calls):
            break
        calls = await asyncio.to_thread(look, services, calls)
    return list(calls)


def _is_old(call: Call) -> bool:
    now = time.monotonic()
    return _may_begin(call, now) and call.begin_by - now < GOOD_FOR_S - AGAIN_AFTER_S


def _may_begin(call: Call, now: float) -> bool:
    """Whether a look can still change when it begins."""
    return call.mark is not None and call.begin_by > -math.inf and call.last_by > now


def look(services: Services, calls: Sequence[Call]) -> list[Call]:
    """With as much time to begin as after a claim, but for those who have had news since: they are too late.

    Where that cannot be found out nobody knows, and none of them may begin: better late than in doubt.
    """
    now = time.monotonic()
    asked = [call for call in calls if _may_begin(call, now)]
    if not asked:
        return list(calls)
    try:
        with services.engine.connect() as connection:
            stale = _with_news(connection, asked)
    except Exception as error:  # noqa: BLE001 - what breaks here must not leave calls in doubt that never began
        log.warning("look.failed", calls=len(asked), error=type(error).__name__)
        stale = {call.claim.attempt for call in asked}
    until = {
        call.claim.attempt: -math.inf if call.claim.attempt in stale else min(now + GOOD_FOR_S, call.last_by)
        for call in asked
    }
    return [replace(call, begin_by=until.get(call.claim.attempt, call.begin_by)) for call in calls]


def _with_news(connection: Connection, asked: Sequence[Call]) -> set[AttemptId]:
    """Those whose account has an event since the claim, folded or not, or one of whose addresses went out of use."""
    keys = [call.claim.account for call in asked]
    waiting = unfolded.with_unfolded(connection, keys)
    marks = facts.marks(connection, keys)
    addresses = {(call.claim.seller, to) for call in asked for to in _readers(call)}
    gone = history.suppressed_among(connection, addresses)
    return {
        call.claim.attempt
        for call in asked
        if call.claim.account in waiting or marks.get(call.claim.account) != call.mark or _is_out_of_use(call, gone)
    }


def _is_out_of_use(call: Call, known: Mapping[tuple[SellerId, str], Sequence[Suppressed]]) -> bool:
    found = [one for to in _readers(call) for one in known.get((call.claim.seller, address_key(to)), ())]
    return any(one.channel is call.message.channel for one in found)


def _readers(call: Call) -> tuple[str, ...]:
    return (call.message.to, *call.message.cc)
