"""From the `data` of an event to the fact that it states: one reader for each type. Called by `read_event`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from domain import facts, read_people
from domain.event import EventError
from domain.fields import Fields, a_day, a_list, an_instant_or_day, an_instant_within_day, line, shown
from domain.ids import InvoiceId
from domain.money import Money
from domain.read_customer import an_id, read_customer
from domain.read_invoice import a_currency, amount_above_zero_in, read_instalments, read_invoice
from domain.read_people import customer_id, reason

DEFAULT_CURRENCY = "EUR"
"""What amounts of promises and payment plans are read in that name none: the contract does not ask for it there.

`fold` knows the invoices and takes the figure in their currency. One with more places than this has needs its own."""

_a_name = line(200)
_LONGEST_CODE = 3


def _invoice_issued(data: Fields, default_country: str) -> facts.InvoiceIssued:
    customer = read_customer(data.child("customer"), default_country)
    return facts.InvoiceIssued(customer=customer, invoice=read_invoice(data.child("invoice"), customer.id))


def _invoice_cancelled(data: Fields, _: str) -> facts.InvoiceCancelled:
    return facts.InvoiceCancelled(invoice_id=_invoice_id(data), reason=reason(data))


def _payment_received(data: Fields, _: str) -> facts.PaymentReceived:
    return facts.PaymentReceived(
        invoice_id=_invoice_id(data),
        payment_id=data.need("payment_id", an_id),
        amount=_amount(data),
        paid_on=data.need("paid_on", a_day),
    )


def _payment_reversed(data: Fields, _: str) -> facts.PaymentReversed:
    return facts.PaymentReversed(
        invoice_id=_invoice_id(data),
        payment_id=data.need("payment_id", an_id),
        amount=_amount(data),
        paid_on=data.need("paid_on", a_day),
    )


def _invoice_paid(data: Fields, _: str) -> facts.InvoicePaid:
    return facts.InvoicePaid(invoice_id=_invoice_id(data), paid_on=data.need("paid_on", a_day))


def _credit_note_issued(data: Fields, _: str) -> facts.CreditNoteIssued:
    return facts.CreditNoteIssued(
        invoice_id=_invoice_id(data), credit_note_id=data.need("credit_note_id", an_id), amount=_amount(data)
    )


def _invoice_disputed(data: Fields, _: str) -> facts.InvoiceDisputed:
    return facts.InvoiceDisputed(invoice_id=_invoice_id(data), reason=reason(data))


def _dispute_resolved(data: Fields, _: str) -> facts.DisputeResolved:
    return facts.DisputeResolved(invoice_id=_invoice_id(data), reason=reason(data))


def _terms_extended(data: Fields, _: str) -> facts.TermsExtended:
    return facts.TermsExtended(invoice_id=_invoice_id(data), due_on=data.need("due_on", a_day))


def _promise_made(data: Fields, _: str) -> facts.PromiseMade:
    currency = data.maybe("currency", a_currency)
    return facts.PromiseMade(
        invoice_ids=data.need("invoice_ids", _invoice_ids),
        amount=data.maybe("amount", amount_above_zero_in(currency or DEFAULT_CURRENCY)),
        promised_on=data.need("promised_on", a_day),
        by=data.maybe("by", _a_name) or "",
        currency_stated=currency is not None,
    )


def _payment_plan_agreed(data: Fields, _: str) -> facts.PaymentPlanAgreed:
    currency = data.maybe("currency", a_currency) or _named_by_parts(data)
    instalments = read_instalments(data.children("instalments"), currency or DEFAULT_CURRENCY)
    if not instalments:
        raise EventError(data.path("instalments"), "is required; a plan has at least one instalment")
    return facts.PaymentPlanAgreed(
        invoice_ids=data.need("invoice_ids", _invoice_ids),
        instalments=instalments,
        currency_stated=currency is not None,
    )


def _named_by_parts(data: Fields) -> str | None:
    """The currency that the first instalment with one names: all are in one."""
    named = (part.maybe("currency", a_currency) for part in data.children("instalments"))
    return next((one for one in named if one), None)


def _customer_updated(data: Fields, default_country: str) -> facts.CustomerUpdated:
    return facts.CustomerUpdated(customer=read_customer(data.child("customer"), default_country))


def _customer_held(data: Fields, _: str) -> facts.CustomerHeld:
    until = data.maybe("until", an_instant_or_day)
    at, on = (until, None) if isinstance(until, datetime) else (None, until)
    return facts.CustomerHeld(customer_id=customer_id(data), reason=reason(data), until=at, until_on=on)


def _customer_released(data: Fields, _: str) -> facts.CustomerReleased:
    return facts.CustomerReleased(customer_id=customer_id(data))


def _payments_synced(data: Fields, _: str) -> facts.PaymentsSynced:
    return facts.PaymentsSynced(as_of=data.need("as_of", an_instant_within_day))


def _einvoice_status_changed(data: Fields, _: str) -> facts.EInvoiceStatusChanged:
    return facts.EInvoiceStatusChanged(invoice_id=_invoice_id(data), code=data.need("code", _a_code))


READERS: Mapping[str, Callable[[Fields, str], facts.Body]] = MappingProxyType(
    {
        "invoice.issued": _invoice_issued,
        "invoice.updated": _invoice_issued,
        "invoice.cancelled": _invoice_cancelled,
        "payment.received": _payment_received,
        "payment.reversed": _payment_reversed,
        "invoice.paid": _invoice_paid,
        "credit_note.issued": _credit_note_issued,
        "invoice.disputed": _invoice_disputed,
        "dispute.resolved": _dispute_resolved,
        "terms.extended": _terms_extended,
        "promise.made": _promise_made,
        "payment_plan.agreed": _payment_plan_agreed,
        "customer.updated": _customer_updated,
        "customer.held": _customer_held,
        "customer.released": _customer_released,
        "payments.synced": _payments_synced,
        "einvoice.status_changed": _einvoice_status_changed,
        "task.closed": read_people.task_closed,
        "reply.received": read_people.reply_received,
        "complaint.opened": read_people.complaint_opened,
        "complaint.resolved": read_people.complaint_resolved,
        "payment_method.failed": read_people.payment_method_failed,
        "payment_method.restored": read_people.payment_method_restored,
    }
)
"""By event type: from its `data` and the seller's country to the fact."""


def _invoice_id(data: Fields) -> InvoiceId:
    return InvoiceId(data.need("invoice_id", an_id))


def _amount(data: Fields) -> Money:
    return data.need("amount", amount_above_zero_in(data.need("currency", a_currency)))


def _invoice_ids(value: object) -> tuple[InvoiceId, ...]:
    """At least one invoice, each named once."""
    ids = tuple(dict.fromkeys(InvoiceId(an_id(one)) for one in a_list(value)))
    if not ids:
        raise ValueError("is an empty list; at least one invoice is required")
    return ids


def _a_code(value: object) -> str:
    """A code of the French e-invoicing life cycle; one that is not known yet is taken, and changes nothing."""
    if not isinstance(value, str) or len(value) != _LONGEST_CODE or not (value.isascii() and value.isdigit()):
        raise ValueError(f'{shown(value)} is not a life-cycle code; write its three digits as a text, as in "207"')
    return value
