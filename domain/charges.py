"""Statutory charges of a late unit: penalties by half-year, and the fixed recovery charge of its invoices. Pure.

Asked by planning, whether they can be told, and by `workers.letters`, what they are. Never for consumers, and only
where the seller's country has rates.

    due date │ 1st day late … 30 June │ 1 July … payment │ day after it … today
             │ base × rate × days/365 │ another rate     │ a smaller base

Source: Code de commerce L441-10 and D441-5, read 2026-11-22. The base is the amount with tax; the day of payment
still counts in full, the day after it no longer. A credit note lowers the base from the first day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import floor

from domain.account import Account, Unit
from domain.levels import Channel, Level
from domain.money import Money
from domain.policy import Policy, Step
from domain.rates import HalfYear, PenaltyRate, Rates, RateTooLow, RateUnknown, half_year_of, percent_of
from domain.units import units_of

_DAY = timedelta(days=1)
_PERCENT_DAYS = 100 * 365

_WRITTEN = frozenset({Channel.EMAIL, Channel.LETTER})
"""Where charges may be named: an SMS, a WhatsApp text and a call never do."""


@dataclass(frozen=True, slots=True)
class Penalty:
    """What one span of days costs, both days included: `percent` a year of `base`; rounded so that all add up."""

    since: date
    until: date
    base: Money
    percent: Decimal
    amount: Money

    @property
    def days(self) -> int:
        """How many days it counts."""
        return (self.until - self.since).days + 1


@dataclass(frozen=True, slots=True)
class Recovery:
    """The fixed charge for one late invoice, in the law's own currency."""

    number: str
    amount: Money


@dataclass(frozen=True, slots=True)
class UnitCharges:
    """All that a unit's delay costs: `penalties` in its own currency, `recoveries` in the law's, by which `rule`."""

    penalties: tuple[Penalty, ...]
    recoveries: tuple[Recovery, ...]
    rule: PenaltyRate


@dataclass(frozen=True, slots=True)
class NoCharges:
    """Nothing may be named, and `why`: `step`, `consumer`, `country`, `not_late`."""

    why: str


Refusal = RateUnknown | RateTooLow
Found = UnitCharges | NoCharges | Refusal


def names_charges(step: Step) -> bool:
    """Whether the step's messages may name charges: the policy says so, formally and in writing."""
    return step.charges and step.level >= Level.FORMAL and not _WRITTEN.isdisjoint(step.channels)


def charges_of(unit: Unit, step: Step, account: Account, policy: Policy, today: date) -> Found:
    """What the unit's delay costs up to and including `today`, the customer's date, at this step of its ladder."""
    rates = account.seller.rates
    if not names_charges(step):
        return NoCharges("step")
    if account.customer.kind == "consumer":
        return NoCharges("consumer")
    if rates is None:
        return NoCharges("country")
    if today <= unit.due_on:
        return NoCharges("not_late")
    penalties = _penalties(unit, rates, policy.penalty_rate, today)
    if not isinstance(penalties, tuple):
        return penalties
    return UnitCharges(penalties, tuple(_recoveries(unit, account, rates)), policy.penalty_rate)


def _penalties(unit: Unit, rates: Rates, rule: PenaltyRate, today: date) -> tuple[Penalty, ...] | Refusal:
    """The unit's spans. Their sum is rounded half up once; each amount is what the sum so far grows by."""
    found: list[Penalty] = []
    exact, told = Fraction(0), 0
    for since, until, half_year, base in _spans(unit, today):
        percent = percent_of(rates, rule, half_year)
        if not isinstance(percent, Decimal):
            return percent
        exact += Fraction(percent) * base * ((until - since).days + 1) / _PERCENT_DAYS
        amount = floor(exact + Fraction(1, 2)) - told
        told += amount
        currency = unit.balance.currency
        found.append(Penalty(since, until, Money(base, currency), percent, Money(amount, currency)))
    return tuple(found)


def _spans(unit: Unit, today: date) -> Iterator[tuple[date, date, HalfYear, int]]:
    """From the day after the due date to today: first and last day, half-year and base (minor units) of each span."""
    first = unit.due_on + _DAY
    payments = {payment.paid_on + _DAY for state in unit.states for payment in state.payments}
    halves = {HalfYear(year, half).starts_on for year in range(first.year, today.year + 1) for half in (1, 2)}
    days = sorted({first, *(day for day in payments | halves if first < day <= today)})
    starts: list[tuple[date, HalfYear, int]] = []
    for day in days:
        half_year, base = half_year_of(day), _owed_on(unit, day)
        if not starts or starts[-1][1:] != (half_year, base):
            starts.append((day, half_year, base))
    ends = [after[0] - _DAY for _, after in pairwise(starts)]
    for (since, half_year, base), until in zip(starts, [*ends, today], strict=True):
        yield since, until, half_year, base


def _owed_on(unit: Unit, day: date) -> int:
    """Minor units owed of the unit at the start of a day: what has come in since then is not counted yet.

    Payments fill an invoice's instalments as they always do. An instalment of a payment plan is taken as it stands.
    """
    state = unit.states[0]
    since = [payment.amount for payment in state.payments if payment.paid_on >= day]
    back = sum(amount.minor for amount in since if amount.currency == unit.balance.currency)
    then = replace(state, balance=Money(state.balance.minor + back, state.balance.currency))
    same = (one.balance.minor for one in units_of((then,), ()) if one.id == unit.id)
    return next(same, unit.balance.minor)


def _recoveries(unit: Unit, account: Account, rates: Rates) -> Iterator[Recovery]:
    """Once an invoice: it is told with the oldest of the units that stand for it."""
    for state in unit.states:
        holders = (one.id for one in account.units if state in one.states)
        if next(holders, None) == unit.id:
            yield Recovery(state.invoice.number, rates.recovery)
