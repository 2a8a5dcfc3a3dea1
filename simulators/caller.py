"""Posts to the client's webhooks, from one bounded pool of kept connections.

Used by `receipts` (Twilio), `events` (SendGrid) and `control` (inbound). It knows nothing of what it carries.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Self
from urllib.parse import parse_qsl

import aiohttp
from yarl import URL

_AT_ONCE = 32
_MOST_PENDING = 100_000
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 3.0


@dataclass(frozen=True, slots=True)
class Policy:
    """How often and after which failures a call is repeated: `ct` connect, `rt` read, `4xx`, `5xx` or `all`."""

    connect_s: float = 5.0
    read_s: float = 15.0
    retries: int = 1
    retry_on: frozenset[str] = frozenset({"ct"})

    @classmethod
    @lru_cache(maxsize=64)
    def of_fragment(cls, fragment: str) -> Self:
        """Return what a Twilio URL's fragment asks for (`ct=3000&rc=5&rp=all`); unreadable parts are ignored.

        Source: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides (read 2026-11-22):
        ct 100-10000 ms, rt 100-15000 ms, rc 0-5; by default one retry, of failed connects only.
        """
        given = dict(parse_qsl(fragment))
        retry_on = frozenset(given["rp"].split(",")) if "rp" in given else cls().retry_on
        return cls(
            connect_s=_bounded(given.get("ct"), 100, 10_000, 5_000) / 1000,
            read_s=_bounded(given.get("rt"), 100, 15_000, 15_000) / 1000,
            retries=_bounded(given.get("rc"), 0, 5, 1),
            retry_on=retry_on,
        )

    def may_retry(self, failure: str, tries: int) -> bool:
        """Tell whether a call that failed so after `tries` tries is made again."""
        return tries <= self.retries and ("all" in self.retry_on or failure in self.retry_on)


def _bounded(text: str | None, low: int, high: int, default: int) -> int:
    return min(max(int(text), low), high) if text is not None and text.isdecimal() else default


@dataclass(frozen=True, slots=True)
class Reply:
    """What the client's web server said: its status, and the class of failure, None for success."""

    status: int | None
    failure: str | None


Target = Callable[[], str | None]  # asked before each try, so that a changed address counts at once


class Caller:
    """The pool. `counts` holds delivered, failed, retried and abandoned calls."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._pending: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    @property
    def pending(self) -> int:
        """How many chains of calls are not finished."""
        return len(self._pending)

    def spawn(self, chain: Coroutine[None, None, None]) -> None:
        """Run a chain of calls beside the requests; too many at once are abandoned and counted."""
        if len(self._pending) >= _MOST_PENDING:
            chain.close()
            self.counts["abandoned"] += 1
            return
        task = asyncio.create_task(chain)
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def close(self) -> None:
        """Stop all chains and close the connections."""
        for task in self._pending:
            task.cancel()
        await asyncio.gather(*self._pending, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def post(self, target: Target, body: bytes, headers: Mapping[str, str], policy: Policy) -> Reply:
        """Post until it succeeds, the policy gives up or there is no target any more; return the last reply."""
        reply, tries = Reply(None, "no target"), 0
        while (url := target()) is not None:
            reply = await self._post_once(url, body, headers, policy)
            tries += 1
            if reply.failure is None or not policy.may_retry(reply.failure, tries):
                break
            self.counts["retried"] += 1
            await asyncio.sleep(min(_FIRST_PAUSE_S * 2 ** (tries - 1), _LONGEST_PAUSE_S))
        self.counts["delivered" if reply.failure is None else "failed"] += 1
        return reply

    async def _post_once(self, url: str, body: bytes, headers: Mapping[str, str], policy: Policy) -> Reply:
        timeout = aiohttp.ClientTimeout(sock_connect=policy.connect_s, sock_read=policy.read_s)
        target = URL(url, encoded=True)  # as signed, not a byte otherwise
        try:
            async with (
                self._slots,
                self._opened().post(
                    target, data=body, headers=headers, timeout=timeout, allow_redirects=False
                ) as answer,
            ):
                await answer.read()
                return Reply(answer.status, _failure_of(answer.status))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL):
            return Reply(None, "ct")
        except (aiohttp.ClientError, TimeoutError):
            return Reply(None, "rt")

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=_AT_ONCE)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self._session


def _failure_of(status: int) -> str | None:
    return f"{status // 100}xx" if status >= 300 else None  # noqa: PLR2004 - the first status that is no success
