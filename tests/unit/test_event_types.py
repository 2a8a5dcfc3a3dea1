"""Each event type states its fact, and says whom and what it is about."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from domain import facts
from domain.customer import Customer
from domain.ids import CustomerId, InvoiceId, StepId, UnitId
from domain.invoice import Instalment
from domain.levels import Channel
from domain.money import Money
from domain.read_event import event_type_names, read_event
from tests.factories import Json, event

INVOICE = InvoiceId("F-2026-0042")
PAYMENT = {"invoice_id": INVOICE, "payment_id": "P-1", "amount": "50.00", "currency": "EUR", "paid_on": "2026-12-05"}


@pytest.mark.parametrize(
    ("type_name", "data", "body", "about"),
    [
        (
            "invoice.cancelled",
            {"invoice_id": INVOICE, "reason": "typo"},
            facts.InvoiceCancelled(INVOICE, "typo"),
            (None, (INVOICE,)),
        ),
        (
            "payment.received",
            PAYMENT,
            facts.PaymentReceived(INVOICE, "P-1", Money(5000, "EUR"), date(2026, 12, 5)),
            (None, (INVOICE,)),
        ),
        (
            "payment.reversed",
            PAYMENT,
            facts.PaymentReversed(INVOICE, "P-1", Money(5000, "EUR"), date(2026, 12, 5)),
            (None, (INVOICE,)),
        ),
        (
            "invoice.paid",
            {"invoice_id": INVOICE, "paid_on": "2026-12-05"},
            facts.InvoicePaid(INVOICE, date(2026, 12, 5)),
            (None, (INVOICE,)),
        ),
        (
            "credit_note.issued",
            {"invoice_id": INVOICE, "credit_note_id": "N-1", "amount": Decimal("0.10"), "currency": "EUR"},
            facts.CreditNoteIssued(INVOICE, "N-1", Money(10, "EUR")),
            (None, (INVOICE,)),
        ),
        (
            "invoice.disputed",
            {"invoice_id": INVOICE},
            facts.InvoiceDisputed(INVOICE, ""),
            (None, (INVOICE,)),
        ),
        (
            "dispute.resolved",
            {"invoice_id": INVOICE, "reason": "agreed"},
            facts.DisputeResolved(INVOICE, "agreed"),
            (None, (INVOICE,)),
        ),
        (
            "terms.extended",
            {"invoice_id": INVOICE, "due_on": "2027-01-02"},
            facts.TermsExtended(INVOICE, date(2027, 1, 2)),
            (None, (INVOICE,)),
        ),
        (
            "promise.made",
            {"invoice_ids": [INVOICE, "F-2", INVOICE], "amount": None, "promised_on": "2026-12-20", "by": "Anne"},
            facts.PromiseMade((INVOICE, InvoiceId("F-2")), None, date(2026, 12, 20), "Anne", currency_stated=False),
            (None, (INVOICE, "F-2")),
        ),
        (
            "promise.made",
            {"invoice_ids": [INVOICE], "amount": "100", "currency": "JPY", "promised_on": "2026-12-20"},
            facts.PromiseMade((INVOICE,), Money(100, "JPY"), date(2026, 12, 20), ""),
            (None, (INVOICE,)),
        ),
        (
            "payment_plan.agreed",
            {"invoice_ids": [INVOICE], "instalments": [{"due_on": "2026-12-20", "amount": "1250"}]},
            facts.PaymentPlanAgreed(
                (INVOICE,), (Instalment(date(2026, 12, 20), Money(125000, "EUR")),), currency_stated=False
            ),
            (None, (INVOICE,)),
        ),
        (
            "payment_plan.agreed",
            {
                "invoice_ids": [INVOICE],
                "instalments": [
                    {"due_on": "2026-12-20", "amount": "5"},
                    {"due_on": "2027-01-20", "amount": "5", "currency": "USD"},
                ],
            },
            facts.PaymentPlanAgreed(
                (INVOICE,),
                (Instalment(date(2026, 12, 20), Money(500, "USD")), Instalment(date(2027, 1, 20), Money(500, "USD"))),
            ),
            (None, (INVOICE,)),
        ),
        (
            "customer.updated",
            {"customer": {"id": "C-17", "name": "Martin", "kind": "consumer"}},
            facts.CustomerUpdated(Customer(id=CustomerId("C-17"), name="Martin", kind="consumer")),
            ("C-17", ()),
        ),
        (
            "customer.held",
            {"customer_id": "C-17", "reason": "flood", "until": "2026-12-24T08:00:00+01:00"},
            facts.CustomerHeld(CustomerId("C-17"), "flood", datetime(2026, 12, 24, 7, tzinfo=UTC)),
            ("C-17", ()),
        ),
        (
            "customer.held",
            {"customer_id": "C-17", "until": "2026-12-24"},
            facts.CustomerHeld(CustomerId("C-17"), "", None, until_on=date(2026, 12, 24)),
            ("C-17", ()),
        ),
        (
            "customer.released",
            {"customer_id": "C-17"},
            facts.CustomerReleased(CustomerId("C-17")),
            ("C-17", ()),
        ),
        (
            "payments.synced",
            {"as_of": "2026-12-24T08:00:00Z"},
            facts.PaymentsSynced(datetime(2026, 12, 24, 8, tzinfo=UTC)),
            (None, ()),
        ),
        (
            "payments.synced",
            {"as_of": "2026-12-24"},
            facts.PaymentsSynced(datetime(2026, 12, 24, 10, tzinfo=UTC)),
            (None, ()),
        ),
        (
            "einvoice.status_changed",
            {"invoice_id": INVOICE, "code": "207"},
            facts.EInvoiceStatusChanged(INVOICE, "207"),
            (None, (INVOICE,)),
        ),
        (
            "task.closed",
            {"customer_id": "C-17", "task_id": "t-1", "kind": "phone", "step": "call", "units": [INVOICE, INVOICE]}
            | {"cycle": 1, "outcome": "promised", "next_on": "2026-12-20", "note": "a\nb", "by": "Paul"},
            facts.TaskClosed(
                CustomerId("C-17"),
                "t-1",
                "phone",
                StepId("call"),
                (UnitId(INVOICE),),
                1,
                "promised",
                date(2026, 12, 20),
                "a\nb",
                "Paul",
            ),
            ("C-17", ()),
        ),
        (
            "task.closed",
            {"customer_id": "C-17", "task_id": "t-1", "kind": "repair", "outcome": "done", "next_on": "2026-12-20"},
            facts.TaskClosed(CustomerId("C-17"), "t-1", "repair", StepId(""), (), 0, "done", date(2026, 12, 20)),
            ("C-17", ()),
        ),
        (
            "reply.received",
            {"customer_id": "C-17", "reply_id": "SM1", "channel": "sms"},
            facts.ReplyReceived(CustomerId("C-17"), "SM1", Channel.SMS),
            ("C-17", ()),
        ),
        (
            "complaint.opened",
            {"customer_id": "C-17", "complaint_id": "K-1", "reason": "late"},
            facts.ComplaintOpened(CustomerId("C-17"), "K-1", "late"),
            ("C-17", ()),
        ),
        (
            "complaint.resolved",
            {"customer_id": "C-17", "complaint_id": "K-1"},
            facts.ComplaintResolved(CustomerId("C-17"), "K-1"),
            ("C-17", ()),
        ),
        (
            "payment_method.failed",
            {"customer_id": "C-17"},
            facts.PaymentMethodFailed(CustomerId("C-17"), ""),
            ("C-17", ()),
        ),
        (
            "payment_method.restored",
            {"customer_id": "C-17"},
            facts.PaymentMethodRestored(CustomerId("C-17")),
            ("C-17", ()),
        ),
    ],
)
def test_each_type_states_its_fact(type_name: str, data: Json, body: facts.Body, about: object) -> None:
    read = read_event(event(type_name, data))
    assert read.body == body
    assert (read.customer_id, read.invoice_ids) == about


def test_the_types_are_those_of_the_contract_and_then_what_we_added() -> None:
    contract = (
        "invoice.issued",
        "invoice.updated",
        "invoice.cancelled",
        "payment.received",
        "payment.reversed",
        "invoice.paid",
        "credit_note.issued",
        "invoice.disputed",
        "dispute.resolved",
        "terms.extended",
        "promise.made",
        "payment_plan.agreed",
        "customer.updated",
        "customer.held",
        "customer.released",
        "payments.synced",
        "einvoice.status_changed",
    )
    additions = (
        "task.closed",
        "reply.received",
        "complaint.opened",
        "complaint.resolved",
        "payment_method.failed",
        "payment_method.restored",
    )
    assert event_type_names() == (*contract, *additions)
