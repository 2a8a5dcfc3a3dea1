"""What `plan` answers: the account's next reminder, or none, when to ask again, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from domain.ids import ReminderId
from domain.internal_task import InternalTask
from domain.levels import Level
from domain.past import Member, PastReminder
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
class News:
    """Something that came to be because time went by, told once: `promise.kept`, `promise.broken`, `plan.broken`.

    `name` is the promise's or the unit's; `facts` are JSON values, as in a Reason.
    """

    event: str
    name: str
    facts: Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer. `again_at` is the first instant at which it may change without a new fact (None: never).

    `fed_at` is the same if no payment feed grows old before (None: that does not matter): nobody has to be woken
    when a feed does, because nothing goes out without a plan of that moment.
    `gives_up` is an open reminder that must not go on, with the state (`failed`, `withdrawn`) to close it in.
    `news` are all that there are about the account, told before or not.
    """

    reminder: PlannedReminder | None
    again_at: datetime | None
    reasons: tuple[Reason, ...]
    tasks: tuple[InternalTask, ...] = ()
    gives_up: tuple[ReminderId, str] | None = None
    news: tuple[News, ...] = ()
    fed_at: datetime | None = None

    @property
    def look_at(self) -> datetime | None:
        """When the account has to be looked at again, whether its feed has grown old by then or not."""
        return self.fed_at or self.again_at

    def ended(self, history: tuple[PastReminder, ...]) -> tuple[PastReminder, ...]:
        """The history in which the reminder that this gives up is closed."""
        if self.gives_up is None:
            return history
        ended, state = self.gives_up
        return tuple(replace(one, state=state) if one.id == ended else one for one in history)
