"""A seller's payment feed over time: how far it was complete at each instant, for who looks at many at once.

Called by `workers/replay`, where accounts run ahead of each other. In production the seller's row says it. Pure.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime


class Feed:
    """What `payments.synced` says, and from when on."""

    def __init__(self, said: Iterable[tuple[datetime, datetime]]) -> None:
        """`said` are (at, as_of) in the order of `at`; a statement that is older than one before changes nothing."""
        self._at: list[datetime] = []
        self._as_of: list[datetime] = []
        for at, as_of in said:
            if not self._as_of or as_of > self._as_of[-1]:
                self._at.append(at)
                self._as_of.append(as_of)

    def as_of(self, now: datetime) -> datetime | None:
        """How far the feed is complete at `now`; None before it has said so."""
        place = bisect_right(self._at, now)
        return self._as_of[place - 1] if place else None

    def newer_at(self, as_of: datetime) -> datetime | None:
        """When it says for the first time that it is complete further than `as_of`; None if it never does."""
        place = bisect_right(self._as_of, as_of)
        return self._at[place] if place < len(self._at) else None
