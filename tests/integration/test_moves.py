"""An invoice that goes to another customer takes its ladder along, and nothing of it grows or gets stuck."""

import pytest
import sqlalchemy as sa

from domain.units import instalment_id, plan_name
from tests.factories import Json, contact_data, event, invoice_event
from tests.pipeline import TUESDAY_0930, Pipeline
from tests.simulator_process import Simulator

BEN = contact_data(email="ben@example.com", phone="+33612345679")


def stated(customer: str, number: int, second: int, **changes: object) -> Json:
    """The invoice F-<number> as it is stated for a customer; a later second is a newer statement."""
    contacts = [contact_data() if customer == "C-17" else BEN]
    return invoice_event(
        customer={"id": customer, "contacts": contacts, **changes},
        invoice={"id": f"F-{number}", "number": f"F-{number}", "due_on": "2026-11-20", "issued_on": "2026-10-20"},
        id=f"{customer}-{number}-{second}",
        time=f"2026-11-03T09:00:{second:02}+01:00",
    )


def test_a_unit_does_not_have_a_step_twice_because_another_customer_owes_it_now(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    """Found in review: the claim broke over the step that was had, each hour anew, with all else that was owed."""
    pipeline.take(stated("C-17", 1, 0))
    assert pipeline.deliver_due() == 1
    pipeline.take(stated("C-18", 1, 1), stated("C-18", 2, 0))
    assert pipeline.deliver_due() == 1
    sent = [(row.customer, row.step, row.invoices) for row in pipeline.log()]
    assert sorted(sent) == [("C-17", "first", ("F-1",)), ("C-18", "first", ("F-2",))]
    due_at = pipeline.account("C-18").due_at
    assert due_at is not None
    assert due_at > TUESDAY_0930.replace(day=26)


def test_what_was_withdrawn_at_one_customer_goes_out_at_the_other(pipeline: Pipeline, simulator: Simulator) -> None:
    simulator.switch(recipient="anne@example.com", fault="429", retry_after_s=600, times=1)
    pipeline.take(stated("C-17", 1, 0))
    pipeline.deliver_due()
    pipeline.take(stated("C-18", 1, 1))
    assert pipeline.rested().deliver_due() == 1
    assert [(row.customer, row.state) for row in pipeline.log()] == [("C-17", "refused"), ("C-18", "accepted")]


def test_a_repair_is_asked_for_at_the_customer_who_owes(pipeline: Pipeline) -> None:
    """At the one who owed before, nobody has to be reached any more."""
    pipeline.take(stated("C-17", 1, 0, contacts=[]))
    assert [(task.kind, task.customer) for task in pipeline.tasks()] == [("repair", "C-17")]
    pipeline.take(stated("C-18", 1, 1, contacts=[]))
    assert [(task.kind, task.customer) for task in pipeline.tasks()] == [("repair", "C-18")]
    assert "task.cancelled" in [entry.event for entry in pipeline.journal("C-17")]


def test_an_invoice_that_goes_back_and_forth_does_not_multiply_its_facts(pipeline: Pipeline) -> None:
    """Found in review: each move copied all copies, so that thirty of them made a million rows."""
    moves = 12
    for second in range(moves):
        pipeline.take(stated("C-17" if second % 2 else "C-18", 1, second))
    with pipeline.services.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM facts")).scalar_one() == 2 * moves


def said(outcome: str, *units: str, kind: str = "phone", task: str = "crm-1", second: int = 0) -> Json:
    """What came of a task about these units, a while after they were stated."""
    told = {"customer_id": "C-17", "task_id": task, "kind": kind, "outcome": outcome, "next_on": "2026-12-01"}
    at = f"2026-11-23T09:00:{second:02}Z"
    return event("task.closed", told | {"units": list(units)}, id=f"{task}-{second}", time=at)


def moved() -> Json:
    return stated("C-18", 1, 0) | {"id": "moved", "time": "2026-11-23T12:00:00Z"}


@pytest.mark.parametrize("outcome", ["disputed", "promised"])
def test_what_was_said_of_an_invoice_on_the_phone_goes_along(pipeline: Pipeline, outcome: str) -> None:
    """Who has disputed it, or has until Tuesday to pay, is not written to because another account owes it now."""
    pipeline.take(stated("C-17", 1, 0), stated("C-17", 2, 0))
    pipeline.take(said(outcome, "F-1"), said(outcome, "F-2", task="crm-2"))
    pipeline.take(moved())
    pipeline.take(stated("C-18", 3, 0))
    assert pipeline.deliver_due() == 1
    assert [(row.customer, row.invoices) for row in pipeline.log()] == [("C-18", ("F-3",))]


def test_a_dispute_is_settled_where_the_invoice_is_owed(pipeline: Pipeline) -> None:
    pipeline.take(stated("C-17", 1, 0), said("disputed", "F-1"))
    pipeline.take(moved())
    pipeline.at(TUESDAY_0930.replace(month=12, day=2)).deliver_due()
    [task] = pipeline.tasks()
    assert (task.kind, task.customer, tuple(task.units)) == ("dispute", "C-18", ("F-1",))
    settled = said("resolved", "F-1", kind="dispute", task=task.id, second=9)
    pipeline.take(settled | {"data": settled["data"] | {"customer_id": "C-18"}, "time": "2026-12-02T09:00:00Z"})
    assert "unit_disputed" not in pipeline.codes("C-18")


def test_what_was_said_of_a_plan_goes_along_too_and_what_was_taken_back_does_not(pipeline: Pipeline) -> None:
    agreed = {"invoice_ids": ["F-1"], "instalments": [{"due_on": "2026-11-10", "amount": "1250.00"}]}
    pipeline.take(stated("C-17", 1, 0), event("payment_plan.agreed", agreed, id="agreed"))
    unit = instalment_id(plan_name("agreed@billing"), 1)
    pipeline.take(said("disputed", unit))
    pipeline.take(moved())
    assert "unit_disputed" in pipeline.codes("C-18")
    pipeline.take(said("no_answer", unit, second=1), stated("C-17", 1, 9) | {"time": "2026-11-23T13:00:00Z"})
    pipeline.take(stated("C-18", 1, 8) | {"time": "2026-11-23T14:00:00Z"})
    assert "unit_disputed" not in pipeline.codes("C-18")
