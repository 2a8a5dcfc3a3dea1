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
from domain.closings import call_to_repeat, decision, refused_until
from domain.hours import local_date, start_of_day
from domain.ids import ReminderId, UnitId
from domain.levels import Channel, Level
from domain.past import PastReminder
from domain.policy import Offset, OffsetKind, Policy, Segment, Step
from domain.task_outcomes import TaskOutcome
from domain.units import was_cut_otherwise

_PLAIN = Segment()


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


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a unit is: the index of the last step it has had (-1: none), the highest level, the last date.

    `restart` is the index of the step at which its present cycle began, None in a ladder from its beginning.
    """

    index: int
    level: Level
    last_on: date | None
    restart: int | None = None


def segment_of(account: Account, policy: Policy) -> Segment:
    """What the customer's segment changes; nothing for a segment that the policy does not name."""
    return policy.segments.get(account.segment.name, _PLAIN)


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
    restart = None if unit.restarted_on is None else restart_index(policy, ladder)
    index = -1 if restart is None else restart - 1
    level = max((step.level for step in ladder[: index + 1]), default=Level.UPCOMING)
    last_on: date | None = None
    for past, step_id in _had(unit, account):
        index = max(index, _index_of(step_id, ladder, policy))
        level = max(level, past.level)
        last_on = local_date(account.place, past.at)
    return Progress(index, level, last_on, restart)


def _index_of(step_id: str, ladder: tuple[Step, ...], policy: Policy) -> int:
    """Where a step that was had stands. If the segment skips it by now, those before it were had all the same."""
    index = next((at for at, step in enumerate(ladder) if step.id == step_id), None)
    if index is not None:
        return index
    names: list[str] = [step.id for step in policy.steps]
    before = set(names[: names.index(step_id)]) if step_id in names else set()
    return max((at for at, step in enumerate(ladder) if step.id in before), default=-1)


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
    highest, due_on = progress.level + 1, unit.due_on
    due_at = start_of_day(place, due_on)
    found = []
    for step, day in _dated(unit, account, policy, ladder, progress):
        if step.level <= highest:
            lapses_at = due_at if step.level is Level.UPCOMING else None
            asks = (step.approval or cap is not None) and _asks(unit, step, account, policy, cap)
            found.append(Rung(step, start_of_day(place, day), lapses_at, day < due_on, asks))
    if account.closed_tasks and 0 <= progress.index < len(ladder):
        found[:0] = _repeated(unit, account, ladder[progress.index])
    return tuple(found)


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


def _asks(unit: Unit, step: Step, account: Account, policy: Policy, cap: Level | None) -> bool:
    """Whether a person has to decide about the step, and has not said yes."""
    is_capped = cap is not None and step.level >= Level.FORMAL and step.level > cap
    if not (step.approval or is_capped) or policy.approvals_given:
        return False
    return not account.closed_tasks or decision(unit, step.id, account) is not TaskOutcome.APPROVED


def _is_declined(unit: Unit, step: Step, account: Account) -> bool:
    return decision(unit, step.id, account) is TaskOutcome.DECLINED


def _dated(
    unit: Unit, account: Account, policy: Policy, ladder: tuple[Step, ...], progress: Progress
) -> Iterator[tuple[Step, date]]:
    """The steps ahead with their dates, without those that a person declined.

    A step before the due date that precedes the invoice's arrival has lapsed. What counts from the previous
    step has no date until that was had; but where that has lapsed, it counts from the date it would have had,
    and an `upcoming` one may still be had until the due date.
    """
    lapsed_before = min(local_date(account.place, unit.known_at), unit.due_on)
    restarted_on, closed = unit.restarted_on, account.closed_tasks
    due_on = _counted_from(unit, account, policy, ladder, progress)
    base, earliest, is_over = due_on, date.min, True
    for index, step in enumerate(ladder):
        counts_on = step.when.kind is OffsetKind.PREVIOUS
        day = _day_of(step.when, due_on, account, policy, base)
        if counts_on:
            day = max(day, earliest)
        if restarted_on is not None and (index == progress.restart or day < restarted_on):
            day = restarted_on
        if index <= progress.index:
            base = progress.last_on if index == progress.index and progress.last_on is not None else day
            continue
        if closed and 0 < index == progress.index + 1:
            day = min(day, refused_until(unit, ladder[index - 1].id, account) or day)
        lapsed = day < lapsed_before or (bool(closed) and _is_declined(unit, step, account))
        if not lapsed and (is_over or not counts_on):
            yield step, day
        may_lapse = step.level is Level.UPCOMING and not lapsed
        base, earliest, is_over = day, unit.due_on if may_lapse else date.min, lapsed or may_lapse


def _counted_from(unit: Unit, account: Account, policy: Policy, ladder: tuple[Step, ...], progress: Progress) -> date:
    """The date that steps are counted from: the due date, or what puts a new cycle's first step on its day."""
    if unit.restarted_on is None or progress.restart is None:
        return unit.due_on
    day = unit.due_on
    for step in ladder[: progress.restart + 1]:
        day = _day_of(step.when, unit.due_on, account, policy, day)
    return unit.due_on + (unit.restarted_on - day)


def _day_of(when: Offset, due_on: date, account: Account, policy: Policy, previous: date) -> date:
    """The local date of a step, given the date that it counts from and the previous step's."""
    match when.kind:
        case OffsetKind.DUE:
            return due_on + timedelta(days=when.days)
        case OffsetKind.DUE_BUSINESS:
            return add_business_days(policy, account.place, due_on, when.days)
        case OffsetKind.PREVIOUS:
            return previous + timedelta(days=when.days)
        case other:
            assert_never(other)


def restart_index(policy: Policy, ladder: tuple[Step, ...]) -> int:
    """At which step a new cycle starts: the policy's, or the first that is not `upcoming` if it has none."""
    named = (at for at, step in enumerate(ladder) if step.id == policy.after_broken_promise)
    first = (at for at, step in enumerate(ladder) if step.level is not Level.UPCOMING)
    return next(named, next(first, len(ladder)))


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
