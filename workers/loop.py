"""The event loop of a worker process, in a thread of its own: all calls to providers share it and its one pool.

Made by `workers/app` at the first delivery, which is after any fork; tests may use an `asyncio.Runner` instead.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

import uvloop

T = TypeVar("T")


class Runs(Protocol):
    """Runs a coroutine to its end and returns what it returned: an `asyncio.Runner`, or a `LoopThread`."""

    def run(self, coro: Coroutine[Any, Any, T], /) -> T:
        """Waits for the coroutine; raises what it raised."""


class LoopThread:
    """May be used from any number of threads at once, whatever pool the worker runs."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="calls", daemon=True)
        self._thread.start()

    def run(self, coro: Coroutine[Any, Any, T], /) -> T:
        """Waits for the coroutine; raises what it raised."""
        return asyncio.run_coroutine_threadsafe(coro, self._loop).result()

    def close(self) -> None:
        """Ends the thread. Nothing may be running any more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
