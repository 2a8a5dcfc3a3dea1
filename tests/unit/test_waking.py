"""When an account is looked at again: at the first instant that matters, and not before."""

from domain import facts
from domain.account import Account
from domain.facts import Body, Fact
from domain.fold import fold
from domain.ids import ContactId, CustomerId, InvoiceId, StepId, UnitId
from domain.levels import Channel, Level
from domain.plan import plan
from domain.policy import Limits, OpenHours
from tests.domain_factories import (
    ALL_HOURS,
    FIRST,
    OFFICE_HOURS,
    a_contact,
    a_customer,
    a_fact,
    a_member,
    a_past_reminder,
    a_policy,
    a_seller,
    a_step,
    an_account,
    an_instalment,
    asked,
    codes,
    days,
    euros,
    issued,
    late_morning,
    paris,
)

C1, F1 = CustomerId("C-1"), InvoiceId("F-1")
ASK = a_step("ask", 5, approval=True)
MONDAYS: OpenHours = (OFFICE_HOURS[0],) + ((),) * 6


def told(*later: tuple[int, Body]) -> Account:
    """C-1 owes F-1; then facts so many days after it is due, at ten in Paris."""
    found: list[Fact] = [a_fact(issued())]
    found += [a_fact(body, at=paris(days(day), 10), event_id=f"l{n}") for n, (day, body) in enumerate(later)]
    return fold(C1, found, a_seller())


def test_of_two_waits_the_longer_one_counts() -> None:
    read = facts.TaskClosed(C1, "t1", "reply", StepId(""), (UnitId("r1"),), 0, "done", days(9))
    for until, code, again_on in ((days(6), "waits_for_date", 9), (days(13), "customer_held", 13)):
        account = an_account(issued(), read, facts.CustomerHeld(C1, "talks", paris(until)))
        found = plan(account, a_policy(FIRST, hours={None: ALL_HOURS}), late_morning(3))
        assert codes(found.reasons)[0] == code
        assert found.reminder is not None
        assert paris(days(again_on)) <= found.reminder.send_at < paris(days(again_on + 1))


def test_an_unread_reply_outlasts_a_hold_with_an_end() -> None:
    replied = facts.ReplyReceived(C1, "r1", Channel.SMS)
    account = an_account(issued(), replied, facts.CustomerHeld(C1, "talks", late_morning(9)))
    assert codes(plan(account, a_policy(FIRST), late_morning(3)).reasons) == ["reply_unread"]


def test_the_end_of_a_hold_is_no_instant_of_its_own_when_something_leaves_later() -> None:
    account = an_account(issued(), facts.CustomerHeld(C1, "talks", late_morning(4)))
    found = plan(account, a_policy(FIRST), late_morning(3))
    assert found.reminder is not None
    assert found.again_at == found.reminder.send_at > paris(days(5))


def test_what_becomes_ready_in_a_window_by_the_end_of_a_hold_goes_at_once() -> None:
    until = paris(days(9), 9, 1)
    found = plan(an_account(issued(), facts.CustomerHeld(C1, "talks", until)), a_policy(), late_morning(3)).reminder
    assert found is not None
    assert found.send_at == until


def test_a_step_that_comes_due_as_its_window_opens_is_spread_over_it() -> None:
    found = plan(an_account(), a_policy(FIRST, hours={None: ALL_HOURS}), paris(days(2))).reminder
    assert found is not None
    assert paris(days(2)) < found.send_at < paris(days(2), 18)


def test_work_for_people_wakes_the_account_before_a_reminder_leaves() -> None:
    """F-1 is to be approved on day 5, F-2 only on day 9; F-3 is reminded after both, on day 12."""
    had = a_past_reminder(late_morning(2), "first", a_member("F-1"), a_member("F-2"))
    invoices = (issued(), issued("F-2", due_on=days(4)), issued("F-3", due_on=days(10)))
    found = plan(an_account(*invoices, history=(had,)), a_policy(FIRST, ASK), late_morning(3))
    assert (asked(found), found.again_at) == (("first", [("F-3", "first")]), paris(days(5)))
    nobody_else = plan(an_account(*invoices[:2], history=(had,)), a_policy(FIRST, ASK), late_morning(3))
    assert (nobody_else.reminder, nobody_else.again_at) == (None, paris(days(5)))


def test_a_feed_that_goes_stale_wakes_nobody_who_waits_for_a_fact() -> None:
    seller = a_seller(synced_as_of=late_morning(2))
    account = an_account(issued(), facts.InvoiceDisputed(F1, ""), seller=seller)
    assert plan(account, a_policy(freshness_days=2), late_morning(3)).again_at is None


def test_only_promises_that_are_pending_are_waited_for() -> None:
    promise = facts.PromiseMade((F1,), euros(40), days(6), "Anne")
    account = told((3, promise), (4, facts.PaymentReceived(F1, "p1", euros(40), days(4))))
    found = plan(account, a_policy(a_step("later", 20)), late_morning(5))
    assert found.reminder is not None
    assert found.again_at == found.reminder.send_at > paris(days(20))


def test_a_due_date_without_a_payment_plan_wakes_nobody() -> None:
    account = told((-10, facts.PromiseMade((F1,), None, days(6), "Anne")))
    assert plan(account, a_policy(a_step("later", 20, approval=True)), late_morning(-9)).again_at == paris(days(9))


def test_a_plan_that_breaks_is_found_out_even_when_nothing_may_go_out() -> None:
    agreed = facts.PaymentPlanAgreed((F1,), (an_instalment(10, 100),))
    account = told((3, agreed), (3, facts.CustomerHeld(C1, "talks", None)))
    for day, again_on in ((9, 10), (11, 13)):
        assert plan(account, a_policy(), late_morning(day)).again_at == paris(days(again_on))
    assert plan(account, a_policy(), late_morning(13)).again_at is None


def test_the_first_channels_hours_and_contact_count_whatever_it_falls_back_to() -> None:
    people = (a_contact(phone=None), a_contact(id=ContactId("p2"), email=None))
    both = a_step("first", 2, Level.COURTEOUS, Channel.EMAIL, Channel.SMS)
    policy = a_policy(both, hours={None: OFFICE_HOURS, Channel.SMS: MONDAYS})
    found = plan(an_account(issued(customer=a_customer(contacts=people))), policy, late_morning(2))
    assert found.reminder is not None
    assert found.reminder.send_at == late_morning(2)
    assert [route.contact_id for route in found.reminder.routes] == ["p1", "p2"]
    assert found.reasons[-1].facts == {"channel": "email", "contact": "p1"}


def test_a_step_joins_at_the_instant_at_which_it_comes_due_on_its_due_date() -> None:
    policy = a_policy(a_step("first", 0), hours={None: ALL_HOURS}, limits=Limits(0, None, None))
    account = an_account(issued("A", due_on=days(-2)), issued("B"))
    found = plan(account, policy, paris(days(0)))
    assert "not_grouped" not in codes(found.reasons)
    assert asked(found) == ("first", [("A", "first"), ("B", "first")])


def test_the_date_of_the_last_reply_counts_until_the_instant_at_which_it_begins() -> None:
    read = [
        facts.TaskClosed(C1, f"t{n}", "reply", StepId(""), (UnitId(f"r{n}"),), 0, "done", days(on))
        for n, on in enumerate((9, 5))
    ]
    account = an_account(issued(), *read)
    assert codes(plan(account, a_policy(FIRST), late_morning(4)).reasons)[0] == "waits_for_date"
    assert "waits_for_date" not in codes(plan(account, a_policy(FIRST), paris(days(5))).reasons)


def test_what_other_invoices_have_had_outlasts_a_reminder_that_is_withdrawn() -> None:
    had = a_past_reminder(late_morning(2), "first", a_member("F-1"))
    running = a_past_reminder(late_morning(4), "first", a_member("F-2"), state="open")
    held = facts.CustomerHeld(C1, "talks", late_morning(7))
    account = an_account(issued(), issued("F-2"), held, history=(had, running))
    found = plan(account, a_policy(FIRST), late_morning(5))
    assert (found.gives_up, asked(found)) == ((running.id, "withdrawn"), ("first", [("F-2", "first")]))


def test_a_step_that_comes_after_group_within_is_not_pulled_forward() -> None:
    had = a_past_reminder(late_morning(0), "first", a_member("B", "first"))
    account = an_account(issued("A"), issued("B", due_on=days(-2)), history=(had,))
    policy = a_policy(FIRST, a_step("second", 9), limits=Limits(0, None, None))
    assert asked(plan(account, policy, late_morning(2))) == ("first", [("A", "first")])


def test_a_cap_never_raises_the_tone() -> None:
    found = plan(an_account(), a_policy(FIRST, tone_cap=Level.FIRM), late_morning(2)).reminder
    assert found is not None
    assert found.tone is Level.COURTEOUS


def test_of_two_dates_for_work_the_first_wakes_the_account() -> None:
    words = (
        facts.TaskClosed(C1, f"t{n}", "phone", StepId("call"), (UnitId(unit),), 0, "disputed", days(on))
        for n, (unit, on) in enumerate((("F-1", 20), ("F-2", 25)))
    )
    account = an_account(issued(), issued("F-2"), *words)
    assert plan(account, a_policy(FIRST), late_morning(13)).again_at == paris(days(20))
