"""Rates, steps and accounts for the tests of statutory charges. Each call, the same."""

from decimal import Decimal
from typing import Any

from domain.account import Account
from domain.charges import Found, UnitCharges, charges_of
from domain.facts import Body
from domain.levels import Level
from domain.money import Money
from domain.rates import HalfYear, Rates
from tests.domain_factories import a_policy, a_seller, a_step, an_account, days

H1_2026, H2_2026, H1_2027 = HalfYear(2026, 1), HalfYear(2026, 2), HalfYear(2027, 1)

RATES = Rates(
    country="FR",
    recovery=Money(4_000, "EUR"),
    ecb={H1_2026: Decimal("2.15"), H2_2026: Decimal("2.15"), H1_2027: Decimal("2.40")},
    legal={H1_2026: Decimal("2.62"), H2_2026: Decimal("2.62"), H1_2027: Decimal("4.01")},
)
"""Made up after June 2026: 12.15 % until the end of that year, 12.40 % after it."""

UNTIL_2026 = Rates("FR", RATES.recovery, {H2_2026: Decimal("2.15")}, {H2_2026: Decimal("2.62")})
"""The same of one half-year alone."""

FORMAL = a_step("formal", 20, Level.FORMAL, charges=True)


def an_account_with_rates(*bodies: Body, rates: Rates | None = RATES, **changes: Any) -> Account:
    """C-1, which owes a seller whose country's rates are known."""
    return an_account(*bodies, seller=a_seller(rates=rates), **changes)


def found_on(day: int, account: Account, at: int = 0, **changes: Any) -> Found:
    """What the delay of the account's n-th unit costs `day` days after F-1 was due."""
    step = changes.pop("step", FORMAL)
    return charges_of(account.units[at], step, account, a_policy(**changes), days(day))


def charged_on(day: int, account: Account, at: int = 0, **changes: Any) -> UnitCharges:
    """The same where there are charges."""
    found = found_on(day, account, at, **changes)
    assert isinstance(found, UnitCharges)
    return found


def told(charges: UnitCharges) -> list[tuple[str, str, int, int, str, int]]:
    """Each span: first and last day, days, base and amount in minor units, percent."""
    return [
        (str(one.since), str(one.until), one.days, one.base.minor, str(one.percent), one.amount.minor)
        for one in charges.penalties
    ]
