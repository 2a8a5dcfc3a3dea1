"""What people said and did is in the account: each complaint, reply and task by its id, the last word of each."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from domain import facts
from domain.about import said_of
from domain.event import EventError
from domain.ids import CustomerId, InvoiceId, StepId, UnitId
from domain.plan import plan
from domain.read_event import read_event
from tests.domain_factories import a_policy, an_account, an_instalment, in_turn, issued, late_morning
from tests.factories import Json, event

C1, OTHER = CustomerId("C-1"), CustomerId("C-2")


def closed(outcome: str, name: str = "t-1", customer: CustomerId = C1) -> facts.TaskClosed:
    return facts.TaskClosed(customer, name, "phone", StepId("call"), (), 0, outcome, date(2026, 12, 5))


def test_the_last_word_about_a_task_counts_and_stands_last() -> None:
    account = an_account(issued(), closed("no_answer"), closed("done", "t-2"), closed("promised"))
    assert [(task.task_id, task.outcome) for task in account.closed_tasks] == [("t-2", "done"), ("t-1", "promised")]


def test_the_oldest_complaint_that_is_open_is_told() -> None:
    opened = [facts.ComplaintOpened(C1, "K-1", "late"), facts.ComplaintOpened(C1, "K-2", "")]
    assert an_account(issued(), *opened).complaint == "late"
    assert an_account(issued(), *opened, facts.ComplaintResolved(C1, "K-1")).complaint == "complaint"
    resolved = [facts.ComplaintResolved(C1, "K-1"), facts.ComplaintResolved(C1, "K-2")]
    assert an_account(issued(), *opened, *resolved).complaint is None


def test_a_payment_method_fails_until_it_is_restored() -> None:
    failed = facts.PaymentMethodFailed(C1, "")
    assert an_account(issued(), failed).failed_method == "failed"
    assert an_account(issued(), failed, facts.PaymentMethodRestored(C1)).failed_method is None


def test_what_others_say_and_do_leaves_no_trace() -> None:
    account = an_account(
        issued(),
        closed("done", customer=OTHER),
        facts.ComplaintOpened(OTHER, "K-1", "late"),
        facts.ComplaintResolved(OTHER, "K-1"),
        facts.PaymentMethodFailed(OTHER, ""),
        facts.PaymentMethodRestored(OTHER),
    )
    assert (account.closed_tasks, account.complaint, account.failed_method) == ((), None, None)


def about_f1(outcome: str, kind: str = "phone", units: tuple[str, ...] = ("F-1",)) -> facts.TaskClosed:
    """What OTHER said, who had owed F-1 before."""
    return replace(closed(outcome, customer=OTHER), kind=kind, units=tuple(UnitId(unit) for unit in units))


def test_what_others_said_of_a_unit_holds_for_who_owes_it_now() -> None:
    account = an_account(issued(), about_f1("disputed"))
    assert (account.invoices[0].disputed_in, [task.outcome for task in account.closed_tasks]) == (
        ("t-1",),
        ["disputed"],
    )
    assert an_account(issued(), about_f1("promised")).promises[0].unit_ids == ("F-1",)
    assert an_account(issued(), about_f1("disputed"), about_f1("resolved", "dispute")).invoices[0].disputed is None


@pytest.mark.parametrize("taken_back", [about_f1("no_answer"), about_f1("done")])
def test_what_others_took_back_is_taken_back(taken_back: facts.TaskClosed) -> None:
    account = an_account(issued(), about_f1("disputed"), taken_back)
    assert (account.invoices[0].disputed, account.closed_tasks) == (None, ())


@pytest.mark.parametrize("customer", [C1, OTHER])
def test_a_dispute_that_was_taken_back_does_not_come_back_with_what_had_settled_it(customer: CustomerId) -> None:
    """Else somebody is to settle what nobody contested: by a task that who owes the unit now knows nothing of."""
    told = [
        about_f1("disputed"),
        about_f1("resolved", "dispute"),
        about_f1("no_answer"),
        about_f1("postponed", "dispute"),
    ]
    named = [replace(one, customer_id=customer, task_id=f"t-{one.kind}") for one in told]
    account = an_account(issued(), *named)
    assert account.invoices[0].disputed_in == ()
    assert plan(account, a_policy(), late_morning(5)).tasks == ()
    assert an_account(issued(), *named[:2], named[3]).invoices[0].disputed_in == ("t-phone",)


def test_a_settled_dispute_that_is_closed_again_ends_none_that_came_since() -> None:
    """Only its note was put right: reminders left about what he contested anew."""
    told = (about_f1("disputed"), replace(about_f1("resolved", "dispute"), task_id="t-dispute"))
    again = replace(told[1], note="by credit note")
    newer = facts.InvoiceDisputed(InvoiceId("F-1"), "broken")
    assert an_account(issued(), *told, newer, again).invoices[0].disputed == "broken"
    by_phone = replace(told[0], task_id="t-2")
    assert an_account(issued(), *told, by_phone, again).invoices[0].disputed_in == ("t-2",)
    assert an_account(issued(), *told, again).invoices[0].disputed is None
    other = replace(told[1], task_id="t-dispute-2")
    assert an_account(issued(), *told, by_phone, again, other).invoices[0].disputed is None


def test_what_others_said_of_themselves_stays_theirs() -> None:
    """An approval is of a message to them, and a reply of theirs may have been about anything."""
    for theirs in (about_f1("approved", "approve"), about_f1("wrong_person"), about_f1("disputed", "reply")):
        account = an_account(issued(), theirs)
        assert (account.closed_tasks, account.invoices[0].disputed) == ((), None)


def test_what_was_said_of_an_invoice_is_found_by_its_units_and_those_of_its_plans() -> None:
    agreed = facts.PaymentPlanAgreed((InvoiceId("F-1"),), (an_instalment(0, 100),))
    elsewhere = replace(agreed, invoice_ids=(InvoiceId("F-2"),))
    units = ("F-1", "F-1#2", "F-2", "plan:e1#1", "plan:e2#1", "F-11", "F-1##2")
    bodies = [about_f1("disputed", units=(unit,)) for unit in units]
    found = in_turn(issued(), agreed, elsewhere, *bodies, about_f1("done", units=()), about_f1("disputed", "reply"))
    assert said_of(InvoiceId("F-1"), found) == ["e3", "e4", "e6"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "dance"}, "data.kind"),
        ({"outcome": "approved"}, "data.outcome"),
        ({"next_on": "soon"}, "data.next_on"),
        ({"cycle": True}, "data.cycle"),
        ({"cycle": -1}, "data.cycle"),
        ({"cycle": "1"}, "data.cycle"),
        ({"units": "F-1"}, "data.units"),
    ],
)
def test_a_closing_that_says_what_cannot_be_is_refused(change: dict[str, Any], field: str) -> None:
    data: Json = {"customer_id": "C-1", "task_id": "t-1", "kind": "phone", "outcome": "done", "next_on": "2026-12-05"}
    with pytest.raises(EventError) as refused:
        read_event(event("task.closed", data | change))
    assert refused.value.field == field
