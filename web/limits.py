"""How much the edge takes at once: bodies are read with a limit and in time, and few requests are inside together.

Memory stays flat under a flood: at most `MOST_INSIDE` bodies of at most a mebibyte, and `THREADS` of them parsed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

from web.refusals import Refusal, busy

MOST_BYTES = 1 << 20
MOST_INSIDE = 64
THREADS = 8
"""As many as the pool of a process has connections."""
BODY_WITHIN_S = 30.0

P = ParamSpec("P")
T = TypeVar("T")


class Door:
    """Lets so many requests in at once and tells the others to come back. One per process, used by its event loop."""

    def __init__(self, most_inside: int = MOST_INSIDE, threads: int = THREADS) -> None:
        self._free = most_inside
        self._threads = CapacityLimiter(threads)

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Inside while the block runs; raises a 503 `Refusal` if there is no room."""
        if self._free <= 0:
            raise busy()
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    async def work(self, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs what blocks (the database) in one of the door's threads, away from the event loop."""
        return await to_thread.run_sync(lambda: do(*args, **kwargs), limiter=self._threads)


async def read_body(request: Request) -> bytes:
    """The raw body, at most a mebibyte of it and within half a minute; more is refused (413, 408) as it is seen."""
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > MOST_BYTES:
        raise _too_large()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            return await _read(request)
    except TimeoutError:
        raise Refusal(408, "the body did not come within 30 seconds", {"Connection": "close"}) from None
    except ClientDisconnect:
        raise Refusal(400, "the sender hung up before the body was complete") from None


async def _read(request: Request) -> bytes:
    """Content-Length may be missing or a lie, so that the pieces are counted as they come."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise _too_large()
    return bytes(body)


def _too_large() -> Refusal:
    return Refusal(413, f"the body is larger than {MOST_BYTES} bytes; send the events in smaller batches")
