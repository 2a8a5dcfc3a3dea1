"""Statutory charges, against examples worked out by hand: amount × rate × days / 365.

Source of the rules: Code de commerce L441-10 and D441-5. F-1 of 100 euros is due on 2 December 2026.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.charges import NoCharges, names_charges
from domain.facts import CreditNoteIssued, PaymentPlanAgreed, PaymentReceived
from domain.fold import fold
from domain.ids import CustomerId, InvoiceId
from domain.levels import Channel, Level
from domain.money import Money
from domain.rates import (
    HalfYear,
    PenaltyRate,
    RateBasis,
    RateTooLow,
    RateUnknown,
    half_year_of,
    percent_of,
)
from domain.read_event import read_event
from tests.charge_factories import (
    FORMAL,
    H1_2026,
    H1_2027,
    H2_2026,
    RATES,
    UNTIL_2026,
    an_account_with_rates,
    charged_on,
    found_on,
    told,
)
from tests.domain_factories import a_customer, a_seller, a_step, an_instalment, days, euros, in_turn, issued
from tests.factories import invoice_event

F1 = InvoiceId("F-1")


def paid(amount: int, day: int, name: str = "p1") -> PaymentReceived:
    return PaymentReceived(F1, name, euros(amount), days(day))


def test_a_half_year_has_a_name_and_a_first_day() -> None:
    assert [str(half_year_of(date(2026, month, 30))) for month in (1, 6, 7, 12)] == [
        "2026-H1",
        "2026-H1",
        "2026-H2",
        "2026-H2",
    ]
    assert (H1_2026.starts_on, H2_2026.starts_on) == (date(2026, 1, 1), date(2026, 7, 1))


def test_twenty_days_of_one_rate() -> None:
    """1,250.00 × 12.15 % × 20 / 365 = 8.3219…; late from the day after the due date, today included."""
    charges = charged_on(20, an_account_with_rates(issued(total=euros(1250))))

    assert told(charges) == [("2026-12-03", "2026-12-22", 20, 125_000, "12.15", 832)]
    assert [(one.number, one.amount) for one in charges.recoveries] == [("F-1", Money(4_000, "EUR"))]


def test_each_half_year_has_its_own_rate() -> None:
    """29 days at 12.15 % are 12.0668…, 16 at 12.40 % are 6.7945…: 18.8613… in all, rounded once."""
    charges = charged_on(45, an_account_with_rates(issued(total=euros(1250))))

    assert told(charges) == [
        ("2026-12-03", "2026-12-31", 29, 125_000, "12.15", 1_207),
        ("2027-01-01", "2027-01-16", 16, 125_000, "12.40", 679),
    ]
    assert sum(one.amount.minor for one in charges.penalties) == 1_886


def test_a_half_year_begins_on_the_first_of_july_too() -> None:
    account = an_account_with_rates(issued(due_on=date(2026, 6, 28), total=euros(365)))

    spans = told(charged_on(-150, account))

    assert spans == [
        ("2026-06-29", "2026-06-30", 2, 36_500, "12.15", 24),  # 365.00 at 12.15 % are 12.15 cents a day
        ("2026-07-01", "2026-07-05", 5, 36_500, "12.15", 61),
    ]


def test_a_payment_lowers_the_base_from_the_day_after_it() -> None:
    """10 days on 1,250.00 are 4.1609…, 10 on 750.00 are 2.4965…: 6.6575… in all."""
    account = an_account_with_rates(issued(total=euros(1250)), paid(500, 10))

    assert told(charged_on(20, account)) == [
        ("2026-12-03", "2026-12-12", 10, 125_000, "12.15", 416),
        ("2026-12-13", "2026-12-22", 10, 75_000, "12.15", 250),
    ]


def test_payments_before_the_due_date_and_of_today() -> None:
    """The first was never late; the second still counts today."""
    account = an_account_with_rates(issued(total=euros(1250)), paid(250, -3), paid(400, 20, "p2"))

    assert told(charged_on(20, account)) == [("2026-12-03", "2026-12-22", 20, 100_000, "12.15", 666)]


def test_a_credit_note_lowers_the_base_from_the_first_day() -> None:
    account = an_account_with_rates(issued(total=euros(1250)), CreditNoteIssued(F1, "AV-12", euros(120)))

    assert told(charged_on(20, account)) == [("2026-12-03", "2026-12-22", 20, 113_000, "12.15", 752)]


def test_the_sum_is_rounded_half_up_once() -> None:
    """73 days of 10.00 at 25 % are 0.50 exactly; of 10.10, 0.505, which is 0.51."""
    agreed = PenaltyRate(RateBasis.AGREED, Decimal(25))
    for total, sum_of in ((1_000, 50), (1_010, 51)):
        account = an_account_with_rates(issued(due_on=date(2026, 7, 10), total=Money(total, "EUR")))
        charges = charged_on(-72, account, penalty_rate=agreed)
        assert [one.days for one in charges.penalties] == [73]
        assert sum(one.amount.minor for one in charges.penalties) == sum_of


def test_penalties_are_in_the_invoices_currency_and_the_fixed_charge_in_euros() -> None:
    account = an_account_with_rates(issued(total=Money(100_000, "JPY")))

    charges = charged_on(20, account)

    assert [one.amount for one in charges.penalties] == [Money(666, "JPY")]  # 665.75…
    assert [one.amount for one in charges.recoveries] == [Money(4_000, "EUR")]


INSTALMENTS = (an_instalment(0, 100), an_instalment(10, 200), an_instalment(40, 300))


def test_each_late_instalment_has_its_penalties_and_the_invoice_one_fixed_charge() -> None:
    account = an_account_with_rates(issued(total=euros(600), instalments=INSTALMENTS))

    first, second = charged_on(20, account, 0), charged_on(20, account, 1)

    assert told(first) == [("2026-12-03", "2026-12-22", 20, 10_000, "12.15", 67)]
    assert told(second) == [("2026-12-13", "2026-12-22", 10, 20_000, "12.15", 67)]
    assert ([one.number for one in first.recoveries], second.recoveries) == (["F-1"], ())
    assert found_on(20, account, 2) == NoCharges("not_late")


def test_a_payment_fills_the_oldest_instalment_first() -> None:
    """150.00 on day 15: the first is settled, and the second owes 150.00 from the day after."""
    account = an_account_with_rates(issued(total=euros(600), instalments=INSTALMENTS), paid(150, 15))

    second = charged_on(20, account, 0)

    assert told(second) == [
        ("2026-12-13", "2026-12-17", 5, 20_000, "12.15", 33),
        ("2026-12-18", "2026-12-22", 5, 15_000, "12.15", 25),
    ]
    assert [one.number for one in second.recoveries] == ["F-1"]


def test_a_payment_that_leaves_the_instalment_alone_makes_no_new_span() -> None:
    account = an_account_with_rates(issued(total=euros(600), instalments=INSTALMENTS), paid(50, 15))

    assert len(charged_on(20, account, 1).penalties) == 1


def test_an_instalment_of_a_plan_is_taken_as_it_stands() -> None:
    """One fixed charge for each of the plan's invoices, with its oldest instalment."""
    plan = PaymentPlanAgreed((F1, InvoiceId("F-2")), (an_instalment(5, 150), an_instalment(35, 50)))
    account = an_account_with_rates(issued(), issued("F-2"), plan, paid(30, 3))

    charges = charged_on(25, account)

    assert told(charges) == [("2026-12-08", "2026-12-27", 20, 12_000, "12.15", 80)]
    assert [one.number for one in charges.recoveries] == ["F-1", "F-2"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"step": a_step("formal", 20, Level.FORMAL)}, "step"),
        ({"step": a_step("firm", 20, Level.FIRM, charges=True)}, "step"),
        ({"step": a_step("texts", 20, Level.FORMAL, Channel.SMS, charges=True)}, "step"),
    ],
)
def test_only_from_the_step_that_names_charges_in_formal_writing(changes: dict[str, Any], why: str) -> None:
    assert found_on(20, an_account_with_rates(), **changes) == NoCharges(why)


def test_a_letter_may_name_charges() -> None:
    assert names_charges(a_step("letter", 20, Level.FINAL, Channel.LETTER, charges=True))


def test_a_consumer_is_charged_nothing() -> None:
    account = an_account_with_rates(issued(customer=a_customer(kind="consumer")))
    assert found_on(20, account) == NoCharges("consumer")


def test_a_consumer_stays_one_when_his_next_invoice_does_not_say_so() -> None:
    """What L441-10 gives among professionals nobody may ask of him."""
    first, next_one = invoice_event(customer={"kind": "consumer"}), invoice_event(invoice={"id": "F-2"})
    del next_one["data"]["customer"]["kind"]
    found = in_turn(*(read_event(raw).body for raw in (first, next_one)))
    account = fold(CustomerId("C-17"), found, a_seller(rates=RATES))
    assert [found_on(20, account, at) for at in (0, 1)] == [NoCharges("consumer")] * 2


def test_a_seller_in_a_country_without_rates_names_none() -> None:
    assert found_on(20, an_account_with_rates(rates=None)) == NoCharges("country")


def test_nothing_is_charged_on_the_due_date() -> None:
    assert found_on(0, an_account_with_rates()) == NoCharges("not_late")


def test_a_half_year_that_is_not_known_is_refused() -> None:
    """Known until 31 December: on that day all is told, a day later nothing is."""
    account = an_account_with_rates(rates=UNTIL_2026)

    assert told(charged_on(29, account))
    assert found_on(30, account) == RateUnknown(H1_2027)


LEGAL = PenaltyRate(RateBasis.LEGAL, Decimal(3))
AGREED = PenaltyRate(RateBasis.AGREED, Decimal(12))


def test_what_a_policy_may_make_of_the_rates() -> None:
    assert percent_of(RATES, LEGAL, H1_2026) == Decimal("7.86")
    assert percent_of(RATES, AGREED, H1_2026) == Decimal(12)
    assert percent_of(RATES, AGREED, HalfYear(2031, 2)) == RateUnknown(HalfYear(2031, 2))


def test_an_agreed_rate_below_three_times_the_legal_one_is_refused() -> None:
    """3 × 4.01 % = 12.03 % from January 2027."""
    account = an_account_with_rates()

    assert charged_on(29, account, penalty_rate=AGREED).penalties[0].percent == Decimal(12)
    assert found_on(30, account, penalty_rate=AGREED) == RateTooLow(H1_2027)
    assert percent_of(RATES, replace(AGREED, number=Decimal("12.03")), H1_2027) == Decimal("12.03")


def test_the_step_of_the_factories_names_charges() -> None:
    assert names_charges(FORMAL)
