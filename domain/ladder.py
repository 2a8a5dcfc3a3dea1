"""Where a unit stands on the ladder, which step is due, and when the next one comes. Used by `plan` alone.

A unit's due step is the latest step not yet had whose moment has come and whose level is at most one
above the highest it has had. Missed steps collapse into that one, and nobody's first message is a formal notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple, assert_never

from domain.account import Account, Unit
from domain.business_days import add_business_days
from domain.facts import PastReminder
from domain.hours import local_date, start_of_day
from domain.levels import Channel, Level
from domain.policy import Offset, OffsetKind, Policy, Segment, Step

_PLAIN = Segment()


class Rung(NamedTuple):
    """A step that a unit may take next, from `moment` on and before `lapses_at` (None: it never lapses).

    `is_before_due` says on which side of the unit's due date it stands, `asks` that a person decides. A tuple,
    because each plan makes a dozen of them.
    """

    step: Step
    moment: datetime
    lapses_at: datetime | None
    is_before_due: bool
    asks: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a unit is: the index of the last step it has had (-1: none), the highest level, the last date."""

    index: int
    level: Level
    last_on: date | None


def segment_of(account: Account, policy: Policy) -> Segment:
    """What the customer's segment changes; nothing for a segment that the policy does not name."""
    return policy.segments.get(account.customer.segment or "", _PLAIN)


def ladder_of(account: Account, policy: Policy) -> tuple[Step, ...]:
    """The customer's steps in order: the segment's own or the policy's, less those that the segment skips."""
    return steps_of(policy, segment_of(account, policy))


def steps_of(policy: Policy, segment: Segment) -> tuple[Step, ...]:
    """The steps that a segment makes of the policy's, in order."""
    steps = policy.steps if segment.steps is None else segment.steps
    return tuple(_shifted(step, segment.offset_days) for step in steps if step.id not in segment.skip)


def _shifted(step: Step, days: int) -> Step:
    """The step `days` later; one that counts from the previous step follows that one anyway."""
    if not days or step.when.kind is OffsetKind.PREVIOUS:
        return step
    return replace(step, when=replace(step.when, days=step.when.days + days))


def tone_cap(account: Account, policy: Policy) -> Level | None:
    """The lower of the policy's and the segment's cap; None if there is neither."""
    caps = [cap for cap in (policy.tone_cap, segment_of(account, policy).tone_cap) if cap is not None]
    return min(caps, default=None)


def progress_of(unit: Unit, account: Account, policy: Policy, ladder: tuple[Step, ...]) -> Progress:
    """How far the unit is in its present cycle."""
    index = _restart_index(unit, policy, ladder)
    level = max((step.level for step in ladder[: index + 1]), default=Level.UPCOMING)
    last_on: date | None = None
    for past, step_id in _had(unit, account.history):
        index = max(index, next((at for at, step in enumerate(ladder) if step.id == step_id), -1))
        level = max(level, past.level)
        last_on = local_date(account.place, past.at)
    return Progress(index, level, last_on)


def due_rung(rungs: Sequence[Rung], at: datetime) -> Rung | None:
    """The latest step whose moment has come at `at`; but a ladder waits where a person has to be asked."""
    due = [rung for rung in rungs if rung.moment <= at and not has_lapsed(rung, at)]
    return next((rung for rung in due if rung.asks), due[-1] if due else None)


def next_rung(rungs: Sequence[Rung], at: datetime) -> Rung | None:
    """The first step whose moment is still to come after `at`."""
    return next((rung for rung in rungs if rung.moment > at and not has_lapsed(rung, at)), None)


def has_lapsed(rung: Rung, at: datetime) -> bool:
    """Whether it is too late for the step."""
    return rung.lapses_at is not None and rung.lapses_at <= at


def rungs_of(
    unit: Unit, account: Account, policy: Policy, ladder: tuple[Step, ...], progress: Progress
) -> tuple[Rung, ...]:
    """The steps that may come next, in order: those ahead that are at most one level up and have a date."""
    place, cap = account.place, tone_cap(account, policy)
    highest = progress.level + 1
    due_at = start_of_day(place, unit.due_on)
    return tuple(
        Rung(
            step=step,
            moment=start_of_day(place, day),
            lapses_at=due_at if step.level is Level.UPCOMING else None,
            is_before_due=day < unit.due_on,
            asks=step.approval or (cap is not None and step.level >= Level.FORMAL and step.level > cap),
        )
        for step, day in _dated(unit, account, policy, ladder, progress)
        if step.level <= highest
    )


def _dated(
    unit: Unit, account: Account, policy: Policy, ladder: tuple[Step, ...], progress: Progress
) -> Iterator[tuple[Step, date]]:
    """The steps ahead with their dates.

    A step before the due date that precedes the invoice's arrival has lapsed. What counts from the previous
    step has no date until that was had; but where that has lapsed, it counts from the date it would have had,
    and an `upcoming` one may still be had until the due date.
    """
    lapsed_before = min(local_date(account.place, unit.known_at), unit.due_on)
    base, earliest, is_over = unit.due_on, date.min, True
    for index, step in enumerate(ladder):
        counts_on = step.when.kind is OffsetKind.PREVIOUS
        day = _day_of(step.when, unit, account, policy, base)
        if counts_on:
            day = max(day, earliest)
        if index <= progress.index:
            base = progress.last_on if index == progress.index and progress.last_on is not None else day
            continue
        lapsed = day < lapsed_before
        if not lapsed and (is_over or not counts_on):
            yield step, day
        may_lapse = step.level is Level.UPCOMING and not lapsed
        base, earliest, is_over = day, unit.due_on if may_lapse else date.min, lapsed or may_lapse


def _day_of(when: Offset, unit: Unit, account: Account, policy: Policy, previous: date) -> date:
    """The local date of a step, given the previous one's."""
    match when.kind:
        case OffsetKind.DUE:
            return unit.due_on + timedelta(days=when.days)
        case OffsetKind.DUE_BUSINESS:
            return add_business_days(policy, account.place, unit.due_on, when.days)
        case OffsetKind.PREVIOUS:
            return previous + timedelta(days=when.days)
        case other:
            assert_never(other)


def _restart_index(unit: Unit, policy: Policy, ladder: tuple[Step, ...]) -> int:
    """In a new cycle the ladder starts again at the policy's step: the earlier ones count as had."""
    if unit.cycle == 0 or policy.after_broken_promise is None:
        return -1
    return next((at - 1 for at, step in enumerate(ladder) if step.id == policy.after_broken_promise), -1)


def _had(unit: Unit, history: tuple[PastReminder, ...]) -> Iterator[tuple[PastReminder, str]]:
    for past in history:
        if past.state != "withdrawn":
            for member in past.members:
                if member.unit_id == unit.id and member.cycle == unit.cycle:
                    yield past, member.step


def is_internal(step: Step) -> bool:
    """Whether the step is a hand-off inside the seller's house, which is no contact with the customer."""
    return step.channels == (Channel.TASK,)
