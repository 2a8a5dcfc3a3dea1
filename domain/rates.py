"""Statutory rates as dated data, and the rule by which a policy makes a penalty rate of them. Values only.

The operator's files say what the rates are (`config.rates`); an unknown half-year is refused, never guessed.
Source: Code de commerce L441-10 and D441-5, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, assert_never

from domain.money import Money

FLOOR = 3
"""An agreed rate is at least so many times the legal rate."""

POINTS = Decimal(10)
"""What the law adds to the ECB's rate where nothing else is agreed."""


class HalfYear(NamedTuple):
    """January to June (`half` 1) or July to December (2) of a year: one rate rules all of it."""

    year: int
    half: int

    def __str__(self) -> str:
        return f"{self.year}-H{self.half}"

    @property
    def starts_on(self) -> date:
        """Its first day, on which the rate in force rules it."""
        return date(self.year, 1 if self.half == 1 else 7, 1)


def half_year_of(day: date) -> HalfYear:
    """The half-year of a date."""
    return HalfYear(day.year, 1 if day.month <= 6 else 2)  # noqa: PLR2004 - June is the sixth month


@dataclass(frozen=True, slots=True)
class Rates:
    """A country's rates in percent a year, by half-year, and the fixed charge for each late invoice."""

    country: str
    recovery: Money
    ecb: Mapping[HalfYear, Decimal] = field(default_factory=dict)
    legal: Mapping[HalfYear, Decimal] = field(default_factory=dict)


class RateBasis(StrEnum):
    """What a penalty rate is made of."""

    ECB = "ecb"
    LEGAL = "legal"
    AGREED = "agreed"


@dataclass(frozen=True, slots=True)
class PenaltyRate:
    """`ecb + 10`, `legal x 3`, `12 %`: `number` is the points added, the multiplier, or the percentage itself."""

    basis: RateBasis
    number: Decimal


STATUTORY = PenaltyRate(RateBasis.ECB, POINTS)
"""What the law gives where nothing is agreed."""


@dataclass(frozen=True, slots=True)
class RateUnknown:
    """No rate is known for this half-year: nothing may be named."""

    half_year: HalfYear


@dataclass(frozen=True, slots=True)
class RateTooLow:
    """The agreed rate lies below the legal minimum of this half-year: nothing may be named."""

    half_year: HalfYear


def percent_of(rates: Rates, rule: PenaltyRate, half_year: HalfYear) -> Decimal | RateUnknown | RateTooLow:
    """The penalty rate of a half-year, in percent a year, or why there is none.

    An agreed rate needs the legal rate too, because its minimum hangs on it.
    """
    known = (rates.ecb if rule.basis is RateBasis.ECB else rates.legal).get(half_year)
    if known is None:
        return RateUnknown(half_year)
    match rule.basis:
        case RateBasis.ECB:
            return known + rule.number
        case RateBasis.LEGAL:
            return known * rule.number
        case RateBasis.AGREED:
            return rule.number if rule.number >= FLOOR * known else RateTooLow(half_year)
        case other:
            assert_never(other)
