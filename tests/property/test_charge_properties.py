"""Penalties against the plainest way to count them: day by day, what was owed that day × that day's rate / 365."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from domain.facts import PaymentReceived
from domain.ids import InvoiceId
from domain.money import Money
from domain.rates import HalfYear, Rates, half_year_of
from tests.charge_factories import an_account_with_rates, charged_on
from tests.domain_factories import days, issued

ECB = {HalfYear(year, half): Decimal(year % 7 + half) / 4 for year in range(2026, 2030) for half in (1, 2)}
RATES = Rates("FR", Money(4_000, "EUR"), ECB, {})
TOTAL = 1_000_000

payments = st.lists(st.tuples(st.integers(-30, 900), st.integers(1, TOTAL // 8)), max_size=6)


@given(late=st.integers(1, 900), paid=payments)
def test_spans_cover_each_day_once_and_sum_to_the_days(late: int, paid: list[tuple[int, int]]) -> None:
    facts = [
        PaymentReceived(InvoiceId("F-1"), f"p{at}", Money(amount, "EUR"), days(day))
        for at, (day, amount) in enumerate(paid)
    ]
    account = an_account_with_rates(issued(total=Money(TOTAL, "EUR")), *facts, rates=RATES)

    penalties = charged_on(late, account).penalties

    covered = [one.since + timedelta(days=at) for one in penalties for at in range(one.days)]
    assert covered == [days(day) for day in range(1, late + 1)]
    exact = Fraction(0)
    for day in range(1, late + 1):
        owed = TOTAL - sum(amount for on, amount in paid if on < day)
        exact += Fraction(ECB[half_year_of(days(day))] + 10) * owed / 36_500
    assert abs(sum(one.amount.minor for one in penalties) - exact) <= Fraction(1, 2)
    assert all(half_year_of(one.since) == half_year_of(one.until) for one in penalties)
