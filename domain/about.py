"""Whom and what a fact is about. Used by `read_event`, for the store to find its account, and by `fold`."""

from __future__ import annotations

from typing import assert_never

from domain import facts
from domain.ids import CustomerId, InvoiceId


def about(body: facts.Body) -> tuple[CustomerId | None, tuple[InvoiceId, ...]]:
    """The customer that a fact names (None: it names none), and its invoices."""
    match body:
        case facts.InvoiceIssued(customer, invoice):
            return customer.id, (invoice.id,)
        case (
            facts.InvoicePaid()
            | facts.PaymentReceived()
            | facts.PaymentReversed()
            | facts.InvoiceCancelled()
            | facts.CreditNoteIssued()
            | facts.InvoiceDisputed()
            | facts.DisputeResolved()
            | facts.TermsExtended()
            | facts.EInvoiceStatusChanged()
        ):
            return None, (body.invoice_id,)
        case facts.CustomerUpdated(customer):
            return customer.id, ()
        case (
            facts.CustomerHeld()
            | facts.CustomerReleased()
            | facts.TaskClosed()
            | facts.ReplyReceived()
            | facts.ComplaintOpened()
            | facts.ComplaintResolved()
            | facts.PaymentMethodFailed()
            | facts.PaymentMethodRestored()
        ):
            return body.customer_id, ()
        case facts.PromiseMade() | facts.PaymentPlanAgreed():
            return None, body.invoice_ids
        case facts.PaymentsSynced():
            return None, ()
        case _:
            assert_never(body)
