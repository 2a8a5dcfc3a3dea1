"""From invoices to units: an invoice, its instalments, or the instalments of a payment plan over several.

Payments fill the oldest instalment first. Used by `fold`; what a unit's id means, by whoever shows it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from domain.account import InvoiceState, Standing, Unit
from domain.facts import PaymentPlanAgreed
from domain.ids import InvoiceId, UnitId
from domain.invoice import Instalment, Invoice
from domain.money import Money

_INSTALMENT = re.compile(r"(.*(?<!#)(?:##)*)#([0-9]+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PlanBase:
    """A payment plan with what is owed of each of its invoices but for what came in since it was agreed.

    `event_id` is that of the telling which it is named after (`domain.plan_names`).
    """

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


def whole_id(of: InvoiceId) -> UnitId:
    """The unit id of an invoice that is not cut into instalments."""
    return UnitId(_alone(of))


def instalment_id(of: InvoiceId | str, number: int) -> UnitId:
    """The unit id of the n-th instalment (1-based) of an invoice or of a plan."""
    return UnitId(f"{_alone(of)}#{number}")


def read_unit(unit: str) -> tuple[str, int | None]:
    """The invoice's id or the plan's name that a unit's id is made of, and which instalment (None: all of it)."""
    found = _INSTALMENT.fullmatch(unit)
    name, number = (unit, None) if found is None else (found[1], int(found[2]))
    return name.replace("##", "#"), number


def plan_name(event_id: str) -> str:
    """What the units of a payment plan are named after."""
    return f"plan:{event_id}"


def is_unit_of(unit: UnitId, of: InvoiceId | str) -> bool:
    """Whether it is this invoice, or an instalment of this invoice or plan."""
    name = _alone(of)
    return unit == name or (unit.startswith(f"{name}#") and unit[len(name) + 1 :].isdigit())


def was_cut_otherwise(unit: UnitId, invoice: Invoice) -> bool:
    """Whether the unit was one of the invoice's before it was cut into other instalments, or into none."""
    if not is_unit_of(unit, invoice.id):
        return False
    return unit not in (unit_ids_of(invoice) - {whole_id(invoice.id)} or {whole_id(invoice.id)})


def unit_ids_of(invoice: Invoice) -> set[UnitId]:
    """The ids under which an invoice may be dunned, whole or in its instalments."""
    return {whole_id(invoice.id), *(instalment_id(invoice.id, n + 1) for n in range(len(invoice.instalments)))}


def _alone(name: str) -> str:
    """The name such that no other name with a number behind it is the same."""
    return name.replace("#", "##")


def _plan_units(base: PlanBase, covered: Sequence[InvoiceState], known: Collection[InvoiceId]) -> list[Unit]:
    """What is left of the plan; once that is paid, what it left out.

    An invoice that is settled, or that a newer plan took over, has left it. Nobody owes more than the balances,
    whatever was agreed: a payment of before may have been told of later.
    """
    if not covered:
        return []
    agreed = sum(m.minor for i, m in base.owed.items() if i in known and m.currency == base.currency)
    balance = sum(state.balance.minor for state in covered)
    paid = max(0, agreed - balance)
    left = _fill(plan_name(base.event_id), base.plan.instalments, paid, tuple(covered), agreed=True)
    return _at_most(balance, left) or [unit for state in covered for unit in _invoice_units(state)]


def _at_most(minor: int, units: Sequence[Unit]) -> list[Unit]:
    """The first units that are so much together, the last of them cut."""
    found: list[Unit] = []
    for unit in units:
        asked = min(minor, unit.balance.minor)
        if asked:
            found.append(replace(unit, balance=Money(asked, unit.balance.currency)))
        minor -= asked
    return found


def _invoice_units(state: InvoiceState) -> list[Unit]:
    """The invoice, or its instalments: extended terms put off those that were due before."""
    invoice = state.invoice
    if not invoice.instalments:
        return [Unit(whole_id(invoice.id), state.due_on, state.balance, (state,), whole=invoice.total)]
    paid = max(0, sum(part.amount.minor for part in invoice.instalments) - state.balance.minor)
    first_on = state.due_on if state.due_on > invoice.due_on else date.min
    parts = [replace(part, due_on=max(part.due_on, first_on)) for part in invoice.instalments]
    return _fill(invoice.id, parts, paid, (state,))


def _fill(
    of: str, instalments: Sequence[Instalment], paid: int, states: tuple[InvoiceState, ...], *, agreed: bool = False
) -> list[Unit]:
    """The instalments that `paid` minor units, filled in from the oldest, leave open."""
    units: list[Unit] = []
    for number, part in sorted(enumerate(instalments, start=1), key=lambda pair: (pair[1].due_on, pair[0])):
        covered = min(paid, part.amount.minor)
        paid -= covered
        if covered < part.amount.minor:
            left = Money(part.amount.minor - covered, part.amount.currency)
            units.append(Unit(instalment_id(of, number), part.due_on, left, states, agreed, part.amount))
    return units
