"""Amounts are exact: what is written comes back, and sums are those of whole numbers."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain.money import LARGEST_MINOR, AmountError, Money, exponent_of, read_amount

CURRENCIES = st.sampled_from(["EUR", "USD", "CHF", "JPY", "KWD", "CLF", "XPF"])
MINORS = st.integers(-LARGEST_MINOR, LARGEST_MINOR)


@given(MINORS, CURRENCIES)
def test_what_is_written_is_read_again(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert read_amount(money.amount, currency) == money
    assert read_amount(str(money.amount), currency) == money
    assert read_amount(f"{money.amount:f}", currency) == money


@given(MINORS, MINORS, CURRENCIES)
def test_sums_and_differences_are_exact(one: int, other: int, currency: str) -> None:
    assert (Money(one, currency) + Money(other, currency)).minor == one + other
    assert Money(one, currency) + Money(other, currency) - Money(other, currency) == Money(one, currency)


@given(st.decimals(allow_nan=True, allow_infinity=True), CURRENCIES)
def test_an_amount_is_read_to_the_last_digit_or_not_at_all(amount: Decimal, currency: str) -> None:
    try:
        money = read_amount(amount, currency)
    except AmountError:
        return
    assert money.amount == amount
    assert money.amount.as_tuple().exponent == -exponent_of(currency)


@given(st.text(max_size=50), CURRENCIES | st.text(max_size=4))
def test_any_text_is_an_amount_or_an_amount_error(text: str, currency: str) -> None:
    try:
        money = read_amount(text, currency)
    except AmountError:
        return
    assert money.amount == Decimal(text)
