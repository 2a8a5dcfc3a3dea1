"""Runs the steps over events on a virtual clock: intake, plan again and deliver, the very functions that workers run.

Called by `relance replay` and by tests, on a database of its own. Accounts that know nothing of each other run
ahead of each other (`lanes`), so that one transaction serves many instants; what concerns the whole seller is a
barrier that all of them reach first:

    lane A  ──event──due────────due──┤        ├──event──
    lane B  ──due──event──────────── ┤ synced ├──due────
    lane C  ────────event────due──── ┤        ├─────────

A wave takes each lane's next instant: its events if they are not later than what is due, else what is due.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import TypeVar

from config.wiring import DEFAULT_SELLER, Services
from domain.ids import AccountKey
from domain.levels import Channel
from store import accounts
from store.accounts import NextLook
from workers.deliver import deliver
from workers.due import plan_again
from workers.intake import MOST_FAILURES, intake
from workers.lanes import Lane, Lanes, TimedEvent
from workers.nudges import queue_of
from workers.receive import receive

STRIDE = timedelta(days=28)
"""How far lanes run ahead at most: it bounds the work between two reports of progress."""

BATCH = 500
"""How many travel together. No call leaves, so that no kill can leave one in doubt."""

MOST_AT_ONE_INSTANT = 20
"""An account that is due again and again at the same instant never comes to rest: a fault of ours."""

T = TypeVar("T")

Complaint = tuple[int, str]
"""A line and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Wave:
    """What is next in each lane: events with their instants, accounts to look at with theirs."""

    events: list[TimedEvent] = field(default_factory=list)
    looks: list[NextLook] = field(default_factory=list)
    now: dict[AccountKey, datetime] = field(default_factory=dict)


def replay(
    services: Services, events: Sequence[TimedEvent], until: datetime, advance: Callable[[datetime], None]
) -> list[Complaint]:
    """Runs everything before `until`; `advance` is told how far all lanes are. Returns the events not taken in.

    `events` are in the order in which they reach the intake. The services' database is migrated and prepared.
    """
    wanted = [one for one in events if one.at < until]
    if not wanted:
        return []
    with asyncio.Runner() as runner:
        run = Run(services, runner, wanted)
        for at, shared in _barriers(wanted, until):
            run.until(at)
            run.take(shared, {})
            advance(at)
        return sorted(run.complaints)


def _barriers(events: Sequence[TimedEvent], until: datetime) -> Iterator[tuple[datetime, list[TimedEvent]]]:
    """The instants that all lanes reach together, each with the events that concern them all; `until` is the last."""
    at = events[0].at
    for next_at, shared in groupby((one for one in events if one.concerns_all), key=lambda one: one.at):
        while at + STRIDE < next_at:
            at += STRIDE
            yield at, []
        at = next_at
        yield at, list(shared)
    while at + STRIDE < until:
        at += STRIDE
        yield at, []
    yield until, []


class Run:
    """One replay under way. `now` of each lane only grows."""

    def __init__(self, services: Services, runner: asyncio.Runner, events: Sequence[TimedEvent]) -> None:
        self._services, self._runner = services, runner
        self._lanes = Lanes(events)
        of_customers = self._lanes.of_customers
        with services.engine.begin() as connection:
            keys = accounts.make(connection, DEFAULT_SELLER, list(of_customers))
        self._lane_of = {keys[customer]: lane for customer, lane in of_customers.items()}
        self._keys: dict[Lane, list[AccountKey]] = defaultdict(list)
        for key, lane in self._lane_of.items():
            self._keys[lane].append(key)
        self._ahead = deque(one for one in events if not one.concerns_all)
        self._waiting: dict[Lane, deque[TimedEvent]] = defaultdict(deque)
        self._now = dict.fromkeys((*self._keys, *map(self._lanes.of_event, self._ahead)), events[0].at)
        self._looks_at_one_instant: dict[Lane, int] = defaultdict(int)
        self.complaints: list[Complaint] = []

    def until(self, end: datetime) -> None:
        """Runs every lane up to `end`, which is not reached; then it is `end` for all of them."""
        while self._ahead and self._ahead[0].at < end:
            one = self._ahead.popleft()
            self._waiting[self._lanes.of_event(one)].append(one)
        while (wave := self._next_wave(end)).events or wave.looks:
            self.take(wave.events, wave.now)
            self._look(wave)
        self._now = dict.fromkeys(self._now, end)

    def take(self, events: Sequence[TimedEvent], now: dict[AccountKey, datetime]) -> None:
        """Takes events in, each at its own instant."""
        for batch in _batches(events):
            raws, instants = [one.raw for one in batch], [one.at for one in batch]
            reply = receive(self._services, DEFAULT_SELLER, raws, instants)
            self.complaints += [(batch[one.index].line, one.error) for one in reply.rejected]
            left = len(reply.inbox_ids)
            for _ in range(MOST_FAILURES):  # then what breaks it is in quarantine
                left -= intake(self._services, reply.inbox_ids, now or instants[-1]) if left else 0
            if left:
                self.complaints.append((batch[0].line, f"{left} of the events from this line on broke the intake"))

    def _look(self, wave: Wave) -> None:
        by_channel: dict[str | None, list[AccountKey]] = defaultdict(list)
        for look in wave.looks:
            queue = None if look.channel is None else queue_of(Channel(look.channel))
            by_channel[queue].append(look.key)
        for queue, keys in by_channel.items():
            for batch in _batches(keys):
                now = {key: wave.now[key] for key in batch}
                if queue is None:
                    plan_again(self._services, batch, now)
                else:
                    deliver(self._services, self._runner, batch, queue, now, in_flight=BATCH)

    def _next_wave(self, end: datetime) -> Wave:
        with self._services.engine.connect() as connection:
            looks = accounts.next_looks(connection, end)
        due: dict[Lane, list[tuple[datetime, NextLook]]] = defaultdict(list)
        for look in looks:
            lane = self._lane_of[look.key]
            due[lane].append((max(look.due_at or self._now[lane], self._now[lane]), look))
        wave = Wave()
        for lane in sorted({*due, *self._waiting}):
            self._add_next(wave, lane, due.get(lane, []))
        return wave

    def _add_next(self, wave: Wave, lane: Lane, due: Sequence[tuple[datetime, NextLook]]) -> None:
        """The lane's next instant: events come before what is due at the same one."""
        waiting = self._waiting.get(lane)
        at = min([instant for instant, _ in due] + ([waiting[0].at] if waiting else []))
        is_event = bool(waiting and waiting[0].at <= at)
        while waiting and waiting[0].at == at:
            wave.events.append(waiting.popleft())
        if waiting is not None and not waiting:
            del self._waiting[lane]
        if not is_event:
            wave.looks.extend(look for instant, look in due if instant == at)
        self._count(lane, at)
        self._now[lane] = at
        wave.now.update(dict.fromkeys(self._keys[lane], at))

    def _count(self, lane: Lane, at: datetime) -> None:
        self._looks_at_one_instant[lane] = self._looks_at_one_instant[lane] + 1 if self._now[lane] == at else 0
        if self._looks_at_one_instant[lane] > MOST_AT_ONE_INSTANT:
            raise AssertionError(f"the accounts of {lane} never come to rest at {at}")


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    """At most BATCH at a time."""
    found = list(items)
    return (found[at : at + BATCH] for at in range(0, len(found), BATCH))
