"""Where a unit stands on the ladder, which step is due, and when the next one comes. Used by `plan` alone.

A unit's due step is the latest step not yet had whose moment has come and whose level is at most one
above the highest it has had. Missed steps collapse into that one, and nobody's first message is a formal notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, assert_never

from domain.account import Account, Unit
from domain.business_days import add_business_days
from domain.closings import call_to_repeat, decision, refused_until
from domain.customer import Place
from domain.hours import local_date, start_of_day
from domain.ids import ReminderId, StepId, UnitId
from domain.levels import Channel, Level
from domain.past import PastReminder
from domain.policy import Offset, OffsetKind, Policy, Segment, Step
from domain.task_outcomes import TaskOutcome
from domain.units import was_cut_otherwise

_PLAIN = ""
"""Stands for every segment that the policy does not name."""


class Rung(NamedTuple):
    """A step that a unit may take next, from `moment` on and before `lapses_at` (None: it never lapses).

    `is_before_due` says on which side of the unit's due date it stands, `asks` that a person decides, `repeats`
    the reminder whose call is made again (`is_asked_for`: as the customer asked). A tuple, because each plan makes
    a dozen of them.
    """

    step: Step
    moment: datetime
    lapses_at: datetime | None
    is_before_due: bool
    asks: bool
    repeats: ReminderId | None = None
    is_asked_for: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Ladder:
    """What a policy makes of its steps for the customers of one segment; one value for each.

    `cap` is the lower of the policy's and the segment's (None: there is neither), `restart` the index of the step at
    which a new cycle starts.
    """

    policy: Policy
    segment: Segment
    steps: tuple[Step, ...]
    cap: Level | None
    restart: int


class Progress(NamedTuple):
    """How far a unit is: the index of the last step it has had (-1: none), the highest level, the last date.

    `restart` is the index of the step at which its present cycle began, None in a ladder from its beginning.
    """

    last: int
    level: Level
    last_on: date | None
    restart: int | None = None


_AT_FIRST = Progress(-1, Level.UPCOMING, None)


class Decided(NamedTuple):
    """What people have decided of the steps of a unit's present cycle, and until when it was refused to pay."""

    approved: frozenset[StepId] = frozenset()
    declined: frozenset[StepId] = frozenset()
    refused_until: date | None = None


_NOTHING = Decided()


def ladder_of(account: Account, policy: Policy) -> Ladder:
    """The customer's ladder: the segment's own steps or the policy's, less those that the segment skips."""
    name = account.segment.name
    return _ladder(policy, name if name in policy.segments else _PLAIN)


@lru_cache(maxsize=256)
def _ladder(policy: Policy, name: str) -> Ladder:
    segment = policy.segments.get(name, Segment())
    steps = steps_of(policy, segment)
    caps = [cap for cap in (policy.tone_cap, segment.tone_cap) if cap is not None]
    return Ladder(policy, segment, steps, min(caps, default=None), _restart_index(policy, steps))


def steps_of(policy: Policy, segment: Segment) -> tuple[Step, ...]:
    """The steps that a segment makes of the policy's, in order."""
    steps = policy.steps if segment.steps is None else segment.steps
    return tuple(_shifted(step, segment.offset_days) for step in steps if step.id not in segment.skip)


def _shifted(step: Step, days: int) -> Step:
    """The step `days` later; one that counts from the previous step follows that one anyway."""
    if not days or step.when.kind is OffsetKind.PREVIOUS:
        return step
    return replace(step, when=replace(step.when, days=step.when.days + days))


def progress_of(unit: Unit, account: Account, ladder: Ladder) -> Progress:
    """How far the unit is in its present cycle."""
    if unit.restarted_on is None and not account.history:
        return _AT_FIRST
    restart = None if unit.restarted_on is None else ladder.restart
    last = -1 if restart is None else restart - 1
    level = max((step.level for step in ladder.steps[: last + 1]), default=Level.UPCOMING)
    last_on: date | None = None
    for past, step_id in _had(unit, account):
        last = max(last, _index_of(step_id, ladder))
        level = max(level, past.level)
        last_on = local_date(account.place, past.at)
    return Progress(last, level, last_on, restart)


def _index_of(step_id: str, ladder: Ladder) -> int:
    """Where a step that was had stands. If the segment skips it by now, those before it were had all the same."""
    index = next((at for at, step in enumerate(ladder.steps) if step.id == step_id), None)
    if index is not None:
        return index
    names: list[str] = [step.id for step in ladder.policy.steps]
    before = set(names[: names.index(step_id)]) if step_id in names else set()
    return max((at for at, step in enumerate(ladder.steps) if step.id in before), default=-1)


def due_rung(rungs: Sequence[Rung], at: datetime) -> Rung | None:
    """The latest step whose moment has come at `at`; but a ladder waits where a person has to be asked."""
    due = None
    for rung in rungs:
        if rung.moment <= at and not has_lapsed(rung, at):
            if rung.asks:
                return rung
            due = rung
    return due


def next_rung(rungs: Sequence[Rung], at: datetime) -> Rung | None:
    """The first step whose moment is still to come after `at`."""
    for rung in rungs:
        if rung.moment > at and not has_lapsed(rung, at):
            return rung
    return None


def has_lapsed(rung: Rung, at: datetime) -> bool:
    """Whether it is too late for the step."""
    return rung.lapses_at is not None and rung.lapses_at <= at


def rungs_of(unit: Unit, account: Account, ladder: Ladder, progress: Progress) -> tuple[Rung, ...]:
    """The steps that may come next, in order: those ahead that are at most one level up and have a date."""
    place, due_on = account.place, unit.due_on
    known_on = min(local_date(place, unit.known_at), due_on)
    if not account.closed_tasks:
        return _rungs(ladder, place, due_on, known_on, unit.restarted_on, progress, _NOTHING)
    last = ladder.steps[progress.last] if progress.last >= 0 else None
    decided = _decided(unit, account, ladder, last)
    ahead = _rungs(ladder, place, due_on, known_on, unit.restarted_on, progress, decided)
    return ahead if last is None else (*_repeated(unit, account, last), *ahead)


@lru_cache(maxsize=4096)
def _rungs(
    ladder: Ladder,
    place: Place,
    due_on: date,
    known_on: date,
    restarted_on: date | None,
    progress: Progress,
    decided: Decided,
) -> tuple[Rung, ...]:
    """The steps ahead of every unit that is due on one date, known since one date, and as far. Many are."""
    highest, due_at = progress.level + 1, start_of_day(place, due_on)
    return tuple(
        Rung(
            step=step,
            moment=start_of_day(place, day),
            lapses_at=due_at if step.level is Level.UPCOMING else None,
            is_before_due=day < due_on,
            asks=_asks(step, ladder) and step.id not in decided.approved,
        )
        for step, day in _dated(ladder, place, due_on, known_on, restarted_on, progress, decided)
        if step.level <= highest
    )


def _decided(unit: Unit, account: Account, ladder: Ladder, last: Step | None) -> Decided:
    """What was decided of each step, and the date that came with a refusal after the `last` one."""
    found = {step.id: decision(unit, step.id, account) for step in ladder.steps}
    return Decided(
        frozenset(name for name, outcome in found.items() if outcome is TaskOutcome.APPROVED),
        frozenset(name for name, outcome in found.items() if outcome is TaskOutcome.DECLINED),
        None if last is None else refused_until(unit, last.id, account),
    )


def _repeated(unit: Unit, account: Account, step: Step) -> Iterator[Rung]:
    """The call that the unit had last, once more, if nobody was reached. The next step does not wait."""
    repeated = call_to_repeat(unit, step.id, account)
    if repeated is not None:
        past, said = repeated
        yield Rung(
            step=step,
            moment=start_of_day(account.place, said.next_on),
            lapses_at=start_of_day(account.place, unit.due_on) if step.level is Level.UPCOMING else None,
            is_before_due=said.next_on < unit.due_on,
            asks=False,
            repeats=past.id,
            is_asked_for=said.outcome == TaskOutcome.CALL_BACK,
        )


def _asks(step: Step, ladder: Ladder) -> bool:
    """Whether a person has to decide about the step."""
    cap = ladder.cap
    is_capped = cap is not None and step.level >= Level.FORMAL and step.level > cap
    return (step.approval or is_capped) and not ladder.policy.approvals_given


def _dated(
    ladder: Ladder,
    place: Place,
    first_due_on: date,
    known_on: date,
    restarted_on: date | None,
    progress: Progress,
    decided: Decided,
) -> Iterator[tuple[Step, date]]:
    """The steps ahead with their dates, without those that a person declined.

    A step before the due date that precedes the invoice's arrival has lapsed. What counts from the previous
    step has no date until that was had; but where that has lapsed, it counts from the date it would have had,
    and an `upcoming` one may still be had until the due date.
    """
    due_on = _counted_from(ladder, place, first_due_on, restarted_on)
    base, earliest, is_over = due_on, date.min, True
    for index, step in enumerate(ladder.steps):
        counts_on = step.when.kind is OffsetKind.PREVIOUS
        day = _day_of(step.when, due_on, ladder.policy, place, base)
        if counts_on:
            day = max(day, earliest)
        if restarted_on is not None and (index == progress.restart or day < restarted_on):
            day = restarted_on
        if index <= progress.last:
            base = progress.last_on if index == progress.last and progress.last_on is not None else day
            continue
        if index == progress.last + 1:
            day = min(day, decided.refused_until or day)
        lapsed = day < known_on or step.id in decided.declined
        if not lapsed and (is_over or not counts_on):
            yield step, day
        may_lapse = step.level is Level.UPCOMING and not lapsed
        base, earliest, is_over = day, first_due_on if may_lapse else date.min, lapsed or may_lapse


def _counted_from(ladder: Ladder, place: Place, due_on: date, restarted_on: date | None) -> date:
    """The date that steps are counted from: the due date, or what puts a new cycle's first step on its day."""
    if restarted_on is None:
        return due_on
    day = due_on
    for step in ladder.steps[: ladder.restart + 1]:
        day = _day_of(step.when, due_on, ladder.policy, place, day)
    return due_on + (restarted_on - day)


def _day_of(when: Offset, due_on: date, policy: Policy, place: Place, previous: date) -> date:
    """The local date of a step, given the date that it counts from and the previous step's."""
    match when.kind:
        case OffsetKind.DUE:
            return due_on + timedelta(days=when.days)
        case OffsetKind.DUE_BUSINESS:
            return add_business_days(policy, place, due_on, when.days)
        case OffsetKind.PREVIOUS:
            return previous + timedelta(days=when.days)
        case other:
            assert_never(other)


def _restart_index(policy: Policy, steps: Sequence[Step]) -> int:
    """At which step a new cycle starts: the policy's, or the first that is not `upcoming` if it has none."""
    named = (at for at, step in enumerate(steps) if step.id == policy.after_broken_promise)
    first = (at for at, step in enumerate(steps) if step.level is not Level.UPCOMING)
    return next(named, next(first, len(steps)))


def _had(unit: Unit, account: Account) -> Iterator[tuple[PastReminder, str]]:
    """The steps that the unit has had, each with its reminder."""
    for past in account.history:
        if past.state != "withdrawn":
            for member in past.members:
                if member.cycle == unit.cycle and _is_about(member.unit_id, unit, past, account):
                    yield past, member.step


def _is_about(name: UnitId, unit: Unit, past: PastReminder, account: Account) -> bool:
    """Whether a member of a past reminder is the unit, or was it before its invoice was cut into other instalments.

    What was asked for then is what was due by then: a later instalment has its ladder before it.
    """
    if name == unit.id:
        return True
    if unit.agreed or ("#" not in name and "#" not in unit.id):
        return False
    is_recut = was_cut_otherwise(name, unit.states[0].invoice)
    return is_recut and unit.due_on <= local_date(account.place, past.at)


def is_internal(step: Step) -> bool:
    """Whether the step is a hand-off inside the seller's house, which is no contact with the customer."""
    return step.channels == (Channel.TASK,)
