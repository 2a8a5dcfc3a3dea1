"""Runs a replay in several processes: lanes never meet, so that each process plays some of them. Called by `cli`.

One part is played here, and says how far all are about. The others are fresh interpreters (a fork would share our
connections and threads), which load while the database is made; they end with us, and what breaks one of them breaks
the replay.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from heapq import heapify, heapreplace
from multiprocessing.connection import Connection

from config.wiring import Services
from domain.feed import Feed
from workers.lanes import Lane, Lanes, TimedEvent
from workers.replay import Complaint, feed_of, replay

WORTH_A_PROCESS = 1_000
"""So many events keep a process busy for longer than it takes to start."""

_ENDS_WITHIN_S = 5.0

Build = Callable[[], Services]
"""Builds the parts of one process; it can be pickled."""


class PartError(RuntimeError):
    """A process of a replay has ended before its part was played."""


@dataclass(frozen=True, slots=True)
class Player:
    """A process that waits for its part, and our end of the pipe to it."""

    process: multiprocessing.process.BaseProcess
    pipe: Connection


@contextmanager
def players(processes: int, events: int, worth: int = WORTH_A_PROCESS) -> Iterator[list[Player]]:
    """Starts those that help us with so many events: `processes` of us at most, each with at least `worth`.

    None is left behind.
    """
    context = multiprocessing.get_context("spawn")
    started: list[Player] = []
    try:
        for _ in range(1, min(processes, events // worth)):
            ours, theirs = context.Pipe()
            process = context.Process(target=_play, args=(theirs,), daemon=True)
            process.start()
            theirs.close()
            started.append(Player(process, ours))
        yield started
    finally:
        for one in started:
            one.process.terminate()
            one.process.join()


def replay_with(
    others: Sequence[Player],
    build: Build,
    services: Services,
    events: Sequence[TimedEvent],
    until: datetime,
    advance: Callable[[datetime], None],
) -> list[Complaint]:
    """`replay` with the help of `others`, once; what comes of it is the same.

    `services` are this process's, on the same database as those that `build` makes. Raises PartError.
    """
    wanted = [one for one in events if one.at < until]
    feed = feed_of(wanted)
    mine, *parts = parts_of(wanted, 1 + len(others))
    for one, part in zip(others, parts, strict=True):
        _tell(one, (build, part, feed, until))
    complaints = replay(services, mine, until, advance, feed)
    for one in others:
        complaints += _answer(one)
    return sorted(complaints)


def parts_of(events: Sequence[TimedEvent], parts: int) -> list[list[TimedEvent]]:
    """The events in this many parts of about one size, each with whole lanes, in their order. The same each time."""
    lanes = Lanes(events)
    of_lane: dict[Lane, int] = defaultdict(int)
    for one in events:
        of_lane[lanes.of_event(one)] += 1
    sizes = [(0, part) for part in range(parts)]
    heapify(sizes)
    part_of: dict[Lane, int] = {}
    for lane in sorted(of_lane, key=lambda one: (-of_lane[one], one)):
        size, part_of[lane] = sizes[0]
        heapreplace(sizes, (size + of_lane[lane], part_of[lane]))
    found: list[list[TimedEvent]] = [[] for _ in range(parts)]
    for one in events:
        found[part_of[lanes.of_event(one)]].append(one)
    return found


def _tell(one: Player, order: tuple[Build, Sequence[TimedEvent], Feed, datetime]) -> None:
    try:
        one.pipe.send(order)
    except OSError:
        raise PartError("a process of the replay has ended") from None


def _answer(one: Player) -> list[Complaint]:
    try:
        found = one.pipe.recv()
    except (EOFError, OSError):
        raise PartError("a process of the replay has ended") from None
    one.process.join(_ENDS_WITHIN_S)  # then its processor time counts among ours
    if isinstance(found, str):
        raise PartError(f"a process of the replay broke: {found}")
    return list(found)


def _play(pipe: Connection) -> None:  # pragma: no cover - in a process of its own
    """Waits for a part, plays it, and sends its complaints, or what broke it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us ends us
    try:
        build, events, feed, until = pipe.recv()
    except EOFError:  # nobody needs us
        return
    try:
        services = build()
        try:
            pipe.send(replay(services, events, until, lambda _: None, feed))
        finally:
            services.engine.dispose()
    except Exception as error:  # noqa: BLE001 - told by the process that is asked for the answer
        pipe.send(f"{type(error).__name__}: {error}".splitlines()[0])
