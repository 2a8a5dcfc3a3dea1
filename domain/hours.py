"""When a customer may be contacted: half-open windows on the customer's own clock, without holidays.

Called by `plan`, which asks often: what depends on zone, hours and date alone is cached. Pure: instants in and out.

A window is open exactly while the clock on the customer's wall reads inside the policy's hours. So a window that
begins in a gap of daylight saving opens right after it, one that ends in a gap closes right before it, and hours
that are lived through twice are open twice:

    hours 02:30-05:00          wall   01:59 03:00        gap   opens at 03:00, the first instant that exists
    hours 01:00-02:30, fold    wall   02:29 … 02:59 02:00 … 02:30      open, closed, open, closed
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.business_days import is_closed
from domain.customer import Place
from domain.levels import Channel
from domain.policy import Policy

END_OF_DAY = time.max
"""How a window's `24:00` is written: the end of the local day, whatever time it is then."""

HORIZON_DAYS = 370
_ONE_DAY = timedelta(days=1)
_ONE_HOUR = timedelta(hours=1)
_ONE_SECOND = timedelta(seconds=1)

_EASTMOST = timedelta(hours=16)
"""A local day begins at most this long before midnight UTC (Kiritimati is 14 hours ahead)."""
_SPAN_HOURS = 56
"""From there, a local day and the change of clocks around it are over after this long."""


@dataclass(frozen=True, slots=True)
class Window:
    """From `opens` up to, not including, `closes`: aware UTC instants, never empty."""

    opens: datetime
    closes: datetime


class _Stretch(NamedTuple):
    """Instants during which a zone's offset from UTC does not change."""

    start: datetime
    end: datetime
    offset: timedelta


def window_at_or_after(policy: Policy, channel: Channel, place: Place, at: datetime) -> Window | None:
    """The window that contains `at` (aware), else the first that opens after it.

    None if no window opens within 370 days: these hours never open.
    """
    week = policy.hours[channel] if channel in policy.hours else policy.hours[None]
    local = at.astimezone(place.zone)
    day = local.date()
    if local.hour == 0:
        # Clocks that go back just after midnight (St John's, until 2011) live through yesterday's last hour again.
        day -= _ONE_DAY
    for _ in range(HORIZON_DAYS + 2):
        hours = week[day.weekday()]
        if hours and not is_closed(policy, place, day):
            for window in _windows_on(hours, place.zone, day):
                if at < window.closes:
                    return window
        day += _ONE_DAY
    return None


def local_date(place: Place, at: datetime) -> date:
    """The date on the customer's wall at an instant."""
    return at.astimezone(place.zone).date()


def offset_s(place: Place, at: datetime) -> int:
    """How many seconds the customer's wall is ahead of UTC at an instant."""
    return int((at.astimezone(place.zone).utcoffset() or timedelta()).total_seconds())


def start_of_day(place: Place, day: date) -> datetime:
    """The first instant (UTC) of that date there, or after it where clocks jumped over the whole date."""
    return _start_of_day(place.zone, day)


@lru_cache(maxsize=16384)
def _start_of_day(zone: ZoneInfo, day: date) -> datetime:
    midnight = datetime.combine(day, time.min, UTC)
    begins = (
        max(start, midnight - offset) for start, end, offset in _stretches(zone, day) if midnight - offset < end
    )
    return next(begins)


@lru_cache(maxsize=65536)
def _windows_on(hours: tuple[tuple[time, time], ...], zone: ZoneInfo, day: date) -> tuple[Window, ...]:
    """The windows of one local date in the order in which they open, hours being those of its weekday."""
    midnight = datetime.combine(day, time.min, UTC)
    windows = []
    for opens, closes in hours:
        wall_from, wall_to = midnight + _since_midnight(opens), midnight + _since_midnight(closes)
        pieces = (
            Window(max(start, wall_from - offset), min(end, wall_to - offset))
            for start, end, offset in _stretches(zone, day)
        )
        windows += _joined([piece for piece in pieces if piece.opens < piece.closes])
    return tuple(sorted(windows, key=lambda window: window.opens))


def _joined(pieces: list[Window]) -> list[Window]:
    """The pieces of one window, those that follow each other without a pause being one."""
    joined: list[Window] = []
    for piece in pieces:
        if joined and joined[-1].closes == piece.opens:
            joined[-1] = Window(joined[-1].opens, piece.closes)
        else:
            joined.append(piece)
    return joined


def _since_midnight(wall: time) -> timedelta:
    if wall == END_OF_DAY:
        return _ONE_DAY
    return timedelta(hours=wall.hour, minutes=wall.minute, seconds=wall.second)


@lru_cache(maxsize=16384)
def _stretches(zone: ZoneInfo, day: date) -> tuple[_Stretch, ...]:
    """The stretches that cover a local date and the nights around it; more than one where clocks change."""
    start = datetime.combine(day, time.min, UTC) - _EASTMOST
    stretches = []
    offset = _offset(zone, start)
    for hour in range(1, _SPAN_HOURS + 1):
        if hour == _SPAN_HOURS:
            stretches.append(_Stretch(start, _hour(day, hour), offset))
        elif _offset(zone, _hour(day, hour)) != offset:
            change = _change_before(zone, _hour(day, hour))
            stretches.append(_Stretch(start, change, offset))
            start, offset = change, _offset(zone, change)
    return tuple(stretches)


def _hour(day: date, hour: int) -> datetime:
    return datetime.combine(day, time.min, UTC) - _EASTMOST + hour * _ONE_HOUR


def _change_before(zone: ZoneInfo, after: datetime) -> datetime:
    """The first instant of the offset that holds at `after`, within the hour before it, to the second."""
    offset = _offset(zone, after)
    low, high = 0, 3600  # seconds before `after`: the offset still holds at low, and no longer at high
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, after - middle * _ONE_SECOND) == offset:
            low = middle
        else:
            high = middle
    return after - low * _ONE_SECOND


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    """How far the clocks there are ahead of UTC at an instant."""
    return at.astimezone(zone).utcoffset() or timedelta()
