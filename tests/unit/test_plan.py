"""The walk from now to the first instant at which a reminder may leave, and what stops it."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain import facts
from domain.fold import fold
from domain.ids import CustomerId, InvoiceId, StepId
from domain.internal_task import InternalTask
from domain.levels import PERSON_CHANNELS, Channel, Level
from domain.past import Suppressed
from domain.plan import plan
from domain.policy import Limits
from domain.read_event import read_event
from tests.domain_factories import (
    ALL_HOURS,
    DUE_ON,
    FIRST,
    KNOWN_AT,
    NO_LIMITS,
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
    asked,
    codes,
    days,
    issued,
    late_morning,
    paris,
)
from tests.factories import event

C1, F1 = CustomerId("C-1"), InvoiceId("F-1")
ALWAYS = a_policy(hours={None: ALL_HOURS}, limits=NO_LIMITS)
SPREAD = 0.75
MORNING = timedelta(hours=3)


def held(until: datetime | None) -> facts.CustomerHeld:
    return facts.CustomerHeld(C1, "talks", until)


def test_nothing_owed_is_nothing_planned() -> None:
    found = plan(an_account(issued(), facts.InvoicePaid(F1, DUE_ON)), a_policy(), late_morning(3))
    assert (found.reminder, found.again_at, codes(found.reasons)) == (None, None, ["nothing_owed"])


def test_the_next_reminder_is_known_long_before() -> None:
    found = plan(an_account(), a_policy(), KNOWN_AT)
    assert asked(found) == ("heads-up", [("F-1", "heads-up")])
    assert codes(found.reasons) == ["step_later", "step_due", "channel_chosen"]
    assert found.reminder is not None
    assert found.again_at == found.reminder.send_at


def test_a_reminder_says_all_that_is_needed_to_send_it() -> None:
    reminder = plan(an_account(), a_policy(name="mine", version=3), late_morning(2)).reminder
    assert reminder is not None
    assert (reminder.send_at, reminder.closes) == (late_morning(2), paris(days(2), 12))
    assert (reminder.level, reminder.tone) == (Level.COURTEOUS, Level.COURTEOUS)
    assert reminder.members == (a_member(),)
    assert (reminder.policy, reminder.continues) == ("mine@3", None)


def test_what_is_ready_before_a_window_opens_is_spread_over_three_quarters_of_it() -> None:
    sends = set()
    for n in range(40):
        customer = a_customer(id=CustomerId(f"C-{n}"))
        account = fold(customer.id, [a_fact(issued(customer=customer))], a_seller())
        reminder = plan(account, a_policy(), paris(days(2))).reminder
        assert reminder is not None
        assert paris(days(2), 9) <= reminder.send_at < paris(days(2), 9) + SPREAD * MORNING
        assert plan(account, a_policy(), reminder.send_at).reminder == reminder
        sends.add(reminder.send_at)
    assert len(sends) > 35
    assert max(sends) > paris(days(2), 9) + 0.8 * SPREAD * MORNING


def test_what_becomes_ready_inside_a_window_goes_at_once() -> None:
    now = paris(days(2), 9, 1)
    found = plan(fold(C1, [a_fact(issued(), at=now)], a_seller()), a_policy(), now)
    assert found.reminder is not None
    assert found.reminder.send_at == now


def test_reasons_say_whether_hours_or_the_spread_are_waited_for() -> None:
    assert "outside_hours" in codes(plan(an_account(), a_policy(), paris(days(2))).reasons)
    assert "spread" in codes(plan(an_account(), a_policy(), paris(days(2), 9)).reasons)


def test_weekends_and_other_channels_hours_are_waited_for() -> None:
    mondays = (((time(10), time(11)),), *((),) * 6)
    policy = a_policy(FIRST, hours={None: OFFICE_HOURS, Channel.EMAIL: mondays})
    reminder = plan(an_account(), policy, late_morning(2)).reminder
    assert reminder is not None
    assert paris(days(5), 10) <= reminder.send_at < reminder.closes == paris(days(5), 11)


def test_holidays_are_waited_for() -> None:
    christmas = (datetime(2026, 12, 25).date() - DUE_ON).days  # noqa: DTZ001 - a date
    policy = a_policy(a_step("first", christmas), holidays=True)
    reminder = plan(an_account(), policy, late_morning(christmas)).reminder
    assert reminder is not None
    assert reminder.send_at > paris(days(christmas + 3))


def test_the_gap_is_waited_for_and_said() -> None:
    account = an_account(
        issued("A", due_on=days(-5)), issued("B"), history=(a_past_reminder(late_morning(0), "first", a_member("A")),)
    )
    found = plan(account, a_policy(FIRST), late_morning(2))
    assert "gap" in codes(found.reasons)
    assert found.reminder is not None
    assert paris(days(5), 9) <= found.reminder.send_at < paris(days(5), 12)


def test_hours_that_never_open_are_a_persons_business() -> None:
    policy = a_policy(FIRST, hours={None: ((),) * 7})
    found = plan(an_account(), policy, late_morning(3))
    assert (found.reminder, found.again_at) == (None, None)
    assert codes(found.reasons) == ["step_due", "outside_hours"]
    assert [task.kind for task in found.tasks] == ["repair"]


def test_a_contact_that_cannot_be_reached_is_to_be_repaired() -> None:
    gone = Suppressed(Channel.EMAIL, "anne@example.com", "hard_bounce")
    policy = a_policy(FIRST, a_step("later", 20, Level.COURTEOUS, Channel.SMS))
    found = plan(an_account(suppressed=(gone,)), policy, late_morning(2))
    assert found.tasks == (InternalTask("repair", FIRST.id, ()),)
    assert asked(found) == ("later", [("F-1", "later")])
    assert codes(found.reasons)[:3] == ["step_due", "channel_unusable", "no_usable_channel"]


def test_many_invoices_of_somebody_unreachable_are_one_repair_and_few_reasons() -> None:
    """A step that reaches nobody is tried once, not once for each invoice: planning stays linear."""
    customer = a_customer(contacts=())
    account = an_account(*(issued(f"F-{number}", customer=customer) for number in range(50)))
    found = plan(account, a_policy(FIRST), late_morning(2))
    assert [task.kind for task in found.tasks] == ["repair"]
    assert len(found.reasons) < 60
    assert codes(found.reasons).count("no_usable_channel") == 1


def test_where_no_channel_is_set_up_that_is_to_be_fixed_and_no_contact_repaired() -> None:
    """Each customer of an operator who forgot the providers' keys was a contact to repair."""
    policy = a_policy(FIRST, a_step("second", 8, Level.COURTEOUS, Channel.SMS, Channel.EMAIL))
    account = an_account(issued("A"), issued("B", due_on=days(-6)), seller=a_seller(channels=PERSON_CHANNELS))
    found = plan(account, policy, late_morning(2))
    assert found.tasks == (InternalTask("fix", StepId("not_set_up"), ()),)
    assert (found.reminder, found.again_at) == (None, None)


def test_a_contact_is_to_be_repaired_where_any_channel_of_the_step_is_set_up() -> None:
    policy = a_policy(a_step("first", 2, Level.COURTEOUS, Channel.SMS, Channel.EMAIL))
    customer = a_customer(contacts=(a_contact(email=None),))
    mail_alone = a_seller(channels=frozenset({Channel.EMAIL}))
    found = plan(an_account(issued(customer=customer), seller=mail_alone), policy, late_morning(2))
    assert found.tasks == (InternalTask("repair", FIRST.id, ()),)
    never = replace(policy, hours={None: ((),) * 7})
    assert plan(an_account(seller=mail_alone), never, late_morning(2)).tasks == found.tasks


def test_a_repair_that_is_needed_later_wakes_the_account_then() -> None:
    customer = a_customer(contacts=(a_contact(email=None),))
    found = plan(an_account(issued(customer=customer)), a_policy(FIRST), KNOWN_AT)
    assert (found.tasks, found.again_at) == ((), paris(days(2)))
    later = plan(an_account(issued(customer=customer)), a_policy(FIRST), paris(days(2)))
    assert ([task.kind for task in later.tasks], later.again_at) == (["repair"], None)


def test_a_held_customer_is_left_alone_until_the_hold_ends() -> None:
    found = plan(an_account(issued(), held(None)), a_policy(), late_morning(3))
    assert (found.reminder, found.again_at, codes(found.reasons)) == (None, None, ["customer_held"])
    until = late_morning(9)
    found = plan(an_account(issued(), held(until)), a_policy(), late_morning(3))
    assert found.reasons[0].facts == {"reason": "talks", "until": until.isoformat()}
    assert found.reminder is not None
    assert found.reminder.send_at == found.again_at == until
    assert "customer_held" not in codes(plan(an_account(issued(), held(until)), a_policy(), until).reasons)


def test_nobody_is_asked_anything_during_a_hold() -> None:
    account = an_account(issued(), held(late_morning(9)))
    policy = a_policy(a_step("ask", 2, approval=True))
    found = plan(account, policy, late_morning(3))
    assert (found.tasks, found.again_at) == ((), late_morning(9))
    assert [task.kind for task in plan(account, policy, late_morning(9)).tasks] == ["approve"]


def test_a_hold_ends_even_if_nothing_comes_then() -> None:
    account = an_account(issued(), held(late_morning(9)), facts.InvoiceDisputed(F1, ""))
    assert plan(account, a_policy(), late_morning(3)).again_at == late_morning(9)


def test_a_stale_payment_feed_is_waited_for() -> None:
    """Two working days after a Friday is Tuesday: on Wednesday it is stale."""
    policy = a_policy(freshness_days=2)
    account = an_account(seller=a_seller(synced_as_of=late_morning(2)))
    assert plan(account, policy, late_morning(6)).reminder is not None
    found = plan(account, policy, paris(days(7)))
    assert (found.reminder, found.again_at, codes(found.reasons)) == (None, None, ["feed_stale"])
    assert plan(an_account(), policy, late_morning(6)).reminder is not None


def test_a_feed_grows_old_on_days_on_which_the_policy_lets_nobody_be_contacted() -> None:
    """From Friday to Tuesday, although Monday to Wednesday are blackout dates; a public holiday is none of them."""
    policy = a_policy(freshness_days=2, blackout=frozenset(days(n) for n in (5, 6, 7)))
    account = an_account(seller=a_seller(synced_as_of=late_morning(2)))
    assert codes(plan(account, policy, paris(days(7))).reasons) == ["feed_stale"]
    christmas = an_account(seller=a_seller(synced_as_of=late_morning(22)))
    policy = a_policy(freshness_days=2)
    stale = [codes(plan(christmas, policy, paris(days(n))).reasons) == ["feed_stale"] for n in (27, 28)]
    assert stale == [False, True]


@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "America/New_York", "Europe/Paris", "Pacific/Auckland"])
def test_a_feed_that_gives_a_date_is_complete_up_to_that_date_of_the_sellers(zone: str) -> None:
    """Friday: two working days on, it is old at the end of Tuesday, by the seller's clock."""
    body = read_event(event("payments.synced", {"as_of": days(2).isoformat()})).body
    assert isinstance(body, facts.PaymentsSynced)
    account = an_account(seller=a_seller(synced_as_of=body.as_of, timezone=zone))
    begins = datetime.combine(days(7), time(), ZoneInfo(zone))
    policy = a_policy(freshness_days=2)
    assert codes(plan(account, policy, begins).reasons) == ["feed_stale"]
    assert codes(plan(account, policy, begins - timedelta(seconds=1)).reasons) != ["feed_stale"]


def test_a_reminder_that_a_stale_feed_would_stop_is_looked_at_again_when_it_goes_stale() -> None:
    account = an_account(seller=a_seller(synced_as_of=late_morning(-7)))
    found = plan(account, a_policy(FIRST, freshness_days=2), late_morning(-6))
    assert found.reminder is not None
    assert found.reminder.send_at > paris(days(2))
    assert found.again_at == paris(days(-4))


def test_nobody_is_woken_because_a_feed_grows_old() -> None:
    """Most feeds have moved on by then, and what would leave is planned again before it does."""
    account = an_account(seller=a_seller(synced_as_of=late_morning(-7)))
    found = plan(account, a_policy(FIRST, freshness_days=2), late_morning(-6))
    assert found.reminder is not None
    assert found.look_at == found.reminder.send_at
    assert plan(account, a_policy(FIRST, freshness_days=2), found.look_at).reminder is None
    fed = an_account(seller=a_seller(synced_as_of=late_morning(1)))
    assert plan(fed, a_policy(FIRST, freshness_days=2), found.look_at).reminder == found.reminder


def test_without_limits_everything_goes_at_once() -> None:
    found = plan(an_account(), ALWAYS, paris(days(2)) + timedelta(hours=20))
    assert found.reminder is not None
    assert found.again_at == paris(days(2)) + timedelta(hours=20)


def test_nothing_else_is_planned_while_a_provider_is_called() -> None:
    calling = a_past_reminder(late_morning(2), state="calling")
    found = plan(an_account(history=(calling,)), a_policy(), late_morning(20))
    assert (found.reminder, found.again_at, codes(found.reasons)) == (None, None, ["delivery_running"])


def test_a_month_of_caps_is_walked_over() -> None:
    history = tuple(a_past_reminder(late_morning(-n), "x", a_member("A", "x")) for n in (1, 2))
    policy = a_policy(FIRST, limits=Limits(0, None, 2), hours={None: ALL_HOURS})
    found = plan(an_account(history=history), policy, late_morning(2))
    assert "cap" in codes(found.reasons)
    assert found.reminder is not None
    assert paris(days(28)) <= found.reminder.send_at < paris(days(29))


@pytest.mark.parametrize("day", [-6, -5, 0, 2, 3, 5, 9, 20, 90])
def test_the_plan_holds_until_it_says_to_ask_again(day: int) -> None:
    found = plan(an_account(), a_policy(), late_morning(day))
    assert found.reminder is not None
    assert found.again_at is not None
    for n in range(4):
        between = late_morning(day) + n * (found.again_at - late_morning(day)) / 4
        assert plan(an_account(), a_policy(), between).reminder == found.reminder
