"""Gates before a first reminder: what fires, whom it holds, whom it asks and how often, and what ends it."""

from datetime import timedelta
from typing import Any

import pytest

from domain import facts
from domain.account import Account
from domain.facts import Body
from domain.ids import CustomerId, InvoiceId, SellerId, StepId, UnitId
from domain.internal_task import InternalTask
from domain.invoice import Line
from domain.naming import task_id
from domain.plan import plan
from domain.planned import Plan
from domain.policy import Policy
from domain.reasons import Code, Reason
from tests.domain_factories import (
    DUE_ON,
    KNOWN_AT,
    a_customer,
    a_member,
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

C1 = CustomerId("C-1")
PLAIN = a_policy()
WANTS_ORDER = a_policy(require=("purchase_order",))
COMPLAINED = facts.ComplaintOpened(C1, "k1", "rude")
DECLINED = facts.PaymentMethodFailed(C1, "card expired")


def a_fix(why: str, *units: str, **changes: Any) -> InternalTask:
    return InternalTask("fix", StepId(why), tuple(UnitId(unit) for unit in units or ("F-1",)), **changes)


def closed(outcome: str, why: str, *units: str, **changes: Any) -> facts.TaskClosed:
    """A person closed a task to fix F-1; the next thing may happen right away."""
    usual: dict[str, Any] = {
        "customer_id": C1,
        "task_id": "t1",
        "kind": "fix",
        "step": StepId(why),
        "units": tuple(UnitId(unit) for unit in units or ("F-1",)),
        "cycle": 0,
        "outcome": outcome,
        "next_on": days(0),
    }
    return facts.TaskClosed(**usual | changes)


def held_by(found: Plan) -> list[tuple[str, str]]:
    """The units that are held, each with the reason."""
    return [(str(r.facts["unit"]), str(r.facts["why"])) for r in found.reasons if r.code is Code.GATE]


def planned(*bodies: Body | facts.Fact, policy: Policy = PLAIN, n: int = 3, **known: Any) -> Plan:
    return plan(an_account(*bodies, **known), policy, late_morning(n))


def lines(*amounts: int) -> tuple[Line, ...]:
    return tuple(Line("bread", euros(amount)) for amount in amounts)


@pytest.mark.parametrize(
    ("bodies", "policy", "why"),
    [
        ([issued(issued_on=days(1))], PLAIN, "due_before_issued"),
        ([issued(lines=lines(60, 30))], PLAIN, "lines_differ"),
        ([issued(), COMPLAINED], PLAIN, "complaint"),
        ([issued(), DECLINED], PLAIN, "payment_method"),
        ([issued()], WANTS_ORDER, "purchase_order"),
        ([issued()], a_policy(require=("issued_on",)), "issued_on"),
        ([issued()], a_policy(require=("document_url",)), "document_url"),
        ([issued()], a_policy(require=("payment_url",)), "payment_url"),
        ([issued()], a_policy(require=("iban",)), "iban"),
    ],
)
def test_what_holds_a_first_reminder_and_asks_a_person(bodies: list[Body], policy: Policy, why: str) -> None:
    found = planned(*bodies, policy=policy)
    assert asked(found) is None
    assert found.reasons == (Reason(Code.GATE, {"unit": "F-1", "invoice": "F-1", "why": why}),)
    assert found.tasks == (a_fix(why),)
    assert found.again_at is None


@pytest.mark.parametrize(
    ("bodies", "policy"),
    [
        ([issued()], PLAIN),
        ([issued(issued_on=DUE_ON)], PLAIN),
        ([issued(lines=lines(90, 30, -20))], PLAIN),
        ([issued(purchase_order="PO-7")], WANTS_ORDER),
        ([issued(), COMPLAINED, facts.ComplaintResolved(C1, "k1")], PLAIN),
        ([issued(), DECLINED, facts.PaymentMethodRestored(C1)], PLAIN),
        ([issued(), issued(purchase_order="PO-7")], WANTS_ORDER),
        ([issued(issued_on=days(1)), facts.TermsExtended(InvoiceId("F-1"), days(1))], PLAIN),
        ([issued(), closed("as_is", "purchase_order")], WANTS_ORDER),
        ([issued(), COMPLAINED, closed("as_is", "complaint")], PLAIN),
    ],
)
def test_what_is_right_put_right_or_right_as_it_is_goes_out(bodies: list[Body], policy: Policy) -> None:
    found = planned(*bodies, policy=policy)
    assert (asked(found), found.tasks) == (("first", [("F-1", "first")]), ())


def test_a_person_is_asked_as_soon_as_the_invoice_is_known() -> None:
    found = plan(an_account(), WANTS_ORDER, KNOWN_AT)
    assert (found.tasks, held_by(found)) == ((a_fix("purchase_order"),), [("F-1", "purchase_order")])


def test_each_thing_that_is_wrong_is_told_and_asked() -> None:
    found = planned(issued(issued_on=days(1)), COMPLAINED, policy=WANTS_ORDER)
    whys = ["due_before_issued", "purchase_order", "complaint"]
    assert held_by(found) == [("F-1", why) for why in whys]
    assert found.tasks == tuple(a_fix(why) for why in whys)
    passed = planned(issued(issued_on=days(1)), COMPLAINED, closed("as_is", "complaint"), policy=WANTS_ORDER)
    assert held_by(passed) == [("F-1", why) for why in whys[:2]]


def test_a_gate_holds_its_unit_and_no_other() -> None:
    found = planned(issued(), issued("F-2", purchase_order="PO-7"), policy=WANTS_ORDER)
    assert asked(found) == ("first", [("F-2", "first")])
    assert found.tasks == (a_fix("purchase_order"),)


@pytest.mark.parametrize(
    ("bodies", "policy"),
    [
        ([issued(issued_on=days(1))], PLAIN),
        ([issued()], WANTS_ORDER),
        ([issued(), COMPLAINED], PLAIN),
        ([issued(), DECLINED], PLAIN),
    ],
)
def test_once_it_had_a_reminder_the_gate_is_past(bodies: list[Body], policy: Policy) -> None:
    past = a_past_reminder(late_morning(2))
    found = planned(*bodies, policy=policy, n=11, history=(past,))
    assert (asked(found), found.tasks) == (("call", [("F-1", "call")]), ())


def test_it_is_past_in_a_new_cycle_too() -> None:
    name = InvoiceId("F-1")
    bodies: list[Body | facts.Fact] = [
        issued(),
        facts.PaymentReceived(name, "p", euros(100), days(3)),
        on_day(5, facts.PaymentReversed(name, "p", euros(100), days(4))),
    ]
    found = planned(*bodies, policy=WANTS_ORDER, n=8, history=(a_past_reminder(late_morning(2)),))
    assert asked(found) == ("first", [("F-1", "first")])


def test_what_never_went_out_was_no_reminder() -> None:
    found = planned(policy=WANTS_ORDER, history=(a_past_reminder(late_morning(2), state="withdrawn"),))
    assert held_by(found) == [("F-1", "purchase_order")]


def in_parts() -> facts.InvoiceIssued:
    return issued(instalments=(an_instalment(0, 60), an_instalment(40, 40)))


def test_what_is_wrong_with_an_invoice_is_asked_once_for_its_instalments() -> None:
    found = planned(in_parts(), policy=WANTS_ORDER)
    assert held_by(found) == [("F-1#1", "purchase_order"), ("F-1#2", "purchase_order")]
    assert found.tasks == (a_fix("purchase_order", "F-1#1"),)
    passed = planned(in_parts(), closed("as_is", "purchase_order", "F-1#1"), policy=WANTS_ORDER)
    assert held_by(passed) == []


def test_an_instalment_due_before_the_invoice_was_issued_is_a_contradiction() -> None:
    parts = (an_instalment(-9, 60), an_instalment(40, 40))
    found = planned(issued(due_on=days(40), issued_on=days(-2), instalments=parts))
    assert held_by(found) == [("F-1#1", "due_before_issued")]


def test_an_invoice_that_was_chased_holds_none_of_its_later_units() -> None:
    """Not its next instalment, and not those of a plan; a complaint holds these, for their first reminder."""
    had = a_past_reminder(late_morning(2), "first", a_member("F-1#1"))
    after = planned(in_parts(), policy=WANTS_ORDER, n=43, history=(had,))
    assert asked(after) is not None
    assert held_by(after) == []
    complained = planned(in_parts(), COMPLAINED, n=43, history=(had,))
    assert held_by(complained) == [("F-1#2", "complaint")]
    agreed = facts.PaymentPlanAgreed((InvoiceId("F-1"),), (an_instalment(40, 100),))
    in_plan = planned(issued(), agreed, policy=WANTS_ORDER, n=43, history=(a_past_reminder(late_morning(2)),))
    assert asked(in_plan) == ("first", [("plan:e1#1", "first")])


def test_what_is_wrong_with_the_customer_is_asked_one_unit_at_a_time() -> None:
    bodies: list[Body] = [issued(), issued("F-2", due_on=days(1)), COMPLAINED]
    found = planned(*bodies)
    assert held_by(found) == [("F-1", "complaint"), ("F-2", "complaint")]
    assert found.tasks == (a_fix("complaint"),)
    passed = planned(*bodies, closed("as_is", "complaint"), n=3)
    assert asked(passed) == ("first", [("F-1", "first")])
    assert passed.tasks == (a_fix("complaint", "F-2"),)


def test_two_invoices_without_an_order_are_two_things_to_fix() -> None:
    found = planned(issued(), issued("F-2"), policy=WANTS_ORDER)
    assert found.tasks == (a_fix("purchase_order"), a_fix("purchase_order", "F-2"))


def test_done_in_vain_is_asked_again_from_the_next_date_on() -> None:
    account = an_account(issued(), closed("done", "purchase_order", next_on=days(6)))
    before = plan(account, WANTS_ORDER, late_morning(3))
    assert (before.tasks, before.again_at) == ((), paris(days(6)))
    assert held_by(before) == [("F-1", "purchase_order")]
    after = plan(account, WANTS_ORDER, paris(days(6)))
    assert (after.tasks, after.again_at) == ((a_fix("purchase_order", round=1),), None)
    twice = (closed("done", "purchase_order"), closed("done", "purchase_order", task_id="t2", next_on=days(2)))
    assert planned(issued(), *twice, policy=WANTS_ORDER).tasks == (a_fix("purchase_order", round=2),)


@pytest.mark.parametrize(
    "other",
    [
        closed("as_is", "iban"),
        closed("as_is", "purchase_order", "F-2"),
        closed("as_is", "purchase_order", kind="repair"),
        closed("as_is", "purchase_order", customer_id=CustomerId("C-2")),
    ],
)
def test_another_task_lets_nothing_pass(other: facts.TaskClosed) -> None:
    assert planned(issued(), other, policy=WANTS_ORDER).tasks == (a_fix("purchase_order"),)


def test_a_disputed_invoice_is_still_said_to_be_disputed() -> None:
    found = planned(issued(), facts.InvoiceDisputed(InvoiceId("F-1"), "broken"), policy=WANTS_ORDER)
    assert codes(found.reasons) == ["gate", "unit_disputed"]
    assert found.tasks == (a_fix("purchase_order"),)


def test_a_gate_outlasts_a_promise() -> None:
    promised = facts.PromiseMade((InvoiceId("F-1"),), None, days(4), "Anne")
    found = planned(issued(), promised, policy=WANTS_ORDER)
    assert (codes(found.reasons), found.again_at) == (["gate"], paris(days(7)))


def test_nobody_is_asked_while_a_person_wants_silence() -> None:
    found = planned(issued(), facts.CustomerHeld(C1, "talks", None), policy=WANTS_ORDER)
    assert (codes(found.reasons), found.tasks) == (["customer_held"], ())


def test_each_round_has_a_name_of_its_own_and_the_first_keeps_its_name() -> None:
    names = {task_id(SellerId("s"), C1, a_fix("iban", round=n)) for n in range(3)}
    assert len(names) == 3
    assert task_id(SellerId("s"), C1, a_fix("iban")) in names


def test_a_complaint_stops_the_retry_of_a_first_reminder() -> None:
    """It has not reached anybody yet: whoever is unhappy hears nothing before a person has looked."""
    waiting = a_past_reminder(late_morning(2), state="open", retry_at=late_morning(2) + timedelta(hours=1))
    account: Account = an_account(issued(customer=a_customer()), COMPLAINED, history=(waiting,))
    found = plan(account, PLAIN, late_morning(3))
    assert found.gives_up == (waiting.id, "withdrawn")
    assert (held_by(found), found.tasks) == ([("F-1", "complaint")], (a_fix("complaint"),))


def test_a_plans_gate_is_let_pass_by_the_name_of_its_instalment() -> None:
    agreed = facts.PaymentPlanAgreed((InvoiceId("F-1"),), (an_instalment(1, 100),))
    [task] = planned(issued(), agreed, policy=WANTS_ORDER, n=6).tasks
    as_is = closed("as_is", "purchase_order", task.units[0])
    assert asked(planned(issued(), agreed, as_is, policy=WANTS_ORDER, n=6)) is not None
