"""From a policy document (plain lists, dicts and scalars) to a Policy, or to every fault in it with its path.

Called by `config.policy_files`, which knows the lines. It checks that the words make sense; whether the policy
is wise is the business of `policy check`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from domain.fields import a_day, a_flag, shown
from domain.ids import StepId
from domain.policy import Limits, Policy, Segment, Step
from domain.policy_parts import Fault, Part, PolicyError, a_word_of, unknown
from domain.rates import STATUTORY
from domain.read_hours import read_hours
from domain.read_ladder import MOST_DAYS, a_level, a_name, read_channels, read_ladder
from domain.read_penalty import a_penalty_rate

__all__ = ["Fault", "PolicyError", "read_policy"]

REQUIREMENTS = ("issued_on", "purchase_order", "document_url", "payment_url", "iban")
"""Fields of the invoice that a policy may require before the first reminder."""

_MOST_TIMES = 1000
_DAYS = re.compile(r"(-?\d{1,5})\s+days?", re.ASCII)
_DEFAULT = Limits()


def read_policy(document: object) -> Policy:
    """The policy that a document states; PolicyError with all that is wrong with it.

    Numbers are ints, all else is text, true, false or null: dates and times are read here, from text.
    """
    faults: list[Fault] = []
    part = Part(document, (), faults)
    steps = read_ladder(part)
    policy = Policy(
        name=part.need("name", a_name, ""),
        steps=steps,
        hours=read_hours(part.part("hours")),
        holidays=part.take("holidays", a_flag, default=True),
        blackout=frozenset(part.each("blackout", a_day)),
        limits=_limits(part.part("limits")),
        freshness_days=part.take("freshness", _days, None),
        tone_cap=part.take("tone_cap", a_level, None),
        require=part.each("require", a_word_of(REQUIREMENTS, "requirement")),
        segments=_segments(part.part("segments"), steps),
        after_broken_promise=_step_of(part, "after_broken_promise", steps),
        promise_grace_days=part.take("promise_grace", _days, 2),
        penalty_rate=part.take("penalty_rate", a_penalty_rate, STATUTORY),
    )
    part.close()
    if faults:
        raise PolicyError(tuple(faults))
    return policy


def _limits(part: Part) -> Limits:
    limits = Limits(
        min_gap_days=part.take("min_gap", _days, _DEFAULT.min_gap_days),
        per_7_days=_cap(part, "per_7_days", _DEFAULT.per_7_days),
        per_30_days=_cap(part, "per_30_days", _DEFAULT.per_30_days),
        call_attempts=_cap(part, "call_attempts", _DEFAULT.call_attempts),
        group_within_days=part.take("group_within", _days, _DEFAULT.group_within_days),
    )
    part.close()
    return limits


def _cap(part: Part, name: str, default: int | None) -> int | None:
    """How often at most; null is no limit, an absent word the usual one."""
    return part.take(name, _times, None if part.has(name) else default)


def _segments(part: Part, steps: tuple[Step, ...]) -> Mapping[str, Segment]:
    segments = {}
    for name in part.names():
        try:
            a_name(name)
        except ValueError as wrong:
            part.fault(str(wrong), name)
        segments[name] = _segment(part.part(name), steps)
    return segments


def _segment(part: Part, steps: tuple[Step, ...]) -> Segment:
    own = read_ladder(part) if part.has("steps") else None
    segment = Segment(
        skip=frozenset(part.each("skip", lambda value: _step_among(value, own or steps))),
        tone_cap=part.take("tone_cap", a_level, None),
        channels=read_channels(part),
        offset_days=part.take("offset", _signed_days, 0),
        steps=own,
    )
    part.close()
    return segment


def _step_of(part: Part, name: str, steps: tuple[Step, ...]) -> StepId | None:
    return part.take(name, lambda value: _step_among(value, steps), None)


def _step_among(value: object, steps: tuple[Step, ...]) -> StepId:
    known = [step.id for step in steps]
    if value not in known:
        raise ValueError(unknown("step", str(value), known))
    return StepId(str(value))


def _times(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_TIMES:
        raise ValueError(f"{shown(value)} is not a number of times from 1 to {_MOST_TIMES}; null is no limit")
    return value


def _days(value: object) -> int:
    """A span of whole days: `3 days`, or just 3."""
    days = _signed_days(value)
    if days < 0:
        raise ValueError(f"{shown(value)} is less than no days")
    return days


def _signed_days(value: object) -> int:
    found = _DAYS.fullmatch(value) if isinstance(value, str) else None
    days = int(found[1]) if found else value
    if isinstance(days, bool) or not isinstance(days, int) or abs(days) > MOST_DAYS:
        raise ValueError(f"{shown(value)} is not a span of days; write it as in 3 days")
    return days
