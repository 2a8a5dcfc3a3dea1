"""What was claimed for a customer so far, as history knows it, and the addresses that must not be used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.ids import ReminderId, StepId, UnitId
from domain.levels import Channel, Level
from domain.money import Money


@dataclass(frozen=True, slots=True)
class Member:
    """A unit's share in a reminder: its own step of the ladder, in which cycle, and the amount asked for."""

    unit_id: UnitId
    step: StepId
    cycle: int
    balance: Money


@dataclass(frozen=True, slots=True)
class PastReminder:
    """A reminder that was claimed: what history knows of it, with the state of its delivery.

    `at` is when it was last tried: the contact counts on that day.
    `state` is `open` (claimed, its delivery goes on or waits for a retry), `calling` (a provider is being
    called, or its answer is unconfirmed), `done` (accepted by a provider, or its task is open or closed),
    `failed` (every channel refused it), `withdrawn` (it reached nobody and may come again; it does not count).
    `policy` is the label (`standard@3`) that it was planned with. `calls` are the instants of its calls by phone,
    each a task for a person. `last_refusal`: it is open, and its last attempt came to this class
    (`transient`, `misconfigured` …) when it was asked for; None where it did not fail, or failed later on its way.
    """

    id: ReminderId
    at: datetime
    step: StepId
    level: Level
    channel: Channel
    members: tuple[Member, ...]
    state: str
    attempts: int = 0
    used: tuple[Channel, ...] = ()
    retry_at: datetime | None = None
    policy: str = ""
    calls: tuple[datetime, ...] = ()
    last_refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Suppressed:
    """An address that must not be used on a channel, whatever later events say about the customer."""

    channel: Channel
    address: str
    reason: str
