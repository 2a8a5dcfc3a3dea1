"""From the `hours` of a policy document to windows for each weekday and channel. Called by `read_policy`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from itertools import pairwise

from domain.fields import shown
from domain.hours import END_OF_DAY
from domain.levels import Channel
from domain.policy import OpenHours
from domain.policy_parts import Part, unknown

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)", re.ASCII)
_CHANNELS = [channel.value for channel in Channel]
_WEEK = len(DAYS)
_Windows = tuple[tuple[time, time], ...]

OFFICE_HOURS: OpenHours = (((time(9), time(12)), (time(14), time(18))),) * 5 + ((), ())
"""What a policy without hours gets: weekdays, without the lunch break."""


def read_hours(part: Part) -> Mapping[Channel | None, OpenHours]:
    """The windows of each channel that has its own, and those of all the others under None."""
    hours: dict[Channel | None, OpenHours] = {None: OFFICE_HOURS}
    for name in part.names():
        if name == "default":
            hours[None] = _week(part.part(name))
        elif name in _CHANNELS:
            hours[Channel(name)] = _week(part.part(name))
        else:
            part.fault(unknown("channel", name, ["default", *_CHANNELS]), name)
    part.close()
    return hours


def _week(part: Part) -> OpenHours:
    week: list[_Windows | None] = [None] * _WEEK
    for key in part.names():
        windows = _windows(part, key)
        for day in _days_of(part, key):
            if week[day] is not None:
                part.fault(f"{DAYS[day]} has its hours in another entry already", key)
            week[day] = windows
    part.close()
    return tuple(windows or () for windows in week)


def _days_of(part: Part, key: str) -> list[int]:
    """The weekdays (Monday is 0) that `mon-fri`, `sat`, `mon,wed` or `fri-mon` names."""
    days: list[int] = []
    for piece in key.split(","):
        first, dash, last = (end.strip() for end in piece.partition("-"))
        last = last if dash else first
        if first not in DAYS or last not in DAYS:
            part.fault(f"{key!r} names no weekdays; write mon-fri, sat or mon,wed with {', '.join(DAYS)}", key)
            return []
        begin, end = DAYS.index(first), DAYS.index(last)
        days += [(begin + ahead) % _WEEK for ahead in range((end - begin) % _WEEK + 1)]
    return days


def _windows(part: Part, key: str) -> _Windows:
    """The windows of a day in their order, which do not overlap. None at all: that day is closed."""
    windows = tuple(sorted(part.each(key, _window)))
    for (_, closes), (opens, _) in pairwise(windows):
        if opens < closes:
            part.fault(f"windows overlap: one opens at {opens:%H:%M} before another has closed", key)
    return windows


def _window(value: object) -> tuple[time, time]:
    found = _WINDOW.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'{shown(value)} is not a window; write it in quotes and four digits, as in "09:00-12:00"')
    opens, closes = _time(found[1], found[2]), _time(found[3], found[4])
    if opens >= closes:
        raise ValueError(f"{shown(value)} ends before it begins; a window stays within its day and may end at 24:00")
    return opens, closes


def _time(hour: str, minute: str) -> time:
    if (hour, minute) == ("24", "00"):
        return END_OF_DAY
    try:
        return time(int(hour), int(minute))
    except ValueError:
        raise ValueError(f"{hour}:{minute} is not a time of day") from None
