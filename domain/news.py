"""What came to be because time went by: promises kept and broken, payment plans broken. Used by `plan` alone.

Each is told once by whoever keeps plans; a promise that was told as broken may still be told as kept, when the
payment turns out to have come in time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from domain.cycles import Moment, is_plan_broken
from domain.planned import News
from domain.policy import Policy
from domain.promises import PromiseState


def news_of(moment: Moment, policy: Policy, now: datetime) -> tuple[News, ...]:
    """All there are about the account at `now`, in the order of its promises, then of its units."""
    return (*_of_promises(moment), *_of_plans(moment, policy, now))


def _of_promises(moment: Moment) -> Iterator[News]:
    for one in moment.promises:
        if one.state in (PromiseState.KEPT, PromiseState.BROKEN):
            promise = one.promise
            amount = None if promise.amount is None else f"{promise.amount.amount} {promise.amount.currency}"
            facts = {"promised_on": promise.promised_on.isoformat(), "amount": amount}
            yield News(f"promise.{one.state}", promise.id, facts)


def _of_plans(moment: Moment, policy: Policy, now: datetime) -> Iterator[News]:
    for unit in moment.account.units:
        if is_plan_broken(unit, moment.account, policy, now):
            yield News("plan.broken", unit.id, {"unit": unit.id, "due_on": unit.due_on.isoformat()})
