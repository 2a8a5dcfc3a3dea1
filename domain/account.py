"""One customer's facts folded together: the unit of planning and of locking. Values only; `fold` makes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.customer import Customer, Place, Seller, place_of
from domain.facts import PastReminder
from domain.ids import InvoiceId, UnitId
from domain.invoice import Invoice
from domain.levels import Channel
from domain.money import Money


class Standing(StrEnum):
    """Whether an invoice is still owed."""

    OPEN = "open"
    PAID = "paid"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class InvoiceState:
    """An invoice and all that happened to it.

    `due_on` is the date in force (terms may have been extended). `known_at` is when the invoice first
    reached us. `disputed`, `status_code` and `foreign_payment` say why its units wait; `promised_on` is the
    last promise that covers it. `cycle` counts how often the ladder was started again.
    """

    invoice: Invoice
    standing: Standing
    due_on: date
    balance: Money
    known_at: datetime
    disputed: str | None = None
    status_code: str | None = None
    foreign_payment: str | None = None
    promised_on: date | None = None
    cycle: int = 0


@dataclass(frozen=True, slots=True)
class Unit:
    """What is dunned: an invoice, one of its instalments, or an instalment of a payment plan.

    `states` are the invoices behind it (several only for a plan); `balance` is what is still owed of the unit.
    """

    id: UnitId
    due_on: date
    balance: Money
    states: tuple[InvoiceState, ...]

    @property
    def known_at(self) -> datetime:
        """When the unit's first invoice reached us."""
        return min(state.known_at for state in self.states)

    @property
    def cycle(self) -> int:
        """How often the ladder was started again for it."""
        return max(state.cycle for state in self.states)


@dataclass(frozen=True, slots=True)
class Hold:
    """A person asked for silence. `until` is None until released."""

    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Account:
    """All that planning may know of a customer.

    `units` are those still owed, in order of due date; `invoices` are all of them, settled ones too.
    `history` are the reminders so far, oldest first; `suppressed` the (channel, address key) pairs out of use.
    """

    seller: Seller
    customer: Customer
    invoices: tuple[InvoiceState, ...] = ()
    units: tuple[Unit, ...] = ()
    hold: Hold | None = None
    history: tuple[PastReminder, ...] = ()
    suppressed: frozenset[tuple[Channel, str]] = frozenset()

    @property
    def place(self) -> Place:
        """Where the customer's clock hangs."""
        return place_of(self.customer, self.seller)

    @property
    def language(self) -> str:
        """The language to write to the customer in."""
        return self.customer.language or self.seller.language

    def state_of(self, invoice_id: InvoiceId) -> InvoiceState | None:
        """The invoice with this id, or None if the account has none."""
        return next((state for state in self.invoices if state.invoice.id == invoice_id), None)
