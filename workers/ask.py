"""Asks providers what became of messages: of those in doubt, and of those whose last receipt has not come in time.

Called by the Celery task `tick.ask` every few seconds, and by tests. Any number of them may run at once: what one has
taken is left alone by the others for a minute. No transaction is open while a provider is asked.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import structlog

from channels.port import Askable
from config.wiring import Services
from domain.asking import (
    OVERDUE,
    Answer,
    AskAgain,
    AskNoMore,
    NotAccepted,
    Question,
    Seen,
    Settle,
    after_asking,
    after_silence,
)
from domain.levels import Channel
from domain.outcomes import AttemptState, Receipt
from store import accounts, asking, attempts, receipts
from store.asking import Put, ToAsk
from store.engine import Connection
from workers.loop import Runs
from workers.resolve import NOT_SENT, Resolution, resolve
from workers.settle import settle

AT_ONCE = 50
GOES_ON_S = 10.0
"""How long it begins further batches: a worker that was told to end has to end soon."""
LEASE_S = 60.0
"""Longer than any asking: a list has one page, and that takes 13 s at most."""

SOURCE = "relance"
"""Of a receipt that no provider sent: the time for the last one is over."""

log = structlog.get_logger()

Asked = tuple[ToAsk, Sequence[Seen] | None]


def ask(services: Services, runner: Runs, now: datetime) -> int:
    """Asks about what is due, some at a time, for some seconds; returns how many messages it asked about."""
    asked, until = 0, time.monotonic() + GOES_ON_S
    while time.monotonic() < until:
        with services.engine.begin() as connection:
            taken = asking.take(connection, AT_ONCE, LEASE_S)
        if taken:
            record(services, runner.run(ask_all(services, taken)), now)
        asked += len(taken)
        if len(taken) < AT_ONCE:
            break
    return asked


async def ask_all(services: Services, taken: Sequence[ToAsk]) -> list[Asked]:
    """Asks about all at once and waits for every answer. Of whom nobody can be asked there is none."""
    answers = await asyncio.gather(*(_find(services, one) for one in taken))
    return list(zip(taken, answers, strict=True))


async def _find(services: Services, one: ToAsk) -> Sequence[Seen] | None:
    channel = _askable(services, one)
    if channel is None:
        return None
    try:
        return await channel.find(_question(one))
    except Exception as error:  # noqa: BLE001 - whatever one message breaks must not lose the others' answers
        log.warning("ask.crashed", attempt=one.id, error=type(error).__name__)
        return None


def _askable(services: Services, one: ToAsk) -> Askable | None:
    """The way out that the message took, if its provider is still the same and can be asked."""
    channel = services.channels.get(Channel(one.channel))
    return channel if isinstance(channel, Askable) and channel.provider == one.provider else None


def _question(one: ToAsk) -> Question:
    return Question(Channel(one.channel), one.recipient, one.text, one.called_at, one.provider_id)


def record(services: Services, answered: Sequence[Asked], now: datetime) -> None:
    """Writes down what is known now, for the attempts that are still ours.

    Their accounts are locked first, as by all who change attempts: so nobody waits for another in a circle.
    """
    with services.engine.begin() as connection:
        accounts.lock(connection, {one.account for one, _ in answered})
        decided = _decide(connection, services, answered)
        asking.put(connection, [_put(one, answer) for one, answer in decided])
        ids = _keep(connection, decided, now)
        gone = [one for one, answer in decided if isinstance(answer, NotAccepted)]
        if gone:
            resolve(connection, services, [Resolution(one.id, NOT_SENT, "provider", one.fence) for one in gone], now)
    settle(services, ids, now)
    log.info("ask.recorded", asked=len(answered), settled=len(ids), not_accepted=len(gone))


def _decide(connection: Connection, services: Services, answered: Sequence[Asked]) -> list[tuple[ToAsk, Answer]]:
    names = {seen.receipt.provider_id for _, found in answered for seen in found or ()} - {None}
    owners = attempts.find_by_provider(connection, {name for name in names if name is not None})
    told_at, wall = asking.told_at(connection), services.clock.wall()
    decided: list[tuple[ToAsk, Answer]] = []
    for one, found in answered:
        if _askable(services, one) is None:
            decided.append((one, after_silence(one.id, one.state, told_at.get(one.provider), wall)))
            continue
        held = {name for name, owner in owners.items() if owner != one.id}
        decided.append((one, after_asking(one.id, one.state, one.asked, _question(one), found, held)))
    return decided


def _put(one: ToAsk, answer: Answer) -> Put:
    """What a receipt settles is put off by its lease only, unless it waits for nothing more."""
    match answer:
        case AskAgain(in_s, counts):
            return Put(one.id, one.fence, in_s, counts)
        case Settle() if one.state is AttemptState.UNCONFIRMED:
            return Put(one.id, one.fence, LEASE_S, counts=True)
        case AskNoMore() | NotAccepted() | Settle():
            return Put(one.id, one.fence, None, counts=True)


def _keep(connection: Connection, decided: Sequence[tuple[ToAsk, Answer]], now: datetime) -> list[int]:
    """Stores the receipts that settle attempts, each once, however often it was asked for; their rows."""
    found: dict[str, list[tuple[Receipt, bytes]]] = defaultdict(list)
    for one, answer in decided:
        if isinstance(answer, Settle):
            is_ours = answer.receipt.word == OVERDUE
            raw = json.dumps({"asked": asdict(answer.receipt)}, default=str).encode()
            found[SOURCE if is_ours else one.provider].append((answer.receipt, raw))
    return [row for provider in sorted(found) for row in receipts.put(connection, provider, found[provider], now)]
