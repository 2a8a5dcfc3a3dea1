"""How much the edge takes at once: bodies are read with a limit and at a pace, and have little room together.

Memory stays flat under a flood, and nobody keeps the others out:

    a key shown      looked up first ─▶ its share ─▶ `known`, of which one key has half at most ─▶ body ─▶ work
    a signature      `unproven`, a room of its own ─▶ body ─▶ checked ─▶ its share ─▶ work
    a full room      who has been about its body for longest makes way

Everything here is used by one event loop only, and needs no lock.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

from web.refusals import Refusal, busy, too_fast

MOST_BYTES = 1 << 20
MOST_FORM_BYTES = 1 << 16
"""Of a form: Twilio's are a few kilobytes."""
MOST_KNOWN_BYTES = 32 << 20
MOST_UNPROVEN_BYTES = 16 << 20
LEAST_BYTES = 1 << 16
"""What the smallest request counts for: some hundreds of them fit in."""
THREADS = 6
ASKING_THREADS = 2
"""Together as many as the pool of a process has connections. Looking up a key waits for no work."""
LARGE_BYTES = 1 << 16
LOOKING_THREADS = 1
"""Of each page for machines that asks for no login: whoever asks for many of them waits, and nobody else."""
MOST_LARGE = 1
"""They become forty times as large when they are parsed: one after the other, which is no slower (measured)."""
GRACE_S = 5.0
PACE = MOST_BYTES / 25
"""Bytes a second that a body has to come at, after the grace: the largest has half a minute."""
MAKES_WAY_AFTER_S = 0.5
REQUESTS_PER_S = 300.0
SAVED_UP_S = 10.0
"""A key that was quiet may send so many seconds' requests at once."""

P = ParamSpec("P")
T = TypeVar("T")


class Shares:
    """A token bucket for each key in this process: so many requests a second, some seconds' worth saved up."""

    def __init__(self, per_s: float = REQUESTS_PER_S, saved_up_s: float = SAVED_UP_S) -> None:
        self._each_s = 1 / per_s
        self._saved_up_s = saved_up_s
        self._spent_until: dict[str, float] = {}

    def wait_s(self, key: str, now: float) -> float:
        """0 for a request that has been counted; else how many seconds too early it is. `now` only ever grows."""
        spent_until = max(self._spent_until.get(key, now), now)
        too_early_s = spent_until + self._each_s - now - self._saved_up_s
        if too_early_s > 0:
            return too_early_s
        self._spent_until[key] = spent_until + self._each_s
        return 0


class Place:
    """A request's place in a room: as many bytes of memory as its body may take; 413 if that is more than `most`."""

    def __init__(self, request: Request, most: int = MOST_BYTES) -> None:
        announced = request.headers.get("content-length", "")
        size = int(announced[:20]) if announced.isascii() and announced.isdigit() else most
        if size > most:
            raise _too_large(most)
        self.bytes = max(size, LEAST_BYTES)
        self._request = request
        self._most = most
        self._since = 0.0
        self._timer: asyncio.Timeout | None = None

    async def read(self) -> bytes:
        """The raw body; what is larger (413) or slower (408) than it may be is refused when it is seen.

        Nothing is ever inflated: a compressed body is 415.
        """
        if self._request.headers.get("content-encoding", "identity").lower() != "identity":
            raise Refusal(415, "content-encoding: compressed bodies are not taken")
        self._since = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(self._since + GRACE_S) as self._timer:
                return await self._read()
        except TimeoutError:
            raise _too_slow() from None
        except ClientDisconnect:
            raise Refusal(400, "the sender hung up before the body was complete") from None
        finally:
            self._timer = None

    async def _read(self) -> bytes:
        """Content-Length may be missing or a lie, so that the pieces are counted as they come."""
        body = bytearray()
        async for piece in self._request.stream():
            body += piece
            if len(body) > self._most:
                raise _too_large(self._most)
            self._until(self._since + GRACE_S + len(body) / PACE)
        return bytes(body)

    def make_way(self) -> bool:
        """Has it refused as too slow before anything else is read; False if its body came, or has just begun to."""
        now = asyncio.get_running_loop().time()
        if self._timer is None or now - self._since < MAKES_WAY_AFTER_S:
            return False
        self._until(now)
        return True

    def _until(self, deadline: float) -> None:
        if self._timer is not None and not self._timer.expired():
            self._timer.reschedule(deadline)


class Room:
    """Requests whose bodies take so many bytes together. In a full one the slowest senders make way."""

    def __init__(self, most_bytes: int) -> None:
        self._free = most_bytes
        self._inside: dict[Place, None] = {}

    @contextmanager
    def enter(self, place: Place) -> Iterator[Place]:
        """Inside while the block runs; raises a 503 `Refusal` if there is no room and nobody makes way."""
        self._make_room(place.bytes)
        self._free -= place.bytes
        self._inside[place] = None
        try:
            yield place
        finally:
            self._inside.pop(place, None)
            self._free += place.bytes

    def _make_room(self, wanted: int) -> None:
        free = self._free
        for place in list(self._inside) if free < wanted else ():
            if place.make_way():
                del self._inside[place]
                free += place.bytes
            if free >= wanted:
                break
        if free < wanted:
            raise busy()


class Door:
    """The rooms, the shares and the threads of one process."""

    def __init__(self, most_known: int = MOST_KNOWN_BYTES) -> None:
        self.known = Room(most_known)
        self.unproven = Room(MOST_UNPROVEN_BYTES)
        self._most_of_one = most_known // 2
        self._shares = Shares()
        self._bytes_of: Counter[str] = Counter()
        self._threads = CapacityLimiter(THREADS)
        self._asking = CapacityLimiter(ASKING_THREADS)
        self._looking: dict[str, CapacityLimiter] = {}
        self._large = CapacityLimiter(MOST_LARGE)

    def count(self, key: str) -> None:
        """Counts a request of this key; raises a 429 `Refusal` if it sends more than its share."""
        if wait_s := self._shares.wait_s(key, asyncio.get_running_loop().time()):
            raise too_fast(math.ceil(wait_s))

    @contextmanager
    def enter(self, key: str, request: Request) -> Iterator[Place]:
        """In the room of the known while the block runs; 429, before anybody makes way, for a key with half of it."""
        place = Place(request)
        if self._bytes_of[key] + place.bytes > self._most_of_one:
            raise too_fast()
        with self.known.enter(place):
            self._bytes_of[key] += place.bytes
            try:
                yield place
            finally:
                self._bytes_of[key] -= place.bytes
                if not self._bytes_of[key]:
                    del self._bytes_of[key]

    async def ask(self, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs what looks up a row, away from the event loop, and not behind any work."""
        return await to_thread.run_sync(lambda: do(*args, **kwargs), limiter=self._asking)

    async def look(self, at: str, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs what answers strangers with how things are, one after the other of each kind (`at`)."""
        limiter = self._looking.setdefault(at, CapacityLimiter(LOOKING_THREADS))
        return await to_thread.run_sync(lambda: do(*args, **kwargs), limiter=limiter)

    async def work(self, raw: bytes, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs what reads this body and blocks (the database), in a thread; large ones one after the other."""
        if len(raw) <= LARGE_BYTES:
            return await to_thread.run_sync(lambda: do(*args, **kwargs), limiter=self._threads)
        async with self._large:
            return await to_thread.run_sync(lambda: do(*args, **kwargs), limiter=self._threads)


def _too_large(most: int) -> Refusal:
    return Refusal(413, f"the body is larger than {most} bytes; send the events in smaller batches")


def _too_slow() -> Refusal:
    told = f"the body came too slowly: {GRACE_S:g} seconds and one more for each {int(PACE)} bytes is what it has"
    return Refusal(408, told, {"Connection": "close", "Retry-After": "1"})
