"""What a template sees of the past and of discounts: ready words. Made by `view` for each message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from channels.words import listed, long_date, money, one_line
from domain.money import Money

if TYPE_CHECKING:
    from channels.port import Happened, Line


@dataclass(frozen=True, slots=True)
class DiscountView:
    """What may be taken off for paying by `until` (included): the `rate`, its amount (`off`), and what is left."""

    rate: str
    until: str
    off: str
    left: str


@dataclass(frozen=True, slots=True)
class HappenedView:
    """Something that happened before: the words of `channels.port.Happened`, its dates and amount in words."""

    on: str
    what: str
    numbers: str
    amount: str | None
    outcome: str | None
    until: str | None
    note: str
    by: str
    score: int | None


def discount_of(line: Line, today: date, language: str) -> DiscountView | None:
    """The invoice's discount while it is valid; None if there is none, or something was paid already.

    It is counted on what is owed, rounded half up in the invoice's own currency.
    """
    offer = line.discount
    if offer is None or today > offer.until or line.payments:
        return None
    off = (Decimal(line.balance.minor) * Decimal(offer.percent) / 100).quantize(Decimal(1), ROUND_HALF_UP)
    if not 0 < off < line.balance.minor:
        return None
    return DiscountView(
        rate=_rate(offer.percent, language),
        until=long_date(offer.until, language),
        off=money(Money(int(off), line.balance.currency), language),
        left=money(Money(line.balance.minor - int(off), line.balance.currency), language),
    )


def _rate(percent: str, language: str) -> str:
    """`2,5 %` (with a no-break space) or `2.5%`: the places that it needs."""
    number = f"{Decimal(percent).normalize():f}"
    return f"{number.replace('.', ',')}\u00a0%" if language == "fr" else f"{number}%"


def happened_of(one: Happened, language: str) -> HappenedView:
    """One thing in words. What a person wrote down is on one line."""
    return HappenedView(
        on=long_date(one.on, language),
        what=one.what,
        numbers=listed([one_line(number) for number in one.numbers], language),
        amount=money(one.amount, language) if one.amount else None,
        outcome=one.outcome,
        until=long_date(one.until, language) if one.until else None,
        note=one_line(one.note),
        by=one_line(one.by),
        score=one.score,
    )
