"""Payments that went back: which started the ladder again, and which were a slip of the books. Used by `ledger`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.account import Payment


@dataclass(frozen=True, slots=True)
class Return:
    """Since `at` more is owed: so much of a payment of this date went back. `opened`: the invoice had been paid."""

    at: datetime
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
