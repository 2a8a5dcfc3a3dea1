"""What comes next, and what after that: the one plan, asked again and again."""

from datetime import timedelta
from itertools import pairwise

import pytest

from domain import facts
from domain.account import Account
from domain.foresee import foresee
from domain.hours import local_date
from domain.ids import CustomerId, InvoiceId, StepId
from domain.levels import Channel
from domain.plan import plan
from domain.policy import Limits, Offset, OffsetKind, Policy
from tests.domain_factories import (
    DUE_ON,
    KNOWN_AT,
    a_past_reminder,
    a_policy,
    a_seller,
    a_step,
    an_account,
    days,
    issued,
    late_morning,
    paris,
)

C1, F1 = CustomerId("C-1"), InvoiceId("F-1")
LATER = KNOWN_AT + timedelta(days=200)


def test_the_first_is_what_plan_says() -> None:
    found = plan(an_account(), a_policy(), KNOWN_AT)
    assert foresee(an_account(), a_policy(), KNOWN_AT, LATER)[0] == found.reminder


def test_the_ladder_comes_step_by_step_up_to_the_one_that_waits_for_a_person() -> None:
    """Approvals are not given in a forecast; a call is opened and the next steps keep their dates."""
    coming = foresee(an_account(), a_policy(), KNOWN_AT, LATER)
    assert [one.step.id for one in coming] == ["heads-up", "first", "call", "widen"]
    assert [local_date(an_account().place, one.send_at) for one in coming] == [days(-5), days(2), days(12), days(20)]


def test_nothing_after_until() -> None:
    coming = foresee(an_account(), a_policy(), KNOWN_AT, paris(days(3)))
    assert [one.step.id for one in coming] == ["heads-up", "first"]


def test_it_asks_no_more_often_than_it_may() -> None:
    """Three looks: ahead to the first reminder, the reminder, ahead to the second."""
    assert len(foresee(an_account(), a_policy(), KNOWN_AT, LATER, most=3)) == 1


def test_each_foreseen_contact_counts_in_the_gap_before_the_next() -> None:
    policy = a_policy(a_step("one", 1), a_step("two", 2), a_step("three", 3), limits=Limits(min_gap_days=5))
    coming = foresee(an_account(), policy, KNOWN_AT, LATER)
    dates = [local_date(an_account().place, one.send_at) for one in coming]
    assert len(dates) >= 2
    assert all((later - earlier).days >= 5 for earlier, later in pairwise(dates))


def test_a_step_after_the_previous_one_is_counted_from_where_that_one_is_foreseen() -> None:
    policy = a_policy(a_step("one", 2), a_step("two", 0, when=Offset(OffsetKind.PREVIOUS, 7)))
    coming = foresee(an_account(), policy, KNOWN_AT, LATER)
    assert [local_date(an_account().place, one.send_at) for one in coming] == [days(2), days(9)]


def test_it_goes_on_after_a_hold() -> None:
    held = facts.CustomerHeld(C1, "talks", paris(days(15)))
    coming = foresee(an_account(issued(), held), a_policy(), KNOWN_AT, LATER)
    assert coming
    assert coming[0].send_at >= paris(days(15))


def test_a_retry_comes_once_and_is_had_then() -> None:
    running = a_past_reminder(late_morning(2), state="open", retry_at=late_morning(2) + timedelta(minutes=5))
    coming = foresee(an_account(history=(running,)), a_policy(), late_morning(2), LATER)
    assert [(one.step.id, one.continues) for one in coming[:2]] == [("first", running.id), ("call", None)]


def test_a_reminder_that_has_to_be_given_up_makes_room_for_the_next() -> None:
    running = a_past_reminder(late_morning(2), "gone", state="open")
    coming = foresee(an_account(history=(running,)), a_policy(), late_morning(3), LATER)
    assert coming[0].step.id == StepId("first")


def test_a_feed_that_is_fresh_now_is_taken_to_stay_so() -> None:
    """Else a seller with a feed could never see further than two days."""
    fresh = an_account(seller=a_seller(synced_as_of=KNOWN_AT))
    assert len(foresee(fresh, a_policy(freshness_days=2), KNOWN_AT, LATER)) == 4


@pytest.mark.parametrize(
    ("account", "policy"),
    [
        (an_account(seller=a_seller(synced_as_of=KNOWN_AT - timedelta(days=30))), a_policy(freshness_days=2)),
        (an_account(history=(a_past_reminder(late_morning(-5), state="calling"),)), a_policy()),
        (an_account(issued(), facts.InvoicePaid(F1, DUE_ON)), a_policy()),
        (an_account(), a_policy(a_step("first", 2, a_step("x", 0).level, Channel.SMS, approval=True))),
    ],
    ids=["stale feed", "delivery runs", "paid", "waits for approval"],
)
def test_nothing_is_foreseen_where_plan_knows_of_nothing(account: Account, policy: Policy) -> None:
    assert foresee(account, policy, KNOWN_AT, LATER) == ()
