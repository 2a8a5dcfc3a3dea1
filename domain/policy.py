"""The policy: an immutable, versioned answer to who is contacted when, over what, in which tone.

The values that `read_policy` makes of a document and that `plan` obeys. Nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum

from domain.ids import StepId
from domain.levels import Channel, Level, Role
from domain.rates import STATUTORY, PenaltyRate

OpenHours = tuple[tuple[tuple[time, time], ...], ...]
"""Seven weekdays (Monday first), each a tuple of half-open [from, to) windows in local wall time, in order."""


class OffsetKind(StrEnum):
    """What a step's moment is counted from, and in which days."""

    DUE = "due"
    DUE_BUSINESS = "due business"
    PREVIOUS = "previous"


@dataclass(frozen=True, slots=True)
class Offset:
    """`due - 5 days`, `due + 3 business days`, `previous + 7 days`: a signed number of days and its kind."""

    kind: OffsetKind
    days: int


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of the ladder. `channels` in the admin's order; `to` and `cc` are roles.

    `reason` is a sentence in the seller's language, whichever that is, or one by language (`fr`, `en`).
    """

    id: StepId
    when: Offset
    level: Level
    channels: tuple[Channel, ...]
    to: Role = Role.PAYER
    cc: tuple[Role, ...] = ()
    attach: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    approval: bool = False
    charges: bool = False
    reason: str | tuple[tuple[str, str], ...] | None = None

    def reason_in(self, language: str, *, is_own: bool) -> str | None:
        """Why we write now, in this language; None if it was not written in it. `is_own`: it is the seller's."""
        if isinstance(self.reason, str):
            return self.reason if is_own else None
        return dict(self.reason or ()).get(language)


@dataclass(frozen=True, slots=True)
class Limits:
    """The pressure budget, in calendar dates of the customer's zone. None: no such limit."""

    min_gap_days: int = 3
    per_7_days: int | None = 2
    per_30_days: int | None = 6
    call_attempts: int | None = None
    group_within_days: int = 2


@dataclass(frozen=True, slots=True)
class Segment:
    """What a segment of customers changes in the ladder."""

    skip: frozenset[StepId] = frozenset()
    tone_cap: Level | None = None
    channels: tuple[Channel, ...] = ()
    offset_days: int = 0
    steps: tuple[Step, ...] | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy. `version` is 0 until the store has numbered it; `label` names it in logs and plans."""

    name: str
    steps: tuple[Step, ...]
    hours: Mapping[Channel | None, OpenHours]
    """By channel; None is the default for channels without hours of their own."""
    version: int = 0
    holidays: bool = True
    blackout: frozenset[date] = frozenset()
    limits: Limits = Limits()
    freshness_days: int | None = None
    tone_cap: Level | None = None
    require: tuple[str, ...] = ()
    segments: Mapping[str, Segment] = field(default_factory=dict)
    after_broken_promise: StepId | None = None
    promise_grace_days: int = 2
    penalty_rate: PenaltyRate = STATUTORY
    approvals_given: bool = False
    """Nobody is asked: for who only wants to see what would happen."""

    def __hash__(self) -> int:
        """By its label, so that what is worked out of a policy can be kept by it; equal ones have the same."""
        return hash((self.name, self.version))

    @property
    def label(self) -> str:
        """`standard@3`."""
        return f"{self.name}@{self.version}"
