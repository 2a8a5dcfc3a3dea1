"""What was said last counts: nobody is forgotten, and what was taken back or replaced holds nothing any more."""

from dataclasses import replace
from datetime import timedelta

from domain import facts
from domain.account import Account
from domain.cycles import at_moment
from domain.facts import Body, Fact, TaskClosed
from domain.foresee import foresee
from domain.ids import CustomerId, InvoiceId, ReminderId, StepId, UnitId
from domain.internal_task import InternalTask
from domain.levels import Channel, Level
from domain.money import Money
from domain.naming import attempt_id
from domain.past import PastReminder
from domain.plan import plan
from domain.planned import Plan
from domain.policy import Limits, Step
from tests.domain_factories import (
    CALL,
    FIRST,
    WIDEN,
    a_fact,
    a_member,
    a_past_reminder,
    a_policy,
    a_step,
    an_account,
    an_instalment,
    asked,
    codes,
    days,
    euros,
    issued,
    late_morning,
    paris,
    promise,
)

F1 = InvoiceId("F-1")
POLICY = a_policy(limits=Limits(0, None, None), after_broken_promise="call")
IN_PARTS = (an_instalment(0, 50), an_instalment(30, 50))


def told(day: int, body: Body, hour: int = 10) -> Fact:
    return a_fact(body, at=paris(days(day), hour), event_id=f"{day}-{hour}")


def closed(kind: str, outcome: str, next_day: int, *units: str, task: str = "t1", step: str = "call") -> TaskClosed:
    named = tuple(UnitId(unit) for unit in units or ("F-1",))
    return TaskClosed(CustomerId("C-1"), task, kind, StepId(step), named, 0, outcome, days(next_day))


def answered(outcome: str, next_day: int) -> TaskClosed:
    """A reply that a person has read."""
    return closed("reply", outcome, next_day, "sm1", step="")


def paid(amount: int, day: int, name: str = "p1") -> facts.PaymentReceived:
    return facts.PaymentReceived(F1, name, euros(amount), days(day))


def had(step: Step, day: int, cycle: int = 0) -> PastReminder:
    return a_past_reminder(late_morning(day), step.id, a_member(step=step.id, cycle=cycle), level=step.level)


def at(day: int, account: Account) -> Plan:
    return plan(account, POLICY, late_morning(day))


def news(day: int, account: Account) -> list[str]:
    return [one.event for one in at(day, account).news]


def to_do(day: int, account: Account) -> list[tuple[str, tuple[UnitId, ...], int]]:
    return [(task.kind, task.units, task.round) for task in at(day, account).tasks]


def test_what_a_reply_disputes_is_settled_by_a_person_unit_by_unit() -> None:
    account = an_account(issued(), issued("F-2"), told(1, answered("disputed", 5)))
    assert (to_do(4, account), at(4, account).again_at) == ([], paris(days(5)))
    assert to_do(5, account) == [("dispute", ("F-1",), 0), ("dispute", ("F-2",), 0)]
    settled = an_account(
        issued(),
        issued("F-2"),
        told(1, answered("disputed", 5)),
        told(5, closed("dispute", "resolved", 6, task="d1", step="")),
        told(5, closed("dispute", "postponed", 8, "F-2", task="d2", step=""), 11),
    )
    assert asked(at(6, settled)) == ("first", [("F-1", "first")])
    assert to_do(8, settled) == [("dispute", ("F-2",), 1)]


def test_a_reply_of_the_wrong_person_is_a_contact_to_repair_at_once_and_once() -> None:
    account = an_account(issued(), told(1, answered("wrong_person", 5)))
    assert at(1, account).tasks == (InternalTask("repair", StepId(""), ()),)
    repaired = an_account(
        issued(),
        told(1, answered("wrong_person", 5)),
        told(2, replace(closed("repair", "done", 3, task="t2", step=""), units=())),
    )
    assert [to_do(day, repaired) for day in (2, 5)] == [[], []]
    settled = an_account(issued(), told(1, answered("wrong_person", 5)), told(2, paid(100, 2)))
    assert to_do(2, settled) == []


def test_a_dispute_is_settled_even_if_another_task_is_closed_after_it() -> None:
    account = an_account(
        issued(),
        told(12, closed("phone", "disputed", 20)),
        told(13, closed("visit", "done", 14, task="t2", step="visit")),
    )
    assert to_do(20, account) == [("dispute", ("F-1",), 0)]


def test_a_dispute_that_is_taken_back_holds_no_more() -> None:
    told_again = told(13, closed("phone", "done", 14))
    account = an_account(issued(), told(12, closed("phone", "disputed", 20)), told_again)
    assert account.invoices[0].disputed is None
    other = told(12, facts.InvoiceDisputed(F1, ""), 11)
    still = an_account(issued(), told(12, closed("phone", "disputed", 20)), other, told_again)
    assert still.invoices[0].disputed == "disputed"


def test_a_dispute_that_is_not_settled_after_all_holds_again() -> None:
    account = an_account(
        issued(),
        told(12, closed("phone", "disputed", 14)),
        told(14, closed("dispute", "resolved", 15, task="d1", step="")),
        told(15, closed("dispute", "postponed", 18, task="d1", step="")),
    )
    assert account.invoices[0].disputed == "disputed"
    assert to_do(18, account) == [("dispute", ("F-1",), 1)]


def test_a_task_about_a_dispute_that_is_over_settles_no_newer_one() -> None:
    """Somebody tidies up what was left open, and the customer would be reminded of what he contests."""
    over = told(12, closed("phone", "disputed", 14)), told(15, facts.DisputeResolved(F1, ""))
    newer = told(18, facts.InvoiceDisputed(F1, "broken"))
    tidied = told(20, closed("dispute", "resolved", 21, task="d1", step=""))
    assert an_account(issued(), *over, newer, tidied).invoices[0].disputed == "broken"
    both = an_account(issued(), over[0], newer, tidied)
    assert both.invoices[0].disputed is None


def test_a_dispute_on_the_phone_is_one_even_after_it_is_settled() -> None:
    account = an_account(issued(), told(12, closed("phone", "disputed", 20)), told(13, facts.DisputeResolved(F1, "")))
    assert (account.invoices[0].disputed, account.invoices[0].contested) == (None, True)


def test_a_promised_amount_that_came_in_time_stays_kept_when_the_rest_comes_late() -> None:
    account = an_account(issued(), told(3, promise(6, 40)), told(5, paid(40, 5)), told(20, paid(60, 20, "p2")))
    assert news(20, account) == ["promise.kept"]


def test_a_promise_about_an_instalment_stays_kept_when_the_next_one_comes_late() -> None:
    account = an_account(
        issued(instalments=IN_PARTS),
        told(3, closed("phone", "promised", 6, "F-1#1")),
        told(5, paid(50, 5)),
        told(40, paid(50, 40, "p2")),
    )
    assert (account.promises[0].amount, news(40, account)) == (euros(50), ["promise.kept"])


def test_a_promise_over_two_currencies_names_no_amount() -> None:
    dollars = issued("F-2", total=Money(5_000, "USD"))
    account = an_account(issued(), dollars, told(3, closed("phone", "promised", 6, "F-1", "F-2")))
    assert account.promises[0].amount is None


def test_what_was_paid_and_told_before_the_promise_of_that_day_does_not_keep_it() -> None:
    before = an_account(issued(), told(3, paid(40, 3), 9), told(3, promise(10, 40), 15))
    assert (news(3, before), codes(at(4, before).reasons)[0]) == ([], "unit_promised")
    after = an_account(issued(), told(3, promise(10, 40), 9), told(3, paid(40, 3), 15))
    assert news(3, after) == ["promise.kept"]
    stated_again = an_account(
        issued(), told(3, paid(30, 3), 9), told(3, promise(10, 40), 15), told(3, paid(40, 3), 16)
    )
    assert news(3, stated_again) == []


def test_a_payment_plan_replaces_what_was_promised_before() -> None:
    agreed = facts.PaymentPlanAgreed((F1,), (an_instalment(30, 50), an_instalment(60, 50)))
    for said in (closed("phone", "promised", 20), promise(20)):
        account = an_account(issued(), issued("F-2"), told(12, said), told(13, agreed))
        assert (news(14, account), news(23, account)) == ([], [])
    both = facts.PromiseMade((F1, InvoiceId("F-2")), None, days(20), "Anne")
    account = an_account(issued(), issued("F-2"), told(12, both), told(13, agreed))
    assert [reason.facts["unit"] for reason in at(14, account).reasons if reason.code == "unit_promised"] == ["F-2"]


def test_a_promise_about_another_invoice_than_the_plans_holds() -> None:
    agreed = facts.PaymentPlanAgreed((F1,), (an_instalment(30, 50), an_instalment(60, 50)))
    said = closed("phone", "promised", 20, "F-2")
    account = an_account(issued(), issued("F-2"), told(12, agreed), told(13, said))
    assert [reason.facts["unit"] for reason in at(14, account).reasons if reason.code == "unit_promised"] == ["F-2"]


def test_a_promise_holds_an_invoice_that_is_cut_otherwise_since() -> None:
    cut = an_account(issued(), told(12, closed("phone", "promised", 40)), told(13, issued(instalments=IN_PARTS)))
    assert codes(at(15, cut).reasons)[:2] == ["unit_promised", "unit_promised"]
    whole = an_account(
        issued(instalments=IN_PARTS), told(12, closed("phone", "promised", 40, "F-1#1")), told(13, issued())
    )
    assert codes(at(15, whole).reasons)[0] == "unit_promised"


def test_a_ladder_stays_in_its_cycle_when_the_promise_is_taken_back() -> None:
    """What was had in that cycle is not had once more in the one before."""
    history = (had(FIRST, 2), had(CALL, 9, 1), had(WIDEN, 19, 1))
    account = an_account(
        issued(), told(3, closed("phone", "promised", 6)), told(25, closed("phone", "done", 25)), history=history
    )
    assert at_moment(account, POLICY, late_morning(30)).account.units[0].cycle == 1
    assert at(30, account).reminder is None


def test_a_promise_that_breaks_after_a_late_payment_kept_the_one_before_starts_again() -> None:
    account = an_account(
        issued(),
        told(3, promise(6, 40)),
        told(12, paid(40, 5)),
        told(13, promise(16)),
        history=(had(FIRST, 2), had(CALL, 9, 1)),
    )
    found = at(19, account)
    assert found.reminder is not None
    assert (found.reminder.step.id, found.reminder.members[0].cycle) == ("call", 2)


def test_a_longer_grace_starts_nothing_a_second_time() -> None:
    account = an_account(issued(), told(3, promise(6)), history=(had(FIRST, 2), had(CALL, 9, 1)))
    longer = replace(POLICY, promise_grace_days=5)
    [unit] = at_moment(account, longer, late_morning(13)).account.units
    assert (unit.cycle, unit.restarted_on) == (1, days(12))


def test_a_heads_up_by_phone_is_not_made_again_once_the_invoice_is_late() -> None:
    ring = a_step("ring", -5, Level.UPCOMING, Channel.PHONE)
    policy = a_policy(ring, FIRST, limits=Limits(0, None, None))
    rang = a_past_reminder(
        late_morning(-5), "ring", a_member(step="ring"), id=ReminderId("r"), level=Level.UPCOMING,
        channel=Channel.PHONE, calls=(late_morning(-5),),
    )  # fmt: skip
    said = closed("phone", "no_answer", 0, task=attempt_id(rang.id, 1), step="ring")
    account = an_account(issued(), told(-5, said, 16), history=(rang,))
    for day in (0, 1):
        assert asked(plan(account, policy, late_morning(day))) == ("first", [("F-1", "first")])
    before = replace(account, closed_tasks=(replace(said, next_on=days(0) - timedelta(days=1)),))
    assert asked(plan(before, policy, late_morning(-1))) == ("ring", [("F-1", "ring")])


def test_a_call_about_units_in_several_cycles_is_made_again_for_all_of_them() -> None:
    """Its task bears the latest of their cycles."""
    rang = a_past_reminder(
        late_morning(12),
        "call",
        a_member(step="call"),
        a_member("F-2", "call", cycle=1),
        id=ReminderId("r"),
        channel=Channel.PHONE,
        calls=(late_morning(12),),
    )
    said = replace(closed("phone", "no_answer", 14, "F-1", "F-2", task=attempt_id(rang.id, 1)), cycle=1)
    account = an_account(issued(), issued("F-2"), told(12, said, 16), history=(rang,))
    found = at(14, account)
    assert asked(found) == ("call", [("F-1", "call"), ("F-2", "call")])
    assert found.reminder is not None
    assert found.reminder.continues == rang.id
    elsewhere = replace(account, closed_tasks=(replace(said, task_id="t9"),))
    assert asked(at(14, elsewhere)) == ("widen", [("F-1", "widen"), ("F-2", "widen")])


def test_a_call_that_is_made_again_is_foreseen_once() -> None:
    """With all the units that it was about, so that none of them is called about once more."""
    rang = a_past_reminder(
        late_morning(12),
        "call",
        a_member(step="call"),
        a_member("F-2", step="first"),
        id=ReminderId("r"),
        channel=Channel.PHONE,
        calls=(late_morning(12),),
    )
    said = closed("phone", "no_answer", 14, "F-1", "F-2", task=attempt_id(rang.id, 1))
    account = an_account(issued(), issued("F-2", due_on=days(8)), told(12, said, 16), history=(rang,))
    coming = foresee(account, POLICY, late_morning(13), late_morning(21))
    assert [(one.step.id, one.send_at.date(), len(one.members)) for one in coming] == [
        ("call", days(14), 1),
        ("call", days(19), 1),
        ("widen", days(20), 1),
    ]
