"""What people said last, and about what: which of their words counts where several were said."""

from dataclasses import replace

from domain import facts
from domain.account import Account
from domain.facts import Fact, TaskClosed
from domain.ids import CustomerId, InvoiceId, ReminderId, StepId, UnitId
from domain.internal_task import InternalTask
from domain.levels import Channel, Level
from domain.naming import attempt_id
from domain.past import PastReminder
from domain.plan import plan
from domain.policy import Limits, Segment
from tests.closing_facts import POLICY, at, leaves
from tests.domain_factories import (
    CALL,
    FIRST,
    NOTICE,
    WIDEN,
    a_customer,
    a_fact,
    a_member,
    a_past_reminder,
    an_account,
    codes,
    days,
    issued,
    late_morning,
    on_day,
    paris,
)

C1, F1 = CustomerId("C-1"), UnitId("F-1")
CALLED = a_past_reminder(
    late_morning(12),
    "call",
    a_member(step="call"),
    id=ReminderId("call-1"),
    channel=Channel.PHONE,
    calls=(late_morning(12),),
)
CALLED_AGAIN = replace(CALLED, at=late_morning(14), attempts=2, calls=(late_morning(12), late_morning(14)))
WIDENED = a_past_reminder(late_morning(20), "widen", a_member(step="widen"), level=Level.FIRM)


def said(day: int, outcome: str, next_day: int, step: str = "call", kind: str = "phone", unit: str = "F-1") -> Fact:
    """A task about a unit that was closed on that day, with its next date."""
    task = attempt_id(ReminderId("call-1"), 1 if day == 12 else 2) if kind == "phone" else f"{kind}-{step}-{day}"
    body = TaskClosed(C1, task, kind, StepId(step), (UnitId(unit),), 0, outcome, days(next_day))
    return a_fact(body, at=paris(days(day), 16), event_id=f"said-{body.task_id}-{unit}-{day}")


def told(*words: Fact | facts.Body, history: tuple[PastReminder, ...] = (CALLED,)) -> Account:
    return an_account(issued(), *words, history=history)


def test_a_later_word_about_another_step_ends_the_wait_for_an_earlier_one() -> None:
    account = told(said(12, "done", 40), said(21, "done", 22, "widen", "repair"), history=(CALLED, WIDENED))
    assert "unit_waits_for_date" not in codes(at(23, account).reasons)


def test_each_decision_has_a_date_of_its_own() -> None:
    policy = replace(POLICY, steps=(FIRST, WIDEN, NOTICE))
    words = said(40, "approved", 55, "notice", "approve"), said(41, "declined", 50, "agency", "approve")
    assert [leaves(day, told(*words, history=(WIDENED,)), policy) for day in (54, 55)] == [None, "notice"]


def test_a_reply_is_about_no_unit_even_if_it_is_called_like_one() -> None:
    account = told(said(1, "done", 2, "", "reply", unit="F-1"), history=())
    assert at(2, account).reasons == at(2, told(history=())).reasons


def test_other_work_on_an_approved_step_takes_nothing_back() -> None:
    policy = replace(POLICY, steps=(FIRST, WIDEN, NOTICE))
    words = said(46, "approved", 46, "notice", "approve"), said(47, "done", 47, "notice", "repair")
    assert leaves(48, told(*words, history=(WIDENED,)), policy) == "notice"


def test_a_call_that_failed_is_not_made_again() -> None:
    assert leaves(14, told(said(12, "no_answer", 14), history=(replace(CALLED, state="failed"),))) is None


def test_a_decision_is_no_word_about_the_call() -> None:
    assert leaves(14, told(said(12, "no_answer", 14), said(13, "approved", 13, "call", "approve"))) == "call"


def test_a_call_that_was_answered_at_last_is_a_contact() -> None:
    policy = replace(POLICY, limits=Limits(min_gap_days=3, per_7_days=None, per_30_days=None))
    account = told(said(12, "no_answer", 13), said(14, "message_left", 15), history=(CALLED_AGAIN,))
    assert "gap" in codes(at(15, account, policy).reasons)
    assert leaves(15, account, policy) is None


def test_the_wrong_person_stays_to_be_repaired_whatever_is_decided() -> None:
    account = told(said(12, "wrong_person", 13), said(13, "postponed", 14, "notice", "approve"))
    assert at(14, account).tasks == (InternalTask("repair", CALL.id, (F1,)),)


def test_a_dispute_is_to_be_settled_from_the_first_instant_of_its_date() -> None:
    account = told(said(12, "disputed", 20))
    assert plan(account, POLICY, paris(days(20))).tasks == (InternalTask("dispute", StepId(""), (F1,)),)


def test_each_dispute_is_to_be_settled_on_its_own_date() -> None:
    account = told(issued("F-2"), said(12, "disputed", 20), said(13, "disputed", 25, unit="F-2"))
    found = at(20, account)
    assert [task.units for task in found.tasks] == [("F-1",)]
    assert found.again_at == paris(days(25))


def test_only_a_dispute_that_a_person_heard_of_is_to_be_settled() -> None:
    """One that the billing system tells of is settled there."""
    disputed = on_day(13, facts.InvoiceDisputed(InvoiceId("F-1"), "broken"))
    assert at(20, told(said(12, "done", 13), disputed)).tasks == ()
    settled = told(said(12, "disputed", 20), said(20, "resolved", 21, "", "dispute"))
    assert at(22, settled).tasks == ()


def test_a_customer_without_any_step_has_come_to_the_end_of_his_ladder() -> None:
    policy = replace(POLICY, segments={"vip": Segment(steps=())})
    vip = issued(customer=a_customer(segment="vip"))
    found = at(14, an_account(vip, said(12, "no_answer", 14), history=(CALLED,)), policy)
    assert (found.reminder, codes(found.reasons)[-1]) == (None, "ladder_done")
