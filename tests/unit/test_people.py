"""What people said and did is in the account: each complaint, reply and task by its id, the last word of each."""

from datetime import date
from typing import Any

import pytest

from domain import facts
from domain.event import EventError
from domain.ids import CustomerId, StepId
from domain.read_event import read_event
from tests.domain_factories import an_account, issued
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
