"""Runs the steps over events on a virtual clock: intake, plan again and deliver, the very functions that workers run.

Called by `relance replay` and by tests, on a database of its own. Accounts that know nothing of each other run
ahead of each other (`lanes`), so that one transaction serves many instants:

    lane A  ──event──due────────due────────event──
    lane B  ──due──event────────────────due───────
    lane C  ────────event────due──────────────────

Each lane waits with its next move: its events if they are not later than what is due, else what is due. The kind of
move for which most lanes wait is made by as many of them as travel together, those that are furthest behind first.
What the seller's payment feed says at each instant is known beforehand, so that nobody waits for it.
"""

from __future__ import annotations

import gc
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from config.wiring import DEFAULT_SELLER, Services
from domain.facts import PaymentsSynced
from domain.feed import Feed
from domain.ids import AccountKey
from domain.levels import Channel
from store import accounts
from store.accounts import NextLook
from workers.agenda import EVENTS, PLAN, Agenda, Move
from workers.deliver import deliver
from workers.due import plan_again
from workers.intake import MOST_FAILURES, intake
from workers.lanes import Lane, Lanes, TimedEvent
from workers.loop import LoopThread, Runs
from workers.nudges import queue_of
from workers.receive import receive

BATCH = 500
"""How many travel together. No call leaves, so that no kill can leave one in doubt."""

MOST_AT_ONE_INSTANT = 100
"""An account that is due again and again at the same instant never comes to rest: a fault of ours."""

COLLECTS_AFTER = 100_000
"""New objects between two searches for circles among them. Python's 700 cost a quarter of a replay's time: a batch
makes far more, and next to none of them are in circles."""

T = TypeVar("T")

Complaint = tuple[int, str]
"""A line and what is wrong with it."""


def replay(
    services: Services,
    events: Sequence[TimedEvent],
    until: datetime,
    advance: Callable[[datetime], None],
    feed: Feed | None = None,
) -> list[Complaint]:
    """Runs everything before `until`; `advance` is told how far all lanes are. Returns the events not taken in.

    `events` are in the order in which they reach the intake. The services' database is migrated and prepared.
    `feed` is that of all events, where these are only a part of them.
    """
    wanted = [one for one in events if one.at < until]
    if not wanted:
        return []
    with few_collections(), closing(LoopThread()) as runner:
        run = Run(replace(services, feed=feed or feed_of(wanted)), runner, wanted, until)
        for at in run.moves():
            advance(at)
        advance(until)
        return sorted(run.complaints)


@contextmanager
def few_collections() -> Iterator[None]:
    """What is there already is not searched again for garbage, and what is new seldom."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(COLLECTS_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def feed_of(events: Sequence[TimedEvent]) -> Feed:
    """The feed's statements among all events. Of several with one id the first is taken in, whatever it says."""
    first = {(one.event.source, one.event.id): one for one in reversed(events)}
    taken = sorted(first.values(), key=lambda one: one.at)
    return Feed((one.at, one.event.body.as_of) for one in taken if isinstance(one.event.body, PaymentsSynced))


class Run:
    """One replay under way. `now` of each lane only grows."""

    def __init__(self, services: Services, runner: Runs, events: Sequence[TimedEvent], until: datetime) -> None:
        self._services, self._runner, self._until = services, runner, until
        lanes = Lanes(events)
        of_customers = lanes.of_customers
        with services.engine.begin() as connection:
            keys = accounts.make(connection, DEFAULT_SELLER, list(of_customers))
        self._lane_of = {keys[customer]: lane for customer, lane in of_customers.items()}
        self._keys: dict[Lane, list[AccountKey]] = defaultdict(list)
        for key, lane in self._lane_of.items():
            self._keys[lane].append(key)
        self._waiting: dict[Lane, deque[TimedEvent]] = defaultdict(deque)
        for one in events:
            self._waiting[lanes.of_event(one)].append(one)
        self._now = dict.fromkeys((*self._keys, *self._waiting), events[0].at)
        self._moves_at_one_instant: dict[Lane, int] = defaultdict(int)
        self._agenda = Agenda()
        self.complaints: list[Complaint] = []

    def moves(self) -> Iterator[datetime]:
        """Runs every lane to its end; after each batch of moves, tells how far all lanes are."""
        self._note_next(list(self._now))
        while (at := self._agenda.earliest) is not None:
            yield at
            kind, moves = self._agenda.take(BATCH)
            for move in moves:
                self._count(move.lane, move.at)
            if kind == EVENTS:
                self._take_in(moves)
            else:
                self._look(kind, moves)
            self._note_next([move.lane for move in moves])

    def _take_in(self, moves: Sequence[Move]) -> None:
        now = {key: move.at for move in moves for key in self._keys.get(move.lane, ())}
        events = [one for move in moves for one in self._next_events(move)]
        for batch in _batches(sorted(events, key=lambda one: (one.at, one.line))):
            self._receive(batch, now)

    def _next_events(self, move: Move) -> Iterator[TimedEvent]:
        waiting = self._waiting[move.lane]
        while waiting and waiting[0].at == move.at:
            yield waiting.popleft()

    def _receive(self, batch: Sequence[TimedEvent], now: Mapping[AccountKey, datetime]) -> None:
        """Takes events in, each at its own instant."""
        raws, instants = [one.raw for one in batch], [one.at for one in batch]
        reply = receive(self._services, DEFAULT_SELLER, raws, instants)
        self.complaints += [(batch[one.index].line, one.error) for one in reply.rejected]
        left = len(reply.inbox_ids)
        for _ in range(MOST_FAILURES):  # then what breaks it is in quarantine
            left -= intake(self._services, reply.inbox_ids, now or instants[-1]) if left else 0
        if left:
            self.complaints.append((batch[0].line, f"{left} of the events from this line on broke the intake"))

    def _look(self, kind: str, moves: Sequence[Move]) -> None:
        now = {key: move.at for move in moves for key in move.keys}
        for keys in _batches(now):
            its_now = {key: now[key] for key in keys}
            if kind == PLAN:
                plan_again(self._services, keys, its_now)
            else:
                deliver(self._services, self._runner, keys, kind, its_now, in_flight=BATCH)

    def _note_next(self, lanes: Sequence[Lane]) -> None:
        """Has these lanes wait with their next moves."""
        keys = [key for lane in lanes for key in self._keys.get(lane, ())]
        with self._services.engine.connect() as connection:
            looks = accounts.next_looks(connection, keys)
        due: dict[Lane, list[tuple[datetime, NextLook]]] = defaultdict(list)
        for look in looks:
            lane = self._lane_of[look.key]
            due[lane] += [(at, look) for at in self._due_at(look, self._now[lane])]
        for lane in lanes:
            move = self._next_of(lane, due.get(lane, []))
            if move is not None:
                self._agenda.add(move)

    def _due_at(self, look: NextLook, now: datetime) -> list[datetime]:
        """The instant at which an account has to be looked at next, if it is one that is still run."""
        feed = self._services.feed
        released_at = None if look.gated_as_of is None or feed is None else feed.newer_at(look.gated_as_of)
        at = min((max(one, now) for one in (look.due_at, released_at) if one is not None), default=self._until)
        return [at] if at < self._until else []

    def _next_of(self, lane: Lane, due: Sequence[tuple[datetime, NextLook]]) -> Move | None:
        """The lane's next move: events come before what is due at the same instant."""
        waiting = self._waiting.get(lane)
        due_at = min((at for at, _ in due), default=self._until)
        if waiting and waiting[0].at <= due_at:
            return Move(waiting[0].at, lane, EVENTS)
        if not due:
            return None
        kinds = [(_kind(look), look.key) for at, look in due if at == due_at]
        kind = kinds[0][0]
        return Move(due_at, lane, kind, tuple(key for its_kind, key in kinds if its_kind == kind))

    def _count(self, lane: Lane, at: datetime) -> None:
        self._moves_at_one_instant[lane] = self._moves_at_one_instant[lane] + 1 if self._now[lane] == at else 0
        if self._moves_at_one_instant[lane] > MOST_AT_ONE_INSTANT:
            raise AssertionError(f"the accounts of {lane} never come to rest at {at}")
        self._now[lane] = at


def _kind(look: NextLook) -> str:
    return PLAN if look.channel is None else queue_of(Channel(look.channel))


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    """At most BATCH at a time."""
    found = list(items)
    return (found[at : at + BATCH] for at in range(0, len(found), BATCH))
