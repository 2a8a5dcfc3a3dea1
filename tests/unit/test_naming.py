"""The same decision has the same name, and another decision another."""

from dataclasses import replace

from domain.ids import CustomerId, ReminderId, SellerId, StepId, UnitId
from domain.internal_task import InternalTask
from domain.naming import attempt_id, reminder_id, task_id
from tests.domain_factories import a_member

SELLER = SellerId("default")
CUSTOMER = CustomerId("C-17")


def test_a_reminder_is_named_by_what_it_leads_with_and_by_how_many_came_before() -> None:
    name = reminder_id(SELLER, CUSTOMER, a_member(), 0)
    assert name == reminder_id(SELLER, CUSTOMER, a_member(), 0)
    others = {
        reminder_id(SellerId("other"), CUSTOMER, a_member(), 0),
        reminder_id(SELLER, CustomerId("C-18"), a_member(), 0),
        reminder_id(SELLER, CUSTOMER, a_member("F-2"), 0),
        reminder_id(SELLER, CUSTOMER, a_member(step="call"), 0),
        reminder_id(SELLER, CUSTOMER, a_member(cycle=1), 0),
        reminder_id(SELLER, CUSTOMER, a_member(), 1),
    }
    assert len(others - {name}) == 6


def test_attempts_are_named_by_their_number() -> None:
    assert len({attempt_id(ReminderId(name), number) for name in ("r1", "r2") for number in (1, 2)}) == 4


def test_a_task_is_the_same_for_the_same_units_in_any_order_and_anew_when_asked_anew() -> None:
    units = (UnitId("A"), UnitId("B"))
    task = InternalTask("approve", StepId("notice"), units)
    assert task_id(SELLER, CUSTOMER, task) == task_id(SELLER, CUSTOMER, replace(task, units=units[::-1]))
    names = {
        task_id(SELLER, CUSTOMER, task),
        task_id(SELLER, CUSTOMER, replace(task, cycle=1)),
        task_id(SELLER, CUSTOMER, replace(task, round=1)),
        task_id(SELLER, CustomerId("C-18"), task),
        task_id(SELLER, CUSTOMER, replace(task, kind="repair")),
        task_id(SELLER, CUSTOMER, replace(task, units=units[:1])),
        task_id(SELLER, CUSTOMER, task, ("r1", "zoe@example.com")),
    }
    assert len(names) == 7
