"""How a ladder runs its course if all goes well: which steps are never had, and which the budget makes late.

Used by `policy_lint`, and by the script that draws the shipped ladders. It walks one invoice through the ladder, once
for a due date on each weekday, without holidays; what it tells holds on every one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple, assert_never
from zoneinfo import ZoneInfo

from domain.budget import Budget, first_date_within
from domain.business_days import add_business_days
from domain.customer import Place
from domain.ladder import is_internal
from domain.levels import Level
from domain.policy import OffsetKind, Policy, Step
from domain.reasons import Reason

_DUE_DATES = tuple(date(2026, 6, 1) + timedelta(days=ahead) for ahead in range(7))
"""A Monday and the days after it: any week would do."""
_PLACE = Place(ZoneInfo("UTC"), "FR")


class Late(NamedTuple):
    """By how many days the budget postpones a step at least, and by which of its limits."""

    step: Step
    days: int
    reason: Reason


class _Stop(NamedTuple):
    """One step on the way: the date it asks for, the date it gets, and what made it wait."""

    step: Step
    wanted: date
    had: date
    reason: Reason | None


def out_of_reach(ladder: Sequence[Step]) -> tuple[Step, ...]:
    """The steps that no unit ever has: each is more than one level above all that can be had before it."""
    highest, found = Level.UPCOMING, []
    for step in ladder:
        if step.level > highest + 1:
            found.append(step)
        else:
            highest = max(highest, step.level)
    return tuple(found)


def lapsing(policy: Policy, ladder: Sequence[Step]) -> tuple[Step, ...]:
    """The `upcoming` steps that come on the due date or after it, when they have lapsed."""
    return tuple(
        stops[0].step
        for stops in _walks(policy, ladder)
        if all(_lapses(stop, due) for stop, due in zip(stops, _DUE_DATES, strict=True))
    )


def late(policy: Policy, ladder: Sequence[Step]) -> tuple[Late, ...]:
    """The steps that cannot come in time if all before them were had, hand-offs excepted."""
    found = []
    for stops in _walks(policy, ladder):
        least = min(stops, key=lambda stop: stop.had - stop.wanted)
        if least.reason is not None:
            found.append(Late(least.step, (least.had - least.wanted).days, least.reason))
    return tuple(found)


def days_after_due(policy: Policy) -> tuple[tuple[int, int], ...]:
    """On which day each step of the policy comes, counted from the due date: the earliest and the latest."""
    found = []
    for stops in _walks(policy, policy.steps):
        days = [(stop.had - due_on).days for stop, due_on in zip(stops, _DUE_DATES, strict=True)]
        found.append((min(days), max(days)))
    return tuple(found)


def _lapses(stop: _Stop, due_on: date) -> bool:
    return stop.step.level is Level.UPCOMING and stop.wanted >= due_on


def _walks(policy: Policy, ladder: Sequence[Step]) -> list[tuple[_Stop, ...]]:
    """For each step its stops, one for each due date."""
    plain = replace(policy, holidays=False, blackout=frozenset())
    return list(zip(*(_walk(plain, ladder, due_on) for due_on in _DUE_DATES), strict=True))


def _walk(policy: Policy, ladder: Sequence[Step], due_on: date) -> Iterator[_Stop]:
    unreached = {step.id for step in out_of_reach(ladder)}
    previous = due_on
    contacts: tuple[date, ...] = ()
    for step in ladder:
        wanted = _day_of(step, policy, due_on, previous)
        stop = _Stop(step, wanted, wanted, None)
        if step.id not in unreached and not _lapses(stop, due_on) and not is_internal(step):
            stop = _Stop(step, wanted, *first_date_within(Budget(policy.limits, contacts), wanted))
            contacts = (*contacts, stop.had)
        previous = stop.had
        yield stop


def _day_of(step: Step, policy: Policy, due_on: date, previous: date) -> date:
    match step.when.kind:
        case OffsetKind.DUE:
            return due_on + timedelta(days=step.when.days)
        case OffsetKind.DUE_BUSINESS:
            return add_business_days(policy, _PLACE, due_on, step.when.days)
        case OffsetKind.PREVIOUS:
            return previous + timedelta(days=step.when.days)
        case other:
            assert_never(other)
