"""A file of events in the order in which a virtual clock reaches them. Called by `replay`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from cli.event_lines import Line, in_batches
from domain.customer import Seller
from domain.event import Event, EventError
from domain.read_event import read_event
from workers.lanes import TimedEvent
from workers.replay import Complaint


@dataclass(frozen=True, slots=True)
class Script:
    """The valid events by time, equal times in file order, and the lines that hold none."""

    events: Sequence[TimedEvent]
    complaints: Sequence[Complaint]


def read_script(source: BinaryIO, seller: Seller) -> Script:
    """Reads all of a file of JSON Lines; customers without a country live in the seller's.

    An event without `time` happens at the instant of the one before it in the file, the first ones with the first
    that has a time; without any there is nothing to go by, and each is complained about.
    """
    valid: list[tuple[Line, Event]] = []
    complaints: list[Complaint] = []
    for line in (line for batch in in_batches(source) for line in batch):
        try:
            if line.problem is None:
                valid.append((line, read_event(line.event, default_country=seller.country)))
            else:
                complaints.append((line.number, line.problem))
        except EventError as error:
            complaints.append((line.number, str(error)))
    at = next((event.time for _, event in valid if event.time is not None), None)
    if at is None:
        return Script([], sorted([*complaints, *((line.number, "time: is missing") for line, _ in valid)]))
    return Script(sorted(_timed(valid, at), key=lambda one: one.at), complaints)


def _timed(valid: Iterable[tuple[Line, Event]], at: datetime) -> Iterable[TimedEvent]:
    for line, event in valid:
        at = (event.time or at).astimezone(UTC)
        yield TimedEvent(line.number, at, line.event, event)
