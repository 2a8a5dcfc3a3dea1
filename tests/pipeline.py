"""The five steps called as plain functions, on a real database and a simulator, with a clock that a test sets."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from config.clock import Clock
from config.wiring import DEFAULT_SELLER, Services, lines_of
from domain.customer import Seller
from domain.ids import AccountKey, CustomerId
from store import log, overview, receipts, sellers, worklist
from store.journal import Entry, of_account
from store.log import LogRow
from store.overview import AccountView
from store.worklist import TaskRow
from workers.deliver import deliver
from workers.due import due, plan_again
from workers.intake import intake
from workers.receive import Reply, receive
from workers.settle import settle

TUESDAY_0930 = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
"""Half past nine in Paris, inside every window of the shipped policies but the phone's."""

Json = dict[str, Any]


def clock_setting(start: datetime) -> str:
    """RELANCE_CLOCK for verbs that run beside a pipeline at that business time."""
    return f"{start.isoformat()}*1@{datetime.now(UTC).isoformat()}"


def services_at(services: Services, instant: datetime) -> Services:
    """The same parts at another business time."""
    return replace(services, clock=Clock(start=instant, rate=1.0, origin=datetime.now(UTC)))


@dataclass(slots=True)
class Pipeline:
    """One process's parts and the event loop it keeps."""

    services: Services
    runner: asyncio.Runner

    def at(self, instant: datetime) -> "Pipeline":
        """The same parts at another business time."""
        return Pipeline(services_at(self.services, instant), self.runner)

    def rested(self) -> "Pipeline":
        """The same after a pause of wall time, in which the providers' lines have closed again."""
        return Pipeline(replace(self.services, lines=lines_of(self.services.settings)), self.runner)

    @property
    def now(self) -> datetime:
        return self.services.clock.now()

    def take(self, *events: Json) -> Reply:
        """Receives events and folds those that are new."""
        reply = self.receive(*events)
        if reply.inbox_ids:
            intake(self.services, reply.inbox_ids, self.now)
        return reply

    def receive(self, *events: Json) -> Reply:
        """Receives events and leaves them in the inbox."""
        return receive(self.services, DEFAULT_SELLER, list(events), self.now)

    def deliver_due(self) -> int:
        """Everything that is due now, until nothing is; returns how many calls were made."""
        calls = 0
        for _ in range(10):
            nudges = due(self.services, self.now)
            if not nudges:
                return calls
            for nudge in nudges:
                keys = [AccountKey(key) for key in nudge.ids]
                if nudge.kind == "account.plan":
                    plan_again(self.services, keys, self.now)
                else:
                    calls += deliver(self.services, self.runner, keys, nudge.queue)
        raise AssertionError("the accounts never come to rest")

    def settle(self, provider: str, found: Sequence[tuple[Any, bytes]]) -> int:
        """Stores receipts and settles them."""
        with self.services.engine.begin() as connection:
            ids = receipts.put(connection, provider, found, self.now)
        return settle(self.services, ids, self.now)

    def log(self) -> list[LogRow]:
        with self.services.engine.connect() as connection:
            return log.read(connection)

    def account(self, customer: str = "C-17") -> AccountView:
        with self.services.engine.connect() as connection:
            found = overview.account(connection, DEFAULT_SELLER, CustomerId(customer))
        assert found is not None
        return found

    def codes(self, customer: str = "C-17") -> list[str]:
        """The reason codes of the account's present plan."""
        plan = self.account(customer).plan
        assert plan is not None
        return [reason["code"] for reason in plan["reasons"]]

    def journal(self, customer: str = "C-17") -> list[Entry]:
        key = self.account(customer).key
        with self.services.engine.connect() as connection:
            return of_account(connection, key)

    def seller(self) -> Seller:
        with self.services.engine.connect() as connection:
            return sellers.load(connection, [DEFAULT_SELLER])[DEFAULT_SELLER].seller

    def tasks(self) -> list[TaskRow]:
        with self.services.engine.connect() as connection:
            return worklist.read(connection, seller=DEFAULT_SELLER)
