"""What happened to one invoice, applied fact by fact in the order of their stamps. Used by `fold` alone.

Payments, reversals and credit notes are sets by id; other fields are last-writer-wins, which the order gives.

    open ──paid in full, invoice.paid, 212──▶ paid ──payment.reversed──▶ open (a new cycle)
      └────────invoice.cancelled, 220────────▶ cancelled (for good, from anywhere)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from domain import facts
from domain.account import InvoiceState, Standing
from domain.facts import Fact
from domain.invoice import Invoice
from domain.money import Money

HOLDING_CODES = frozenset({"207", "208", "210", "211", "213"})
"""E-invoice statuses that make a unit wait: disputed, suspended, refused, rejected; 211: payment sent.

Source: French e-invoicing life cycle (DGFiP, external specifications for B2B invoicing), read 2026-11."""
PAID_CODE = "212"
CANCELLED_CODE = "220"


@dataclass(slots=True)
class Ledger:
    """The growing state of one invoice.

    `settled` is what `invoice.paid` settled (minor units) and no payment has named so far.
    """

    invoice: Invoice
    known_at: datetime
    extended_to: date | None = None
    received: dict[str, Money] = field(default_factory=dict)
    reversals: dict[str, Money] = field(default_factory=dict)
    credited: dict[str, Money] = field(default_factory=dict)
    settled: int = 0
    closed: bool = False
    cancelled: bool = False
    disputed: str | None = None
    status_code: str | None = None
    promised_on: date | None = None
    cycle: int = 0

    def apply(self, fact: Fact) -> None:
        """Takes in the next fact about this invoice (stamps never go back)."""
        match fact.body:
            case facts.InvoiceIssued(invoice=invoice):
                self._restate(invoice)
            case facts.PaymentReceived(payment_id=payment_id, amount=amount):
                self._receive(payment_id, amount)
            case facts.PaymentReversed(payment_id=payment_id, amount=amount):
                self._reverse(payment_id, amount)
            case facts.CreditNoteIssued(credit_note_id=note_id, amount=amount):
                self.credited[note_id] = amount
            case facts.InvoicePaid():
                self._settle()
            case facts.InvoiceCancelled():
                self.cancelled = True
            case facts.InvoiceDisputed(reason=reason):
                self.disputed = reason or "disputed"
            case facts.DisputeResolved():
                self.disputed = None
            case facts.TermsExtended(due_on=due_on):
                self.extended_to = due_on
            case facts.EInvoiceStatusChanged(code=code):
                self._take_status(code)
            case facts.PromiseMade(promised_on=promised_on):
                self.promised_on = promised_on
            case _:
                return
        self.closed = self.closed or self._owed() <= 0 < self.invoice.total.minor

    def balance(self) -> Money:
        """What is still owed: total − payments − credit notes, never below zero nor above the total."""
        owed = 0 if self.closed or self.cancelled else max(0, self._owed())
        return Money(owed, self.invoice.total.currency)

    def state(self) -> InvoiceState:
        """The invoice as it stands."""
        return InvoiceState(
            invoice=self.invoice,
            standing=self._standing(),
            due_on=self.extended_to or self.invoice.due_on,
            balance=self.balance(),
            known_at=self.known_at,
            disputed=self.disputed,
            status_code=self.status_code if self.status_code in HOLDING_CODES else None,
            foreign_payment=self._foreign_currency(),
            promised_on=self.promised_on,
            cycle=self.cycle,
        )

    def _standing(self) -> Standing:
        if self.cancelled:
            return Standing.CANCELLED
        return Standing.PAID if self.closed else Standing.OPEN

    def _restate(self, invoice: Invoice) -> None:
        """A new due date in the invoice ends an extension; stating the old one again does not."""
        if invoice.due_on != self.invoice.due_on:
            self.extended_to = None
        self.invoice = invoice

    def _receive(self, payment_id: str, amount: Money) -> None:
        """A payment that is told of after `invoice.paid` is part of what settled the invoice."""
        if self.closed and payment_id not in self.received:
            self._name(amount)
        self.received[payment_id] = amount

    def _reverse(self, payment_id: str, amount: Money) -> None:
        """What goes back of a payment that was never told of was part of what settled the invoice."""
        first = payment_id not in self.reversals
        if first and payment_id not in self.received:
            self._name(amount)
        self.reversals[payment_id] = amount
        if first and self.closed and self._owed() > 0:
            self.closed = False
            self.cycle += 1

    def _settle(self) -> None:
        if not self.closed:
            self.settled += max(0, self._owed())
            self.closed = True

    def _name(self, amount: Money) -> None:
        if amount.currency == self.invoice.total.currency:
            self.settled -= min(self.settled, amount.minor)

    def _take_status(self, code: str) -> None:
        self.status_code = code
        self.cancelled = self.cancelled or code == CANCELLED_CODE
        if code == PAID_CODE:
            self._settle()

    def _owed(self) -> int:
        """Minor units still owed by the arithmetic alone; amounts in another currency do not count."""
        currency = self.invoice.total.currency
        counted = (*self.credited.values(), *self._kept())
        return self.invoice.total.minor - self.settled - sum(m.minor for m in counted if m.currency == currency)

    def _kept(self) -> Iterator[Money]:
        """The payments, less what went back of each."""
        for payment_id, amount in self.received.items():
            back = self.reversals.get(payment_id)
            lost = back.minor if back is not None and back.currency == amount.currency else 0
            yield Money(max(0, amount.minor - lost), amount.currency)

    def _foreign_currency(self) -> str | None:
        """A currency other than the invoice's in which something was paid: a person has to look."""
        amounts = (*self._kept(), *self.credited.values())
        return next((m.currency for m in amounts if m.minor and m.currency != self.invoice.total.currency), None)
