"""Stores what providers post, many posts in one transaction: it costs as much as forty receipts, here and there.

Nobody waits for others to come: whatever has come while the transaction before was under way is stored by the next.
Used by one event loop only, and needs no lock.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence

from config.wiring import Services
from domain.outcomes import Receipt
from store import receipts
from store.engine import Unavailable
from web.limits import Door

Found = tuple[Receipt, bytes]


class Keeper:
    """Stores receipts with the services of this process, and tells of those that are new."""

    def __init__(self, services: Services, door: Door, tell: Callable[[Sequence[int]], None]) -> None:
        self._services = services
        self._door = door
        self._tell = tell
        self._waiting: list[tuple[str, Sequence[Found], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, provider: str, found: Sequence[Found]) -> None:
        """Returns when these are committed; raises what kept them from it."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((provider, found, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(0)  # whoever is being read just now comes along
                batch, self._waiting = self._waiting, []
                await self._write(batch)
        finally:
            self._writing = None

    async def _write(self, batch: Sequence[tuple[str, Sequence[Found], asyncio.Future[None]]]) -> None:
        """One that breaks it takes nobody with it: all are tried alone then, unless it is the database's fault."""
        try:
            posts = [(provider, found) for provider, found, _ in batch]
            self._tell(await self._door.work(b"", self._put, posts))
        except Unavailable as error:  # no post's fault: each, tried alone, would wait as long as all together
            for _, _, done in batch:
                _end(done, error)
            return
        except Exception as error:  # noqa: BLE001 - whatever one post breaks must not lose the others
            if len(batch) > 1:
                for one in batch:
                    await self._write([one])
            else:
                _end(batch[0][2], error)
            return
        for _, _, done in batch:
            _end(done)

    def _put(self, batch: Sequence[tuple[str, Sequence[Found]]]) -> list[int]:
        by_provider: dict[str, list[Found]] = defaultdict(list)
        for provider, found in batch:
            by_provider[provider] += found
        now = self._services.clock.now()
        with self._services.engine.begin() as connection:
            return [
                row
                for provider in sorted(by_provider)
                for row in receipts.put(connection, provider, by_provider[provider], now)
            ]


def _end(done: asyncio.Future[None], error: Exception | None = None) -> None:
    """Whoever waits may have hung up."""
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
