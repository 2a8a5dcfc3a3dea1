"""Whom and what a fact is about. Used by `read_event` and intake, for the store to find its account, and `fold`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from domain import facts
from domain.ids import CustomerId, InvoiceId
from domain.task_outcomes import TaskKind
from domain.units import is_unit_of, plan_name


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


def said_of(invoice_id: InvoiceId, found: Sequence[facts.Fact]) -> list[str]:
    """The event ids of what people said of the invoice's units, or a plan's, when they closed tasks about them.

    These facts name a customer and no invoice. What came of his replies is about him alone.
    """
    plans = [fact for fact in found if isinstance(fact.body, facts.PaymentPlanAgreed)]
    covering = [plan_name(plan.stamp.event_id) for plan in plans if invoice_id in about(plan.body)[1]]
    return [
        fact.stamp.event_id
        for fact in found
        if isinstance(fact.body, facts.TaskClosed)
        and fact.body.kind != TaskKind.REPLY
        and any(is_unit_of(unit, name) for unit in fact.body.units for name in (invoice_id, *covering))
    ]
