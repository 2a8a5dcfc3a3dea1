"""Gates before a first reminder: is the invoice complete and right before anyone chases it? Used by `plan` alone.

    contradictions       due before it was issued; a total that is not the sum of its lines
    of the customer      an open complaint; a failed payment method
    `require`            what the policy wants an invoice to have

A gate holds a unit that has had no reminder yet, and asks a person at once to fix it. It ends when the facts are put
right, or when that person says that all is right as it is. Absent fields that nobody requires never hold anything.
Nothing here depends on the clock but from when a person is asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from domain.account import Account, InvoiceState, Unit
from domain.facts import TaskClosed
from domain.hours import start_of_day
from domain.ids import InvoiceId, StepId, UnitId
from domain.internal_task import InternalTask
from domain.policy import Policy
from domain.reasons import Code, Reason
from domain.task_outcomes import TaskKind, TaskOutcome
from domain.units import unit_ids_of

DUE_BEFORE_ISSUED = "due_before_issued"
LINES_DIFFER = "lines_differ"
COMPLAINT = "complaint"
PAYMENT_METHOD = "payment_method"


@dataclass(frozen=True, slots=True)
class Gate:
    """What keeps a unit's first reminder back. `why` is one of the words above or a field that the policy requires.

    A person is asked from `asked_at` on (None: at once), for the `round`-th time (from 0). What is wrong with an
    invoice (`is_of_invoice`) is asked once for all of its instalments. `said` is why, in words of its own.
    """

    unit: UnitId
    invoice: InvoiceId
    why: str
    is_of_invoice: bool
    asked_at: datetime | None = None
    round: int = 0
    said: Reason | None = None

    @property
    def reason(self) -> Reason:
        """Why the unit waits."""
        return self.said or Reason(Code.GATE, {"unit": self.unit, "invoice": self.invoice, "why": self.why})


def gates_of(unit: Unit, account: Account, policy: Policy) -> tuple[Gate, ...]:
    """The gates that hold the unit; none once it has had a reminder, and none of an invoice that has had one."""
    found = tuple(_gates(unit, account, policy))
    if not found:
        return ()
    had = {member.unit_id for past in account.history if past.state != "withdrawn" for member in past.members}
    if unit.id in had:
        return ()
    names = {state.invoice.id: unit_ids_of(state.invoice) for state in unit.states}
    held = []
    for gate in found:
        about = {unit.id, *names[gate.invoice]} if gate.is_of_invoice else {unit.id}
        if not (gate.is_of_invoice and about & had) and passed_at(gate.why, about, account) is None:
            held.append(asked_again(gate, about, account))
    return tuple(held)


def fixes_of(gates: Iterable[Gate], at: datetime) -> tuple[InternalTask, ...]:
    """What people are asked to fix at `at`: once for each thing that is wrong, whichever units it holds.

    What is wrong with the customer is asked for the first unit alone; the next one's turn comes after it.
    """
    once: dict[tuple[str, InvoiceId | None], Gate] = {}
    for gate in gates:
        once.setdefault((gate.why, gate.invoice if gate.is_of_invoice else None), gate)
    return tuple(
        InternalTask(TaskKind.FIX, StepId(gate.why), (gate.unit,), round=gate.round)
        for gate in once.values()
        if gate.asked_at is None or gate.asked_at <= at
    )


def _gates(unit: Unit, account: Account, policy: Policy) -> Iterator[Gate]:
    for state in unit.states:
        for why in _wrong(unit, state, policy):
            yield Gate(unit.id, state.invoice.id, why, is_of_invoice=True)
    first = unit.states[0].invoice.id
    if account.complaint is not None:
        yield Gate(unit.id, first, COMPLAINT, is_of_invoice=False)
    if account.failed_method is not None:
        yield Gate(unit.id, first, PAYMENT_METHOD, is_of_invoice=False)


def _wrong(unit: Unit, state: InvoiceState, policy: Policy) -> Iterator[str]:
    """What contradicts itself or is missing in an invoice."""
    invoice = state.invoice
    if invoice.issued_on is not None and min(unit.due_on, state.due_on) < invoice.issued_on:
        yield DUE_BEFORE_ISSUED
    if invoice.lines and sum(line.amount.minor for line in invoice.lines) != invoice.total.minor:
        yield LINES_DIFFER
    for name in policy.require:
        if getattr(invoice, name) is None:
            yield name


def passed_at(why: str, about: set[UnitId], account: Account) -> datetime | None:
    """When a person said last that this is right as it is (aware); None if nobody did."""
    return max([at for task, at in _closed(why, about, account) if task.outcome == TaskOutcome.AS_IS], default=None)


def asked_again(gate: Gate, about: set[UnitId], account: Account) -> Gate:
    """The gate with when a person is asked, by what came of it before."""
    closed = [task for task, _ in _closed(gate.why, about, account)]
    if not closed:
        return gate
    asked_at = start_of_day(account.place, max(task.next_on for task in closed))
    return replace(gate, asked_at=max(asked_at, gate.asked_at or asked_at), round=len(closed))


def _closed(why: str, about: set[UnitId], account: Account) -> Iterator[tuple[TaskClosed, datetime]]:
    """How people were done with this before, each with when."""
    for task, at in zip(account.closed_tasks, account.closed_at, strict=True):
        if task.kind == TaskKind.FIX and task.step == why and not about.isdisjoint(task.units):
            yield task, at
