"""Ladders at their edges: caps, skipped and lapsed steps, and a retry whose members go their own ways."""

from domain.account import Account
from domain.ids import ReminderId
from domain.levels import Level
from domain.past import PastReminder
from domain.plan import plan
from domain.policy import Offset, OffsetKind, Policy, Segment, Step
from domain.reasons import Code
from tests.domain_factories import (
    CALL,
    FIRST,
    HEADS_UP,
    KNOWN_AT,
    NO_LIMITS,
    WIDEN,
    a_customer,
    a_member,
    a_past_reminder,
    a_policy,
    a_step,
    an_account,
    an_instalment,
    asked,
    days,
    issued,
    late_morning,
)

VIP = a_customer(segment="vip")


def had(step: Step, day: int) -> PastReminder:
    return a_past_reminder(late_morning(day), step.id, level=step.level)


def due_at(day: int, account: Account, policy: Policy) -> str | None:
    reminder = plan(account, policy, late_morning(day)).reminder
    return reminder.step.id if reminder is not None and reminder.send_at == late_morning(day) else None


def test_a_formal_step_up_to_the_cap_is_no_question() -> None:
    policy = a_policy(a_step("formal", 40, Level.FORMAL), a_step("final", 60, Level.FINAL), tone_cap=Level.FORMAL)
    formal = a_step("formal", 40, Level.FORMAL)
    assert due_at(41, an_account(history=(had(WIDEN, 20),)), policy) == "formal"
    final = plan(an_account(history=(had(formal, 41),)), policy, late_morning(61))
    assert [(task.kind, task.step) for task in final.tasks] == [("approve", "final")]


def test_steps_before_one_that_the_segment_skips_by_now_were_had() -> None:
    policy = a_policy(segments={"vip": Segment(skip=frozenset({CALL.id}))})
    account = an_account(issued(customer=VIP), history=(had(CALL, 12),))
    assert [due_at(day, account, policy) for day in (16, 20)] == [None, "widen"]


def test_a_step_that_a_segment_puts_off_past_the_due_date_is_not_announced() -> None:
    policy = a_policy(a_step("heads-up", -1, Level.UPCOMING), FIRST, segments={"vip": Segment(offset_days=3)})
    found = plan(an_account(issued(customer=VIP)), policy, late_morning(1))
    assert [one.facts["step"] for one in found.reasons if one.code is Code.STEP_LATER] == ["first"]


def test_a_step_that_counts_from_a_lapsed_one_may_come_before_the_due_date() -> None:
    """The heads-up is over before the invoice arrives; the next counts from the date it would have had."""
    ladder = (
        a_step("early", -15, Level.UPCOMING),
        a_step("near", 0, Level.UPCOMING, when=Offset(OffsetKind.PREVIOUS, 10)),
    )
    account = an_account(issued(due_on=days(-20)))  # known ten days before
    assert asked(plan(account, a_policy(*ladder), KNOWN_AT)) == ("near", [("F-1", "near")])


def an_open(step: Step, day: int, *units: str) -> PastReminder:
    members = tuple(a_member(unit, step.id) for unit in units)
    return a_past_reminder(late_morning(day), step.id, *members, id=ReminderId("r1"), state="open", level=step.level)


def test_a_member_whose_step_has_lapsed_drops_out_of_a_retry() -> None:
    step = a_step("heads-up", -5, Level.UPCOMING)
    account = an_account(issued("A", due_on=days(3)), issued("B"), history=(an_open(step, -1, "A", "B"),))
    assert asked(plan(account, a_policy(step), late_morning(-1))) == (
        "heads-up",
        [("A", "heads-up"), ("B", "heads-up")],
    )
    assert asked(plan(account, a_policy(step), late_morning(0))) == ("heads-up", [("A", "heads-up")])


def test_a_retry_is_withdrawn_when_its_step_has_to_be_approved_by_now() -> None:
    account = an_account(history=(an_open(FIRST, 2, "F-1"),))
    found = plan(account, a_policy(a_step("first", 2, approval=True)), late_morning(2))
    assert (found.gives_up, found.reminder) == (("r1", "withdrawn"), None)


def test_a_retry_with_nothing_else_ahead_is_looked_at_when_it_leaves() -> None:
    found = plan(an_account(history=(an_open(FIRST, 2, "F-1"),)), a_policy(FIRST), late_morning(2))
    assert found.reminder is not None
    assert found.again_at == found.reminder.send_at == late_morning(2)


def test_an_invoice_that_is_cut_into_instalments_does_not_begin_again_with_what_was_late() -> None:
    whole = a_past_reminder(late_morning(2), "first", a_member("F-1", "first"))
    cut = issued(instalments=(an_instalment(0, 40), an_instalment(30, 60)))
    assert at(5, an_account(issued(), cut, history=(whole,))) is None
    assert at(12, an_account(issued(), cut, history=(whole,))) == "call"
    assert at(26, an_account(issued(), cut, history=(whole,)), HEADS_UP, FIRST) == "heads-up"
    back = a_past_reminder(late_morning(2), "first", a_member("F-1#1", "first"))
    assert at(5, an_account(cut, issued(), history=(back,))) is None
    other = a_past_reminder(late_morning(2), "first", a_member("F-2#1", "first"))
    assert at(5, an_account(issued(), history=(other,))) == "first"


def at(day: int, account: Account, *steps: Step) -> str | None:
    """The step of the reminder that leaves in the late morning of that day."""
    return due_at(day, account, a_policy(*steps, limits=NO_LIMITS))
