"""What happened to one invoice, applied fact by fact in the order of their stamps. Used by `fold` alone.

Payments, reversals and credit notes are sets by id; a payment that comes in again after it went back has no reversal
any more, and one reversal told twice is one. Other fields are last-writer-wins, which the order gives.

    open ──paid in full, invoice.paid, 212──▶ paid ──payment.reversed──▶ open
      └────────invoice.cancelled, 220────────▶ cancelled (for good, from anywhere)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from domain import facts
from domain.account import CreditNote, InvoiceState, Payment, Standing, WentBack
from domain.disputes import Dispute, Span, with_change
from domain.facts import Fact
from domain.invoice import Invoice
from domain.money import Money
from domain.returns import Return, left_of, told_again, without_slip
from domain.task_outcomes import TaskOutcome

HOLDING_CODES = frozenset({"207", "208", "210", "211", "213"})
"""E-invoice statuses that make a unit wait: disputed, suspended, refused, rejected; 211: payment sent.

Source: French e-invoicing life cycle (DGFiP, external specifications for B2B invoicing), read 2026-11."""
DISPUTED_CODE = "207"
PAYMENT_SENT_CODE = "211"
PAID_CODE = "212"
CANCELLED_CODE = "220"

Books = dict[tuple[str, str], int]
"""What is owed, entry by entry, in minor units of the invoice's currency: by kind and name what is added."""


@dataclass(slots=True)
class Ledger:
    """The growing state of one invoice.

    `zone` is the seller's: its dates are those of payments.
    `arrived` is when each payment reached us first. `settled` is what `invoice.paid` settled (minor units) on
    `settled_on`, and no payment has named so far.
    `disputed` is the reason that an event gave, `disputed_in` are the tasks in which the customer contested it,
    `disputes` since when and until when it was disputed, by these or by its e-invoice status.
    `told_back` are the reversals as they were told, each with its first time, `went_back` is, by payment, the date it
    was received on and the one that its last reversal gives; both outlast `reversals`. `returns` are those for
    which more is owed.
    """

    invoice: Invoice
    known_at: datetime
    zone: ZoneInfo
    extended_to: date | None = None
    received: dict[str, Payment] = field(default_factory=dict)
    arrived: dict[str, datetime] = field(default_factory=dict)
    reversals: dict[str, Money] = field(default_factory=dict)
    told_back: dict[facts.PaymentReversed, datetime] = field(default_factory=dict)
    went_back: dict[str, tuple[date, date]] = field(default_factory=dict)
    credited: dict[str, Money] = field(default_factory=dict)
    credited_at: dict[str, datetime] = field(default_factory=dict)
    settled: int = 0
    settled_on: date | None = None
    closed: bool = False
    cancelled: bool = False
    disputed: str | None = None
    disputed_in: tuple[str, ...] = ()
    disputes: tuple[Span, ...] = ()
    heard_at: datetime | None = None
    money_at: datetime | None = None
    foreign_at: datetime | None = None
    status_code: str | None = None
    announced_at: list[datetime] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)

    def apply(self, fact: Fact) -> None:
        """Takes in the next fact about this invoice (stamps never go back)."""
        match fact.body:
            case facts.InvoiceIssued(invoice=invoice):
                self._restate(invoice)
            case facts.PaymentReceived(payment_id=payment_id, amount=amount, paid_on=paid_on):
                self._receive(payment_id, Payment(paid_on, amount, fact.stamp.time), fact.received_at)
            case facts.PaymentReversed():
                self._reverse(fact.body, fact.stamp.time, fact.received_at)
            case facts.CreditNoteIssued(credit_note_id=note_id, amount=amount):
                self.credited_at.setdefault(note_id, fact.stamp.time)
                self._credit(note_id, amount, fact.received_at)
            case facts.InvoicePaid(paid_on=paid_on):
                self._settle(paid_on)
            case facts.InvoiceCancelled():
                self.cancelled = True
            case facts.InvoiceDisputed(reason=reason):
                self.disputed = reason or "disputed"
            case facts.DisputeResolved():
                self.resolve()
            case facts.TermsExtended(due_on=due_on):
                self.extended_to = due_on
            case facts.EInvoiceStatusChanged(code=code):
                self._take_status(code, fact.stamp.time.astimezone(self.zone).date(), fact.received_at)
            case _:
                return
        self.closed = self.closed or self._owed() <= 0 < self.invoice.total.minor
        self.note_dispute(fact.stamp.time)
        self.heard_at = _later(self.heard_at, fact.received_at)

    def contest(self, task_id: str) -> None:
        """The customer contested it in this task."""
        self.disputed_in = (*self.disputed_in, task_id)

    def resolve(self) -> Dispute:
        """Whatever was disputed is no more; returns it as it was."""
        before = (self.disputed, self.disputed_in)
        self.disputed, self.disputed_in = None, ()
        return before

    def note_dispute(self, at: datetime) -> None:
        """Whether it is disputed from `at` on. A task that is closed again changes nothing of what was before."""
        is_disputed = self.disputed is not None or bool(self.disputed_in) or self.status_code == DISPUTED_CODE
        if is_disputed or self.disputes:
            self.disputes = with_change(self.disputes, at, is_disputed=is_disputed)

    def balance(self) -> Money:
        """What is still owed: total − payments − credit notes, never below zero nor above the total."""
        owed = 0 if self.closed or self.cancelled else max(0, self._owed())
        return Money(owed, self.invoice.total.currency)

    def books(self) -> Books:
        """All that makes up what is owed. What came in is below zero; other currencies are left out."""
        currency = self.invoice.total.currency
        payments = [(("payment", name), left.amount) for name, left in self._left_of_each()]
        came_in = [*payments, *((("credit_note", name), amount) for name, amount in self.credited.items())]
        return {
            ("total", ""): self.invoice.total.minor,
            ("settled", ""): -self.settled,
            **{entry: -amount.minor for entry, amount in came_in if amount.currency == currency},
        }

    def state(self) -> InvoiceState:
        """The invoice as it stands."""
        return InvoiceState(
            invoice=self.invoice,
            standing=self._standing(),
            due_on=self.extended_to or self.invoice.due_on,
            balance=self.balance(),
            known_at=self.known_at,
            disputed=self.disputed or (TaskOutcome.DISPUTED.value if self.disputed_in else None),
            disputed_in=self.disputed_in,
            status_code=self.status_code if self.status_code in HOLDING_CODES else None,
            foreign_payment=self._foreign_currency() if self.received or self.credited else None,
            payments=tuple(self._payments()) if self.received or self.settled else (),
            credit_notes=tuple(
                CreditNote(name, amount, self.credited_at[name]) for name, amount in sorted(self.credited.items())
            ),
            went_back=tuple([one.went for one in self.returns]),
            disputes=self.disputes,
            heard_at=self.heard_at,
            money_at=self.money_at,
            foreign_at=self.foreign_at,
            announced_at=tuple(self.announced_at),
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

    def _receive(self, payment_id: str, payment: Payment, at: datetime) -> None:
        """A payment that is told of after `invoice.paid` is part of what settled the invoice.

        One that went back has come in again if it is of a later date; else it is merely stated again.
        """
        again = self._is_again(payment_id, payment.paid_on)
        if payment_id in self.went_back and payment_id not in self.reversals and not again:
            return
        came_back = again and self.reversals.pop(payment_id, None) is not None
        known = None if came_back else self.received.get(payment_id)
        before = 0 if known is None else known.amount.minor
        added = replace(payment.amount, minor=max(0, payment.amount.minor - before))
        self.arrived[payment_id] = at if known is None else min(at, self.arrived.get(payment_id, at))
        if known is None or known.amount != payment.amount:
            self._note_money(payment.amount, at)
            self.returns = without_slip(self.returns, replace(payment, amount=added)) if self.returns else []
        if self.closed if known is None else known.told_at is None:
            self._name(added)
        elif known is not None:
            payment = replace(payment, told_at=known.told_at)
        self.received[payment_id] = payment

    def _credit(self, note_id: str, amount: Money, at: datetime) -> None:
        if self.credited.get(note_id) != amount:
            self._note_money(amount, at)
        self.credited[note_id] = amount

    def _note_money(self, amount: Money, at: datetime) -> None:
        """When something reached us that had not been told of before."""
        self.money_at = _later(self.money_at, at)
        if amount.currency != self.invoice.total.currency:
            self.foreign_at = _later(self.foreign_at, at)

    def _is_again(self, payment_id: str, paid_on: date) -> bool:
        """Whether a payment of this date is later than the one that went back, and no earlier than its reversal."""
        if payment_id not in self.went_back:
            return False
        received_on, reversed_on = self.went_back[payment_id]
        return paid_on > received_on and paid_on >= reversed_on

    def _reverse(self, back: facts.PaymentReversed, at: datetime, heard_at: datetime) -> None:
        """What goes back of a payment that was never told of was part of what settled the invoice.

        Of such a payment the reversal's date is all that is known. A reversal that is told once more changes nothing:
        what came in since does not go back. Whether it was paid or not, an invoice of which more is owed now has its
        ladder again; but not for a correction of what went back, unless that opens it.
        """
        if back in self.told_back:
            self.returns = told_again(self.returns, self.told_back[back], heard_at)
            return
        self.told_back[back] = at
        name, first = back.payment_id, back.payment_id not in self.reversals
        if first and name not in self.received and self.settled and self.settled_on is not None:
            self.received[name] = Payment(self.settled_on, self._name(back.amount))
        known = self.received.get(name)
        received_on = back.paid_on if known is None or known.told_at is None else known.paid_on
        self.went_back[name] = (received_on, back.paid_on)
        before = self._owed()
        self.reversals[name] = back.amount
        if self._owed() > max(0, before) and (first or self.closed):
            hidden_from = max(at, self.arrived.get(name, at))
            went = WentBack(at, hidden_from, heard_at)
            self.returns.append(Return(went, Payment(received_on, back.amount), opened=self.closed))
            self.closed = False

    def _settle(self, on: date) -> None:
        """Whatever was owed has come in. What had gone back may be part of it, and may go back once more."""
        if not self.closed:
            self.settled += max(0, self._owed())
            self.received = {name: left for name, left in self._left_of_each() if left.amount.minor}
            self.reversals = {}
            self.settled_on = on
            self.closed = True

    def _name(self, amount: Money) -> Money:
        """So much of what settled the invoice has a name now; returns how much of it that was."""
        currency = self.invoice.total.currency
        named = min(self.settled, amount.minor) if amount.currency == currency else 0
        self.settled -= named
        return Money(named, currency)

    def _take_status(self, code: str, on: date, at: datetime) -> None:
        self.status_code = code
        self.announced_at = [*self.announced_at, at] if code == PAYMENT_SENT_CODE else []
        self.cancelled = self.cancelled or code == CANCELLED_CODE
        if code == PAID_CODE:
            self._settle(on)

    def _owed(self) -> int:
        """Minor units still owed by the arithmetic alone; amounts in another currency do not count."""
        total, owed = self.invoice.total, self.invoice.total.minor - self.settled
        for came_in in self._came_in():
            if came_in.currency == total.currency:
                owed -= came_in.minor
        return owed

    def _came_in(self) -> list[Money]:
        """The amounts of payments, less what went back of each, then those of credit notes."""
        return [*[payment.amount for payment in self._kept()], *self.credited.values()]

    def _payments(self) -> list[Payment]:
        """What came in and stayed, in the order of the days; what settled the invoice unnamed is among it."""
        kept = [payment for payment in self._kept() if payment.amount.minor]
        if self.settled and self.settled_on is not None:
            kept.append(Payment(self.settled_on, Money(self.settled, self.invoice.total.currency)))
        return sorted(kept, key=lambda payment: (payment.paid_on, payment.amount.currency, payment.amount.minor))

    def _kept(self) -> list[Payment]:
        """The payments, less what went back of each."""
        if not self.reversals:
            return list(self.received.values())
        return [left for _, left in self._left_of_each()]

    def _left_of_each(self) -> list[tuple[str, Payment]]:
        """By its id, what is left of each payment."""
        return [(name, left_of(payment, self.reversals.get(name))) for name, payment in self.received.items()]

    def _foreign_currency(self) -> str | None:
        """A currency other than the invoice's in which something was paid: a person has to look."""
        own = self.invoice.total.currency
        return next((m.currency for m in self._came_in() if m.minor and m.currency != own), None)


def _later(known: datetime | None, at: datetime) -> datetime:
    return at if known is None else max(known, at)
