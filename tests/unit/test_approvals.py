"""Steps that wait for a person: approved, declined, put off, and what else a person said meanwhile."""

from dataclasses import replace

from domain.account import Account
from domain.facts import Fact
from domain.ids import UnitId
from domain.internal_task import InternalTask
from domain.levels import Level
from domain.past import PastReminder
from domain.policy import Offset, OffsetKind
from tests.closing_facts import F1, POLICY, at, closed, decided, leaves
from tests.domain_factories import (
    AGENCY,
    FIRST,
    HEADS_UP,
    NOTICE,
    WIDEN,
    a_member,
    a_past_reminder,
    a_step,
    an_account,
    days,
    issued,
    late_morning,
    paris,
)

NOTICED = replace(POLICY, steps=(HEADS_UP, FIRST, WIDEN, NOTICE, AGENCY))
WIDENED = a_past_reminder(late_morning(20), "widen", a_member(step="widen"), level=Level.FIRM)


def widened(*told: Fact, past: tuple[PastReminder, ...] = ()) -> Account:
    return an_account(issued(), *told, history=(WIDENED, *past))


def test_an_approved_step_goes_out_from_its_date_on() -> None:
    assert at(45, widened(), NOTICED).tasks == (InternalTask("approve", NOTICE.id, (F1,)),)
    assert leaves(47, widened(decided(46, "approved", 46)), NOTICED) == "notice"
    assert [leaves(day, widened(decided(46, "approved", 49)), NOTICED) for day in (48, 49)] == [None, "notice"]


def test_an_approval_is_for_its_unit_step_and_cycle() -> None:
    for other in ({"step": "agency"}, {"units": (UnitId("F-2"),)}, {"cycle": 1}):
        assert leaves(47, widened(decided(46, "approved", 46, **other)), NOTICED) is None


def test_a_declined_step_is_left_out() -> None:
    account = widened(decided(46, "declined", 47))
    assert (leaves(60, account, NOTICED), at(60, account, NOTICED).tasks) == (None, ())
    followed = replace(NOTICED, steps=(FIRST, WIDEN, NOTICE, a_step("more", 0, Level.FIRM, when=_after(5))))
    assert [leaves(day, account, followed) for day in (48, 50, 51)] == [None, "more", "more"]


def _after(n: int) -> Offset:
    return Offset(OffsetKind.PREVIOUS, n)


def test_a_step_that_was_put_off_is_asked_about_again() -> None:
    account = widened(decided(46, "postponed", 53))
    assert (at(52, account, NOTICED).tasks, at(52, account, NOTICED).again_at) == ((), paris(days(53)))
    assert at(53, account, NOTICED).tasks == (InternalTask("approve", NOTICE.id, (F1,), round=1),)


def test_a_decision_does_not_end_the_wait_for_another_date() -> None:
    account = widened(closed(40, "says_paid", 55, "widen"), decided(46, "approved", 46))
    assert [leaves(day, account, NOTICED) for day in (48, 55)] == [None, "notice"]


def test_a_step_that_a_cap_asks_about_speaks_in_its_own_tone_once_approved() -> None:
    capped = replace(NOTICED, tone_cap=Level.COURTEOUS, steps=(FIRST, WIDEN, replace(NOTICE, approval=False)))
    assert leaves(47, widened(), capped) is None
    found = at(47, widened(decided(46, "approved", 46)), capped).reminder
    assert found is not None
    assert (found.level, found.tone) == (Level.FORMAL, Level.FORMAL)


def test_approvals_may_be_given_beforehand() -> None:
    assert leaves(47, widened(), replace(NOTICED, approvals_given=True)) == "notice"
