"""From the `steps` of a policy document, or of a segment in it, to a ladder. Called by `read_policy`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import assert_never

from domain.fields import a_flag, line, shown
from domain.ids import StepId
from domain.levels import Channel, Level, Role
from domain.policy import Offset, OffsetKind, Step
from domain.policy_parts import Part, a_word_of, some

ATTACHMENTS = ("invoice", "statement")
ASKS = ("when", "questions", "reason", "problem", "person", "plan")
"""What a message may ask for: a date, open questions, why it is late, what is wrong, whom to ask, a payment plan."""

LANGUAGES = ("fr", "en")
"""Those that messages are written in, and so a reason."""

MOST_DAYS = 3650
_OFFSET = re.compile(r"(due|previous)(?:\s*([+-])\s*(\d{1,5})\s+(business\s+)?days?)?", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_a_channel = a_word_of([channel.value for channel in Channel], "channel")
_a_role = a_word_of([role.value for role in Role], "role")
_a_level = a_word_of([level.word for level in Level], "level")
_an_attachment = a_word_of(ATTACHMENTS, "attachment")
_an_ask = a_word_of(ASKS, "question")
_a_sentence = line(200)


def read_ladder(part: Part) -> tuple[Step, ...]:
    """The steps below `steps`, at least one, with ids of their own and in the order of their moments."""
    part.need("steps", some, None)
    steps = tuple(_step(step) for step in part.parts("steps"))
    _check_ids(part, steps)
    _check_order(part, steps)
    return steps


def a_name(value: object) -> str:
    """A name that file names, labels and addresses can hold."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError(f"{shown(value)} is not a name; write letters, digits and dashes, as in first-reminder")
    return value


def a_level(value: object) -> Level:
    """A level by its word."""
    return Level[_a_level(value).upper()]


def a_channel(value: object) -> Channel:
    """A channel by its word."""
    return Channel(_a_channel(value))


def _step(part: Part) -> Step:
    step = Step(
        id=StepId(part.need("id", a_name, "")),
        when=part.need("when", _an_offset, Offset(OffsetKind.DUE, 0)),
        level=part.need("level", a_level, Level.COURTEOUS),
        channels=read_channels(part),
        to=part.take("to", _role, Role.PAYER),
        cc=part.each("cc", _role),
        attach=part.each("attach", _an_attachment),
        ask=part.each("ask", _an_ask),
        approval=part.take("approval", a_flag, default=False),
        charges=part.take("charges", a_flag, default=False),
        reason=_reason(part),
    )
    part.need("channels", some, None)
    part.close()
    return step


def _reason(part: Part) -> str | tuple[tuple[str, str], ...] | None:
    """A sentence, or one for each language."""
    found = part.take("reason", lambda value: value if isinstance(value, dict) else _a_sentence(value), None)
    if not isinstance(found, dict):
        return found
    words = part.part("reason")
    if not any(found.values()):
        words.fault(f"is in no language; write a sentence, or one for each of {', '.join(LANGUAGES)}")
    said = [(language, words.take(language, _a_sentence, None)) for language in LANGUAGES]
    words.close()
    return tuple((language, sentence) for language, sentence in said if sentence)


def read_channels(part: Part) -> tuple[Channel, ...]:
    """The channels in the admin's order, each once."""
    channels = part.each("channels", a_channel)
    for channel in dict.fromkeys(one for one in channels if channels.count(one) > 1):
        part.fault(f"names {channel} twice", "channels")
    return channels


def _role(value: object) -> Role:
    return Role(_a_role(value))


def _an_offset(value: object) -> Offset:
    """A step's moment. `previous` counts from the step before, and only forward."""
    found = _OFFSET.fullmatch(value) if isinstance(value, str) else None
    if found is None or (found[1] == "previous" and (found[2] != "+" or found[4])):
        raise ValueError(
            f"{shown(value)} is not a moment; write due, due - 5 days, due + 3 business days or previous + 7 days"
        )
    days = int(found[3] or 0)
    if days > MOST_DAYS:
        raise ValueError(f"{shown(value)} is more than {MOST_DAYS} days away")
    kind = OffsetKind.PREVIOUS if found[1] == "previous" else OffsetKind.DUE_BUSINESS if found[4] else OffsetKind.DUE
    return Offset(kind, -days if found[2] == "-" else days)


def _check_ids(part: Part, steps: tuple[Step, ...]) -> None:
    first: dict[StepId, int] = {}
    for at, step in enumerate(steps):
        if step.id and first.setdefault(step.id, at) != at:
            part.fault(f"{step.id!r} is the id of steps[{first[step.id]}] already", "steps", at, "id")


def _check_order(part: Part, steps: tuple[Step, ...]) -> None:
    if steps and steps[0].when.kind is OffsetKind.PREVIOUS:
        part.fault("the first step has no previous one; count from due", "steps", 0, "when")
    earliest_so_far = None
    for at, (earliest, latest) in enumerate(_days_from_due(steps)):
        if earliest_so_far is not None and latest < earliest_so_far:
            problem = f"comes before steps[{at - 1}]; steps stand in the order of their moments"
            part.fault(problem, "steps", at, "when")
        earliest_so_far = earliest


def _days_from_due(steps: tuple[Step, ...]) -> Iterator[tuple[int, int]]:
    """Between which days from the due date each step falls; business days make them uncertain.

    Five business days are at least five days, and hardly ever more than two weeks and a half.
    """
    earliest = latest = 0
    for step in steps:
        days = step.when.days
        match step.when.kind:
            case OffsetKind.PREVIOUS:
                earliest, latest = earliest + days, latest + days
            case OffsetKind.DUE_BUSINESS:
                earliest, latest = sorted((days, 2 * days + (7 if days > 0 else -7 if days else 0)))
            case OffsetKind.DUE:
                earliest = latest = days
            case other:
                assert_never(other)
        yield earliest, latest
