"""The demo's book: customers in every state, their events in batches, and what is expected for each.

Made from a date alone, so that every run is the same. `demo` sends it and checks it; the customers themselves are
in `sample_customers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

Json = dict[str, Any]

BATCH = 40
"""Events per request, more or less: a customer's events travel together."""


class When(IntEnum):
    """In which wave a fact is sent: ahead of the invoice it is about, with it, or hours later."""

    AHEAD = 0
    WITH = 1
    LATER = 2


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice: so many days late (negative: days until it is due), its total, and what differs from others."""

    late: int
    total: str
    currency: str = "EUR"
    extra: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A fact: its event type, what it says, and the bill that it is about (None: the customer)."""

    type: str
    data: Mapping[str, Any]
    bill: int | None = None
    when: When = When.WITH


@dataclass(frozen=True, slots=True)
class Contact:
    """Expected: one contact over this channel, about these bills, at this address (empty for a person's task)."""

    channel: str
    bills: tuple[int, ...]
    to: str = ""


@dataclass(frozen=True, slots=True)
class Silence:
    """Expected: nothing goes out, the plan says why with this code; `task` is the kind that a person is given."""

    code: str
    task: str | None = None


@dataclass(frozen=True, slots=True)
class SampleCustomer:
    """A customer with the story that it shows, its bills, what is said about them, and what is expected."""

    id: str
    customer: Mapping[str, Any]
    story: str
    bills: tuple[Bill, ...]
    expected: Contact | Silence
    said: tuple[Said, ...] = ()

    @property
    def name(self) -> str:
        """The customer's name."""
        return str(self.customer["name"])

    def invoice_id(self, bill: int) -> str:
        """The id of the n-th bill, from 0."""
        return f"{self.id.replace('C', 'F')}-{bill + 1}"


@dataclass(frozen=True, slots=True)
class Book:
    """The customers and their events, in the order in which they are sent."""

    customers: tuple[SampleCustomer, ...]
    ahead: tuple[Json, ...]
    batches: tuple[tuple[Json, ...], ...]
    later: tuple[Json, ...]


def sample_book(customers: tuple[SampleCustomer, ...], start: datetime) -> Book:
    """The customers' events; due dates are counted from the local date of `start`."""
    batches: list[tuple[Json, ...]] = []
    batch: list[Json] = []
    for customer in customers:
        batch += [*_invoices(customer, start), *_facts(customer, start, When.WITH)]
        if len(batch) >= BATCH:
            batches.append(tuple(batch))
            batch = []
    return Book(
        customers=customers,
        ahead=tuple(event for one in customers for event in _facts(one, start, When.AHEAD)),
        batches=(*batches, tuple(batch)) if batch else tuple(batches),
        later=tuple(event for one in customers for event in _facts(one, start, When.LATER)),
    )


def _invoices(customer: SampleCustomer, start: datetime) -> Iterator[Json]:
    for at, bill in enumerate(customer.bills):
        invoice_id = customer.invoice_id(at)
        due_on = start.date() - timedelta(days=bill.late)
        invoice = {
            "id": invoice_id,
            "number": invoice_id,
            "issued_on": (due_on - timedelta(days=30)).isoformat(),
            "due_on": due_on.isoformat(),
            "currency": bill.currency,
            "total": bill.total,
            "document_url": f"https://billing.example/{invoice_id}.pdf",
            "payment_url": f"https://pay.example/{invoice_id}",
            **(bill.extra or {}),
        }
        data = {"customer": dict(customer.customer), "invoice": invoice}
        yield _event(f"{invoice_id}-issued", "invoice.issued", data, start - timedelta(hours=1))


def _facts(customer: SampleCustomer, start: datetime, when: When) -> Iterator[Json]:
    for at, said in enumerate(customer.said):
        if said.when is when:
            about = {"customer_id": customer.id} if said.bill is None else _about(customer, said)
            yield _event(f"{customer.id}-{at + 1}", said.type, {**about, **said.data}, start - timedelta(minutes=30))


def _about(customer: SampleCustomer, said: Said) -> Json:
    invoice_id = customer.invoice_id(said.bill or 0)
    several = said.type in ("promise.made", "payment_plan.agreed")
    return {"invoice_ids": [invoice_id]} if several else {"invoice_id": invoice_id}


def _event(event_id: str, type_name: str, data: Json, at: datetime) -> Json:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "sample-book",
        "type": type_name,
        "time": at.isoformat(timespec="seconds"),
        "data": data,
    }
