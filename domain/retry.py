"""The next attempt of a reminder that was claimed and has not got through yet, or its end. Used by `plan` alone.

It goes on only while planning afresh would still choose its step for its lead. Each retry stays inside the hours.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from domain.account import Account
from domain.budget import budget_of_retry, first_date_within
from domain.cycles import Moment
from domain.grouping import Candidate, candidates_of, changes_at, due_now, is_waiting
from domain.hours import local_date, start_of_day, window_at_or_after
from domain.housework import to_reach
from domain.ids import StepId, UnitId
from domain.internal_task import PROVIDER_OUT_OF_REACH, SET_UP_WRONG, InternalTask
from domain.ladder import is_internal, ladder_of
from domain.leave import make_reminder, turn_in
from domain.levels import Channel
from domain.outcomes import OutcomeClass
from domain.past import Member, PastReminder
from domain.planned import Plan
from domain.policy import Policy, Step
from domain.rate_gate import is_refused
from domain.reasons import Code, Reason
from domain.routes import Route, none_is_set_up, routes_of
from domain.rungs import has_lapsed
from domain.task_outcomes import TaskKind


@dataclass(frozen=True, slots=True)
class GivesUp:
    """The reminder must not go on: the state to close it in, and what a person has to do now."""

    state: str
    tasks: tuple[InternalTask, ...] = ()


def retry_of(running: PastReminder, moment: Moment, policy: Policy, now: datetime) -> Plan | GivesUp:
    """What becomes at `now` of the account's open reminder."""
    account = moment.account
    before = replace(account, history=tuple(past for past in account.history if past is not running))
    candidates = candidates_of(replace(moment, account=before), policy, now)
    step = next((step for step in ladder_of(account, policy).steps if step.id == running.step), None)
    members = _still_asked(running, {one.unit.id: one for one in candidates}, now)
    if step is None or not members or is_refused(members, account, policy, now):
        return GivesUp("withdrawn")
    routes, unusable = routes_of(account, policy, step, spent=running.used)
    found = _span(running, account, policy, step, now, routes[0]) if routes else None
    if found is None:
        ever, never = routes_of(account, policy, step)
        if not ever:  # as if never tried: the step waits until somebody is reachable
            return GivesUp("withdrawn", (to_reach(step, is_ours=none_is_set_up(never)),))
        ways = {route.channel for route in ever}
        return GivesUp("failed", _left_to_do(running, step, ways, is_reachable=bool(routes)))
    span, waits = found
    reminder = make_reminder(account, policy, step, running.level, members, routes, span)
    changes = changes_at(candidates, now)
    again_at = span[0] if changes is None else min(span[0], changes)
    retry = Reason(Code.RETRY, {"reminder": running.id, "at": span[0].isoformat()})
    return Plan(replace(reminder, continues=running.id), again_at, (*unusable, *waits, retry))


_NOT_THE_CONTACTS: Mapping[str | None, StepId] = {
    OutcomeClass.MISCONFIGURED.value: SET_UP_WRONG,
    OutcomeClass.TRANSIENT.value: PROVIDER_OUT_OF_REACH,
}
"""Classes of a last refusal that say nothing of whom it was for, and what there is to fix."""


def _left_to_do(
    running: PastReminder, step: Step, ways: Collection[Channel], *, is_reachable: bool
) -> tuple[InternalTask, ...]:
    """What a person has to see to: the contact; where its provider refused us alone, or was away, that.

    `ways` are the channels over which somebody could be reached but for that. What is none any more is the contact's.
    """
    repair = InternalTask(TaskKind.REPAIR, step.id, ())
    ours = None if is_reachable else _NOT_THE_CONTACTS.get(running.last_refusal)
    if ours is None:
        return (repair,)
    fix = InternalTask(TaskKind.FIX, ours, ())
    return (fix,) if set(running.used) <= set(ways) else (fix, repair)


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
    running: PastReminder, account: Account, policy: Policy, step: Step, now: datetime, route: Route
) -> tuple[tuple[datetime, datetime], tuple[Reason, ...]] | None:
    """From when and before when the next attempt may leave, and why so late; None if the hours never open."""
    ready_at = max(running.at, running.retry_at or running.at)
    at = max(now, ready_at)
    if is_internal(step):
        return (at, at), ()
    budget = budget_of_retry(account, running, policy.limits, route)
    day, why = first_date_within(budget, local_date(account.place, at))
    at = at if why is None else start_of_day(account.place, day)
    window = window_at_or_after(policy, route.channel, account.place, at)
    if window is None:
        return None
    waits = () if why is None else (why,)
    return (max(at, turn_in(window, ready_at, account)), window.closes), waits
