"""Tells the broker after the answer, from a thread of its own: no request waits for Redis or knows that it is away.

A nudge that is lost costs seconds, because the sweep finds what it would have told. So what cannot be told now is
dropped, never kept.
"""

from __future__ import annotations

import queue
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable

import structlog

from workers.nudges import Nudge, are_bulk, in_batches

log = structlog.get_logger()

Publish = Callable[[Iterable[Nudge]], bool]

GATHER_S = 0.05
"""How long ids are gathered for a message: it costs a worker as much as fifty of them."""
GATHER_RECEIPTS_S = 1.0
"""Nobody waits for a receipt, and the one that comes before its call's answer is recorded makes more work."""
REST_S = 5.0
"""How long a broker that is away is left alone."""
MOST_WAITING = 10_000
CLOSE_WITHIN_S = 2.0


class Nudger:
    """One thread that publishes what it is told, many requests' ids in one message."""

    def __init__(self, publish: Publish, gather_s: float = GATHER_S) -> None:
        self._publish = publish
        self._gather_s = gather_s
        self._waiting: queue.Queue[Nudge | None] = queue.Queue(MOST_WAITING)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nudger", daemon=True)

    def start(self) -> None:
        """Starts the thread: once, in the process that serves."""
        self._thread.start()

    def tell(self, kind: str, queue_name: str, ids: Iterable[int]) -> None:
        """Has these ids nudged soon; many events go after others. Returns at once, whatever the broker is doing."""
        some = tuple(ids)
        if not some:
            return
        try:
            self._waiting.put_nowait(Nudge(kind, queue_name, some, are_bulk(kind, len(some))))
        except queue.Full:
            return  # the sweep will find them

    def close(self) -> None:
        """Tells what is left, unless the broker takes too long; the thread ends with the process at the latest."""
        self._closing.set()
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(CLOSE_WITHIN_S)

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            self._closing.wait(self._gather_s)
            if not self._told([first, *self._drain()]):
                self._closing.wait(REST_S)
                self._drain()
            if self._closing.is_set() and self._waiting.empty():
                return

    def _told(self, nudges: list[Nudge]) -> bool:
        try:
            return self._publish(_merged(nudges))
        except Exception as error:  # noqa: BLE001 - the thread must outlive whatever a broker's client raises
            log.warning("nudge.failed", error=type(error).__name__)
            return False

    def _drain(self) -> list[Nudge]:
        found: list[Nudge] = []
        while True:
            try:
                nudge = self._waiting.get_nowait()
            except queue.Empty:
                return found
            if nudge is not None:
                found.append(nudge)


def _merged(nudges: Iterable[Nudge]) -> list[Nudge]:
    """The same ids in as few messages as they fit in."""
    ids: dict[tuple[str, str, bool], list[int]] = defaultdict(list)
    for nudge in nudges:
        ids[nudge.kind, nudge.queue, nudge.is_bulk] += nudge.ids
    return [
        batch
        for (kind, queue_name, is_bulk), found in ids.items()
        for batch in in_batches(kind, queue_name, found, is_bulk=is_bulk)
    ]
