"""SendGrid's event webhook: gathers events, signs each batch, and posts it until it is taken.

Fed by `sendgrid`. Like SendGrid it tries again for long, and like SendGrid it sends whatever has gathered in
one array. It never makes up events.
"""

import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from simulators.caller import Caller, Policy
from simulators.signing import EventSigner

_BATCH = 100
_POSTERS = 4
_MOST_WAITING = 200_000
# SendGrid tries again for 24 hours; this is about two minutes, which outlives a restart of the client.
_POLICY = Policy(connect_s=5, read_s=10, retries=45, retry_on=frozenset({"all"}))


@dataclass(frozen=True, slots=True)
class _Waiting:
    event: dict[str, Any]
    signature: str
    done: asyncio.Future[None]


class EventFeed:
    """The events on their way to `url`; without one they are forgotten."""

    def __init__(self, caller: Caller, signer: EventSigner) -> None:
        self.url: str | None = None
        self._caller = caller
        self._signers = {"valid": signer, "forged": EventSigner.from_seed("a forger")}
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._posters: list[asyncio.Task[None]] = []

    @property
    def pending(self) -> int:
        """How many events wait to be posted."""
        return len(self._waiting)

    def put(self, event: dict[str, Any], signature: str) -> asyncio.Future[None]:
        """Let an event go out soon; the future is done when its batch was taken or given up."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.url is None or len(self._waiting) >= _MOST_WAITING:
            self._caller.counts["abandoned"] += 1
            done.set_result(None)
            return done
        self._waiting.append(_Waiting(event, signature, done))
        self._wake.set()
        return done

    def start(self) -> None:
        """Begin to post; needs a running loop."""
        self._posters = [asyncio.create_task(self._post_forever()) for _ in range(_POSTERS)]

    async def close(self) -> None:
        """Stop to post; what waits is lost."""
        for poster in self._posters:
            poster.cancel()
        await asyncio.gather(*self._posters, return_exceptions=True)

    async def _post_forever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._post(self._take())

    def _take(self) -> list[_Waiting]:
        batch = [self._waiting.popleft()]
        while self._waiting and len(batch) < _BATCH and self._waiting[0].signature == batch[0].signature:
            batch.append(self._waiting.popleft())
        return batch

    async def _post(self, batch: list[_Waiting]) -> None:
        body = json.dumps([waiting.event for waiting in batch]).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "SendGrid Event API"}
        if (signer := self._signers.get(batch[0].signature)) is not None:
            stamp = str(int(time.time()))
            headers["X-Twilio-Email-Event-Webhook-Timestamp"] = stamp
            headers["X-Twilio-Email-Event-Webhook-Signature"] = signer.sign(stamp, body)
        # A forgery is sent once: nobody who forges waits for an answer.
        policy = _POLICY if batch[0].signature == "valid" else Policy(retries=0)
        await self._caller.post(lambda: self.url, body, headers, policy)
        for waiting in batch:
            if not waiting.done.done():
                waiting.done.set_result(None)
