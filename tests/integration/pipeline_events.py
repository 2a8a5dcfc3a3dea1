"""What a billing system tells in the model-based test: events of every kind about six invoices of three customers."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tests.factories import Json, event, invoice_event
from tests.integration.pipeline_model import ZONES, Told

CUSTOMERS = sorted(ZONES)
INVOICES = {f"F-{customer[-1]}{number}": customer for customer in CUSTOMERS for number in (1, 2)}
KINDS = ("issued", "issued", "paid", "payment", "reversed", "disputed", "resolved", "held", "released")
"""An invoice that is issued again has a new due date."""
AMOUNT = {"amount": "1250.00", "currency": "EUR"}


@dataclass(slots=True)
class Billing:
    """The billing system. `payments` are the invoices that are paid, each with its payment's name."""

    count: int = 0
    payments: dict[str, str] = field(default_factory=dict)

    def made(self, kind: str, invoice: str, days: int, now: datetime) -> tuple[Told, Json]:
        """An event of a kind; everything has its own instant, a second after the one before.

        Nobody pays twice, and nothing goes back that was not paid: it is paid, or stated again, instead.
        """
        self.count += 1
        if kind in ("paid", "payment"):
            kind = "issued" if invoice in self.payments else kind
        elif kind == "reversed":
            kind = "reversed" if invoice in self.payments else "payment"
        customer, name, at = INVOICES[invoice], f"e-{self.count}", now + timedelta(seconds=self.count)
        told = Told(name, at, kind, customer, None if kind in ("held", "released") else invoice)
        return told, _event_of(told, self._payment_of(invoice, kind), now.date() - timedelta(days=days))

    def _payment_of(self, invoice: str, kind: str) -> str:
        """Its name: what goes back is the last one, under its own name or one that was never told."""
        if kind in ("paid", "payment"):
            self.payments[invoice] = f"p-{self.count}"
        return self.payments.pop(invoice) if kind == "reversed" else self.payments.get(invoice, "")


def _event_of(told: Told, payment: str, on: date) -> Json:
    """The CloudEvent that tells it."""
    about = {"invoice_id": told.invoice}
    stamp = {"id": told.id, "time": told.at.isoformat()}
    match told.kind:
        case "issued":
            invoice = {
                "id": told.invoice,
                "number": told.invoice,
                "issued_on": "2026-10-01",
                "due_on": on.isoformat(),
            }
            customer = {"id": told.customer, "timezone": ZONES[told.customer].key}
            return invoice_event(customer=customer, invoice=invoice, **stamp)
        case "paid":
            return event("invoice.paid", {**about, "paid_on": on.isoformat()}, **stamp)
        case "payment" | "reversed":
            type_name = "payment.received" if told.kind == "payment" else "payment.reversed"
            data = {**about, **AMOUNT, "payment_id": payment, "paid_on": on.isoformat()}
            return event(type_name, data, **stamp)
        case "disputed" | "resolved":
            return event("invoice.disputed" if told.kind == "disputed" else "dispute.resolved", about, **stamp)
        case kind:
            return event(f"customer.{kind}", {"customer_id": told.customer}, **stamp)
