"""One person behind several customers of a seller: what he had about the others counts in his budget, and says so."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from domain.account import Account
from domain.budget import Budget, budget_of, first_date_within
from domain.contacted import Contacted, keys_of
from domain.customer import Contact
from domain.ids import ContactId, ReminderId
from domain.levels import Channel, Level, Role
from domain.past import PastReminder
from domain.plan import plan
from domain.policy import Limits
from domain.routes import Route
from tests.domain_factories import (
    ALL_HOURS,
    CALL,
    FIRST,
    a_contact,
    a_customer,
    a_past_reminder,
    a_policy,
    a_step,
    an_account,
    asked,
    codes,
    days,
    issued,
    late_morning,
    paris,
)

ANNE, LUC = "anne@example.com", "luc@example.com"
PHONE = "+33612345678"
POLICY = a_policy()
EMAIL = Route(Channel.EMAIL, ContactId("p1"), ANNE)
RING = Route(Channel.PHONE, ContactId("p1"), PHONE)
ROOMY = Limits(0, None, None)


def had(day: int, address: str = ANNE, **changes: Any) -> Contacted:
    """Of half past eleven in Paris, so many days after F-1 is due."""
    at = late_morning(day)
    return Contacted(at, address, ReminderId(f"other-{day}"), **changes)


def account_with(*elsewhere: Contacted, contacts: tuple[Contact, ...] = (), **changes: Any) -> Account:
    customer = a_customer(contacts=contacts or (a_contact(),))
    account = an_account(issued(customer=customer), **changes)
    return replace(account, elsewhere=elsewhere)


def dates(*elsewhere: Contacted, route: Route = EMAIL, contacts: tuple[Contact, ...] = ()) -> tuple[date, ...]:
    return budget_of(account_with(*elsewhere, contacts=contacts), ROOMY, route).elsewhere


def test_a_contact_counts_with_both_of_its_addresses_whatever_the_channel() -> None:
    assert dates(had(0), had(1, PHONE), route=RING) == (days(0), days(1))


def test_only_the_contact_that_is_written_to_counts() -> None:
    luc = Contact(ContactId("p2"), Role.EXECUTIVE, email=LUC, email_ok=True)
    assert dates(had(0), had(1, LUC), contacts=(a_contact(), luc)) == (days(0),)


def test_an_address_is_compared_without_its_case_and_only_if_it_can_be_used() -> None:
    assert keys_of([a_contact(email="Anne@Example.COM", phone_ok=False)]) == {ANNE}
    assert keys_of([a_contact(email=None)]) == {PHONE}


def test_a_visit_to_nobody_in_particular_has_no_person() -> None:
    assert dates(had(0), route=Route(Channel.VISIT, None, "")) == ()


def test_a_reminder_counts_once_on_the_day_of_its_last_try() -> None:
    twice = [Contacted(late_morning(day), PHONE, ReminderId("r"), is_call=True) for day in (4, 1)]
    assert dates(*twice) == (days(4),)


def test_a_call_that_nobody_answered_is_no_contact_but_a_call() -> None:
    limits = Limits(0, None, None, call_attempts=2)
    vain = had(1, PHONE, is_call=True, in_vain=True)
    budget = budget_of(account_with(vain, had(2)), limits, RING)
    assert (budget.elsewhere, budget.calls_elsewhere) == ((days(2),), (days(1),))
    assert budget_of(account_with(vain), limits, EMAIL).calls_elsewhere == ()


def test_dates_are_the_customers_own() -> None:
    late = Contacted(paris(days(2), 23, 30), ANNE, ReminderId("r"))
    tokyo = an_account(issued(customer=a_customer(timezone="Asia/Tokyo")))
    assert budget_of(replace(tokyo, elsewhere=(late,)), ROOMY, EMAIL).elsewhere == (days(3),)


MONDAY = date(2026, 12, 7)


def first(limits: Limits, own: list[int], elsewhere: list[int]) -> tuple[int, str | None, bool]:
    """In how many days one more contact is allowed, what it waits for, and whether the person is named."""
    contacts, others = (tuple(MONDAY - timedelta(days=n) for n in ago) for ago in (own, elsewhere))
    budget = Budget(limits, contacts, who=ContactId("p1"), elsewhere=others)
    day, why = first_date_within(budget, MONDAY)
    return (day - MONDAY).days, why.code.value if why else None, why is not None and why.facts.get("who") == "p1"


@pytest.mark.parametrize(
    ("own", "elsewhere", "found"),
    [
        ([], [1], (2, "gap", True)),
        ([1], [9], (2, "gap", False)),
        ([9], [1], (2, "gap", True)),
        ([1], [2], (5, "cap", True)),
        ([6], [4], (1, "cap", True)),
        ([6, 4], [9], (1, "cap", False)),
        ([9], [8], (0, None, False)),
    ],
)
def test_the_person_is_named_only_where_his_other_contacts_make_it_wait(
    own: list[int], elsewhere: list[int], found: tuple[int, str | None, bool]
) -> None:
    assert first(Limits(min_gap_days=3, per_7_days=2, per_30_days=None), own, elsewhere) == found


def test_what_is_due_waits_for_the_person_and_takes_no_other_channel_or_contact() -> None:
    luc = Contact(ContactId("p2"), Role.MAIN, email=LUC, email_ok=True)
    account = account_with(had(1), contacts=(a_contact(), luc))
    found = plan(account, POLICY, late_morning(2))
    assert "gap" in codes(found.reasons)
    [gap] = [reason for reason in found.reasons if reason.code.value == "gap"]
    assert gap.facts == {"days": 3, "until": days(4).isoformat(), "who": "p1"}
    assert found.reminder is not None
    assert found.reminder.routes[0].to == ANNE
    assert found.again_at is not None
    assert found.again_at >= paris(days(5), 9)  # the 4th is a Sunday


def test_whom_others_wrote_to_holds_nobody_else_back() -> None:
    found = plan(account_with(had(1, LUC)), POLICY, late_morning(2))
    assert found.reminder is not None
    assert found.reminder.send_at == late_morning(2)


def test_who_has_had_enough_elsewhere_holds_up_no_invoice_that_goes_to_another_person() -> None:
    """F-1 goes to Luc, who has had his about another customer; F-2 to Anne, who has had nothing."""
    widen = a_step("widen", 20, Level.FIRM, to=Role.EXECUTIVE)
    policy = a_policy(FIRST, widen, limits=Limits(3, 1, None, group_within_days=0))
    luc = Contact(ContactId("p2"), Role.EXECUTIVE, email=LUC, email_ok=True)
    customer = a_customer(contacts=(a_contact(), luc))
    bills = issued(customer=customer), issued("F-2", customer, due_on=days(18))
    account = an_account(*bills, history=(a_past_reminder(late_morning(2), "first"),))
    found = plan(replace(account, elsewhere=(had(19, LUC),)), policy, late_morning(20))
    assert asked(found) == ("first", [("F-2", "first")])
    assert found.reminder is not None
    assert (found.reminder.send_at, found.reminder.routes[0].to) == (late_morning(20), ANNE)


def test_the_calls_about_all_customers_are_counted_together() -> None:
    policy = a_policy(CALL, limits=Limits(0, None, None, call_attempts=1), hours={None: ALL_HOURS})
    called = had(9, PHONE, is_call=True, in_vain=True)
    found = plan(account_with(called), policy, late_morning(10))
    [cap] = [reason for reason in found.reasons if reason.code.value == "calls_cap"]
    assert cap.facts == {"limit": 1, "days": 30, "until": days(39).isoformat(), "who": "p1"}


def an_open(at: datetime, **changes: Any) -> PastReminder:
    return a_past_reminder(at, "first", **{"id": ReminderId("r1"), "state": "open"} | changes)


def test_a_retry_waits_where_the_person_has_been_contacted_since() -> None:
    """As its first try did, or as it would have if the fallback had been its first channel."""
    both = a_policy(a_step("first", 2, FIRST.level, Channel.EMAIL, Channel.SMS), hours={None: ALL_HOURS})
    now = late_morning(2)
    spent = an_open(now, used=(Channel.EMAIL,))
    free = plan(account_with(history=(spent,)), both, now)
    held = plan(account_with(had(2, PHONE), history=(spent,)), both, now)
    assert free.reminder is not None
    assert held.reminder is not None
    assert asked(free) == asked(held)
    assert (free.reminder.send_at, codes(free.reasons)[-2:]) == (now, ["channel_unusable", "retry"])
    assert held.reminder.send_at >= paris(days(5))
    assert codes(held.reasons)[-2:] == ["gap", "retry"]


def test_a_retry_counts_the_other_contacts_of_its_own_customer_too_but_not_its_own_tries() -> None:
    capped = a_policy(limits=Limits(0, None, 2), hours={None: ALL_HOURS})
    now = late_morning(2)
    earlier = a_past_reminder(late_morning(-5), "heads-up")
    alone = plan(account_with(had(-20), history=(an_open(now),)), capped, now)
    both = plan(account_with(had(-20), history=(earlier, an_open(now))), capped, now)
    assert alone.reminder is not None
    assert both.reminder is not None
    assert alone.reminder.send_at == now
    assert both.reminder.send_at >= paris(days(10))
