"""Money that came in another currency, or was said to be sent: the unit waits, and a person is told."""

import pytest

from domain import facts
from domain.account import Account
from domain.facts import Body, Fact
from domain.ids import CustomerId, InvoiceId, StepId, UnitId
from domain.internal_task import InternalTask
from domain.money import Money
from domain.plan import plan
from tests.domain_factories import (
    DUE_ON,
    FIRST,
    a_fact,
    a_past_reminder,
    a_policy,
    an_account,
    an_instalment,
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
DOLLARS = facts.PaymentReceived(F1, "p1", Money(10_000, "USD"), DUE_ON)
SENT = facts.EInvoiceStatusChanged(F1, "211")
POLICY = a_policy(FIRST)


def a_fix(why: str, round_: int = 0, unit: str = "F-1") -> InternalTask:
    return InternalTask("fix", StepId(why), (UnitId(unit),), round=round_)


def closed(outcome: str, why: str, next_on: int, unit: str = "F-1") -> facts.TaskClosed:
    return facts.TaskClosed(
        CustomerId("C-1"), f"t-{why}", "fix", StepId(why), (UnitId(unit),), 0, outcome, days(next_on)
    )


def told(*later: tuple[int, Body], first: Body | None = None) -> Account:
    found: list[Fact] = [a_fact(first or issued())]
    return an_account(*found, *(on_day(day, body) for day, body in later))


def test_a_payment_in_another_currency_is_a_task_at_once_even_in_the_middle_of_a_ladder() -> None:
    had = (a_past_reminder(late_morning(2)),)
    found = plan(an_account(issued(), on_day(3, DOLLARS), history=had), a_policy(), late_morning(20))
    assert (found.reminder, found.again_at, found.tasks) == (None, None, (a_fix("other_currency"),))
    assert codes(found.reasons) == ["unit_paid_in_other_currency"]


def test_what_was_announced_as_sent_is_asked_about_when_nothing_was_heard_for_ten_days() -> None:
    account = told((1, SENT))
    before = plan(account, POLICY, late_morning(3))
    assert (before.reminder, before.again_at, before.tasks) == (None, paris(days(11)), ())
    assert codes(before.reasons) == ["unit_waits_for_status"]
    found = plan(account, POLICY, paris(days(11)))
    assert (found.reminder, found.again_at, found.tasks) == (None, None, (a_fix("payment_sent"),))
    part = told((1, SENT), (9, facts.PaymentReceived(F1, "p1", euros(50), days(9))))
    assert plan(part, POLICY, late_morning(18)).again_at == paris(days(19))


@pytest.mark.parametrize("why", ["other_currency", "payment_sent"])
def test_it_is_asked_again_on_the_next_date_and_the_ladder_goes_on_once_all_is_right_as_it_is(why: str) -> None:
    doubted = (1, DOLLARS if why == "other_currency" else SENT)
    looked_into = told(doubted, (12, closed("done", why, 20)))
    waits = plan(looked_into, POLICY, late_morning(13))
    assert (waits.reminder, waits.tasks, waits.again_at) == (None, (), paris(days(20)))
    assert plan(looked_into, POLICY, late_morning(20)).tasks == (a_fix(why, 1),)
    passed = plan(told(doubted, (12, closed("as_is", why, 13))), POLICY, late_morning(13))
    assert (asked(passed), passed.tasks) == (("first", [("F-1", "first")]), ())


def test_it_is_asked_once_for_all_instalments_and_passes_for_all() -> None:
    parts = issued(instalments=(an_instalment(0, 50), an_instalment(1, 50)))
    assert plan(told((1, DOLLARS), first=parts), POLICY, late_morning(5)).tasks == (
        a_fix("other_currency", unit="F-1#1"),
    )
    as_is = closed("as_is", "other_currency", 4, "F-1#1")
    passed = plan(told((1, DOLLARS), (3, as_is), first=parts), POLICY, late_morning(5))
    assert asked(passed) == ("first", [("F-1#1", "first"), ("F-1#2", "first")])


def test_an_instalment_of_a_plan_is_let_pass_by_its_own_name() -> None:
    agreed = facts.PaymentPlanAgreed((F1,), (an_instalment(2, 100),))
    doubted = told((1, DOLLARS), (1, agreed))
    [task] = plan(doubted, POLICY, late_morning(5)).tasks
    as_is = closed("as_is", "other_currency", 4, task.units[0])
    assert asked(plan(told((1, DOLLARS), (1, agreed), (3, as_is)), POLICY, late_morning(5))) is not None


def test_money_in_the_right_currency_and_another_status_end_it() -> None:
    back = facts.PaymentReversed(F1, "p1", Money(10_000, "USD"), days(4))
    for right in (told((1, DOLLARS), (4, back)), told((1, SENT), (4, facts.EInvoiceStatusChanged(F1, "205")))):
        found = plan(right, POLICY, late_morning(5))
        assert (asked(found), found.tasks) == (("first", [("F-1", "first")]), ())
