"""Everything that one run of the simulators knows, built by `server` and handed to all handlers."""

import asyncio
import os
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TypeVar

from simulators.caller import Caller
from simulators.events import EventFeed
from simulators.faults import CallbackPlan, Range, Switches
from simulators.inbox import Inbox, Request, RequestLog
from simulators.options import Options

Step = TypeVar("Step")


class World:
    """The state of one run; one event loop uses it, so nothing in it is locked."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.inbox = Inbox(options.keep)
        self.requests = RequestLog(options.keep)
        self.switches = Switches(options.latency_s)
        self.caller = Caller()
        self.events = EventFeed(self.caller, options.event_signer)
        self.events.url = options.sendgrid_callback_url
        self.inbound_url = options.inbound_url
        self.suppressed = {address.lower() for address in options.suppressed}
        self.opted_out: set[str] = set()
        self.whatsapp_open_until: dict[str, datetime] = {}
        self._run = blake2b(options.seed.encode(), digest_size=8).hexdigest()
        self._serial = 0
        self._chance = random.Random(f"{options.seed}:chance")  # noqa: S311 - chance that can be repeated

    def next_id(self, prefix: str = "") -> str:
        """Return a new id: prefix and 32 hexadecimal digits, derived from the seed and a counter."""
        self._serial += 1
        return f"{prefix}{self._run}{self._serial:016x}"

    def note(self, provider: str, verb: str, to: str, outcome: str) -> None:
        """Log a client's request."""
        self.requests.note(Request(datetime.now(UTC), provider, verb, to, outcome))

    def draw(self, span: Range) -> float:
        """Return seconds between the ends of `span`, by chance if they differ."""
        low, high = span
        return low if low == high else self._chance.uniform(low, high)

    async def wait(self, span: Range) -> None:
        """Wait that long."""
        seconds = self.draw(span)
        if seconds > 0:
            await asyncio.sleep(seconds)

    async def wait_before_receipt(self, plan: CallbackPlan) -> None:
        """Wait as the plan says; by default not at all before an answer, else the run's callback delay."""
        default = (0.0, 0.0) if plan.before_answer else self.options.callback_delay_s
        await self.wait(plan.delay_s or default)

    def arrange(self, steps: Sequence[Step], plan: CallbackPlan) -> list[Step]:
        """Return the steps as often and in the order that the plan says; shuffled never means in order."""
        arranged = [step for step in steps for _ in range(plan.times)]
        if plan.shuffled:
            ordered = list(arranged)
            self._chance.shuffle(arranged)
            if arranged == ordered:
                arranged.reverse()
        return arranged

    def card(self, url: str) -> dict[str, str | int]:
        """Return what a client must know to use this run: address, credentials, keys."""
        return {
            "url": url,
            "twilio_account_sid": self.options.twilio_account_sid,
            "twilio_auth_token": self.options.twilio_auth_token,
            "sendgrid_api_key": self.options.sendgrid_api_key,
            "sendgrid_public_key": self.options.event_signer.public_key,
            "seed": self.options.seed,
            "pid": os.getpid(),
        }
