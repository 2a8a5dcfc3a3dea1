"""What people said when they closed tasks about F-1, and what is planned then, for tests of the planner."""

from datetime import datetime

from domain.account import Account
from domain.facts import Fact, TaskClosed
from domain.ids import CustomerId, ReminderId, StepId, UnitId
from domain.naming import attempt_id
from domain.plan import plan
from domain.planned import Plan
from domain.policy import Policy
from tests.domain_factories import NO_LIMITS, a_fact, a_policy, days, late_morning, paris

F1 = UnitId("F-1")
POLICY = a_policy(limits=NO_LIMITS)


def at(day: int, account: Account, policy: Policy = POLICY) -> Plan:
    return plan(account, policy, late_morning(day))


def leaves(day: int, account: Account, policy: Policy = POLICY, at: datetime | None = None) -> str | None:
    """The step that leaves in the late morning of that day, or `at` that instant."""
    now = at or late_morning(day)
    reminder = plan(account, policy, now).reminder
    return reminder.step.id if reminder is not None and reminder.send_at == now else None


def closed(day: int, outcome: str, next_day: int, step: str = "call", kind: str = "phone", **changes: object) -> Fact:
    """A task that was closed on that day, with its next date."""
    number = 1 if day == 12 else 2
    usual: dict[str, object] = {
        "customer_id": CustomerId("C-1"),
        "task_id": attempt_id(ReminderId("call-1"), number) if kind == "phone" else f"{kind}-{step}-{day}",
        "kind": kind,
        "step": StepId(step),
        "units": (F1,),
        "cycle": 0,
        "outcome": outcome,
        "next_on": days(next_day),
    }
    body = TaskClosed(**usual | changes)  # type: ignore[arg-type]  # the factory's usual values are mixed
    return a_fact(body, at=paris(days(day), 16), event_id=f"closed-{body.task_id}-{day}")


def decided(day: int, decision: str, next_day: int, step: str = "notice", **changes: object) -> Fact:
    return closed(day, decision, next_day, step, "approve", **changes)
