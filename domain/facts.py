"""What events say has happened, in the past tense: the only thing accounts are made of.

Facts may come twice and in any order. Each carries a Stamp that orders it among the facts of its account:
the event's `time`, then its `sequence`, then its id. The last writer wins by that order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from domain.customer import Customer
from domain.ids import CustomerId, InvoiceId, StepId, UnitId
from domain.invoice import Instalment, Invoice
from domain.levels import Channel
from domain.money import Money


class Stamp(NamedTuple):
    """Where a fact stands among others. `time` is aware; without one in the event, its arrival.

    A tuple, because all facts are put in its order each time.
    """

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
    """`promise.made`: to pay `amount` (None: all that is open of these invoices) by `promised_on`.

    An amount without `currency_stated` is in that of the invoices, whatever it was read in.
    """

    invoice_ids: tuple[InvoiceId, ...]
    amount: Money | None
    promised_on: date
    by: str
    currency_stated: bool = True


@dataclass(frozen=True, slots=True)
class PaymentPlanAgreed:
    """`payment_plan.agreed`: these invoices are now owed as these instalments.

    Amounts without `currency_stated` are in that of the invoices, whatever they were read in.
    """

    invoice_ids: tuple[InvoiceId, ...]
    instalments: tuple[Instalment, ...]
    currency_stated: bool = True


@dataclass(frozen=True, slots=True)
class CustomerUpdated:
    """`customer.updated`: the whole customer, stated again."""

    customer: Customer


@dataclass(frozen=True, slots=True)
class CustomerHeld:
    """`customer.held`: a person asked for silence, until an instant, to the end of a date, or until released.

    The date is the customer's own.
    """

    customer_id: CustomerId
    reason: str
    until: datetime | None
    until_on: date | None = None


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


@dataclass(frozen=True, slots=True)
class TaskClosed:
    """`task.closed`: a person did a task. What came of it is a fact like any other.

    `kind` is the task's (`phone`, `visit`, … for contacts; `approve`, `repair`, `fix`, `reply` inside the house),
    `step`, `units` and `cycle` say what it was about. `outcome` is one of `domain.task_outcomes`; `next_on` is the
    date (the customer's) from which the next thing may happen. `score`, 1 to 10, is what a survey was answered with.
    """

    customer_id: CustomerId
    task_id: str
    kind: str
    step: StepId
    units: tuple[UnitId, ...]
    cycle: int
    outcome: str
    next_on: date
    note: str = ""
    by: str = ""
    score: int | None = None


@dataclass(frozen=True, slots=True)
class ReplyReceived:
    """`reply.received`: the customer wrote back over a channel. Nobody writes to him until a person has read it.

    `address` is the number that he wrote to our own WhatsApp sender from; empty where it is not known.
    """

    customer_id: CustomerId
    reply_id: str
    channel: Channel
    address: str = ""


@dataclass(frozen=True, slots=True)
class ComplaintOpened:
    """`complaint.opened`: the customer is unhappy, about an invoice or at large."""

    customer_id: CustomerId
    complaint_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ComplaintResolved:
    """`complaint.resolved`."""

    customer_id: CustomerId
    complaint_id: str


@dataclass(frozen=True, slots=True)
class PaymentMethodFailed:
    """`payment_method.failed`: his direct debit or card did not work: he may believe that he has paid."""

    customer_id: CustomerId
    reason: str


@dataclass(frozen=True, slots=True)
class PaymentMethodRestored:
    """`payment_method.restored`."""

    customer_id: CustomerId


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
    | TaskClosed
    | ReplyReceived
    | ComplaintOpened
    | ComplaintResolved
    | PaymentMethodFailed
    | PaymentMethodRestored
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that has happened. `received_at` is when we learned of it (aware, business time)."""

    stamp: Stamp
    received_at: datetime
    body: Body
