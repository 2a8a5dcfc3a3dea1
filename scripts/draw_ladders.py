#!/usr/bin/env python3
"""Draws each shipped policy's ladder as an SVG for docs/policies.md. Run by `make pictures`, checked by a test.

A picture is made of the policy alone: the same policy, the same bytes. Time runs downwards and to scale; a step's
words stand beside its mark, or below it where the step before needs the room. Lengths are in whole pixels.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from config.policy_files import load_policy, policy_names
from domain.ladder import is_internal
from domain.levels import Level
from domain.policy import OffsetKind, OpenHours, Policy, Step
from domain.policy_timeline import days_after_due

PICTURES = Path(__file__).parents[1] / "docs/pictures"

WIDTH, AXIS, WORDS = 440, 62, 96  # a phone shows it at four fifths of its size
TOP, LINE, GAP = 92, 19, 16
A_DAY = range(6, 15)  # how long a day may be
MOST_DISPLACED = 26  # how far below its mark a step's words stand, unless days would have to be longer than that
INK, PALE, RULE, PAPER = "#1f2328", "#59636e", "#d1d9e0", "#ffffff"
COLOURS = {
    Level.UPCOMING: "#59636e",
    Level.COURTEOUS: "#0969da",
    Level.FIRM: "#8a5a00",
    Level.FORMAL: "#bc4c00",
    Level.FINAL: "#a40e26",
}
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Scale(NamedTuple):
    """The line of time: the day at its top, counted from the due date, and how many pixels a day has."""

    first: int
    a_day: int

    def y(self, day: int) -> int:
        """Where a day is."""
        return TOP + (day - self.first) * self.a_day


class Mark(NamedTuple):
    """A step on its days, counted from the due date, with what is told of it and where its words stand."""

    step: Step
    first: int
    last: int
    lines: tuple[str, ...]
    middle: int  # of the first line of words

    @property
    def bottom(self) -> int:
        """Below its words."""
        return self.middle + (len(self.lines) + 1) * LINE


def main() -> int:
    """Writes the pictures; with --check, names those that are out of date instead, and answers 1."""
    parser = argparse.ArgumentParser(description="Draw the shipped ladders for docs/policies.md.")
    parser.add_argument("folder", nargs="?", type=Path, default=PICTURES)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a picture is out of date")
    given = parser.parse_args()
    drawn = {given.folder / f"ladder-{name}.svg": drawing(load_policy(name).policy) for name in policy_names()}
    old = [file for file, svg in drawn.items() if not file.is_file() or file.read_bytes() != svg.encode()]
    for file in old:
        if given.check:
            sys.stderr.write(f"{file.name} does not show what its policy says: run `make pictures`\n")
        else:
            file.write_bytes(drawn[file].encode())
    return int(given.check and bool(old))


def drawing(policy: Policy) -> str:
    """The picture of a policy's ladder, as SVG."""
    marks, scale = placed(policy)
    foot = max(marks[-1].bottom, scale.y(marks[-1].last))
    notes = tuple(_notes(policy))
    height = foot + 24 + len(notes) * LINE
    body = (
        f'<rect x="1" y="1" width="{WIDTH - 2}" height="{height - 2}" rx="10" fill="{PAPER}" stroke="{RULE}"/>',
        _text(20, 34, policy.name, 'font-size="20" font-weight="700"'),
        _text(20, 56, "days from the due date; each step in its next open hours", f'font-size="13" fill="{PALE}"'),
        *_axis(marks, scale),
        *(piece for mark in marks for piece in _step(mark, scale)),
        f'<path d="M20 {foot}H{WIDTH - 20}" stroke="{RULE}"/>',
        *(_text(20, foot + 24 + at * LINE, note, 'font-size="13"') for at, note in enumerate(notes)),
    )
    return "\n".join((*_head(policy, marks, notes, height), *body, "</svg>", ""))


def placed(policy: Policy) -> tuple[tuple[Mark, ...], Scale]:
    """The marks with room for their words, on the shortest line of time that keeps words near their marks."""
    days = days_after_due(policy)
    for a_day in A_DAY:
        scale = Scale(min(0, days[0][0]), a_day)
        marks = tuple(_placed(policy, days, scale))
        if all(mark.middle - scale.y(mark.first) <= MOST_DISPLACED for mark in marks):
            break
    return marks, scale


def _placed(policy: Policy, days: Sequence[tuple[int, int]], scale: Scale) -> Iterator[Mark]:
    free = 0
    for step, (first, last) in zip(policy.steps, days, strict=True):
        mark = Mark(step, first, last, tuple(_lines(step)), max(scale.y(first), free))
        yield mark
        free = mark.bottom + GAP


def _lines(step: Step) -> Iterator[str]:
    """What is told of a step below its name."""
    yield "task: a hand-off inside the house" if is_internal(step) else " → ".join(step.channels)
    whom = f"to {step.to}" + (f", cc {', '.join(step.cc)}" if step.cc else "")
    match step.when.kind:
        case OffsetKind.PREVIOUS:
            whom += f" · previous + {step.when.days} days"
        case OffsetKind.DUE_BUSINESS:
            whom += " · counted in business days"
        case OffsetKind.DUE:
            pass
    if not is_internal(step):
        yield whom
    asks = ("waits for approval",) if step.approval else ()
    charges = ("names statutory charges",) if step.charges else ()
    if asks or charges:
        yield " · ".join((*asks, *charges))


def _notes(policy: Policy) -> Iterator[str]:
    """What is told of the whole policy at the foot."""
    for channel, hours in policy.hours.items():
        yield f"{channel or 'hours'}: {_hours(hours)}"
    if policy.holidays:
        yield "closed on public holidays"
    limits = policy.limits
    caps = ((limits.per_7_days, "in 7 days"), (limits.per_30_days, "in 30 days"))
    yield " · ".join((f"contacts: {limits.min_gap_days} days apart", *(f"{cap} {span}" for cap, span in caps if cap)))
    if limits.call_attempts:
        yield f"calls: {limits.call_attempts} in 30 days"
    if policy.after_broken_promise:
        yield f"after a broken promise: again from {policy.after_broken_promise}"


def _hours(hours: OpenHours) -> str:
    """`mon-fri 09:00–12:00, 14:00–18:00`."""
    told = []
    for windows, group in groupby(range(len(WEEK)), key=lambda day: hours[day]):
        days = list(group)
        name = WEEK[days[0]] if len(days) == 1 else f"{WEEK[days[0]]}-{WEEK[days[-1]]}"
        if windows:
            told.append(f"{name} {', '.join(f'{opens:%H:%M}–{closes:%H:%M}' for opens, closes in windows)}")
    return "; ".join(told) or "closed"


def _day(mark: Mark) -> str:
    """`day −5`, `day +1 to +3`."""
    first, last = (f"{day:+d}".replace("-", "−") for day in (mark.first, mark.last))
    return f"day {first}" if first == last else f"day {first} to {last}"


def _head(policy: Policy, marks: Sequence[Mark], notes: Sequence[str], height: int) -> Iterator[str]:
    """The opening, with the whole picture in words for who does not see it."""
    steps = (f"{_day(mark)}: {mark.step.id}, {mark.step.level.word}, {'; '.join(mark.lines)}." for mark in marks)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-labelledby="title desc" font-family="system-ui, sans-serif" fill="{INK}">'
    )
    yield f'<title id="title">The ladder of the policy {escape(policy.name)}</title>'
    yield f'<desc id="desc">{escape(" ".join(steps))} {escape("; ".join(notes))}.</desc>'


def _axis(marks: Sequence[Mark], scale: Scale) -> Iterator[str]:
    """The line of time, with a tick for each ten days, and the due date across it."""
    last, due = max(0, marks[-1].last), scale.y(0)
    yield f'<path d="M{AXIS} {TOP}V{scale.y(last)}" stroke="{PALE}" stroke-width="2"/>'
    for day in range(10, last + 1, 10):
        y = scale.y(day)
        yield f'<path d="M{AXIS - 6} {y}H{AXIS}" stroke="{PALE}" stroke-width="2"/>'
        yield _text(AXIS - 14, y + 4, f"+{day}", f'font-size="12" text-anchor="end" fill="{PALE}"')
    yield f'<path d="M{AXIS - 10} {due}H{AXIS + 10}" stroke="{INK}" stroke-width="3"/>'
    yield _text(AXIS - 14, due + 4, "due", 'font-size="13" font-weight="700" text-anchor="end"')


def _step(mark: Mark, scale: Scale) -> Iterator[str]:
    """A step's mark, the thread to its words, and these: its day and name, its level, and what is told of it."""
    colour, level, first = COLOURS[mark.step.level], mark.step.level.word, scale.y(mark.first)
    chip = 9 * len(level) + 16
    yield f'<path d="M{AXIS} {first}L{WORDS - 6} {mark.middle}" stroke="{colour}" stroke-width="1.5"/>'
    yield f'<circle cx="{AXIS}" cy="{first}" r="7" fill="{colour}"/>'
    if mark.last > mark.first:
        style = f'stroke="{colour}" stroke-width="14" stroke-linecap="round"'
        yield f'<path d="M{AXIS} {first}V{scale.y(mark.last)}" {style}/>'
    yield _text(WORDS, mark.middle + 5, f"{_day(mark)} · {mark.step.id}", 'font-size="15" font-weight="700"')
    yield f'<rect x="{WIDTH - 20 - chip}" y="{mark.middle - 11}" width="{chip}" height="22" rx="11" fill="{colour}"/>'
    style = f'font-size="13" font-weight="600" text-anchor="middle" fill="{PAPER}"'
    yield _text(WIDTH - 20 - chip // 2, mark.middle + 5, level, style)
    for at, line in enumerate(mark.lines, start=1):
        yield _text(WORDS, mark.middle + 6 + at * LINE, line, 'font-size="13.5"')


def _text(x: int, y: int, words: str, style: str) -> str:
    return f'<text x="{x}" y="{y}" {style}>{escape(words)}</text>'


if __name__ == "__main__":
    sys.exit(main())
