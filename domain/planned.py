"""What `plan` answers: the account's next reminder, or none, when to ask again, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.facts import Member
from domain.ids import ReminderId, StepId, UnitId
from domain.levels import Level
from domain.policy import Step
from domain.reasons import Reason
from domain.routes import Route


@dataclass(frozen=True, slots=True)
class PlannedReminder:
    """One contact with the customer, as it would go out at `send_at`; it must have left before `closes`.

    `members[0]` is the lead. `routes` are the usable ways in order: the first is used, the rest are its
    fallback. `continues` is the reminder that this is a further attempt of. `policy` is the policy's label.
    """

    step: Step
    level: Level
    tone: Level
    members: tuple[Member, ...]
    routes: tuple[Route, ...]
    send_at: datetime
    closes: datetime
    policy: str
    continues: ReminderId | None = None


@dataclass(frozen=True, slots=True)
class InternalTask:
    """Work for a person inside the seller's house: `approve` a step of some units, or `repair` a contact.

    Opened once per units and step. A repair names no units: whoever cannot be reached for a step is repaired once.
    """

    kind: str
    step: StepId
    units: tuple[UnitId, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer. `again_at` is the first instant at which it may change without a new fact (None: never).

    `gives_up` is an open reminder that must not go on, with the state (`failed`, `withdrawn`) to close it in.
    """

    reminder: PlannedReminder | None
    again_at: datetime | None
    reasons: tuple[Reason, ...]
    tasks: tuple[InternalTask, ...] = ()
    gives_up: tuple[ReminderId, str] | None = None
