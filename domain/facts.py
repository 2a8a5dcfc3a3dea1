"""What events say has happened, in the past tense: the only thing accounts are made of.

Facts may come twice and in any order. Each carries a Stamp that orders it among the facts of its account:
the event's `time`, then its `sequence`, then its id. The last writer wins by that order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain.customer import Customer
from domain.ids import CustomerId, InvoiceId, ReminderId, StepId, UnitId
from domain.invoice import Instalment, Invoice
from domain.levels import Channel, Level
from domain.money import Money


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """Where a fact stands among others. `time` is aware; without one in the event, its arrival."""

    time: datetime
    sequence: str
    event_id: str


@dataclass(frozen=True, slots=True)
class InvoiceIssued:
    """`invoice.issued` and `invoice.updated`: both state the whole invoice and the whole customer."""

    customer: Customer
    invoice: Invoice


@dataclass(frozen=True, slots=True)
class InvoiceCancelled:
    """`invoice.cancelled`: nothing is owed any more, whatever follows."""

    invoice_id: InvoiceId
    reason: str


@dataclass(frozen=True, slots=True)
class PaymentReceived:
    """`payment.received`: part or all of an invoice came in. Counts once per `payment_id`."""

    invoice_id: InvoiceId
    payment_id: str
    amount: Money
    paid_on: date


@dataclass(frozen=True, slots=True)
class PaymentReversed:
    """`payment.reversed`: a payment went back. The only fact that opens a paid invoice again."""

    invoice_id: InvoiceId
    payment_id: str
    amount: Money
    paid_on: date


@dataclass(frozen=True, slots=True)
class InvoicePaid:
    """`invoice.paid`: the whole balance came in."""

    invoice_id: InvoiceId
    paid_on: date


@dataclass(frozen=True, slots=True)
class CreditNoteIssued:
    """`credit_note.issued`. Counts once per `credit_note_id`."""

    invoice_id: InvoiceId
    credit_note_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class InvoiceDisputed:
    """`invoice.disputed`: the unit is on hold until the dispute is resolved."""

    invoice_id: InvoiceId
    reason: str


@dataclass(frozen=True, slots=True)
class DisputeResolved:
    """`dispute.resolved`."""

    invoice_id: InvoiceId
    reason: str


@dataclass(frozen=True, slots=True)
class TermsExtended:
    """`terms.extended`: the invoice is due later (or earlier) than it says."""

    invoice_id: InvoiceId
    due_on: date


@dataclass(frozen=True, slots=True)
class PromiseMade:
    """`promise.made`: to pay `amount` (None: all that is open of these invoices) by `promised_on`."""

    invoice_ids: tuple[InvoiceId, ...]
    amount: Money | None
    promised_on: date
    by: str


@dataclass(frozen=True, slots=True)
class PaymentPlanAgreed:
    """`payment_plan.agreed`: these invoices are now owed as these instalments."""

    invoice_ids: tuple[InvoiceId, ...]
    instalments: tuple[Instalment, ...]


@dataclass(frozen=True, slots=True)
class CustomerUpdated:
    """`customer.updated`: the whole customer, stated again."""

    customer: Customer


@dataclass(frozen=True, slots=True)
class CustomerHeld:
    """`customer.held`: a person asked for silence, until an instant or until released."""

    customer_id: CustomerId
    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class CustomerReleased:
    """`customer.released`: the manual hold is over."""

    customer_id: CustomerId


@dataclass(frozen=True, slots=True)
class PaymentsSynced:
    """`payments.synced`: the seller's payment feed is complete up to `as_of`. Belongs to no account."""

    as_of: datetime


@dataclass(frozen=True, slots=True)
class EInvoiceStatusChanged:
    """`einvoice.status_changed`: a code of the French e-invoicing life cycle."""

    invoice_id: InvoiceId
    code: str


Body = (
    InvoiceIssued
    | InvoiceCancelled
    | PaymentReceived
    | PaymentReversed
    | InvoicePaid
    | CreditNoteIssued
    | InvoiceDisputed
    | DisputeResolved
    | TermsExtended
    | PromiseMade
    | PaymentPlanAgreed
    | CustomerUpdated
    | CustomerHeld
    | CustomerReleased
    | PaymentsSynced
    | EInvoiceStatusChanged
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that has happened. `received_at` is when we learned of it (aware, business time)."""

    stamp: Stamp
    received_at: datetime
    body: Body


@dataclass(frozen=True, slots=True)
class Member:
    """A unit's share in a reminder: its own step of the ladder, in which cycle, and the amount asked for."""

    unit_id: UnitId
    step: StepId
    cycle: int
    balance: Money


@dataclass(frozen=True, slots=True)
class PastReminder:
    """A reminder that was claimed: what history knows of it, with the state of its delivery.

    `at` is when it was last tried: the contact counts on that day.
    `state` is `open` (claimed, its delivery goes on or waits for a retry), `calling` (a provider is being
    called, or its answer is unconfirmed), `done` (accepted by a provider, or its task is open or closed),
    `failed` (every channel refused it), `withdrawn` (nothing of it ever went out; it does not count).
    """

    id: ReminderId
    at: datetime
    step: StepId
    level: Level
    channel: Channel
    members: tuple[Member, ...]
    state: str
    attempts: int = 0
    used: tuple[Channel, ...] = ()
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Suppressed:
    """An address that must not be used on a channel, whatever later events say about the customer."""

    channel: Channel
    address: str
    reason: str
