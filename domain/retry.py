"""The next attempt of a reminder that was claimed and has not got through yet, or its end. Used by `plan` alone.

It goes on only while planning afresh would still choose its step for its lead. Each retry stays inside the hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from domain.account import Account
from domain.facts import Member, PastReminder
from domain.grouping import Candidate, candidates_of, changes_at, due_now, is_waiting
from domain.hours import window_at_or_after
from domain.ids import UnitId
from domain.ladder import has_lapsed, is_internal, ladder_of
from domain.leave import make_reminder, turn_in
from domain.levels import Channel
from domain.planned import InternalTask, Plan
from domain.policy import Policy, Step
from domain.reasons import Code, Reason
from domain.routes import routes_of


@dataclass(frozen=True, slots=True)
class GivesUp:
    """The reminder must not go on: the state to close it in, and what a person has to do now."""

    state: str
    tasks: tuple[InternalTask, ...] = ()


def retry_of(running: PastReminder, account: Account, policy: Policy, now: datetime) -> Plan | GivesUp:
    """What becomes at `now` of the account's open reminder."""
    before = replace(account, history=tuple(past for past in account.history if past is not running))
    candidates = candidates_of(before, policy)
    step = next((step for step in ladder_of(account, policy) if step.id == running.step), None)
    members = _still_asked(running, {one.unit.id: one for one in candidates}, now)
    if step is None or not members:
        return GivesUp("withdrawn")
    routes, unusable = routes_of(account, policy, step, spent=running.used)
    span = _span(running, account, policy, step, now, routes[0].channel) if routes else None
    if span is None:
        return GivesUp("failed", (InternalTask("repair", step.id, ()),))
    reminder = make_reminder(account, policy, step, running.level, members, routes, span)
    changes = changes_at(candidates, now)
    again_at = span[0] if changes is None else min(span[0], changes)
    retry = Reason(Code.RETRY, {"reminder": running.id, "at": span[0].isoformat()})
    return Plan(replace(reminder, continues=running.id), again_at, (*unusable, retry))


def _still_asked(running: PastReminder, candidates: Mapping[UnitId, Candidate], now: datetime) -> tuple[Member, ...]:
    """The members that are still owed, with what is owed of them now; none if the lead's step has passed."""
    first = running.members[0]
    lead = candidates.get(first.unit_id)
    rung = None if lead is None or lead.unit.cycle != first.cycle else due_now(lead, now)
    if rung is None or rung.asks or rung.step.id != first.step:
        return ()
    return tuple(
        replace(member, balance=candidates[member.unit_id].unit.balance)
        for member in running.members
        if member.unit_id in candidates and _may_stay(member, candidates[member.unit_id], now)
    )


def _may_stay(member: Member, one: Candidate, now: datetime) -> bool:
    """Whether the unit does not wait, and its own step is neither of an earlier cycle nor too late."""
    if member.cycle != one.unit.cycle or is_waiting(one, now):
        return False
    return any(rung.step.id == member.step and not has_lapsed(rung, now) for rung in one.rungs)


def _span(
    running: PastReminder, account: Account, policy: Policy, step: Step, now: datetime, channel: Channel
) -> tuple[datetime, datetime] | None:
    """From when and before when the next attempt may leave; None if the channel's hours never open."""
    ready_at = max(running.at, running.retry_at or running.at)
    at = max(now, ready_at)
    if is_internal(step):
        return at, at
    window = window_at_or_after(policy, channel, account.place, at)
    return None if window is None else (max(at, turn_in(window, ready_at, account)), window.closes)
