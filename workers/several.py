"""Runs a replay in several processes: lanes never meet, so that each process plays some of them. Called by `cli`.

One part is played here, and says how far all are about. The others are fresh interpreters (a fork would share our
connections and threads); they end with us, and what breaks one of them breaks the replay.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from heapq import heapify, heapreplace
from multiprocessing.connection import Connection

from config.wiring import Services
from domain.feed import Feed
from workers.lanes import Lane, Lanes, TimedEvent
from workers.replay import Complaint, feed_of, replay

WORTH_A_PROCESS = 3_000
"""So many events keep a process busy for longer than it takes to start."""

Build = Callable[[], Services]
"""Builds the parts of one process; it can be pickled."""


class PartError(RuntimeError):
    """A process of a replay has ended before its part was played."""


def replay_in(
    processes: int,
    build: Build,
    services: Services,
    events: Sequence[TimedEvent],
    until: datetime,
    advance: Callable[[datetime], None],
    worth: int = WORTH_A_PROCESS,
) -> list[Complaint]:
    """`replay` in `processes` at most, each with at least `worth` events; what comes of it is the same.

    `services` are this process's, on the same database as those that `build` makes. Raises PartError.
    """
    wanted = [one for one in events if one.at < until]
    feed = feed_of(wanted)
    mine, *others = parts_of(wanted, max(1, min(processes, len(wanted) // worth)))
    with _started(build, others, feed, until) as replies:
        complaints = replay(services, mine, until, advance, feed)
        for reply in replies:
            complaints += _answer(reply)
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


@contextmanager
def _started(
    build: Build, parts: Sequence[Sequence[TimedEvent]], feed: Feed, until: datetime
) -> Iterator[list[Connection]]:
    """A process for each of these parts; none is left behind."""
    context = multiprocessing.get_context("spawn")
    running, replies = [], []
    try:
        for part in parts:
            reply, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_play, args=(build, part, feed, until, theirs), daemon=True)
            process.start()
            theirs.close()
            running.append(process)
            replies.append(reply)
        yield replies
    finally:
        for process in running:
            process.terminate()
            process.join()


def _answer(reply: Connection) -> list[Complaint]:
    try:
        found = reply.recv()
    except EOFError:
        raise PartError("a process of the replay has ended") from None
    if isinstance(found, str):
        raise PartError(f"a process of the replay broke: {found}")
    return list(found)


def _play(
    build: Build, events: Sequence[TimedEvent], feed: Feed, until: datetime, reply: Connection
) -> None:  # pragma: no cover - in a process of its own
    """Plays one part and sends its complaints, or what broke it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us ends us
    try:
        services = build()
        try:
            reply.send(replay(services, events, until, lambda _: None, feed))
        finally:
            services.engine.dispose()
    except Exception as error:  # noqa: BLE001 - told by the process that is asked for the answer
        reply.send(f"{type(error).__name__}: {error}".splitlines()[0])
