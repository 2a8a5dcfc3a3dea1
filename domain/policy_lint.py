"""What is valid in a policy and yet cannot work as written. Called by `relance policy check` and `publish`.

    windows that never open       steps that can never be reached       levels out of order
    steps that the budget makes late       a new cycle that starts later than the policy says
    charges that no message may name

Pure, and sure of what it says: a fault is one for every due date. A step whose channels nobody has set up is none:
that is known only to the installation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from domain.charges import names_charges
from domain.ids import StepId
from domain.ladder import steps_of
from domain.levels import Channel, Level
from domain.policy import Policy, Segment, Step
from domain.policy_parts import Fault, Path
from domain.policy_timeline import Late, lapsing, late, out_of_reach
from domain.reasons import Code


class _Finding(NamedTuple):
    """What is wrong with a step, by which of its words. The problem names the step."""

    step: StepId
    word: str
    rule: str
    problem: str


def lint(policy: Policy) -> tuple[Fault, ...]:
    """All that cannot work, with the path of each; nothing for a policy that does what it says."""
    common = list(_findings(policy, policy.steps))
    faults = [*_closed(policy), *_in_steps(common, ("steps",), policy.steps)]
    known = {(found.step, found.rule) for found in common}
    for name, segment in policy.segments.items():
        path: Path = ("segments", name)
        found = _findings(policy, steps_of(policy, segment))
        if segment.steps is not None:
            faults += _in_steps(found, (*path, "steps"), segment.steps)
        else:
            new = (one for one in found if (one.step, one.rule) not in known)
            faults += [Fault(path, f"for these customers, {one.problem}") for one in new]
        faults += _lost_restart(policy, segment, path)
    return tuple(faults)


def _in_steps(findings: Iterable[_Finding], path: Path, steps: tuple[Step, ...]) -> list[Fault]:
    at = {step.id: index for index, step in enumerate(steps)}
    return [Fault((*path, at[found.step], found.word), found.problem) for found in findings]


def _findings(policy: Policy, ladder: tuple[Step, ...]) -> Iterator[_Finding]:
    yield from _descents(ladder)
    for step in out_of_reach(ladder):
        problem = f"{step.id!r} can never be reached: no step before it that can be had is {_below(step)}"
        yield _Finding(step.id, "level", "reach", problem)
    for step in lapsing(policy, ladder):
        problem = f"{step.id!r} can never be reached: upcoming steps lapse on the due date, and it comes no earlier"
        yield _Finding(step.id, "when", "lapse", problem)
    for step in ladder:
        if step.charges and not names_charges(step):
            problem = f"{step.id!r} never names charges: only formal and final steps do, by email or letter"
            yield _Finding(step.id, "charges", "charges", problem)
    for one in late(policy, ladder):
        days = "a day" if one.days == 1 else f"{one.days} days"
        yield _Finding(one.step.id, "when", "late", f"{one.step.id!r} comes {days} late: {_limit(one)}")


def _below(step: Step) -> str:
    return f"{Level(step.level - 1).word} or harder"


def _limit(one: Late) -> str:
    """The limit that a late step runs into."""
    facts = one.reason.facts
    if one.reason.code is Code.GAP:
        return f"limits.min_gap keeps contacts {facts['days']} days apart"
    return f"limits.per_{facts['days']}_days allows {facts['limit']}"


def _descents(ladder: tuple[Step, ...]) -> Iterator[_Finding]:
    """The steps that are lower than one before them."""
    hardest: Step | None = None
    for step in ladder:
        if hardest is not None and step.level < hardest.level:
            problem = f"{step.id!r} is {step.level.word} after {hardest.id!r}, which is {hardest.level.word}"
            yield _Finding(step.id, "level", "order", f"{problem}: a ladder only climbs")
        else:
            hardest = step


def _closed(policy: Policy) -> Iterator[Fault]:
    """The hours without any window over which a step of some ladder would go; a hand-off needs none."""
    own = (step for segment in policy.segments.values() for step in segment.steps or ())
    users: dict[Channel | None, dict[str, None]] = {}
    for step in (*policy.steps, *own):
        for channel in step.channels:
            if channel is not Channel.TASK:
                key: Channel | None = channel if channel in policy.hours else None
                users.setdefault(key, {})[f"{step.id!r} over {channel}"] = None
    for key, uses in users.items():
        if not any(policy.hours[key]):
            yield Fault(("hours", key or "default"), f"no window ever opens, and there is {', '.join(uses)}")


def _lost_restart(policy: Policy, segment: Segment, path: Path) -> list[Fault]:
    """Where a segment skips the step at which a new cycle starts, the cycle starts at its first step.

    That is harmless while a milder step stands before it. Without one, the cycle starts later than the policy says.
    """
    start, base = policy.after_broken_promise, segment.steps or policy.steps
    if start is None or start not in segment.skip:
        return []
    at = next((index for index, step in enumerate(base) if step.id == start), 0)
    if any(step.id not in segment.skip and step.level > Level.UPCOMING for step in base[:at]):
        return []
    problem = f"skips {start!r}, at which after_broken_promise starts, and each step before it"
    return [Fault((*path, "skip"), problem)]
