"""Which cycle of the ladder a unit is in at an instant, and when that cycle began. Used by `plan` alone.

A broken promise, a payment plan that was not kept and a reversed payment each start a new cycle, on a date: the
policy's step comes then, and the later steps as far behind it as the ladder has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import NamedTuple

from domain.account import Account, Unit
from domain.hours import local_date, start_of_day
from domain.policy import Policy
from domain.promises import PromiseStanding, PromiseState, is_put_off, standings_of
from domain.reasons import Code, Reason


class _Restart(NamedTuple):
    """What started a ladder again `on` a date. Nothing that was had before `since` can have come of it."""

    on: date
    since: datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """An account as it is at an instant: units with their cycles, promises as they stand.

    It is no longer so at `until` (None: for ever, while no fact arrives).
    """

    account: Account
    promises: tuple[PromiseStanding, ...] = ()
    until: datetime | None = None


def at_moment(account: Account, policy: Policy, now: datetime) -> Moment:
    """The account as it is at `now`."""
    if not account.promises and not _has_restarted(account):
        return Moment(account)
    promises = standings_of(account, policy, now)
    units = tuple(_in_cycle(unit, account, policy, promises, now) for unit in account.units)
    ends = [one.until for one in promises if one.state is PromiseState.PENDING]
    for unit in units:
        if unit.agreed:
            ends += (start_of_day(account.place, unit.due_on), plan_end(unit, account, policy))
    return Moment(replace(account, units=units), promises, min((end for end in ends if end > now), default=None))


def _has_restarted(account: Account) -> bool:
    """Whether a ladder may have begun again for another reason than a promise, or has done so before."""
    if any(unit.agreed or unit.states[0].went_back for unit in account.units):
        return True
    return any(member.cycle for past in account.history for member in past.members)


def is_plan_broken(unit: Unit, account: Account, policy: Policy, now: datetime) -> bool:
    """Whether it is an instalment of a payment plan that was not paid in time, nor disputed at the end.

    Where a promise about it was made in time and runs on, that takes its place.
    """
    if not unit.agreed or (end := plan_end(unit, account, policy)) > now:
        return False
    if any(state.was_disputed_at(end) for state in unit.states):
        return False
    return not is_put_off(unit, end, account, policy)


def plan_end(unit: Unit, account: Account, policy: Policy) -> datetime:
    """When the time of a payment plan's instalment, with its grace, is over."""
    last = unit.due_on + timedelta(days=policy.promise_grace_days)
    return start_of_day(account.place, last + timedelta(days=1))


def agreed_wait(unit: Unit, moment: Moment, policy: Policy, now: datetime) -> tuple[Reason, datetime] | None:
    """Why a unit waits by an agreement, and until when: for a promise, or for an instalment of a plan on its day."""
    account = moment.account
    ends = [one for one in moment.promises if one.state is PromiseState.PENDING and one.covers(unit)]
    if ends:
        last = max(ends, key=lambda one: one.until)
        until = local_date(account.place, last.until) - timedelta(days=1)
        return Reason(Code.UNIT_PROMISED, {"unit": unit.id, "until": until.isoformat()}), last.until
    if unit.agreed and start_of_day(account.place, unit.due_on) <= now < (end := plan_end(unit, account, policy)):
        until = local_date(account.place, end) - timedelta(days=1)
        return Reason(Code.UNIT_IN_PLAN, {"unit": unit.id, "until": until.isoformat()}), end
    return None


def why_restarted(moment: Moment, policy: Policy, now: datetime) -> Iterable[Reason]:
    """What was not kept, for each unit that is still owed, or why a promise of it does not count."""
    for unit in moment.account.units:
        broken = [one.promise for one in moment.promises if one.state is PromiseState.BROKEN and one.covers(unit)]
        if broken:
            facts = {"unit": unit.id, "promised_on": broken[-1].promised_on.isoformat()}
            yield Reason(Code.PROMISE_BROKEN, facts)
        elif lapsed := [one.promise for one in moment.promises if one.has_lapsed_for(unit)]:
            facts = {"unit": unit.id, "promised_on": lapsed[-1].promised_on.isoformat()}
            yield Reason(Code.PROMISE_LAPSED, facts)
        if is_plan_broken(unit, moment.account, policy, now):
            yield Reason(Code.PLAN_BROKEN, {"unit": unit.id, "due_on": unit.due_on.isoformat()})


def _in_cycle(
    unit: Unit, account: Account, policy: Policy, promises: Sequence[PromiseStanding], now: datetime
) -> Unit:
    """The unit in its cycle. One that was had in a later cycle stays there, whatever a late fact says of a promise.

    What is not kept after its last reminder starts the next cycle all the same; what was not kept before, and is told
    later, starts none of its own: the unit was reminded since.
    What happened before the unit was late starts nothing again: its ladder has not really begun.
    """
    had = _had(unit, account)
    found = (*_went_back(unit, account, had), *_not_kept(unit, account, policy, promises, now))
    restarts = [one for one in found if one.on > unit.due_on]
    last = max((number for number, _ in had), default=0)
    if had:
        of_last = [at for number, at in had if number == last]
        said_at, said_on = max(of_last), local_date(account.place, max(of_last))
        if not last:
            restarts = [one for one in restarts if one.on > said_on or one.since > said_at]
    dates = [one.on for one in restarts]
    cycle = len(dates)
    if last:
        cycle = min(cycle, last + sum(on > said_on for on in dates))
        cycle = max(cycle, last + sum(one.since > said_at for one in restarts))
        if last > len(dates):
            dates.append(local_date(account.place, min(of_last)))
    restarted_on = max(dates, default=unit.due_on)
    return replace(unit, cycle=cycle, restarted_on=restarted_on if restarted_on > unit.due_on else None)


_REACHED_NOBODY = frozenset({"open", "failed"})


def _had(unit: Unit, account: Account) -> list[tuple[int, datetime]]:
    """When the unit was reminded, with the cycle that it was in then.

    What is open yet, or has failed, has reached nobody: it has begun its cycle, if that is a later one, and is none
    in the first.
    """
    return [
        (member.cycle, past.at)
        for past in account.history
        if past.state != "withdrawn"
        for member in past.members
        if member.unit_id == unit.id and (member.cycle or past.state not in _REACHED_NOBODY)
    ]


def _went_back(unit: Unit, account: Account, had: Sequence[tuple[int, datetime]]) -> Iterable[_Restart]:
    """The payments that went back, once each: when they did, or when we learned of it.

    That is so if the last reminder before had asked for too little. But where that has just begun a cycle it is
    counted in: two returns are one call.
    """
    began = {number: min(at for cycle, at in had if cycle == number) for number, _ in had if number}
    found: dict[datetime, datetime] = {}
    for one in dict.fromkeys(one for state in unit.states for one in state.went_back):
        number, said = max((past for past in had if past[1] <= one.heard_at), key=itemgetter(1), default=_NEVER)
        is_missed = said is not None and said > one.hidden_from and began.get(number) != said
        if is_missed:
            known = found.get(one.at, one.at)
            found[one.at] = one.heard_at if known == one.at else min(known, one.heard_at)
        else:
            found.setdefault(one.at, one.at)
    for since in found.values():
        yield _Restart(local_date(account.place, since), since)


_NEVER = (0, None)


def _not_kept(
    unit: Unit, account: Account, policy: Policy, promises: Sequence[PromiseStanding], now: datetime
) -> Iterable[_Restart]:
    """The promises, and the plan, that were not kept."""
    place = account.place
    for one in promises:
        if one.state is PromiseState.BROKEN and one.covers(unit):
            yield _Restart(local_date(place, one.until), one.promise.made_at)
    if is_plan_broken(unit, account, policy, now):
        end = plan_end(unit, account, policy)
        yield _Restart(local_date(place, end), start_of_day(place, unit.due_on))
