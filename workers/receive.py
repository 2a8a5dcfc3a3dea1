"""Events in: checks them, stores each once, and says for every one what became of it. Nothing that came is lost.

Called by the web edge, by `relance emit` and by the Celery task `events.receive`. When `receive` returns, what was
accepted is committed; the broker is not needed for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import simplejson

from channels.answers import storable
from config.wiring import Services
from domain.event import EventError
from domain.ids import SellerId
from domain.read_event import body_digest, read_event
from store import inbox, journal, quarantine, sellers
from store.engine import Connection
from store.inbox import Incoming, Reception
from store.journal import Entry
from store.quarantine import Quarantined

_EXACT = simplejson.JSONEncoder(use_decimal=True, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """An event that was not taken in: which of the batch, its id if it had one, what is wrong and where.

    `field` is a dotted path (`data.invoice.total`), empty where no field is to blame; `is_conflict`: the id was
    known with another body.
    """

    index: int
    id: str | None
    error: str
    field: str = ""
    is_conflict: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a batch. `inbox_ids` are the new rows, for a nudge to intake."""

    accepted: int = 0
    duplicate: int = 0
    rejected: tuple[Rejected, ...] = ()
    inbox_ids: tuple[int, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """The 202 body: `{"accepted": n, "duplicate": n, "rejected": [{"index", "id", "error"}]}`."""
        rejected = [{"index": one.index, "id": one.id, "error": one.error} for one in self.rejected]
        return {"accepted": self.accepted, "duplicate": self.duplicate, "rejected": rejected}


def receive(
    services: Services, seller: SellerId, raws: Sequence[object], now: datetime | Sequence[datetime]
) -> Reply:
    """Takes in a batch of CloudEvents as parsed JSON (numbers exact). Five round trips at most, whatever the number.

    Invalid events and conflicts are rejected one by one and kept in quarantine; a quarantined id is still free.
    `now` is one instant for all, or each event's own. Of one instant for all, those that give neither time nor
    sequence have come one microsecond after the other.
    """
    with services.engine.begin() as connection:
        return receive_in(connection, seller, raws, now)


def receive_in(
    connection: Connection, seller: SellerId, raws: Sequence[object], now: datetime | Sequence[datetime]
) -> Reply:
    """The same in a transaction of the caller's: the events are in once that commits, with what else it writes."""
    together = isinstance(now, datetime)
    instants = [now] * len(raws) if isinstance(now, datetime) else now
    owner = sellers.load(connection, [seller])[seller].seller
    valid: list[tuple[int, Incoming]] = []
    rejected: list[Rejected] = []
    for index, (raw, at) in enumerate(zip(raws, instants, strict=True)):
        try:
            valid.append((index, _incoming(raw, owner.country, at, index if together else 0)))
        except EventError as error:
            rejected.append(_rejected(index, error))
    received = inbox.put(connection, seller, [one for _, one in valid]) if valid else []
    rejected += [
        _conflict(index, one)
        for (index, one), what in zip(valid, received, strict=True)
        if what.reception is Reception.CONFLICT
    ]
    rejected.sort(key=lambda one: one.index)
    _set_aside(connection, seller, raws, rejected, instants)
    ids = tuple(what.inbox_id for what in received if what.inbox_id is not None)
    duplicates = sum(what.reception is Reception.DUPLICATE for what in received)
    return Reply(len(ids), duplicates, tuple(rejected), ids)


def _rejected(index: int, error: EventError) -> Rejected:
    """Its words may quote what no database and no answer can hold: halves of characters, U+0000."""
    return Rejected(index, storable(error.event_id, 256) or None, storable(str(error), 1000), storable(error.field))


def _incoming(raw: object, country: str, at: datetime, place: int) -> Incoming:
    """`place` in a batch that came at one instant is the order of events that say nothing of theirs."""
    event = read_event(raw, default_country=country, now=at)
    assert isinstance(raw, dict)  # noqa: S101 - nothing else reads as an event
    if event.time is None and not event.sequence:
        at += place * timedelta.resolution
    return Incoming(event, as_text(raw), body_digest(raw), at)


def as_text(raw: object) -> str:
    """The event as it is kept: JSON with its exact numbers."""
    return _EXACT.encode(raw)


def _conflict(index: int, one: Incoming) -> Rejected:
    problem = "conflict: this id has already been received with another body; send the change under a new id"
    return Rejected(index, one.event.id, problem, "id", is_conflict=True)


def _set_aside(
    connection: Connection,
    seller: SellerId,
    raws: Sequence[object],
    rejected: Sequence[Rejected],
    instants: Sequence[datetime],
) -> None:
    """Keeps what was rejected, for a person to see."""
    quarantine.set_aside(
        connection,
        [
            Quarantined(
                seller,
                "conflict" if one.is_conflict else "event",
                one.id,
                one.error,
                _raw_bytes(raws[one.index]),
                instants[one.index],
            )
            for one in rejected
        ],
    )
    journal.write(
        connection,
        [
            Entry(seller, instants[one.index], "event.rejected", {"id": one.id, "field": one.field})
            for one in rejected
        ],
    )


def _raw_bytes(raw: object) -> bytes:
    """The raw event for the quarantine; what nests too deep to be written is kept as far as it can be."""
    try:
        return simplejson.dumps(raw, use_decimal=True, ensure_ascii=True).encode()
    except (RecursionError, ValueError, TypeError):
        return repr(raw)[:10_000].encode(errors="replace")
