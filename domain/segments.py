"""Segments from payment history: how a customer has paid so far, in one word and the figures behind it.

    reliable     at least 80 % of his invoices in time
    occasional   all between reliable and chronic
    chronic      under 30 % in time, or more than 15 days late on average
    new          fewer than 3 invoices settled: too few to say

The word that the seller has given a customer himself (`vip`, `fragile`, any) wins. Derived from facts alone and never
from the clock: an invoice that grows late moves nobody to another segment before the next news about his invoices.
`fold` calls `segmented`, `plan` calls `why_segment`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from domain.account import Account, Figures, InvoiceState, Segmented, Standing
from domain.customer import Customer, Seller
from domain.hours import local_date
from domain.ids import InvoiceId
from domain.policy import Policy
from domain.reasons import Code, Reason
from domain.units import PlanBase

NEW, RELIABLE, OCCASIONAL, CHRONIC = "new", "reliable", "occasional", "chronic"

FEWEST_SETTLED = 3
"""With fewer, the customer is new."""
LAST_COUNTED = 12
"""How many invoices are counted: the latest, by the date of settlement; what is unpaid for long is the latest."""
IN_TIME_DAYS = 3
"""So many days after the due date are still in time: a transfer over a weekend."""
LONG_UNPAID_DAYS = 30
"""An invoice that is unpaid and later than this counts, too; before, the ladder has just begun to ask for it."""
RELIABLE_PERCENT = 80
CHRONIC_PERCENT = 30
CHRONIC_DAYS = 15


class _Counted(NamedTuple):
    """An invoice that says something: until when it was unpaid, and how many days late that was (never negative)."""

    until: date
    name: str
    days_late: int
    is_settled: bool


def segmented(
    customer: Customer | None, states: Sequence[InvoiceState], plans: Iterable[PlanBase], seller: Seller
) -> Segmented:
    """The customer's segment: what the seller calls it, else what the invoices say. `plans` are in their order."""
    if customer is not None and customer.segment:
        return Segmented(customer.segment)
    as_of = _as_of(states, seller)
    found = sorted(_counted(states, _agreed_dates(plans), as_of), reverse=True) if as_of is not None else []
    figures = _figures(found[:LAST_COUNTED], as_of)
    return Segmented(_name(figures, sum(one.is_settled for one in found)), figures)


def why_segment(account: Account, policy: Policy) -> tuple[Reason, ...]:
    """The segment with its figures, if the policy has rules for it."""
    return (reason_of(account.segment),) if account.segment.name in policy.segments else ()


def reason_of(segment: Segmented) -> Reason:
    """The segment as a reason. One that was set by hand has no figures."""
    facts: dict[str, str | int | None] = {"name": segment.name}
    if (figures := segment.figures) is not None:
        facts |= {
            "settled": figures.settled,
            "unpaid": figures.unpaid,
            "in_time_percent": figures.in_time_percent,
            "mean_days_late": figures.mean_days_late,
            "as_of": figures.as_of.isoformat() if figures.as_of else None,
        }
    return Reason(Code.SEGMENT, facts)


def _name(figures: Figures, settled: int) -> str:
    percent, days = figures.in_time_percent, figures.mean_days_late
    if settled < FEWEST_SETTLED or percent is None or days is None:
        return NEW
    if percent < CHRONIC_PERCENT or days > CHRONIC_DAYS:
        return CHRONIC
    return RELIABLE if percent >= RELIABLE_PERCENT else OCCASIONAL


def _figures(counted: Sequence[_Counted], as_of: date | None) -> Figures:
    """The share in time rounded down, the mean to the nearest day, half up: what is shown is what is compared."""
    number = len(counted)
    settled = sum(one.is_settled for one in counted)
    if not number:
        return Figures(as_of=as_of)
    in_time = sum(one.days_late <= IN_TIME_DAYS for one in counted)
    late = sum(one.days_late for one in counted)
    return Figures(settled, number - settled, 100 * in_time // number, (2 * late + number) // (2 * number), as_of)


def _as_of(states: Sequence[InvoiceState], seller: Seller) -> date | None:
    """The seller's date of the last news about these invoices."""
    heard_at = max([state.heard_at for state in states if state.heard_at is not None], default=None)
    return None if heard_at is None else local_date(seller.place, heard_at)


def _agreed_dates(plans: Iterable[PlanBase]) -> dict[InvoiceId, date]:
    """By when the last payment plan about an invoice has it paid: that takes the place of its own due dates."""
    return {
        name: max(part.due_on for part in base.plan.instalments)
        for base in plans
        for name, owed in base.owed.items()
        if owed.minor > 0 and owed.currency == base.currency
    }


def _counted(states: Sequence[InvoiceState], agreed: Mapping[InvoiceId, date], as_of: date) -> Iterator[_Counted]:
    """What was settled by a payment, and what is unpaid for long. What was ever disputed says nothing."""
    for state in states:
        if state.contested:
            continue
        due_on = agreed.get(state.invoice.id) or _last_due(state)
        if state.standing is Standing.PAID:
            settled_on = _settled_on(state)
            if settled_on is not None:
                yield _Counted(settled_on, state.invoice.id, max(0, (settled_on - due_on).days), is_settled=True)
        elif (as_of - due_on).days > LONG_UNPAID_DAYS and _is_owed(state):
            yield _Counted(as_of, state.invoice.id, (as_of - due_on).days, is_settled=False)


def _last_due(state: InvoiceState) -> date:
    return max([state.due_on, *[part.due_on for part in state.invoice.instalments]])


def _is_owed(state: InvoiceState) -> bool:
    """Whether nothing but the customer keeps it unpaid."""
    return state.balance.minor > 0 and state.status_code is None and state.foreign_payment is None


def _settled_on(state: InvoiceState) -> date | None:
    """The date of the payment that left nothing to pay; None if credit notes did."""
    currency = state.invoice.total.currency
    left = state.invoice.total.minor
    left -= sum(note.amount.minor for note in state.credit_notes if note.amount.currency == currency)
    if left <= 0:
        return None
    last: date | None = None
    for payment in state.payments:
        if payment.amount.currency == currency:
            last = payment.paid_on
            left -= payment.amount.minor
            if left <= 0:
                break
    return last
