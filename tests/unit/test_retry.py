"""A reminder that has been claimed and has not got through: when it is tried again, and when it ends."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain import facts
from domain.account import Account
from domain.facts import Body
from domain.ids import ContactId, CustomerId, InvoiceId, ReminderId, StepId, UnitId
from domain.levels import Channel, Level
from domain.past import PastReminder, Suppressed
from domain.plan import plan
from domain.policy import Limits
from tests.domain_factories import (
    ALL_HOURS,
    DUE_ON,
    FIRST,
    a_contact,
    a_customer,
    a_member,
    a_past_reminder,
    a_policy,
    a_seller,
    a_step,
    an_account,
    asked,
    codes,
    days,
    euros,
    issued,
    late_morning,
    on_day,
    paris,
)

F1 = InvoiceId("F-1")
NOON_ON_FRIDAY = paris(days(2), 12)
POLICY = a_policy()
FRIDAY = late_morning(2)
MINUTE = timedelta(minutes=1)


def an_open(at: datetime = FRIDAY, step: str = "first", *members: Any, **changes: Any) -> PastReminder:
    """A reminder that a provider could not take at `at`."""
    return a_past_reminder(at, step, *members, **{"id": ReminderId("r1"), "state": "open"} | changes)


def retrying(*bodies: Body | facts.Fact, past: PastReminder | None = None) -> Account:
    return an_account(issued(), *bodies, history=(past or an_open(),))


def test_it_is_tried_again_over_the_same_channel_after_the_pause() -> None:
    at = late_morning(2) + 5 * MINUTE
    found = plan(retrying(past=an_open(retry_at=at)), POLICY, late_morning(2) + MINUTE)
    assert asked(found) == ("first", [("F-1", "first")])
    assert found.reminder is not None
    assert (found.reminder.continues, found.reminder.send_at, found.again_at) == ("r1", at, at)
    assert (found.reminder.closes, codes(found.reasons)) == (NOON_ON_FRIDAY, ["retry"])


def test_it_is_tried_at_once_when_the_pause_is_over() -> None:
    now = late_morning(2) + 9 * MINUTE
    found = plan(retrying(past=an_open(retry_at=late_morning(2) + MINUTE)), POLICY, now)
    assert found.reminder is not None
    assert found.reminder.send_at == now


def test_it_never_leaves_the_hours_and_is_spread_like_others_over_the_next() -> None:
    found = plan(retrying(past=an_open(retry_at=NOON_ON_FRIDAY + MINUTE)), POLICY, NOON_ON_FRIDAY)
    assert found.reminder is not None
    assert paris(days(2), 14) < found.reminder.send_at < paris(days(2), 17)
    assert plan(retrying(past=an_open(retry_at=NOON_ON_FRIDAY + MINUTE)), POLICY, paris(days(2), 14)).reminder == (
        found.reminder
    )


def test_it_falls_back_to_the_next_channel_when_one_is_spent() -> None:
    policy = a_policy(a_step("first", 2, Level.COURTEOUS, Channel.EMAIL, Channel.SMS))
    found = plan(retrying(past=an_open(used=(Channel.EMAIL,))), policy, late_morning(2))
    assert found.reminder is not None
    assert [route.channel for route in found.reminder.routes] == [Channel.SMS]
    assert codes(found.reasons) == ["channel_unusable", "retry"]


def test_it_fails_when_no_channel_is_left_and_the_ladder_goes_on() -> None:
    found = plan(retrying(past=an_open(used=(Channel.EMAIL,))), POLICY, late_morning(2))
    assert found.gives_up == ("r1", "failed")
    assert [(task.kind, task.step, task.units) for task in found.tasks] == [("repair", "first", ())]
    assert asked(found) == ("call", [("F-1", "call")])
    never = a_policy(FIRST, hours={None: ((),) * 7})
    assert plan(retrying(), never, late_morning(2)).gives_up == ("r1", "failed")


def test_when_our_set_up_is_wrong_nobody_is_asked_to_repair_the_contact() -> None:
    refused = an_open(used=(Channel.EMAIL,), last_refusal="misconfigured")
    found = plan(retrying(past=refused), POLICY, late_morning(2))
    assert found.gives_up == ("r1", "failed")
    assert [(task.kind, task.step, task.units) for task in found.tasks] == [("fix", "set_up_wrong", ())]


def test_when_a_provider_was_out_of_reach_nobody_is_asked_to_repair_the_contact() -> None:
    """Found in review: a network that was away for a minute had contacts repaired that were fine."""
    refused = an_open(used=(Channel.EMAIL,), last_refusal="transient")
    found = plan(retrying(past=refused), POLICY, late_morning(2))
    assert found.gives_up == ("r1", "failed")
    assert [(task.kind, task.step, task.units) for task in found.tasks] == [("fix", "provider_out_of_reach", ())]


def test_when_its_channel_is_not_set_up_any_more_nobody_is_asked_to_repair_the_contact() -> None:
    account = replace(retrying(), seller=a_seller(channels=frozenset({Channel.PHONE})))
    found = plan(account, POLICY, late_morning(2))
    assert found.gives_up == ("r1", "withdrawn")
    assert [(task.kind, task.step, task.units) for task in found.tasks] == [("fix", "not_set_up", ())]


@pytest.mark.parametrize("refusal", ["transient", "misconfigured"])
def test_who_says_stop_while_his_provider_is_away_is_a_contact_to_repair(refusal: str) -> None:
    """The fault that was mended tells nobody that he cannot be written to any more."""
    gone = (Suppressed(Channel.EMAIL, "anne@example.com", "opt_out"),)
    account = an_account(issued(), history=(an_open(last_refusal=refusal),), suppressed=gone)
    found = plan(account, POLICY, late_morning(2))
    assert found.gives_up == ("r1", "withdrawn")
    assert [(task.kind, task.step, task.units) for task in found.tasks] == [("repair", "first", ())]


def test_an_address_that_died_before_a_provider_was_out_of_reach_is_told_too() -> None:
    policy = a_policy(a_step("first", 2, Level.COURTEOUS, Channel.EMAIL, Channel.SMS))
    gone = (Suppressed(Channel.EMAIL, "anne@example.com", "permanent_address"),)
    refused = an_open(used=(Channel.EMAIL, Channel.SMS), last_refusal="transient")
    found = plan(an_account(issued(), history=(refused,), suppressed=gone), policy, late_morning(2))
    assert found.gives_up == ("r1", "failed")
    assert [(task.kind, task.step) for task in found.tasks] == [("fix", "provider_out_of_reach"), ("repair", "first")]


@pytest.mark.parametrize(
    "fact",
    [
        facts.InvoicePaid(F1, DUE_ON),
        facts.InvoiceCancelled(F1, ""),
        facts.InvoiceDisputed(F1, ""),
        facts.PromiseMade((F1,), None, days(9), ""),
        facts.CustomerHeld(CustomerId("C-1"), "", None),
        facts.EInvoiceStatusChanged(F1, "207"),
    ],
)
def test_it_is_withdrawn_when_a_fact_stops_it(fact: Body) -> None:
    found = plan(retrying(fact), POLICY, late_morning(2))
    assert found.gives_up == ("r1", "withdrawn")
    assert found.reminder is None or found.reminder.send_at > late_morning(2)


def test_a_stale_feed_or_a_policy_without_the_step_withdraw_it() -> None:
    stale = an_account(history=(an_open(),), seller=a_seller(synced_as_of=late_morning(-20)))
    assert plan(stale, a_policy(freshness_days=2), late_morning(2)).gives_up == ("r1", "withdrawn")
    assert plan(retrying(), a_policy(a_step("other", 2)), late_morning(2)).gives_up == ("r1", "withdrawn")


def test_a_promise_that_is_over_stops_nothing() -> None:
    """Found in review: an old promise withdrew each reminder at its first retry, again and again."""
    promise = facts.PromiseMade((F1,), None, days(-9), "")
    found = plan(retrying(promise), POLICY, late_morning(2))
    assert found.gives_up is None
    assert found.reminder is not None


def test_it_gives_way_when_a_later_step_is_due() -> None:
    account = retrying(past=an_open(retry_at=late_morning(12)))
    found = plan(account, POLICY, late_morning(2))
    assert found.again_at == paris(days(10))
    later = plan(account, POLICY, paris(days(10)))
    assert later.gives_up == ("r1", "withdrawn")
    assert asked(later) == ("call", [("F-1", "call")])


def test_a_heads_up_is_not_tried_again_once_the_invoice_is_due() -> None:
    """Found in review: 'will be due' would have gone out after the due date."""
    past = an_open(late_morning(-1), "heads-up", level=Level.UPCOMING, retry_at=paris(days(0), 9))
    account = retrying(past=past)
    assert plan(account, POLICY, late_morning(-1)).again_at == paris(days(0))
    assert plan(account, POLICY, paris(days(0))).gives_up == ("r1", "withdrawn")


def two_units(*bodies: Body | facts.Fact, step: str = "first") -> Account:
    past = an_open(late_morning(2), step, a_member("A", step), a_member("B", step))
    return an_account(issued("A", due_on=days(-1)), issued("B"), *bodies, history=(past,))


def test_a_member_that_is_paid_drops_out_and_amounts_are_those_of_now() -> None:
    paid = facts.InvoicePaid(InvoiceId("B"), DUE_ON)
    part = facts.PaymentReceived(InvoiceId("A"), "p", euros(30), DUE_ON)
    found = plan(two_units(paid, part), POLICY, late_morning(2))
    assert asked(found) == ("first", [("A", "first")])
    assert found.reminder is not None
    assert found.reminder.members[0].balance == euros(70)


def test_it_ends_with_its_lead_and_the_others_have_a_reminder_of_their_own() -> None:
    found = plan(two_units(facts.InvoicePaid(InvoiceId("A"), DUE_ON)), POLICY, late_morning(2))
    assert found.gives_up == ("r1", "withdrawn")
    assert found.reminder is not None
    assert (asked(found), found.reminder.continues) == (("first", [("B", "first")]), None)


def test_a_member_that_waits_or_lapsed_or_began_anew_drops_out() -> None:
    disputed = facts.InvoiceDisputed(InvoiceId("B"), "")
    assert asked(plan(two_units(disputed), POLICY, late_morning(2))) == ("first", [("A", "first")])
    paid = facts.PaymentReceived(InvoiceId("B"), "p", euros(100), DUE_ON)
    back = facts.PaymentReversed(InvoiceId("B"), "p", euros(100), DUE_ON)
    assert asked(plan(two_units(paid, on_day(1, back)), POLICY, late_morning(2))) == ("first", [("A", "first")])


def test_a_new_cycle_of_the_lead_ends_it() -> None:
    paid = facts.PaymentReceived(F1, "p", euros(100), DUE_ON)
    back = facts.PaymentReversed(F1, "p", euros(100), DUE_ON)
    assert plan(retrying(paid, on_day(1, back)), POLICY, late_morning(2)).gives_up == ("r1", "withdrawn")


def test_a_hand_off_is_tried_again_at_any_hour() -> None:
    policy = a_policy(a_step("agency", 2, Level.COURTEOUS, Channel.TASK))
    past = an_open(paris(days(2)), "agency", channel=Channel.TASK, retry_at=paris(days(3)))
    found = plan(retrying(past=past), policy, paris(days(2), 1))
    assert found.reminder is not None
    assert found.reminder.send_at == paris(days(3))


def test_a_contact_without_any_address_left_withdraws_it() -> None:
    customer = a_customer(contacts=(a_contact(email=None),))
    account = an_account(issued(customer=customer), history=(an_open(),))
    found = plan(account, a_policy(FIRST, hours={None: ALL_HOURS}), late_morning(2))
    assert found.gives_up == ("r1", "withdrawn")
    assert [(task.kind, task.step) for task in found.tasks] == [("repair", "first")]


def bounced(*bodies: Body | facts.Fact) -> Account:
    """An approved formal notice found an address that does not work."""
    notice_of = StepId("notice"), (UnitId("F-1"),), 0
    said = facts.TaskClosed(CustomerId("C-1"), "t", "approve", *notice_of, "approved", DUE_ON)
    had = [
        a_past_reminder(late_morning(day), step, a_member(step=step), level=level)
        for day, step, level in ((2, "first", Level.COURTEOUS), (20, "widen", Level.FIRM))
    ]
    notice = an_open(late_morning(47), "notice", a_member(step="notice"), level=Level.FORMAL, used=(Channel.EMAIL,))
    gone = (Suppressed(Channel.EMAIL, "anne@example.com", "permanent_address"),)
    return an_account(issued(), on_day(46, said), *bodies, history=(*had, notice), suppressed=gone)


def test_a_step_whose_address_does_not_work_waits_for_another_and_goes_out_then() -> None:
    account = bounced()
    found = plan(account, POLICY, late_morning(47))
    assert found.gives_up == ("r1", "withdrawn")
    assert [(task.kind, task.step) for task in found.tasks] == [("repair", "notice")]
    ended = replace(account, history=found.ended(account.history))
    for day in (48, 61):  # the agency, which would come on day 60, is nothing for who had no notice
        later = plan(ended, POLICY, late_morning(day))
        assert (later.reminder, codes(later.reasons)[-1]) == (None, "no_usable_channel")
        assert [(task.kind, task.step) for task in later.tasks] == [("repair", "notice")]
    mended = bounced(on_day(48, facts.CustomerUpdated(a_customer(contacts=(a_contact(email="b@example.com"),)))))
    again = plan(replace(mended, history=ended.history), POLICY, late_morning(48))
    assert asked(again) == ("notice", [("F-1", "notice")])
    assert again.reminder is not None
    assert again.reminder.continues is None


def test_a_step_that_another_person_of_the_role_could_have_had_fails() -> None:
    """It is not sent to each in turn: what could be tried again at once would be, and then again."""
    people = (a_contact(), a_contact(id=ContactId("p2"), email="luc@example.com"))
    account = bounced(on_day(40, facts.CustomerUpdated(a_customer(contacts=people))))
    assert plan(account, POLICY, late_morning(47)).gives_up == ("r1", "failed")


def test_a_fallback_to_the_phone_waits_for_the_number_of_calls() -> None:
    call = a_past_reminder(
        late_morning(-20), "call", a_member("F-9"), channel=Channel.PHONE, calls=(late_morning(-20),)
    )
    step = a_step("first", 2, Level.COURTEOUS, Channel.EMAIL, Channel.PHONE)
    policy = a_policy(step, limits=Limits(call_attempts=1))
    running = an_open(retry_at=late_morning(2), used=(Channel.EMAIL,))
    found = plan(an_account(issued(), history=(call, running)), policy, late_morning(2)).reminder
    assert found is not None
    assert paris(days(12)) <= found.send_at < paris(days(13))  # Saturday would be the first day
