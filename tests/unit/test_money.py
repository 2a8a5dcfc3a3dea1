"""Amounts are exact, whatever they are written as, and refused where they cannot be."""

from decimal import Decimal, localcontext

import pytest

from domain.money import AmountError, Money, exponent_of, read_amount


@pytest.mark.parametrize(
    ("written", "currency", "minor"),
    [
        ("1250.00", "EUR", 125000),
        ("1250", "EUR", 125000),
        (1250, "EUR", 125000),
        (Decimal("1250.5"), "EUR", 125050),
        ("0", "EUR", 0),
        ("-0.00", "EUR", 0),
        ("-12.34", "EUR", -1234),
        ("1e3", "EUR", 100000),
        ("1200", "JPY", 1200),
        ("1200.0", "JPY", 1200),
        ("1.234", "KWD", 1234),
        ("0.1", "EUR", 10),
        ("10000000000000.00", "EUR", 10**15),
    ],
)
def test_an_amount_is_read_exactly(written: str | int | Decimal, currency: str, minor: int) -> None:
    assert read_amount(written, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("written", "currency", "problem"),
    [
        ("1.005", "EUR", "more decimal places than EUR has (2)"),
        ("1.5", "JPY", "more decimal places than JPY has (0)"),
        ("1.00000000000000000000000000001", "EUR", "more decimal places"),
        (Decimal("1.00000000000000000000000000001"), "EUR", "more decimal places"),
        ("10000000000000.01", "EUR", "larger than any invoice"),
        ("NaN", "EUR", "not an amount of money"),
        ("Infinity", "EUR", "not an amount of money"),
        (Decimal("1e400"), "EUR", "not an amount of money"),
        (int("9" * 50), "EUR", "not an amount of money"),
        ("1,50", "EUR", "not a decimal amount"),
        ("1 250.00", "EUR", "not a decimal amount"),
        (" 5", "EUR", "not a decimal amount"),
        ("1_000", "EUR", "not a decimal amount"),
        ("٣", "EUR", "not a decimal amount"),
        ("", "EUR", "not a decimal amount"),
        ("1" * 41, "EUR", "not a decimal amount"),
        (True, "EUR", "decimal string"),
        (1.5, "EUR", "decimal string"),
        (None, "EUR", "decimal string"),
        ("1", "EURO", "not an ISO 4217 currency"),
        ("1", "eur", "not an ISO 4217 currency"),
        ("1", "XAU", "not an ISO 4217 currency"),
    ],
)
def test_what_is_not_an_exact_amount_is_refused(written: str, currency: str, problem: str) -> None:
    with pytest.raises(AmountError) as error:
        read_amount(written, currency)
    assert problem in str(error.value)


def test_a_caller_with_a_narrow_decimal_context_gets_the_same_amount() -> None:
    """Decimal arithmetic rounds silently to the context's precision; amounts must not depend on it."""
    with localcontext() as context:
        context.prec = 3
        assert read_amount("123456.78", "EUR") == Money(12345678, "EUR")


def test_amounts_of_one_currency_add_up() -> None:
    assert Money(100, "EUR") + Money(23, "EUR") == Money(123, "EUR")
    assert Money(100, "EUR") - Money(23, "EUR") == Money(77, "EUR")


def test_amounts_of_two_currencies_do_not() -> None:
    with pytest.raises(AmountError, match="USD cannot be counted with EUR"):
        Money(1, "EUR") + Money(1, "USD")


def test_an_amount_is_shown_with_its_currencys_places() -> None:
    assert str(Money(125000, "EUR").amount) == "1250.00"
    assert str(Money(1200, "JPY").amount) == "1200"
    assert str(Money(1234, "KWD").amount) == "1.234"


def test_the_exponent_is_the_currencys() -> None:
    assert [exponent_of(currency) for currency in ("EUR", "JPY", "KWD", "CLF")] == [2, 0, 3, 4]
