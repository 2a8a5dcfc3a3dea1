"""One customer's facts folded together: the unit of planning and of locking. Values only; `fold` makes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from domain.contacted import Contacted
from domain.customer import Customer, Place, Seller, place_of
from domain.disputes import Span, was_disputed_until
from domain.facts import ReplyReceived, TaskClosed
from domain.ids import InvoiceId, UnitId
from domain.invoice import Invoice
from domain.levels import Channel
from domain.money import Money
from domain.past import PastReminder


class Standing(StrEnum):
    """Whether an invoice is still owed."""

    OPEN = "open"
    PAID = "paid"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that came in on a date of the seller's, less what went back of it.

    `told_at` is the time (aware) of the event that told of it first; None for what `invoice.paid` settled.
    """

    paid_on: date
    amount: Money
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CreditNote:
    """A credit note on an invoice, by the id that its event gave it, which told of it first at `told_at` (aware)."""

    id: str
    amount: Money
    told_at: datetime | None = None


class WentBack(NamedTuple):
    """Since `at` more is owed, because a payment, or a part of one, went back.

    What we asked for between `hidden_from` and `heard_at` was too little: we knew of the payment then, and not yet
    that it had gone back. All are aware.
    """

    at: datetime
    hidden_from: datetime
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class InvoiceState:
    """An invoice and all that happened to it.

    `due_on` is the date in force (terms may have been extended). `known_at` is when the invoice first
    reached us. `disputed`, `status_code` and `foreign_payment` say why its units wait; `disputed_in` are the ids of
    the tasks in which the customer contested it, if that is not resolved. `went_back` are the payments that did, or a
    part of them, so that more is owed since. `payments` are in
    the order of their days, `credit_notes` in that of their ids. `disputes` says since when and until when it was
    disputed, by an event, a task or its e-invoice status; `heard_at` when the last fact about it reached us,
    `money_at` when the last payment or credit note did, `foreign_at` when the last in another currency did;
    `announced_at` when each status did by which its payment is on its way now.
    """

    invoice: Invoice
    standing: Standing
    due_on: date
    balance: Money
    known_at: datetime
    disputed: str | None = None
    disputed_in: tuple[str, ...] = ()
    status_code: str | None = None
    foreign_payment: str | None = None
    went_back: tuple[WentBack, ...] = ()
    payments: tuple[Payment, ...] = ()
    credit_notes: tuple[CreditNote, ...] = ()
    disputes: tuple[Span, ...] = ()
    heard_at: datetime | None = None
    money_at: datetime | None = None
    foreign_at: datetime | None = None
    announced_at: tuple[datetime, ...] = ()

    @property
    def contested(self) -> bool:
        """Whether it was ever disputed."""
        return bool(self.disputes)

    def was_disputed_at(self, end: datetime) -> bool:
        """Whether something that ended at `end` (aware) ended in a dispute about it."""
        return was_disputed_until(self.disputes, end)

    @property
    def is_written_off(self) -> bool:
        """Whether nobody has to pay it, and nobody has: it was cancelled, or credited in full."""
        total = self.invoice.total
        credited = sum(note.amount.minor for note in self.credit_notes if note.amount.currency == total.currency)
        return self.standing is Standing.CANCELLED or 0 < total.minor <= credited


@dataclass(frozen=True, slots=True)
class Unit:
    """What is dunned: an invoice, one of its instalments, or an instalment of a payment plan.

    `states` are the invoices behind it (several only for a plan); `balance` is what is still owed of the unit.
    `agreed`: it is a plan's. `whole` is what it was before anything was taken off. `cycle` is how often the ladder
    was started again, the last time on `restarted_on` (None: it begins at its first step); `domain.cycles` fills them
    in for an instant.
    """

    id: UnitId
    due_on: date
    balance: Money
    states: tuple[InvoiceState, ...]
    agreed: bool = False
    whole: Money | None = None
    cycle: int = 0
    restarted_on: date | None = None

    @property
    def known_at(self) -> datetime:
        """When the unit's first invoice reached us."""
        return min([state.known_at for state in self.states])


@dataclass(frozen=True, slots=True)
class Promise:
    """To pay `amount` (None: all that is open) of some invoices, or of some of their units, by `promised_on`.

    `id` is that of the event which told of it at `made_at` (aware); without `unit_ids` all units are meant.
    """

    id: str
    made_at: datetime
    invoice_ids: tuple[InvoiceId, ...]
    amount: Money | None
    promised_on: date
    by: str = ""
    unit_ids: tuple[UnitId, ...] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """A person asked for silence. `until` is None until released."""

    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Figures:
    """How the customer has paid: what a derived segment is derived from.

    `settled` and `unpaid` (for long) are the invoices counted; both numbers are whole and None if none is counted.
    `as_of` is the seller's date of the last news about his invoices (None: there are no invoices).
    """

    settled: int = 0
    unpaid: int = 0
    in_time_percent: int | None = None
    mean_days_late: int | None = None
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Segmented:
    """The customer's segment. Without figures, a person has set it by hand."""

    name: str
    figures: Figures | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """All that planning may know of a customer.

    `units` are those still owed, in order of due date; `invoices` are all of them, settled ones too.
    `history` are the reminders so far, oldest first; `suppressed` the (channel, address key) pairs out of use.
    `closed_tasks` and `promises` are in the order in which they came, `closed_at` says when each of the tasks was
    closed (aware); `unread` are the replies whose task is not closed, `low_scores` the surveys whose answer nobody
    has looked into. `complaint` (the oldest that is open) and `failed_method` say in words why no ladder should
    begin.
    `wrote` are the keys of the numbers that he wrote to us from over WhatsApp, each with when last (aware).
    `segment` is set by hand or derived from `invoices`. `elsewhere` is what its contacts got about other customers.
    """

    seller: Seller
    customer: Customer
    invoices: tuple[InvoiceState, ...] = ()
    units: tuple[Unit, ...] = ()
    hold: Hold | None = None
    history: tuple[PastReminder, ...] = ()
    suppressed: frozenset[tuple[Channel, str]] = frozenset()
    closed_tasks: tuple[TaskClosed, ...] = ()
    closed_at: tuple[datetime, ...] = ()
    unread: tuple[ReplyReceived, ...] = ()
    low_scores: tuple[TaskClosed, ...] = ()
    complaint: str | None = None
    failed_method: str | None = None
    wrote: tuple[tuple[str, datetime], ...] = ()
    promises: tuple[Promise, ...] = ()
    segment: Segmented = Segmented("new", Figures())
    elsewhere: tuple[Contacted, ...] = ()

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
