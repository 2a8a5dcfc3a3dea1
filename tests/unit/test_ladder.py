"""Which step of the ladder is due for a unit: moments, collapse, levels, lapses."""

from datetime import timedelta

import pytest

from domain.account import Account
from domain.ids import InvoiceId, StepId
from domain.levels import Channel, Level
from domain.past import PastReminder
from domain.plan import plan
from domain.policy import Offset, OffsetKind, Policy, Segment, Step
from tests.domain_factories import (
    CALL,
    FIRST,
    HEADS_UP,
    KNOWN_AT,
    NOTICE,
    WIDEN,
    a_customer,
    a_member,
    a_past_reminder,
    a_policy,
    a_step,
    an_account,
    asked,
    codes,
    days,
    issued,
    late_morning,
    paris,
)

F1 = InvoiceId("F-1")


def had(step: Step, day: int, **changes: object) -> PastReminder:
    at = late_morning(day)
    return a_past_reminder(at, step.id, **{"level": step.level} | changes)


def due_at(day: int, account: Account, policy: Policy | None = None) -> str | None:
    """The step of the reminder that leaves in the late morning of that day, if any does."""
    now = late_morning(day)
    found = plan(account, policy or a_policy(), now).reminder
    return found.step.id if found is not None and found.send_at == now else None


def previous(n: int) -> Offset:
    return Offset(OffsetKind.PREVIOUS, n)


@pytest.mark.parametrize(
    ("day", "step"),
    [
        (-6, None),
        (-5, "heads-up"),
        (-1, "heads-up"),
        (0, None),
        (1, None),
        (2, "first"),
        (9, "first"),
        (12, "call"),
        (20, "call"),
        (90, "call"),
    ],
)
def test_missed_steps_collapse_into_the_latest_that_is_one_level_up(day: int, step: str | None) -> None:
    """Nothing has gone out yet: nobody's first message is firm, however late it is."""
    assert due_at(day, an_account()) == step


def test_each_reminder_allows_the_next_level() -> None:
    assert due_at(90, an_account(history=(had(CALL, 12),))) == "widen"
    approvals = plan(an_account(history=(had(CALL, 12), had(WIDEN, 30))), a_policy(), late_morning(90))
    assert codes(approvals.reasons) == ["approval_needed"]


def test_a_step_counts_as_had_with_all_that_come_before_it() -> None:
    assert due_at(12, an_account(history=(had(CALL, 9),))) is None


def test_a_withdrawn_reminder_counts_for_nothing_and_a_failed_one_for_its_step() -> None:
    assert due_at(9, an_account(history=(had(FIRST, 5, state="withdrawn"),))) == "first"
    assert due_at(9, an_account(history=(had(FIRST, 5, state="failed"),))) is None


def test_a_member_has_had_its_own_step_and_the_level_of_the_lead() -> None:
    past = a_past_reminder(late_morning(3), "widen", a_member("F-2", "widen"), a_member(), level=Level.FIRM)
    assert due_at(13, an_account(history=(past,))) == "call"
    assert due_at(21, an_account(history=(past,))) == "widen"
    assert "approval_needed" in codes(plan(an_account(history=(past,)), a_policy(), late_morning(50)).reasons)


def test_a_step_before_the_due_date_that_precedes_the_invoice_has_lapsed() -> None:
    account = an_account(issued(due_on=(KNOWN_AT + timedelta(days=4)).date()))
    found = plan(account, a_policy(), KNOWN_AT).reminder
    assert found is not None
    assert found.step.id == "first"


def test_a_step_on_the_day_of_the_invoice_has_not_lapsed() -> None:
    account = an_account(issued(due_on=(KNOWN_AT + timedelta(days=5)).date()))
    assert asked(plan(account, a_policy(), KNOWN_AT)) == ("heads-up", [("F-1", "heads-up")])


def test_business_days_are_counted_without_weekends() -> None:
    step = a_step("first", 0, when=Offset(OffsetKind.DUE_BUSINESS, 3))
    assert [due_at(day, an_account(), a_policy(step)) for day in (2, 5)] == [None, "first"]
    before = a_step("heads-up", 0, Level.UPCOMING, when=Offset(OffsetKind.DUE_BUSINESS, -3))
    assert [due_at(day, an_account(), a_policy(before)) for day in (-6, -5)] == [None, "heads-up"]


def test_a_step_may_count_from_the_day_of_the_previous_one() -> None:
    policy = a_policy(FIRST, a_step("second", 0, when=previous(7)), a_step("third", 0, when=previous(7)))
    account = an_account(history=(had(FIRST, 6),))
    assert [due_at(day, account, policy) for day in (12, 13, 40)] == [None, "second", "second"]


@pytest.mark.parametrize("customer_skips", [frozenset({HEADS_UP.id}), frozenset({FIRST.id})])
def test_a_step_that_counts_from_a_skipped_one_still_comes(customer_skips: frozenset[StepId]) -> None:
    """Found in review: without a previous step to be had, the ladder stood still for ever."""
    policy = a_policy(HEADS_UP, a_step("first", 0, when=previous(7)), segments={"vip": Segment(skip=customer_skips)})
    account = an_account(issued(customer=a_customer(segment="vip")))
    assert plan(account, policy, KNOWN_AT).reminder is not None


def test_a_step_that_counts_from_a_lapsed_one_counts_from_its_moment_and_after_the_due_date() -> None:
    policy = a_policy(HEADS_UP, a_step("first", 0, when=previous(7)))
    known_late = an_account(issued(due_on=(KNOWN_AT - timedelta(days=4)).date()))
    assert asked(plan(known_late, policy, KNOWN_AT)) == ("first", [("F-1", "first")])
    weekend = a_policy(HEADS_UP, a_step("first", 0, when=previous(2)))
    assert [due_at(day, an_account(), weekend) for day in (-1, 0)] == ["heads-up", "first"]


def test_a_segment_shifts_moments_once_however_they_are_counted() -> None:
    policy = a_policy(FIRST, a_step("second", 0, when=previous(7)), segments={"vip": Segment(offset_days=3)})
    vip = issued(customer=a_customer(segment="vip"))
    assert [due_at(day, an_account(vip), policy) for day in (2, 5)] == [None, "first"]
    after_first = an_account(vip, history=(had(FIRST, 5),))
    assert [due_at(day, after_first, policy) for day in (9, 12)] == [None, "second"]


def test_a_segment_may_skip_steps_or_have_a_ladder_of_its_own() -> None:
    policy = a_policy(
        segments={"reliable": Segment(skip=frozenset({FIRST.id})), "vip": Segment(steps=(a_step("hello", 1),))}
    )
    reliable, vip = (an_account(issued(customer=a_customer(segment=name))) for name in ("reliable", "vip"))
    assert [due_at(day, reliable, policy) for day in (3, 12)] == [None, "call"]
    assert due_at(1, vip, policy) == "hello"


def test_a_cap_lowers_the_tone_and_turns_formal_steps_into_a_question() -> None:
    policy = a_policy(tone_cap=Level.COURTEOUS, segments={"vip": Segment(tone_cap=Level.UPCOMING)})
    firm = plan(an_account(history=(had(CALL, 12),)), policy, late_morning(23)).reminder
    assert firm is not None
    assert (firm.level, firm.tone) == (Level.FIRM, Level.COURTEOUS)
    vip = plan(an_account(issued(customer=a_customer(segment="vip"))), policy, late_morning(3)).reminder
    assert vip is not None
    assert vip.tone is Level.UPCOMING
    formal = a_policy(a_step("formal", 40, Level.FORMAL), tone_cap=Level.FIRM)
    account = an_account(history=(had(WIDEN, 20),))
    assert [task.kind for task in plan(account, formal, late_morning(41)).tasks] == ["approve"]


def test_a_ladder_waits_at_a_step_that_a_person_must_approve() -> None:
    """Later steps never overtake it, however long the answer takes."""
    ladder = (FIRST, a_step("ask", 5, approval=True), a_step("after", 9))
    found = plan(an_account(history=(had(FIRST, 2),)), a_policy(*ladder), late_morning(12))
    assert found.reminder is None
    assert [(task.kind, task.step) for task in found.tasks] == [("approve", "ask")]


def test_an_approval_that_comes_due_later_wakes_the_account() -> None:
    """Found in review: the plan said that nothing would ever change, so nobody was asked."""
    account = an_account(history=(had(CALL, 12), had(WIDEN, 20)))
    found = plan(account, a_policy(), late_morning(23))
    assert (found.reminder, found.tasks) == (None, ())
    assert found.again_at == paris(days(45))
    assert [task.step for task in plan(account, a_policy(), paris(days(45))).tasks] == [NOTICE.id]


def test_the_end_of_the_ladder_is_said() -> None:
    found = plan(an_account(history=(had(FIRST, 2),)), a_policy(FIRST), late_morning(9))
    assert (found.reminder, found.again_at, codes(found.reasons)) == (None, None, ["ladder_done"])


def test_a_hand_off_needs_no_window_and_no_budget() -> None:
    policy = a_policy(FIRST, a_step("agency", 5, Level.COURTEOUS, Channel.TASK))
    account = an_account(history=(had(FIRST, 4),))
    sunday_morning = paris(days(4), 5)
    found = plan(account, policy, sunday_morning).reminder
    assert found is not None
    assert found.send_at == paris(days(5))
    assert found.routes[0].channel is Channel.TASK
