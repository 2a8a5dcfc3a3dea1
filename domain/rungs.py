"""The steps that a unit may take next, which of them is due, and when the next one comes. Used by planning.

A unit's due step is the latest step not yet had whose moment has come and whose level is at most one
above the highest it has had. Missed steps collapse into that one, and nobody's first message is a formal notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, assert_never

from domain.account import Account, Unit
from domain.business_days import add_business_days
from domain.closings import call_to_repeat, decision, refused_until
from domain.customer import Place
from domain.hours import local_date, start_of_day
from domain.ids import ReminderId, StepId
from domain.ladder import Ladder, Progress
from domain.levels import Level
from domain.policy import Offset, OffsetKind, Policy, Step
from domain.task_outcomes import TaskOutcome

WayName = tuple[StepId, ReminderId | None, bool]
"""The step, the reminder whose call is made again, and whether the customer asked for that."""


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

    @property
    def way(self) -> WayName:
        """What decides how it could go out: rungs with the same one share their channels and their budget."""
        return self.step.id, self.repeats, self.is_asked_for


class Decided(NamedTuple):
    """What people have decided of the steps of a unit's present cycle, and until when it was refused to pay."""

    approved: frozenset[StepId] = frozenset()
    declined: frozenset[StepId] = frozenset()
    refused_until: date | None = None


_NOTHING = Decided()


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
