"""An event as it was received: the envelope around a fact, with what the store needs to route it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.facts import Body
from domain.ids import CustomerId, InvoiceId


class EventError(ValueError):
    """An event cannot be taken in. `field` is a dotted path (`data.invoice.total`), `problem` a sentence.

    `event_id` is the event's id where it could be read, so that the sender can find it again.
    """

    def __init__(self, field: str, problem: str, event_id: str | None = None) -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.field = field
        self.problem = problem
        self.event_id = event_id


@dataclass(frozen=True, slots=True)
class Event:
    """A valid event. `time` is None if the sender gave none (then the arrival orders it).

    `customer_id` is set for facts about a customer, `invoice_ids` for facts about invoices; both are empty
    for facts about the seller (`payments.synced`).
    """

    id: str
    source: str
    type: str
    time: datetime | None
    sequence: str
    body: Body
    customer_id: CustomerId | None
    invoice_ids: tuple[InvoiceId, ...]
