"""The two times: *business now* decides what is due, *wall time* runs leases, time-outs, back-off and signatures.

One Clock is built by the wiring; everything else is handed `now`. A shifted clock is for demos and tests: it is
the same in all processes, because its start, rate and origin travel in RELANCE_CLOCK.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FASTEST = 100_000.0


class ClockError(ValueError):
    """RELANCE_CLOCK is not `real` and not `START*RATE@ORIGIN`."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Business time runs from `start` at `rate` times the wall's pace since `origin` (wall). Real: no start."""

    start: datetime | None = None
    rate: float = 1.0
    origin: datetime | None = None

    @property
    def is_real(self) -> bool:
        """Whether business time is wall time."""
        return self.start is None

    def wall(self) -> datetime:
        """The wall's time (UTC)."""
        return datetime.now(UTC)

    def now(self) -> datetime:
        """Business now (UTC)."""
        return self.business_at(self.wall())

    def business_at(self, wall: datetime) -> datetime:
        """The business instant at a wall instant."""
        if self.start is None or self.origin is None:
            return wall
        return self.start + (wall - self.origin) * self.rate

    def wall_seconds(self, business: timedelta) -> float:
        """How long a stretch of business time lasts on the wall, in seconds."""
        return business.total_seconds() / self.rate

    def business_span(self, wall_s: float) -> timedelta:
        """How much business time passes in a number of wall seconds."""
        return timedelta(seconds=wall_s * self.rate)


def read_clock(text: str) -> Clock:
    """The clock that RELANCE_CLOCK describes: `real`, or `2026-11-24T09:30:00+01:00*600@2026-11-22T12:00:00Z`.

    The parts are business start, rate, and the wall instant of the start. Raises ClockError.
    """
    if text == "real":
        return Clock()
    try:
        start, _, rest = text.partition("*")
        rate, _, origin = rest.partition("@")
        clock = Clock(_instant(start), float(rate), _instant(origin))
    except ValueError as error:
        raise ClockError(
            f"RELANCE_CLOCK is 'real' or START*RATE@ORIGIN with ISO instants and a number, not {text!r}"
        ) from error
    if not 0 < clock.rate <= FASTEST:
        raise ClockError("RELANCE_CLOCK: the rate is a number above 0, at most 100000")
    return clock


def clock_text(start: datetime, rate: float, origin: datetime) -> str:
    """The RELANCE_CLOCK that makes every process see the same shifted time."""
    return f"{start.isoformat()}*{rate:g}@{origin.isoformat()}"


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return found.astimezone(UTC)
