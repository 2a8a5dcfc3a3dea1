"""A customer who may not be called for a while: that call waits, and nothing else of his does."""

from dataclasses import replace

from domain.account import Account
from domain.facts import TaskClosed
from domain.foresee import foresee
from domain.ids import CustomerId, StepId, UnitId
from domain.levels import Channel
from domain.naming import attempt_id
from domain.plan import plan
from domain.policy import Limits
from tests.domain_factories import (
    CALL,
    FIRST,
    a_fact,
    a_member,
    a_past_reminder,
    a_policy,
    an_account,
    asked,
    codes,
    days,
    issued,
    late_morning,
    on_day,
)

LIMITS = Limits(min_gap_days=3, per_7_days=2, per_30_days=6, call_attempts=2, group_within_days=0)
POLICY = a_policy(FIRST, CALL, limits=LIMITS)
CALLED = a_past_reminder(
    late_morning(14),
    "call",
    a_member(step="call"),
    channel=Channel.PHONE,
    attempts=2,
    calls=(late_morning(10), late_morning(14)),
)


def in_vain(number: int, again_on: int) -> TaskClosed:
    name = attempt_id(CALLED.id, number)
    return TaskClosed(
        CustomerId("C-1"), name, "phone", StepId("call"), (UnitId("F-1"),), 0, "no_answer", days(again_on)
    )


def called_twice(second_due: int) -> Account:
    """F-1 was called on days 10 and 14, in vain; F-2 is due so many days after it."""
    told = on_day(10, in_vain(1, 14)), on_day(14, in_vain(2, 16))
    second = a_fact(issued("F-2", due_on=days(second_due)), 1)
    history = (a_past_reminder(late_morning(2), "first"), CALLED)
    return an_account(a_fact(issued()), second, *told, history=history)


def to_come(account: Account) -> list[tuple[int, str, list[str]]]:
    return [
        ((one.send_at.date() - days(0)).days, one.step.id, [member.unit_id for member in one.members])
        for one in foresee(account, POLICY, late_morning(15), late_morning(60))
    ]


def test_a_call_over_the_limit_holds_up_no_other_invoice() -> None:
    found = plan(called_twice(18), POLICY, late_morning(20))
    assert asked(found) == ("first", [("F-2", "first")])
    assert found.reminder is not None
    assert found.reminder.send_at == late_morning(20)
    assert codes(found.reasons).count("calls_cap") == 1


def test_it_is_made_on_the_first_day_that_the_limit_allows() -> None:
    assert to_come(called_twice(25)) == [(27, "first", ["F-2"]), (40, "call", ["F-1"]), (44, "call", ["F-2"])]


def test_two_calls_over_the_limit_wait_for_it_one_after_the_other() -> None:
    """Of F-1 once more, of F-2 for the first time: the older invoice's comes first, and nothing leaves before."""
    account = called_twice(5)
    had = a_past_reminder(late_morning(7), "first", a_member("F-2"))
    both = replace(account, history=(account.history[0], had, CALLED))
    assert to_come(both) == [(40, "call", ["F-1"]), (44, "call", ["F-2"])]
