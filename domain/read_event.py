"""From a CloudEvent as parsed JSON to a typed Event, or to an EventError that names the field.

Called by everything that events come in through. Numbers are parsed exactly (`parse_float=Decimal`) before.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.about import about
from domain.event import Event, EventError
from domain.facts import Body, PaymentsSynced
from domain.fields import Fields, an_instant, ident, one_of
from domain.raw_event import a_sequence, body_digest, refuse_what_cannot_be_kept
from domain.read_facts import READERS

__all__ = ["body_digest", "event_type_names", "read_event"]

LONGEST_EVENT_ID = 256
FURTHEST_AHEAD = timedelta(days=366)
"""A `time` later than this after it came is a slip of a keyboard; a sender's clock, or a test's, may be ahead."""
_an_event_id = ident(LONGEST_EVENT_ID)
_a_source = ident(256)
_a_version = one_of(("1.0",), "a version of CloudEvents that is read here")
_a_type = one_of(READERS, "an event type")


def event_type_names() -> tuple[str, ...]:
    """All types of events that are taken, as the contract lists them."""
    return tuple(READERS)


def read_event(raw: object, *, default_country: str = "FR", now: datetime | None = None) -> Event:
    """The event that a CloudEvent states; EventError names the first field that is wrong, and the event's id if any.

    `default_country` is the seller's: customers without one live there. Unknown fields are ignored. `now` is when it
    came (aware; None: that does not matter).
    Source: CloudEvents 1.0, required attributes (read 2026-11-22).
    """
    try:
        refuse_what_cannot_be_kept(raw)
        return _event(Fields(raw, ""), default_country, now)
    except EventError as error:
        error.event_id = event_id_of(raw)
        raise


def event_id_of(raw: object) -> str | None:
    """The id of an event that may be invalid otherwise; None if it has none that can be used."""
    found = raw.get("id") if isinstance(raw, dict) else None
    try:
        return _an_event_id(found)
    except ValueError:
        return None


def _refuse_what_is_to_come(happened: datetime | None, body: Body, now: datetime) -> None:
    """What is said of a far day would stay for good: nothing that is sent until then is newer.

    So would a feed that says it is complete up to there. By the dates of UTC, so that today's passes in every zone.
    """
    if happened is not None and happened > now + FURTHEST_AHEAD:
        raise EventError(
            "time", f"is more than a year after it came, {now.astimezone(UTC):%Y-%m-%d}; send when it happened"
        )
    tomorrow = (now.astimezone(UTC) + timedelta(days=1)).date()
    if isinstance(body, PaymentsSynced) and body.as_of.date() > tomorrow:
        problem = f"is after tomorrow, {tomorrow}; send up to when the payment feed is complete now"
        raise EventError("data.as_of", problem)


def _event(fields: Fields, default_country: str, now: datetime | None) -> Event:
    fields.need("specversion", _a_version)
    event_id = fields.need("id", _an_event_id)
    source = fields.need("source", _a_source)
    type_name = fields.need("type", _a_type)
    body = READERS[type_name](fields.child("data"), default_country)
    happened = fields.maybe("time", an_instant)
    if now is not None:
        _refuse_what_is_to_come(happened, body, now)
    customer_id, invoice_ids = about(body)
    return Event(
        id=event_id,
        source=source,
        type=type_name,
        time=happened,
        sequence=fields.maybe("sequence", a_sequence) or "",
        body=body,
        customer_id=customer_id,
        invoice_ids=invoice_ids,
    )
