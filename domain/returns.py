"""Payments that went back: which started the ladder again, and which were a slip of the books. Used by `ledger`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.account import Payment, WentBack
from domain.money import Money


@dataclass(frozen=True, slots=True)
class Return:
    """So much of a payment of this date went back. `opened`: the invoice had been paid."""

    went: WentBack
    back: Payment
    opened: bool


def without_slip(returns: Sequence[Return], payment: Payment) -> list[Return]:
    """The returns without the last one that this payment corrects: no less, and no later than what went back.

    Of a payment that is restated it is only what is told beyond what was known of it.

    What is told after a return and bears an earlier date was not paid in its place: it was booked anew. What opened a
    paid invoice again is never forgotten.
    """
    for one in reversed(returns):
        back = one.back
        is_enough = payment.amount.currency == back.amount.currency and payment.amount.minor >= back.amount.minor
        if is_enough and payment.paid_on <= back.paid_on and not one.opened:
            return [other for other in returns if other is not one]
    return list(returns)


def told_again(returns: Sequence[Return], at: datetime, heard_at: datetime) -> list[Return]:
    """The returns, the one of `at` told once more: it was heard of when it was told to us first."""
    return [
        replace(one, went=one.went._replace(heard_at=min(one.went.heard_at, heard_at))) if one.went.at == at else one
        for one in returns
    ]


def left_of(payment: Payment, back: Money | None) -> Payment:
    """What is left of the payment after so much went back of it."""
    amount = payment.amount
    if back is None or back.currency != amount.currency:
        return payment
    return replace(payment, amount=Money(max(0, amount.minor - back.minor), amount.currency))
