"""Boring, valid things for tests: an event with a customer and an invoice, a place, a policy. Each call, the same."""

from collections.abc import Mapping
from datetime import time
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from domain.customer import Place
from domain.levels import Channel
from domain.policy import OpenHours, Policy

Json = dict[str, Any]

NINE_TO_NOON = (time(9), time(12))
TWO_TO_SIX = (time(14), time(18))
OFFICE_HOURS: OpenHours = ((NINE_TO_NOON, TWO_TO_SIX),) * 5 + ((), ())


def event(type_name: str, data: Json, **changes: Any) -> Json:
    """A CloudEvent of a type about `data`; `changes` replace its attributes."""
    return {
        "specversion": "1.0",
        "id": "evt-0001",
        "source": "billing",
        "type": type_name,
        "time": "2026-11-02T09:00:00+01:00",
        "data": data,
    } | changes


def contact_data(**changes: Any) -> Json:
    """The payer, with an e-mail address and a mobile phone."""
    return {
        "id": "p1",
        "role": "payer",
        "name": "Anne Martin",
        "email": "anne@example.com",
        "phone": "+33612345678",
        "whatsapp": True,
    } | changes


def customer_data(**changes: Any) -> Json:
    """A bakery in Paris with one contact; a customer of another id has another person, unless told otherwise."""
    name = str(changes.get("id", "C-17"))
    other = {"email": f"anne@{name.lower()}.example", "phone": f"+33612{crc32(name.encode()) % 10**6:06}"}
    return {
        "id": "C-17",
        "name": "Boulangerie Martin",
        "kind": "business",
        "language": "fr",
        "country": "FR",
        "timezone": "Europe/Paris",
        "contacts": [contact_data(**({} if name == "C-17" else other))],
    } | changes


def invoice_data(**changes: Any) -> Json:
    """1,250 euros, due on Wednesday 2 December 2026."""
    return {
        "id": "F-2026-0042",
        "number": "F-2026-0042",
        "issued_on": "2026-11-02",
        "due_on": "2026-12-02",
        "currency": "EUR",
        "total": "1250.00",
        "document_url": "https://billing.example.com/F-2026-0042.pdf",
        "payment_url": "https://pay.example.com/F-2026-0042",
    } | changes


def invoice_event(*, customer: Json | None = None, invoice: Json | None = None, **changes: Any) -> Json:
    """An `invoice.issued` of that bakery; `customer` and `invoice` hold what differs in them."""
    data = {"customer": customer_data(**(customer or {})), "invoice": invoice_data(**(invoice or {}))}
    return event("invoice.issued", data, **changes)


def place(zone: str = "Europe/Paris", country: str = "FR", region: str | None = None) -> Place:
    """A place, in Paris unless told otherwise."""
    return Place(zone=ZoneInfo(zone), country=country, region=region)


def policy(
    hours: OpenHours = OFFICE_HOURS, *, own: Mapping[Channel, OpenHours] | None = None, **changes: Any
) -> Policy:
    """A policy without steps that is open in office hours; `own` gives channels hours of their own."""
    return Policy(**{"name": "test", "steps": (), "hours": {None: hours} | dict(own or {})} | changes)
