"""What is owed: the invoice as the seller states it, in exact minor units."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.ids import CustomerId, InvoiceId
from domain.money import Money


@dataclass(frozen=True, slots=True)
class Instalment:
    """A part of an invoice (or of a payment plan) with a due date of its own."""

    due_on: date
    amount: Money


@dataclass(frozen=True, slots=True)
class EarlyPaymentDiscount:
    """`percent` (a decimal string, exact) off if paid up to and including `until`."""

    percent: str
    until: date


@dataclass(frozen=True, slots=True)
class Line:
    """What an invoice charges for, tax included. Below zero for a discount."""

    description: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice as its last `invoice.issued` or `invoice.updated` states it. All dates are the seller's."""

    id: InvoiceId
    customer_id: CustomerId
    number: str
    due_on: date
    total: Money
    issued_on: date | None = None
    purchase_order: str | None = None
    document_url: str | None = None
    payment_url: str | None = None
    iban: str | None = None
    early_payment_discount: EarlyPaymentDiscount | None = None
    instalments: tuple[Instalment, ...] = ()
    lines: tuple[Line, ...] = ()
