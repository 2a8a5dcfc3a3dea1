"""What comes of people's tasks, and what the ladder makes of it."""

from dataclasses import replace

import pytest

from domain import facts
from domain.account import Account
from domain.facts import Fact, TaskClosed
from domain.ids import CustomerId, InvoiceId, ReminderId, StepId, UnitId
from domain.internal_task import InternalTask
from domain.levels import Channel, Level
from domain.past import PastReminder
from domain.policy import Limits
from tests.closing_facts import F1, POLICY, at, closed, leaves
from tests.domain_factories import (
    CALL,
    FIRST,
    a_contact,
    a_customer,
    a_fact,
    a_member,
    a_past_reminder,
    an_account,
    an_instalment,
    asked,
    codes,
    days,
    issued,
    late_morning,
    on_day,
    paris,
)

CALLED = a_past_reminder(
    late_morning(12),
    "call",
    a_member(step="call"),
    id=ReminderId("call-1"),
    channel=Channel.PHONE,
    calls=(late_morning(12),),
)
CALLED_AGAIN = replace(CALLED, at=late_morning(14), attempts=2, calls=(late_morning(12), late_morning(14)))


def called(*told: Fact | facts.Body, past: PastReminder = CALLED) -> Account:
    return an_account(issued(), *told, history=(past,))


@pytest.mark.parametrize("outcome", ["done", "says_paid", "plan_asked"])
def test_nothing_is_said_before_the_date_that_was_given(outcome: str) -> None:
    account = called(closed(12, outcome, 26))
    found = at(21, account)
    assert found.reasons[0].as_dict() == {
        "code": "unit_waits_for_date",
        "facts": {"unit": "F-1", "outcome": outcome, "until": days(26).isoformat()},
    }
    assert leaves(26, account) == "widen"


def test_a_date_before_the_next_step_changes_nothing() -> None:
    account = called(closed(12, "done", 14))
    assert [leaves(day, account) for day in (15, 20)] == [None, "widen"]


def test_closing_a_task_again_takes_back_what_had_been_said() -> None:
    again = a_fact(
        replace(_body(closed(12, "promised", 40)), outcome="done", next_on=days(15)),
        at=paris(days(13), 9),
        event_id="again",
    )
    account = called(closed(12, "promised", 40), again)
    assert account.promises == ()
    assert leaves(20, account) == "widen"


def _body(fact: Fact) -> TaskClosed:
    assert isinstance(fact.body, TaskClosed)
    return fact.body


def test_a_promise_on_the_phone_is_a_promise() -> None:
    account = called(closed(12, "promised", 16))
    assert codes(at(18, account).reasons)[0] in ("unit_promised", "unit_waits_for_date")
    assert [one.event for one in at(19, account).news] == ["promise.broken"]
    restarting = replace(POLICY, after_broken_promise=CALL.id)
    assert asked(at(19, account, restarting)) == ("call", [("F-1", "call")])


def test_a_promise_about_an_instalment_is_kept_when_that_is_paid() -> None:
    parts = issued(instalments=(an_instalment(0, 40), an_instalment(90, 60)))
    first = UnitId("F-1#1")
    past = replace(CALLED, members=(a_member(first, "call"),))
    said = closed(12, "promised", 16, units=(first,))
    paid = on_day(15, facts.PaymentReceived(InvoiceId("F-1"), "p1", an_instalment(0, 40).amount, days(15)))
    kept = an_account(parts, said, paid, history=(past,))
    assert [one.event for one in at(20, kept).news] == ["promise.kept"]
    broken = an_account(parts, said, history=(past,))
    assert [one.event for one in at(20, broken).news] == ["promise.broken"]


def test_a_newer_promise_about_less_replaces_nothing() -> None:
    parts = issued(instalments=(an_instalment(0, 40), an_instalment(1, 60)))
    all_of_it = on_day(2, facts.PromiseMade((InvoiceId("F-1"),), None, days(30), ""))
    one = closed(12, "promised", 16, units=(UnitId("F-1#1"),))
    account = an_account(parts, all_of_it, one)
    assert "unit_promised" in codes(at(20, account).reasons)
    assert asked(at(20, account)) is not None
    assert codes(at(33, an_account(parts, one, all_of_it)).reasons).count("promise_broken") == 2


@pytest.mark.parametrize("outcome", ["no_answer", "message_left", "call_back"])
def test_a_call_that_came_to_nothing_is_made_again(outcome: str) -> None:
    account = called(closed(12, outcome, 14))
    assert leaves(13, account) is None
    found = at(14, account).reminder
    assert found is not None
    assert (found.step.id, found.continues, found.send_at) == ("call", "call-1", late_morning(14))
    assert [route.channel for route in found.routes] == [Channel.PHONE]


def test_a_call_is_not_made_again_while_it_is_open_or_after_a_talk() -> None:
    assert leaves(14, called(closed(12, "no_answer", 13), past=CALLED_AGAIN)) is None
    assert leaves(15, called(closed(12, "no_answer", 13), closed(14, "done", 15), past=CALLED_AGAIN)) is None
    assert leaves(16, called(closed(12, "no_answer", 13), closed(14, "no_answer", 16), past=CALLED_AGAIN)) == "call"


def test_the_next_step_does_not_wait_for_a_call_to_be_answered() -> None:
    account = called(closed(12, "no_answer", 20))
    assert leaves(20, account) == "widen"
    gone = an_account(
        issued(),
        closed(12, "no_answer", 14),
        history=(CALLED, a_past_reminder(late_morning(13), "widen", a_member(step="widen"), level=Level.FIRM)),
    )
    assert leaves(14, gone) is None


def test_a_call_is_over_once_the_unit_had_a_later_reminder_with_its_own_step_of_that_name() -> None:
    """Found by a property: it had joined the call with an earlier step, and a later reminder with this one."""
    joined = replace(CALLED, members=(a_member(UnitId("F-9"), "call"), a_member(step="first")))
    later = a_past_reminder(late_morning(13), "widen", a_member(UnitId("F-9"), "widen"), a_member(step="call"))
    said = closed(12, "no_answer", 14, units=(UnitId("F-9"), UnitId("F-1")))
    assert leaves(14, an_account(issued(), said, history=(joined, later))) is None
    withdrawn = replace(later, state="withdrawn")
    assert leaves(14, an_account(issued(), said, history=(CALLED, withdrawn))) == "call"


def test_a_repeated_call_takes_nobody_along() -> None:
    account = an_account(issued(), issued("F-2"), closed(12, "no_answer", 14), history=(CALLED,))
    found = at(14, account)
    assert asked(found) == ("call", [("F-1", "call")])
    assert [reason.facts["why"] for reason in found.reasons if reason.code == "not_grouped"] == ["called_again"]


def test_a_call_can_be_made_again_only_by_phone() -> None:
    deaf = issued(customer=a_customer(contacts=(a_contact(phone=None),)))
    policy = replace(POLICY, steps=(FIRST, replace(CALL, channels=(Channel.PHONE, Channel.EMAIL))))
    found = at(14, an_account(deaf, closed(12, "no_answer", 14), history=(CALLED,)), policy)
    assert found.reminder is None
    assert found.tasks == (InternalTask("repair", CALL.id, ()),)


def test_a_call_that_nobody_answered_is_no_contact_but_a_call() -> None:
    gap = replace(POLICY, limits=Limits(min_gap_days=3, per_7_days=None, per_30_days=None))
    assert leaves(13, called(closed(12, "no_answer", 13)), gap) == "call"
    assert leaves(13, called(closed(12, "message_left", 13)), gap) is None
    asked_for = called(closed(12, "call_back", 13))
    assert leaves(13, asked_for, gap) == "call"
    capped = replace(POLICY, limits=Limits(0, None, None, call_attempts=1))
    found = at(13, called(closed(12, "no_answer", 13)), capped)
    assert (codes(found.reasons)[-1] != "calls_cap", "calls_cap" in codes(found.reasons)) == (True, True)
    assert leaves(13, asked_for, capped) is None
    assert leaves(20, called(closed(12, "no_answer", 13)), capped) == "widen"


def test_a_refusal_brings_the_next_step_forward() -> None:
    account = called(closed(12, "refused", 14))
    assert [leaves(day, account) for day in (13, 14)] == [None, "widen"]
    assert leaves(20, called(closed(12, "refused", 30))) is None
    assert leaves(30, called(closed(12, "refused", 30))) == "widen"


def test_a_refusal_of_an_older_step_brings_nothing_forward() -> None:
    widened = a_past_reminder(late_morning(20), "widen", a_member(step="widen"), level=Level.FIRM)
    account = an_account(issued(), closed(12, "refused", 14), history=(CALLED, widened))
    assert at(21, account).tasks == ()


def test_a_dispute_on_the_phone_holds_until_it_is_settled() -> None:
    account = called(closed(12, "disputed", 20))
    found = at(13, account)
    assert (codes(found.reasons), found.tasks) == (["unit_disputed"], ())
    assert found.again_at == paris(days(20))
    task = InternalTask("dispute", StepId(""), (F1,))
    assert at(20, account).tasks == (task,)
    later = closed(20, "postponed", 27, "", "dispute")
    assert (at(20, called(closed(12, "disputed", 20), later)).tasks, at(21, called(later)).tasks) == ((), ())
    assert at(27, called(closed(12, "disputed", 20), later)).tasks == (replace(task, round=1),)
    settled = called(closed(12, "disputed", 20), closed(20, "resolved", 21, "", "dispute"))
    assert leaves(21, settled) == "widen"


def test_the_wrong_person_is_a_contact_to_repair() -> None:
    account = called(closed(12, "wrong_person", 26))
    assert at(13, account).tasks == (InternalTask("repair", CALL.id, (F1,)),)
    repaired = called(closed(12, "wrong_person", 26), closed(13, "done", 15, "call", "repair"))
    assert (at(14, repaired).tasks, leaves(20, repaired)) == ((), "widen")


def test_a_repair_that_helped_nobody_is_asked_for_again_on_its_date() -> None:
    nobody = issued(customer=a_customer(contacts=(a_contact(email=None),)))
    policy = replace(POLICY, steps=(FIRST,))
    assert at(2, an_account(nobody), policy).tasks == (InternalTask("repair", FIRST.id, ()),)
    repaired = an_account(nobody, closed(2, "done", 9, "first", "repair", units=()))
    waiting = at(3, repaired, policy)
    assert (waiting.tasks, waiting.again_at) == ((), paris(days(9)))
    assert at(9, repaired, policy).tasks == (InternalTask("repair", FIRST.id, (), round=1),)


def reply(day: int, outcome: str, next_day: int) -> Fact:
    return closed(day, outcome, next_day, "", "reply", units=(UnitId("sm1"),))


def test_nothing_is_said_to_a_customer_before_the_date_given_with_his_reply() -> None:
    account = an_account(issued(), reply(1, "done", 5))
    found = at(3, account)
    assert found.reasons[0].as_dict() == {
        "code": "waits_for_date",
        "facts": {"outcome": "done", "until": days(5).isoformat()},
    }
    assert leaves(5, account) == "first"


def test_a_reply_may_promise_or_dispute_all_that_is_owed() -> None:
    promised = an_account(issued(), issued("F-2"), reply(1, "promised", 5))
    assert [(p.invoice_ids, p.unit_ids) for p in promised.promises] == [(("F-1", "F-2"), ())]
    disputed = an_account(issued(), issued("F-2"), reply(1, "disputed", 5))
    assert {state.disputed for state in disputed.invoices} == {"disputed"}


@pytest.mark.parametrize("outcome", ["promised", "disputed"])
def test_a_reply_says_nothing_of_an_invoice_that_is_issued_after_it_was_closed(outcome: str) -> None:
    account = an_account(issued(), reply(1, outcome, 5), on_day(3, issued("F-2")))
    assert [one.invoice_ids for one in account.promises] == ([("F-1",)] if outcome == "promised" else [])
    assert account.invoices[1].disputed is None


def test_what_others_closed_leaves_no_trace() -> None:
    other = closed(12, "refused", 40, customer_id=CustomerId("C-2"))
    assert called(other).closed_tasks == ()
    assert called(other).promises == ()


def test_a_promise_about_a_plans_instalment_covers_the_plans_invoices() -> None:
    agreed = facts.PaymentPlanAgreed((InvoiceId("F-1"), InvoiceId("F-9")), (an_instalment(5, 100),))
    unit = UnitId("plan:e1#1")
    account = an_account(issued(), agreed, closed(12, "promised", 20, units=(unit,)))
    assert [(p.invoice_ids, p.unit_ids) for p in account.promises] == [(("F-1",), (unit,))]
