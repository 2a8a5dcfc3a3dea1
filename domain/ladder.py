"""The ladder that a policy makes for a segment, and how far a unit is on it; `rungs` says which step comes next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from domain.account import Account, Unit
from domain.hours import local_date
from domain.ids import UnitId
from domain.levels import Channel, Level
from domain.past import PastReminder
from domain.policy import OffsetKind, Policy, Segment, Step
from domain.units import was_cut_otherwise

_PLAIN = ""
"""Stands for every segment that the policy does not name."""


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
