"""Money that came in another currency, or was said to be sent: the unit waits, and a person is told."""

from dataclasses import replace

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
FIVE_DOLLARS = facts.PaymentReceived(F1, "p0", Money(500, "USD"), DUE_ON)
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


@pytest.mark.parametrize(
    ("why", "first", "next_one"), [("other_currency", FIVE_DOLLARS, DOLLARS), ("payment_sent", SENT, SENT)]
)
def test_what_comes_after_one_was_let_pass_is_looked_into_again(why: str, first: Body, next_one: Body) -> None:
    """Of the five dollars a person said that they change nothing; of the whole sum nobody has."""
    passed = (1, first), (12, closed("as_is", why, 13))
    assert asked(plan(told(*passed), POLICY, late_morning(20))) is not None
    doubted = told(*passed, (18, next_one))
    days_to_come = 10 if why == "payment_sent" else 0
    waits = plan(doubted, POLICY, late_morning(18))
    assert (waits.reminder, waits.again_at) == (None, paris(days(28)) if days_to_come else None)
    assert plan(doubted, POLICY, late_morning(18 + days_to_come)).tasks == (a_fix(why, 1),)
    again = told(*passed, (18, next_one), (29, replace(closed("as_is", why, 30), task_id="t-2")))
    assert asked(plan(again, POLICY, late_morning(30))) is not None


def test_a_payment_that_was_told_of_after_another_was_let_pass_was_not_looked_into() -> None:
    """Whenever it was made: who let the other pass could not know of it."""
    late = replace(on_day(5, DOLLARS), received_at=paris(days(18)))
    known = on_day(1, FIVE_DOLLARS), on_day(12, closed("as_is", "other_currency", 13))
    assert plan(an_account(issued(), *known, late), POLICY, late_morning(18)).tasks == (a_fix("other_currency", 1),)


def test_what_is_only_told_again_was_looked_into() -> None:
    passed = (1, DOLLARS), (12, closed("as_is", "other_currency", 13)), (14, DOLLARS)
    assert asked(plan(told(*passed), POLICY, late_morning(20))) is not None
    note = facts.CreditNoteIssued(F1, "c1", Money(500, "USD"))
    passed_too = (1, note), (12, closed("as_is", "other_currency", 13)), (14, note)
    assert asked(plan(told(*passed_too), POLICY, late_morning(20))) is not None


def test_what_is_owed_in_another_currency_since_it_was_paid_is_doubted_until_it_is_let_pass() -> None:
    euros_came = (1, facts.PaymentReceived(F1, "p1", euros(50), days(1)))
    in_dollars = (2, issued(total=Money(10_000, "USD")))
    assert plan(told(euros_came, in_dollars), POLICY, late_morning(3)).tasks == (a_fix("other_currency"),)
    as_is = (4, closed("as_is", "other_currency", 4))
    assert asked(plan(told(euros_came, in_dollars, as_is), POLICY, late_morning(5))) is not None


@pytest.mark.parametrize("nightly", [issued(), SENT])
def test_news_that_are_no_payment_do_not_put_off_that_somebody_asks(nightly: Body) -> None:
    restated = told((1, SENT), *((day, nightly) for day in range(2, 11)))
    assert plan(restated, POLICY, late_morning(3)).again_at == paris(days(11))
    assert plan(restated, POLICY, paris(days(11))).tasks == (a_fix("payment_sent"),)
