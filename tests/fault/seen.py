"""What is known from outside about one fault's customers: what simulators received, and what the command line says.

Read by `judge`. Nothing of ours is asked but `relance log`, `unconfirmed list` and `explain`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cli.explain import look
from domain.ids import SellerId
from domain.reasons import Code
from tests.fault.book import Cohort, Debtor, Kind
from tests.fault.installation import Installation

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """What a simulator took: by whom it was to be received, when, and whether it ever was."""

    channel: str
    at: float
    refused: bool
    text: str


@dataclass(frozen=True, slots=True)
class Physical:
    """What simulators received, by address."""

    messages: Mapping[str, Sequence[Message]]
    requests: Mapping[str, Sequence[tuple[float, str]]]

    def of(self, one: Debtor) -> list[Message]:
        """The customer's messages, in order."""
        found = [message for address in one.address.values() for message in self.messages.get(address, ())]
        return sorted(found, key=lambda message: message.at)

    def calls(self, one: Debtor, channel: str) -> Sequence[tuple[float, str]]:
        """When and how each call to the customer over a channel was answered."""
        return self.requests.get(one.address[channel], ())


@dataclass(frozen=True, slots=True)
class Told:
    """What Relance says of them: log rows by customer, attempts in doubt, who cannot be written to."""

    rows: Mapping[str, Sequence[Json]] = field(default_factory=dict)
    doubts: Mapping[str, Json] = field(default_factory=dict)
    explained: frozenset[str] = frozenset()
    """Customers to whom nothing can go out for a reason that `explain` names."""
    waiting: frozenset[str] = frozenset()
    """Customers to whom nothing can go out as long as their provider's breaker is open."""

    def at_last(self) -> "Told":
        """The same once providers are well again: to wait for one explains nothing any more."""
        return replace(self, waiting=frozenset())

    def is_calling(self, one: Debtor) -> bool:
        """Whether a call is said to be under way."""
        return any(row["state"] == "calling" for row in self.rows.get(one.id, ()))

    def in_doubt(self, one: Debtor) -> bool:
        """Whether an attempt is listed as unconfirmed."""
        return any(row["attempt"] in self.doubts for row in self.rows.get(one.id, ()))


def physical(it: Installation) -> Physical:
    """Ask the simulators for everything."""
    messages: dict[str, list[Message]] = defaultdict(list)
    for found in it.simulator.messages():
        at = datetime.fromisoformat(found["accepted_at"]).timestamp()
        messages[found["to"]].append(Message(found["channel"], at, found["refused"], found["text"] or ""))
    requests: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for each in it.simulator.ask("GET", "requests", query={"detail": "1"})["requests"]:
        if each["verb"] == "send":
            requests[each["to"]].append((datetime.fromisoformat(each["at"]).timestamp(), each["outcome"]))
    return Physical(messages, requests)


def told(it: Installation, cohorts: Sequence[Cohort]) -> Mapping[str, Told]:
    """Ask the command line about the customers of these faults, once for all of them; by the faults' names."""
    only = ("--seller", cohorts[0].name) if len(cohorts) == 1 else ()
    rows: dict[str, list[Json]] = defaultdict(list)
    for row in it.read("log", *only):
        rows[row["customer"]].append(row)
    doubts = {one["attempt"]: one for one in it.read("unconfirmed", "list", *only)}
    return {one.name: Told(rows, doubts, _explained(it, one), _waiting(it, one, rows)) for one in cohorts}


_REASONS = {Kind.POISON: "quarantine", Kind.ENGLISH: "template_broken"}


def _explained(it: Installation, cohort: Cohort) -> frozenset[str]:
    """Of those who cannot be written to: to whom this is said."""
    found = set()
    for one in cohort.of(*_REASONS):
        said = str(it.read("explain", one.id, "--seller", cohort.name))
        if _REASONS[one.kind] in said:
            found.add(one.id)
    return frozenset(found)


def _waiting(it: Installation, cohort: Cohort, rows: Mapping[str, Sequence[Json]]) -> frozenset[str]:
    """Those who are not called while their provider's breaker is open: each is asked, for each may be lost."""
    uncalled = [
        one.id
        for one in cohort.of(Kind.DUE, Kind.PARTLY)
        if all(row["state"] == "refused" for row in rows.get(one.id, ()))
    ]
    return frozenset(name for name in uncalled if _waits_for_its_provider(it, cohort, name))


def _waits_for_its_provider(it: Installation, cohort: Cohort, name: str) -> bool:
    """Whether `explain` says so, and of the channel over which the reminder is to go out."""
    found = look(it.services, SellerId(cohort.name), name, it.services.clock.now())
    if found is None or found.one.plan.reminder is None:
        return False
    channel = found.one.plan.reminder.routes[0].channel
    codes = (Code.PROVIDER_DOWN, Code.PROVIDER_PAUSED)
    return any(one.code in codes and one.facts["channel"] == channel for one in found.one.plan.reasons)
