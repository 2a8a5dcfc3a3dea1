"""Statutory charges as a template sees them: ready words for each span, invoice and total. Called by `view`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from channels.words import listed, long_date, money, one_line, percent
from domain.money import Money
from domain.rates import RateBasis

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from channels.port import Line
    from domain.charges import Penalty, UnitCharges
    from domain.rates import PenaltyRate


@dataclass(frozen=True, slots=True)
class SpanView:
    """One span of days of a penalty, both days included; `rate` is a year's."""

    since: str
    until: str
    days: int
    rate: str
    base: str
    amount: str


@dataclass(frozen=True, slots=True)
class PenaltyView:
    """What the delay of an invoice, its `part`, or an `agreed` instalment of these costs: the sum of its spans."""

    number: str
    amount: str
    spans: tuple[SpanView, ...]
    agreed: tuple[str, ...] = ()
    part: int | None = None
    parts: int | None = None


@dataclass(frozen=True, slots=True)
class RecoveryView:
    """The fixed charge for one invoice."""

    number: str
    amount: str


@dataclass(frozen=True, slots=True)
class ChargesView:
    """All that comes on top, as of `today`. `total` is the charges', `due` the message's total with them.

    Both have an amount for each currency. `basis` (`ecb`, `legal`, `agreed`) says what the rate is made of, with its
    `number`: the points added, the multiplier, or none.
    """

    today: str
    penalties: tuple[PenaltyView, ...]
    recoveries: tuple[RecoveryView, ...]
    total: str
    due: str
    basis: str
    number: str


def charges_of(lines: tuple[Line, ...], today: date, language: str) -> ChargesView | None:
    """The charges of a message's lines; None if there are none."""
    charged = [(line, line.charges) for line in lines if line.charges is not None]
    if not charged:
        return None
    amounts = [amount for _, charges in charged for amount in _amounts(charges)]
    rule = charged[0][1].rule
    return ChargesView(
        today=long_date(today, language),
        penalties=tuple(_penalty(line, charges.penalties, language) for line, charges in charged),
        recoveries=tuple(
            RecoveryView(one_line(recovery.number), money(recovery.amount, language))
            for _, charges in charged
            for recovery in charges.recoveries
        ),
        total=_total(amounts, language),
        due=_total([*(line.balance for line in lines), *amounts], language),
        basis=rule.basis.value,
        number=_number(rule, language),
    )


def _amounts(charges: UnitCharges) -> list[Money]:
    return [*(one.amount for one in charges.penalties), *(one.amount for one in charges.recoveries)]


def _penalty(line: Line, penalties: tuple[Penalty, ...], language: str) -> PenaltyView:
    spans = tuple(
        SpanView(
            since=long_date(one.since, language),
            until=long_date(one.until, language),
            days=one.days,
            rate=percent(one.percent, language),
            base=money(one.base, language),
            amount=money(one.amount, language),
        )
        for one in penalties
    )
    amount = _total([one.amount for one in penalties], language)
    agreed = tuple(one_line(one.number) for one in line.agreed)
    part, parts = line.part or (None, None)
    return PenaltyView(listed(agreed, language) or one_line(line.number), amount, spans, agreed, part, parts)


def _total(amounts: Iterable[Money], language: str) -> str:
    """One amount a currency, in the order in which they come; currencies are never added."""
    sums: dict[str, Money] = {}
    for amount in amounts:
        known = sums.get(amount.currency)
        sums[amount.currency] = known + amount if known else amount
    return listed([money(total, language) for total in sums.values()], language)


def _number(rule: PenaltyRate, language: str) -> str:
    """`10`, `3`, `3,5`: as short as it can be said."""
    if rule.basis is RateBasis.AGREED:
        return ""
    text = f"{rule.number.normalize():f}"
    return text.replace(".", ",") if language == "fr" else text
