"""From invoices to units: an invoice, its instalments, or the instalments of a payment plan over several.

Payments fill the oldest instalment first. Used by `fold` alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from domain.account import InvoiceState, Standing, Unit
from domain.facts import PaymentPlanAgreed
from domain.ids import InvoiceId, UnitId
from domain.invoice import Instalment
from domain.money import Money


@dataclass(frozen=True, slots=True)
class PlanBase:
    """A payment plan with what was owed of each of its invoices when it was agreed."""

    event_id: str
    plan: PaymentPlanAgreed
    owed: Mapping[InvoiceId, Money]

    @property
    def currency(self) -> str:
        """The plan's own; it does not cover invoices in another."""
        return self.plan.instalments[0].amount.currency


def units_of(states: Sequence[InvoiceState], plans: Iterable[PlanBase]) -> tuple[Unit, ...]:
    """The units still owed, by due date, then id. The last plan that covers an invoice is the one in force."""
    owed = {s.invoice.id: s for s in states if s.standing is Standing.OPEN and s.balance.minor > 0}
    units: list[Unit] = []
    for base in reversed(list(plans)):
        covered = [s for i in base.plan.invoice_ids if (s := owed.get(i)) and s.balance.currency == base.currency]
        for state in covered:
            del owed[state.invoice.id]
        units += _plan_units(base, covered, {state.invoice.id for state in states})
    for state in owed.values():
        units += _invoice_units(state)
    return tuple(sorted(units, key=lambda unit: (unit.due_on, unit.id)))


def instalment_id(of: InvoiceId | str, number: int) -> UnitId:
    """The unit id of the n-th instalment (1-based) of an invoice or of a plan."""
    return UnitId(f"{_alone(of)}#{number}")


def _alone(name: str) -> str:
    """The name such that no other name with a number behind it is the same."""
    return name.replace("#", "##")


def _plan_units(base: PlanBase, covered: Sequence[InvoiceState], known: Collection[InvoiceId]) -> list[Unit]:
    """What is left of the plan. An invoice that is settled, or that a newer plan took over, has left it."""
    if not covered:
        return []
    agreed = sum(m.minor for i, m in base.owed.items() if i in known and m.currency == base.currency)
    paid = max(0, agreed - sum(state.balance.minor for state in covered))
    return _fill(f"plan:{base.event_id}", base.plan.instalments, paid, tuple(covered))


def _invoice_units(state: InvoiceState) -> list[Unit]:
    """The invoice, or its instalments: extended terms put off those that were due before."""
    invoice = state.invoice
    if not invoice.instalments:
        return [Unit(UnitId(_alone(invoice.id)), state.due_on, state.balance, (state,))]
    paid = max(0, sum(part.amount.minor for part in invoice.instalments) - state.balance.minor)
    first_on = state.due_on if state.due_on > invoice.due_on else date.min
    parts = [replace(part, due_on=max(part.due_on, first_on)) for part in invoice.instalments]
    return _fill(invoice.id, parts, paid, (state,))


def _fill(of: str, instalments: Sequence[Instalment], paid: int, states: tuple[InvoiceState, ...]) -> list[Unit]:
    """The instalments that `paid` minor units, filled in from the oldest, leave open."""
    units: list[Unit] = []
    for number, part in sorted(enumerate(instalments, start=1), key=lambda pair: (pair[1].due_on, pair[0])):
        covered = min(paid, part.amount.minor)
        paid -= covered
        if covered < part.amount.minor:
            left = Money(part.amount.minor - covered, part.amount.currency)
            units.append(Unit(instalment_id(of, number), part.due_on, left, states))
    return units
