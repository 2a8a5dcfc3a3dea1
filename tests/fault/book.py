"""Who owes what in a fault's load: each customer has one overdue invoice, so that one reminder is due, at once.

Every customer has an address and a number that nobody else has: what simulators received tells who was contacted. The
kinds differ in what their events say, and so in what may go out.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count

from tests.factories import Json, contact_data, event, invoice_event

TOTAL = "1000.00"
PART = "400.00"
REST = "600,00"
"""What is left when PART was paid once; paid twice, it would be 200,00."""


class Kind(StrEnum):
    """What becomes of a customer besides the invoice."""

    DUE = "due"  # nothing
    PARTLY = "partly"  # has paid a part, before the invoice, told twice
    PAID = "paid"  # pays while reminders go out
    HELD = "held"  # is held while reminders go out
    STOPPED = "stopped"  # replies STOP while reminders go out
    ASLEEP = "asleep"  # has no open window today
    ENGLISH = "english"  # reads a language whose template is broken
    POISON = "poison"  # has an event that no worker can fold


LATE_KINDS = (Kind.PAID, Kind.HELD, Kind.STOPPED)
MIX = (Kind.DUE,) * 11 + (Kind.PARTLY,) * 3 + (Kind.PAID,) * 2 + (Kind.HELD, Kind.STOPPED, Kind.ASLEEP)
_serials = count(10_000_000)


@dataclass(frozen=True, slots=True)
class Debtor:
    """One customer with one invoice; `first` is the channel that comes first."""

    id: str
    email: str
    phone: str
    first: str
    kind: Kind
    policy: str | None = None

    @property
    def invoice(self) -> str:
        """The invoice's id and number."""
        return f"F-{self.id}"

    @property
    def address(self) -> Mapping[str, str]:
        """Where each channel reaches this customer."""
        return {"email": self.email, "sms": self.phone}


@dataclass
class Cohort:
    """The customers of one fault, under a seller of their own. `told` holds when each event was answered with 202."""

    name: str
    key: str
    debtors: Sequence[Debtor]
    told: dict[str, float] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def of(self, *kinds: Kind) -> list[Debtor]:
        """Those of these kinds."""
        return [one for one in self.debtors if one.kind in kinds]


def debtors(
    name: str, size: int, chance: random.Random, kinds: Sequence[Kind] = MIX, channels: str = "both", **fields: str
) -> list[Debtor]:
    """So many customers; `channels` is both, email or sms: which comes first."""
    found = []
    for number in range(size):
        first = channels if channels != "both" else chance.choice(("email", "sms"))
        kind = kinds[number % len(kinds)]
        if kind is Kind.STOPPED:
            first = "sms"  # a stop is said over SMS, and holds there
        serial = next(_serials)
        found.append(Debtor(f"{name}-{serial}", f"d{serial}@{name}.example", f"+336{serial}", first, kind, **fields))
    return found


def opening(one: Debtor, now: datetime) -> Iterator[Json]:
    """The events that make a reminder due: part payments before their invoice, and again."""
    if one.kind is Kind.PARTLY:
        yield _payment(one, now)
        yield _payment(one, now)
    contact = contact_data(email=one.email, phone=one.phone, whatsapp=False)
    customer: Json = {
        "id": one.id,
        "contacts": [contact],
        "preferred_channel": one.first,
        "language": "en" if one.kind is Kind.ENGLISH else "fr",
        "policy": one.policy or ("asleep" if one.kind is Kind.ASLEEP else None),
    }
    day = now.date()
    invoice = {
        "id": one.invoice,
        "number": one.invoice,
        "issued_on": str(day - timedelta(days=40)),
        "due_on": str(day - timedelta(days=10)),
        "total": TOTAL,
        "document_url": None,
        "payment_url": None,
    }
    issued = invoice_event(customer=customer, invoice=invoice, id=issued_id(one))
    yield _plain(issued)
    if one.kind is Kind.POISON:
        yield _plain(
            event("invoice.disputed", {"invoice_id": one.invoice, "reason": "POISON"}, id=f"poison-{one.id}")
        )


def ending(one: Debtor, now: datetime) -> Json:
    """The event after which nothing may go out any more. A STOP is no event: the simulator carries it."""
    if one.kind is Kind.PAID:
        data = {"invoice_id": one.invoice, "paid_on": str(now.date())}
        return _plain(event("invoice.paid", data, id=ending_id(one)))
    data = {"customer_id": one.id, "reason": "a word on the telephone"}
    return _plain(event("customer.held", data, id=ending_id(one)))


def issued_id(one: Debtor) -> str:
    """The id of the event that states the invoice."""
    return f"issued-{one.id}"


def part_id(one: Debtor) -> str:
    """The id of the part payment's."""
    return f"part-{one.id}"


def ending_id(one: Debtor) -> str:
    """The id of the event after which nothing may go out."""
    return f"ending-{one.id}"


def _payment(one: Debtor, now: datetime) -> Json:
    data = {
        "invoice_id": one.invoice,
        "payment_id": f"pay-{one.id}",
        "amount": PART,
        "currency": "EUR",
        "paid_on": str(now.date() - timedelta(days=1)),
    }
    return _plain(event("payment.received", data, id=part_id(one)))


def _plain(found: Json) -> Json:
    """Without a `time`: the instant of arrival orders it."""
    return {name: value for name, value in found.items() if name != "time"}
