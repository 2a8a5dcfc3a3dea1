"""What travels over the broker: a kind and some ids. A nudge may be lost or come twice; the database knows better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.levels import PERSON_CHANNELS, Channel

BATCH = 200
IN_FLIGHT = 200
"""How many calls a process makes at once, and so how many a kill leaves in doubt at most."""

QUEUES = (
    "optout",
    "intake",
    "due",
    "settle",
    "deliver.email",
    "deliver.sms",
    "deliver.whatsapp",
    "deliver.task",
    "sweep",
)


BULK = 100
"""Whoever brings more at once, as with a whole book, lets others go first."""


@dataclass(frozen=True, slots=True)
class Nudge:
    """Go and look at these ids: `kind` is the Celery task's name. `is_bulk`: after what is not."""

    kind: str
    queue: str
    ids: tuple[int, ...]
    is_bulk: bool = False


def queue_of(channel: Channel) -> str:
    """The queue whose workers deliver over a channel; work for people shares one."""
    return "deliver.task" if channel in PERSON_CHANNELS else f"deliver.{channel.value}"


def channel_of(queue: str) -> Channel | None:
    """The provider's channel that a queue delivers over; None for work inside the house and for people."""
    found = (channel for channel in Channel if channel not in PERSON_CHANNELS)
    return next((channel for channel in found if queue_of(channel) == queue), None)


def are_bulk(kind: str, count: int) -> bool:
    """Whether so many of a kind, brought by one at once, go after what others bring: events do."""
    return kind == "event.intake" and count > BULK


def of_events(ids: Sequence[int], brought: int | None = None) -> list[Nudge]:
    """Events that somebody brought, for intake. `brought`: with how many in all; if not said, these were all."""
    kind = "event.intake"
    is_bulk = are_bulk(kind, len(ids) if brought is None else brought)
    return in_batches(kind, "intake", ids, is_bulk=is_bulk)


def in_batches(
    kind: str, queue: str, ids: Sequence[int], batch: int = BATCH, *, is_bulk: bool = False
) -> list[Nudge]:
    """Nudges of at most `batch` ids each."""
    return [Nudge(kind, queue, tuple(ids[at : at + batch]), is_bulk) for at in range(0, len(ids), batch)]
