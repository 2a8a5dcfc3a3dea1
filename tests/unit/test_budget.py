"""How soon a customer may be contacted again, in dates on the customer's own calendar."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.account import Account
from domain.budget import Budget, budget_of, first_date_within
from domain.ids import ContactId
from domain.levels import Channel
from domain.policy import Limits
from domain.routes import Route
from tests.domain_factories import a_customer, a_past_reminder, an_account, days, issued, late_morning

MONDAY = date(2026, 12, 7)
ROOMY = Limits(min_gap_days=0, per_7_days=None, per_30_days=None)
BY_EMAIL = Route(Channel.EMAIL, ContactId("p1"), "anne@example.com")


def first(limits: Limits, *ago: int) -> tuple[int, str | None]:
    """In how many days one more contact is allowed, after contacts so many days ago; and what it waits for."""
    contacts = tuple(MONDAY - timedelta(days=n) for n in ago)
    day, why = first_date_within(Budget(limits, contacts), MONDAY)
    return (day - MONDAY).days, why.code.value if why else None


def contact_dates(account: Account) -> tuple[date, ...]:
    return budget_of(account, ROOMY, BY_EMAIL).contacts


def contacted(customer_zone: str | None = None, **changes: Any) -> Account:
    reminder = a_past_reminder(datetime(2026, 12, 7, 22, 30, tzinfo=UTC), "first", **changes)
    return an_account(issued(customer=a_customer(timezone=customer_zone)), history=(reminder,))


@pytest.mark.parametrize(
    ("ago", "wait"),
    [((), (0, None)), ((0,), (3, "gap")), ((2,), (1, "gap")), ((3,), (0, None)), ((9, 1), (2, "gap"))],
)
def test_a_gap_of_three_is_monday_to_thursday(ago: tuple[int, ...], wait: tuple[int, str | None]) -> None:
    assert first(Limits(min_gap_days=3, per_7_days=None, per_30_days=None), *ago) == wait


@pytest.mark.parametrize(
    ("ago", "wait"),
    [((1,), (0, None)), ((6, 1), (1, "cap")), ((7, 1), (0, None)), ((6, 5, 1), (2, "cap")), ((0, 0), (7, "cap"))],
)
def test_a_week_is_today_and_the_six_dates_before(ago: tuple[int, ...], wait: tuple[int, str | None]) -> None:
    assert first(Limits(min_gap_days=0, per_7_days=2, per_30_days=None), *ago) == wait


@pytest.mark.parametrize(("ago", "wait"), [((29,), (1, "cap")), ((30,), (0, None)), ((0,), (30, "cap"))])
def test_a_month_is_today_and_the_29_dates_before(ago: tuple[int, ...], wait: tuple[int, str | None]) -> None:
    assert first(Limits(min_gap_days=0, per_7_days=None, per_30_days=1), *ago) == wait


def test_all_limits_must_allow_the_day() -> None:
    assert first(Limits(min_gap_days=3, per_7_days=2, per_30_days=2), 4, 1) == (26, "cap")
    assert first(ROOMY, 0, 0, 0) == (0, None)


def test_the_reason_says_until_when() -> None:
    _, gap = first_date_within(Budget(Limits(), (MONDAY,)), MONDAY)
    assert gap is not None
    assert gap.facts == {"days": 3, "until": "2026-12-10"}
    _, cap = first_date_within(Budget(Limits(0, 1, None), (MONDAY,)), MONDAY)
    assert cap is not None
    assert cap.facts == {"limit": 1, "days": 7, "until": "2026-12-14"}


@pytest.mark.parametrize(("zone", "day"), [("Europe/Paris", 7), ("Asia/Tokyo", 8), ("America/New_York", 7)])
def test_dates_are_the_customers_own(zone: str, day: int) -> None:
    assert contact_dates(contacted(customer_zone=zone)) == (date(2026, 12, day),)


@pytest.mark.parametrize("state", ["open", "calling", "done"])
def test_what_reached_or_may_reach_the_customer_counts(state: str) -> None:
    assert len(contact_dates(contacted(state=state))) == 1


@pytest.mark.parametrize("changes", [{"state": "failed"}, {"state": "withdrawn"}, {"channel": Channel.TASK}])
def test_what_never_reached_the_customer_does_not_count(changes: dict[str, Any]) -> None:
    assert contact_dates(contacted(**changes)) == ()


def test_a_call_is_a_contact() -> None:
    account = an_account(history=(a_past_reminder(late_morning(2), "call", channel=Channel.PHONE),))
    assert contact_dates(account) == (days(2),)
