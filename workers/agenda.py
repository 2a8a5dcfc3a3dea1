"""The next move of each lane of a replay, by its kind: which are made together. Called by `workers/replay`. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from heapq import heappop, heappush

from domain.ids import AccountKey
from workers.lanes import Lane

EVENTS = "events"
"""The kind of move that takes in a lane's events of one instant."""

PLAN = "plan"
"""The kind of move that only plans accounts again. Every other kind is the queue that delivers."""


@dataclass(frozen=True, slots=True, order=True)
class Move:
    """What a lane does next, and when; `keys` are the accounts to look at."""

    at: datetime
    lane: Lane
    kind: str
    keys: tuple[AccountKey, ...] = ()


class Agenda:
    """One move at most of each lane."""

    def __init__(self) -> None:
        self._of_kind: dict[str, list[Move]] = defaultdict(list)

    def add(self, move: Move) -> None:
        """This lane waits with this move."""
        heappush(self._of_kind[move.kind], move)

    @property
    def earliest(self) -> datetime | None:
        """The instant before which every lane is through; None once no lane waits."""
        return min((moves[0].at for moves in self._of_kind.values() if moves), default=None)

    def take(self, most: int) -> tuple[str, list[Move]]:
        """The kind for which most lanes wait, and of its moves the earliest, `most` at most. Some lane waits."""
        kind = max(self._of_kind, key=lambda one: (len(self._of_kind[one]), one))
        waiting = self._of_kind[kind]
        return kind, [heappop(waiting) for _ in range(min(most, len(waiting)))]
