"""Which names the instalments of a payment plan have: what was said under one is never said again under another."""

from datetime import timedelta

import pytest

from domain import facts
from domain.account import Account
from domain.facts import Body, Fact
from domain.fold import fold
from domain.ids import CustomerId, InvoiceId, StepId, UnitId
from domain.past import PastReminder
from domain.plan import plan
from domain.reasons import Code
from tests.domain_factories import (
    KNOWN_AT,
    a_fact,
    a_member,
    a_past_reminder,
    a_policy,
    a_seller,
    an_instalment,
    asked,
    days,
    issued,
    late_morning,
)

C1, F1, F2 = CustomerId("C-1"), InvoiceId("F-1"), InvoiceId("F-2")
PARTS = (an_instalment(10, 50), an_instalment(40, 150))
PLAN = facts.PaymentPlanAgreed((F1, F2), PARTS)
TURNED = facts.PaymentPlanAgreed((F2, F1), PARTS[::-1])
OTHER = facts.PaymentPlanAgreed((F1, F2), (an_instalment(20, 200),))
POLICY = a_policy(after_broken_promise="call")


def told(name: str, body: Body, *, happened: int, received: int) -> Fact:
    """An event of one minute that reached us in another."""
    return a_fact(body, happened, event_id=name, received_at=KNOWN_AT + timedelta(minutes=received))


def account_of(*later: Fact, history: tuple[PastReminder, ...] = ()) -> Account:
    return fold(C1, [a_fact(issued()), a_fact(issued("F-2"), 1), *later], a_seller(), history)


def names(account: Account) -> list[tuple[str, int]]:
    return [(unit.id, unit.balance.minor // 100) for unit in account.units]


FIRST = told("first", PLAN, happened=10, received=10)


@pytest.mark.parametrize("again", [PLAN, TURNED])
def test_a_plan_told_again_with_an_earlier_time_keeps_its_name(again: Body) -> None:
    """Its instalments would have a ladder of their own, and each step would go out twice."""
    earlier = told("second", again, happened=5, received=20)
    assert (
        names(account_of(FIRST, earlier)) == names(account_of(FIRST)) == [("plan:first#1", 50), ("plan:first#2", 150)]
    )


def test_a_plan_whose_currency_is_not_said_again_keeps_its_name() -> None:
    bare = facts.PaymentPlanAgreed(PLAN.invoice_ids, PARTS, currency_stated=False)
    account = account_of(FIRST, told("second", bare, happened=5, received=20))
    assert names(account) == names(account_of(FIRST))


def test_another_plan_told_late_between_two_tellings_renames_nothing() -> None:
    again = told("second", PLAN, happened=30, received=30)
    late = told("late", OTHER, happened=20, received=40)
    assert names(account_of(FIRST, again, late)) == names(account_of(FIRST))


def test_of_two_tellings_the_one_under_which_something_was_sent_gives_the_name() -> None:
    """Until now a plan that was told twice went by its second telling."""
    sent = a_past_reminder(late_morning(13), "call", a_member("plan:second#1", "call", cycle=1))
    account = account_of(FIRST, told("second", PLAN, happened=20, received=20), history=(sent,))
    assert names(account)[0] == ("plan:second#1", 50)
    assert asked(plan(account, POLICY, late_morning(14))) == ("widen", [("plan:second#1", "widen")])


def test_what_was_said_under_two_names_was_said_of_one_plan() -> None:
    """The first instalment had its call and its wider circle under the one, the second its call under the other."""
    parts = facts.PaymentPlanAgreed((F1, F2), (an_instalment(5, 50), an_instalment(30, 150)))
    said = (8, "call", "plan:first#1"), (18, "widen", "plan:first#1"), (33, "call", "plan:second#2")
    history = tuple(
        a_past_reminder(late_morning(day), step, a_member(unit, step, cycle=1)) for day, step, unit in said
    )
    tellings = told("first", parts, happened=10, received=10), told("second", parts, happened=20, received=20)
    account = account_of(*tellings, history=history)
    named = [member.unit_id for past in account.history for member in past.members]
    assert named == ["plan:second#1", "plan:second#1", "plan:second#2"]
    assert asked(plan(account, POLICY, late_morning(36))) == ("widen", [("plan:second#2", "widen")])


def test_a_delivery_that_goes_on_goes_on_by_the_present_name() -> None:
    """It was claimed under a name that another telling took since."""
    call = a_member("plan:second#1", "call", cycle=1)
    open_one = a_past_reminder(late_morning(13), "call", call, state="open", attempts=1, retry_at=late_morning(14))
    later = a_past_reminder(late_morning(13) + timedelta(minutes=1), "first", a_member("plan:first#2", "first"))
    tellings = FIRST, told("second", PLAN, happened=20, received=20)
    found = plan(account_of(*tellings, history=(open_one, later)), POLICY, late_morning(14))
    assert found.reminder is not None
    assert (found.reminder.continues, found.reminder.members[0].unit_id) == (open_one.id, "plan:first#1")


def test_what_was_said_of_an_instalment_by_another_name_holds() -> None:
    units = (UnitId("plan:second#2"),)
    said = facts.TaskClosed(C1, "t1", "phone", StepId("call"), units, 0, "promised", days(30))
    told_twice = FIRST, told("second", TURNED, happened=20, received=20)
    account = account_of(*told_twice, told("said", said, happened=30, received=30))
    assert [(one.invoice_ids, one.unit_ids) for one in account.promises] == [((F1, F2), ("plan:first#1",))]
    found = plan(account, POLICY, late_morning(13))
    assert [one.facts["unit"] for one in found.reasons if one.code is Code.UNIT_PROMISED] == ["plan:first#1"]


def test_what_was_said_of_a_plan_whose_clock_is_ahead_holds() -> None:
    """The plan's event bears a time that was still to come when a person spoke of it."""
    units = (UnitId("plan:ahead#1"),)
    said = facts.TaskClosed(C1, "t1", "phone", StepId("call"), units, 0, "promised", days(30))
    ahead = told("ahead", PLAN, happened=60, received=10)
    account = account_of(ahead, told("said", said, happened=20, received=20))
    found = plan(account, POLICY, late_morning(13))
    assert [one.facts["unit"] for one in found.reasons if one.code is Code.UNIT_PROMISED] == ["plan:ahead#1"]
