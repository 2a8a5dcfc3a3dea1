"""Ids derived from content, so that the same decision has the same name wherever and however often it is taken."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID, uuid5

from domain.ids import AttemptId, CustomerId, ReminderId, SellerId
from domain.internal_task import InternalTask
from domain.past import Member

_SPACE = UUID("5d1c7f0e-9a53-4c1b-8f55-2e1f6d3a7b10")


def reminder_id(seller: SellerId, customer: CustomerId, lead: Member, earlier: int) -> ReminderId:
    """The customer's reminder that `lead` leads; `earlier` is how many this customer has had before it."""
    names = (seller, customer, lead.unit_id, lead.step, str(lead.cycle), str(earlier))
    return ReminderId(str(uuid5(_SPACE, "\x1f".join(names))))


def attempt_id(reminder: ReminderId, number: int) -> AttemptId:
    """A reminder's n-th attempt (from 1)."""
    return AttemptId(str(uuid5(_SPACE, f"{reminder}/{number}")))


def task_id(seller: SellerId, customer: CustomerId, task: InternalTask, also: Iterable[str] = ()) -> str:
    """An internal task about a customer: once for its kind, step, units, cycle and round, and what it is `also` of.

    What went into the id cannot be read from it.
    """
    again = (f"round {task.round}",) if task.round else ()
    names = (seller, customer, task.kind, task.step, str(task.cycle), *sorted(task.units), *again, *sorted(also))
    return str(uuid5(_SPACE, "\x1f".join(names)))
