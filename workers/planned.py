"""A planned account, and its plan as it is kept, shown and compared. Made by `workers/planning`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.policy_book import InForce
from domain.account import Account
from domain.hours import local_date
from domain.pinning import Served
from domain.planned import Plan
from domain.policy import Policy
from domain.reasons import Code
from store.accounts import AccountRow, SavedPlan
from store.sellers import SellerRow


@dataclass(frozen=True, slots=True)
class Planned:
    """A locked account with what it was folded to and what planning says.

    `owner` is its seller, `served` the version of its policy that planned it.
    `earlier` is how many reminders it has had itself; its account also knows of those that its invoices had before,
    at another customer's. `footing` is what else the plan stands on, `now` the instant at which it was made,
    `in_force` the policies that were then.
    """

    row: AccountRow
    account: Account
    owner: SellerRow
    served: Served
    plan: Plan
    earlier: int
    footing: str
    now: datetime
    in_force: InForce
    is_held: bool = False

    @property
    def policy(self) -> Policy:
        """The policy that it was planned with."""
        return self.served.policy


def plan_as_json(one: Planned) -> dict[str, Any]:
    """The plan as pages, journal and explanations read it."""
    reminder = one.plan.reminder
    return {
        "policy": one.policy.label,
        "pinned": one.served.is_pinned,
        "footing": one.footing,
        "again_at": one.plan.again_at.isoformat() if one.plan.again_at else None,
        "reminder": None
        if reminder is None
        else {
            "at": reminder.send_at.isoformat(),
            "step": reminder.step.id,
            "level": reminder.level.word,
            "channel": reminder.routes[0].channel.value,
            "units": [member.unit_id for member in reminder.members],
        },
        **reasons_as_json(one.plan),
    }


def reasons_as_json(answer: Plan) -> dict[str, Any]:
    """Its reasons alone."""
    return {"reasons": [reason.as_dict() for reason in answer.reasons]}


def saved_plan(one: Planned, told: Mapping[str, Any]) -> SavedPlan:
    """The row that keeps it; `told` is its JSON."""
    reminder = one.plan.reminder
    return SavedPlan(
        key=one.row.key,
        name=one.account.customer.name,
        due_at=one.plan.look_at,
        channel=None if reminder is None else reminder.routes[0].channel.value,
        gated_as_of=one.account.seller.synced_as_of if _is_gated(one.plan) else None,
        plan=json.dumps(told),
        digest=_digest(one),
    )


def _is_gated(answer: Plan) -> bool:
    return any(reason.code is Code.FEED_STALE for reason in answer.reasons)


def _digest(one: Planned) -> str:
    """What the journal compares: the answer, its date and the reason codes, without instants that only move along."""
    reminder = one.plan.reminder
    answer = None
    if reminder is not None:
        day = local_date(one.account.place, reminder.send_at).isoformat()
        answer = [reminder.step.id, reminder.routes[0].channel.value, day, [m.unit_id for m in reminder.members]]
    codes = [[why.code.value, why.facts.get("unit", why.facts.get("reminder"))] for why in one.plan.reasons]
    opened = [[task.kind, task.step, *task.units] for task in one.plan.tasks]
    return hashlib.sha256(json.dumps([one.policy.label, answer, codes, opened]).encode()).hexdigest()
