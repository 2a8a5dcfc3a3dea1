"""Exact amounts: whole minor units of an ISO 4217 currency, never a binary float."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache

from iso4217 import Currency

LARGEST_MINOR = 10**15
"""Above this (ten thousand billion euros) an amount is a mistake, and would not fit beside others in a bigint sum."""


LONGEST_TEXT = 40
"""More digits than this are refused unread: no amount needs them, and exact arithmetic on them is not free."""

_EXACT = Context(prec=80)
"""Wide enough that no amount that is read is ever rounded, whatever the caller's own decimal context says."""


class AmountError(ValueError):
    """The amount or the currency is not one; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` units (cents for EUR, whole yen for JPY, thousandths for KWD) of `currency` (ISO 4217 code)."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        """Sum of two amounts of one currency; AmountError for two currencies."""
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """Difference of two amounts of one currency; AmountError for two currencies."""
        return Money(self.minor - self._same(other), self.currency)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise AmountError(f"{other.currency} cannot be counted with {self.currency}")
        return other.minor

    @property
    def amount(self) -> Decimal:
        """The exact decimal amount, with the currency's number of places."""
        return Decimal(self.minor).scaleb(-exponent_of(self.currency))


@lru_cache(maxsize=256)
def exponent_of(currency: str) -> int:
    """How many decimal places the currency has (EUR 2, JPY 0, KWD 3).

    Raises AmountError if it is not a currency that amounts can be stated in (XAU, XXX and the like have none).
    Source: ISO 4217 list one, as published by the maintenance agency and packaged in `iso4217`.
    """
    try:
        exponent = Currency(currency).exponent
    except ValueError:
        exponent = None
    if exponent is None:
        raise AmountError(f"{currency!r} is not an ISO 4217 currency; write its three capital letters, as in EUR")
    return int(exponent)


def read_amount(value: str | int | Decimal, currency: str) -> Money:
    """The exact amount that a decimal string or an exactly parsed JSON number states.

    Raises AmountError for anything else: a float, a bool, NaN, an exponent too fine for the currency,
    an amount above LARGEST_MINOR.
    """
    places = exponent_of(currency)
    amount = _decimal(value)
    minor = amount.scaleb(places, _EXACT)
    if abs(minor) > LARGEST_MINOR:
        raise AmountError(f"{value} {currency} is larger than any invoice; check the amount")
    if minor != minor.to_integral_value(context=_EXACT):
        raise AmountError(f"{value} has more decimal places than {currency} has ({places})")
    return Money(int(minor), currency)


def restated(money: Money, currency: str) -> Money:
    """The same figure in another currency, which is what was meant: 50 (EUR) for 50 (JPY). Rounded half up."""
    if money.currency == currency:
        return money
    minor = money.amount.scaleb(exponent_of(currency), _EXACT).to_integral_value(ROUND_HALF_UP, _EXACT)
    return Money(int(minor), currency)


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise AmountError('an amount is a decimal string such as "1250.00" or a number')
    if isinstance(value, str) and (
        len(value) > LONGEST_TEXT or not value.isascii() or value.strip() != value or "_" in value
    ):
        raise AmountError(f'{value[:LONGEST_TEXT]!r} is not a decimal amount such as "1250.00"')
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise AmountError(f'{str(value)[:LONGEST_TEXT]!r} is not a decimal amount such as "1250.00"') from None
    if not amount.is_finite() or max(abs(amount.adjusted()), len(amount.as_tuple().digits)) > LONGEST_TEXT:
        raise AmountError(f"not an amount of money, which is finite and has at most {LONGEST_TEXT} digits")
    return amount
