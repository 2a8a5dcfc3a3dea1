"""What a step would say now about units of a real customer, whether or not it is its turn.

Called by `relance template show --invoice` and `relance task show`. Nothing is sent and nothing kept.
"""

from __future__ import annotations

from collections.abc import Sequence

from channels.port import Content
from domain.account import Unit
from domain.charges import Refusal
from domain.leave import make_reminder
from domain.past import Member
from domain.policy import Step
from domain.rate_gate import refusal_of
from domain.routes import Route
from workers.letters import content_of
from workers.planned import Planned


def content_for(one: Planned, step: Step, units: Sequence[Unit], route: Route) -> Content | Refusal:
    """All that the message may say; why not, where the step names charges whose rate is unknown or too low."""
    account, policy = one.account, one.policy
    refused = (refusal_of(unit, step, account, policy, one.now) for unit in units)
    refusal = next((each for each in refused if each is not None), None)
    if refusal is not None:
        return refusal
    members = [Member(unit.id, step.id, unit.cycle, unit.balance) for unit in units]
    reminder = make_reminder(account, policy, step, step.level, members, (route,), (one.now, one.now))
    return content_of(account, policy, reminder, route, one.now)
