"""From the `invoice` object of an event to an Invoice, with exact amounts. Called by `read_facts`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from domain.event import EventError
from domain.fields import Fields, Reader, a_day, ident, line, shown, text
from domain.ids import CustomerId, InvoiceId
from domain.invoice import EarlyPaymentDiscount, Instalment, Invoice, Line
from domain.money import Money, exponent_of, read_amount

an_id = ident(128)
_a_line = line(128)
_an_iban = line(64)
_a_description = line(1000)
_URL = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)
_PERCENT = re.compile(r"\d{1,2}(\.\d{1,6})?", re.ASCII)


def read_invoice(fields: Fields, customer_id: CustomerId) -> Invoice:
    """The invoice of a customer; EventError names what is wrong with it.

    Due before it was issued, or lines that do not add up, are not wrong here: a gate before the first reminder asks a
    person about them.
    """
    currency = fields.need("currency", a_currency)
    total = fields.need("total", amount_in(currency))
    return Invoice(
        id=InvoiceId(fields.need("id", an_id)),
        customer_id=customer_id,
        number=fields.need("number", _a_line),
        due_on=fields.need("due_on", a_day),
        total=total,
        issued_on=fields.maybe("issued_on", a_day),
        purchase_order=fields.maybe("purchase_order", _a_line),
        document_url=fields.maybe("document_url", _a_url),
        payment_url=fields.maybe("payment_url", _a_url),
        iban=fields.maybe("iban", _an_iban),
        early_payment_discount=_discount(fields.child_or_none("early_payment_discount")),
        instalments=_instalments_of(total, fields),
        lines=tuple(_read_line(item, currency) for item in fields.children("lines")),
    )


def a_currency(value: object) -> str:
    """An ISO 4217 code that amounts can be stated in."""
    exponent_of(currency := text(value, 64))
    return currency


def amount_in(currency: str) -> Reader[Money]:
    """Reads an amount of nothing or more."""

    def read(value: object) -> Money:
        money = read_amount(_number(value), currency)
        if money.minor < 0:
            raise ValueError(f"{shown(value)} is negative; an amount is 0 or more")
        return money

    return read


def amount_above_zero_in(currency: str) -> Reader[Money]:
    """Reads an amount of more than nothing."""

    def read(value: object) -> Money:
        money = read_amount(_number(value), currency)
        if money.minor <= 0:
            raise ValueError(f"{shown(value)} is not an amount above 0")
        return money

    return read


def _number(value: object) -> str | int | Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError(f'{shown(value)} is not an exact amount; write it as a text such as "1250.00"')  # noqa: TRY004 - for Fields
    return value


def read_instalments(items: Iterable[Fields], currency: str) -> tuple[Instalment, ...]:
    """Parts with due dates of their own, in the given order and in one currency."""
    return tuple(_instalment(item, currency) for item in items)


def _instalment(fields: Fields, currency: str) -> Instalment:
    own = fields.maybe("currency", a_currency) or currency
    if own != currency:
        raise EventError(fields.path("currency"), f"{shown(own)} differs from the other amounts, in {currency}")
    amount = fields.need("amount", amount_above_zero_in(currency))
    return Instalment(due_on=fields.need("due_on", a_day), amount=amount)


def _instalments_of(total: Money, fields: Fields) -> tuple[Instalment, ...]:
    parts = read_instalments(fields.children("instalments"), total.currency)
    together = Money(sum(part.amount.minor for part in parts), total.currency)
    if parts and together != total:
        problem = f"add up to {together.amount} {total.currency}, but the total is {total.amount} {total.currency}"
        raise EventError(fields.path("instalments"), problem)
    return parts


def _read_line(fields: Fields, currency: str) -> Line:
    """A line's amount may be below zero, and its description may be missing."""
    amount = fields.need("amount", lambda value: read_amount(_number(value), currency))
    return Line(description=fields.maybe("description", _a_description) or "", amount=amount)


def _discount(fields: Fields | None) -> EarlyPaymentDiscount | None:
    if fields is None:
        return None
    return EarlyPaymentDiscount(percent=fields.need("percent", _a_percent), until=fields.need("until", a_day))


def _a_percent(value: object) -> str:
    """A share above 0 and below 100, as plain decimal text: `2`, `2.5`."""
    percent = str(_number(value))
    if not _PERCENT.fullmatch(percent) or not Decimal(percent):
        raise ValueError(f'{shown(value)} is not a percentage above 0 and below 100, such as "2.5"')
    return percent


def _a_url(value: object) -> str:
    """An address of the web that a customer may be sent to."""
    url = text(value, 2048)
    if not _URL.fullmatch(url) or not url.isprintable():
        raise ValueError(f"{shown(value)} is not a web address; it begins with https:// or http://")
    return url
