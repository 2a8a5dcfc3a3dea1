"""Which event a payment plan's instalments are named after: what was said under a name is never said under another.

The same plan may be told several times, at times and in an order of their own. Its name is that of the telling under
which something was said last, else of the one that reached us first: no later event can change that.
Used by `fold` and `agreements` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from domain.facts import Fact, PaymentPlanAgreed, TaskClosed
from domain.ids import InvoiceId, UnitId
from domain.invoice import Instalment
from domain.ledger import Ledger
from domain.money import restated
from domain.past import PastReminder
from domain.units import instalment_id, is_unit_of, plan_name

Terms = tuple[frozenset[InvoiceId], tuple[Instalment, ...]]
"""What makes two tellings one plan, in whatever order they list it."""


class Telling(NamedTuple):
    """A plan as the event of this id told it."""

    event_id: str
    plan: PaymentPlanAgreed


@dataclass(frozen=True, slots=True)
class PlanNames:
    """The telling that each plan is named after, by its terms; and the present name of each unit that had another."""

    telling_of: Mapping[Terms, Telling]
    renamed: Mapping[UnitId, UnitId]

    def read(self, fact: Fact) -> Fact:
        """The fact as it would be if it knew of each unit by its present name."""
        body = fact.body
        if not isinstance(body, TaskClosed):
            return fact
        units = tuple(self.renamed.get(unit, unit) for unit in body.units)
        return replace(fact, body=replace(body, units=units))

    def said(self, history: Sequence[PastReminder]) -> Sequence[PastReminder]:
        """The history as it would be if each unit had had its present name from the first."""
        return [self._said(past) for past in history] if self.renamed else history

    def _said(self, past: PastReminder) -> PastReminder:
        if not any(member.unit_id in self.renamed for member in past.members):
            return past
        renamed = (
            replace(member, unit_id=self.renamed.get(member.unit_id, member.unit_id)) for member in past.members
        )
        return replace(past, members=tuple(renamed))

    def invoices_behind(self, unit: UnitId) -> Iterable[InvoiceId]:
        """Those of the plan that it is an instalment of, if it is one; of a plan still to come by its `time`, too."""
        for event_id, plan in self.telling_of.values():
            if is_unit_of(unit, plan_name(event_id)):
                yield from plan.invoice_ids


_NONE = PlanNames({}, {})


def names_of(
    ordered: Iterable[Fact], ledgers: Mapping[InvoiceId, Ledger], history: Sequence[PastReminder]
) -> PlanNames:
    """The names of all plans that these facts tell of."""
    found: dict[Terms, list[Telling]] = {}
    told = [fact for fact in ordered if isinstance(fact.body, PaymentPlanAgreed)]
    if not told:
        return _NONE
    for fact in sorted(told, key=lambda one: (one.received_at, one.stamp)):
        if isinstance(fact.body, PaymentPlanAgreed):
            plan = in_currency(fact.body, ledgers)
            found.setdefault(terms_of(plan), []).append(Telling(fact.stamp.event_id, plan))
    chosen = {terms: _named_after(tellings, history) for terms, tellings in found.items()}
    return PlanNames(
        chosen,
        {
            unit: name
            for terms, tellings in found.items()
            for one in tellings
            if one is not chosen[terms]
            for unit, name in zip(_units(one), _units(chosen[terms]), strict=True)
        },
    )


def terms_of(plan: PaymentPlanAgreed) -> Terms:
    """The plan's invoices and instalments."""
    return frozenset(plan.invoice_ids), tuple(plan.instalments[at] for at in _by_date(plan))


def in_currency(plan: PaymentPlanAgreed, ledgers: Mapping[InvoiceId, Ledger]) -> PaymentPlanAgreed:
    """The plan in the currency of its invoices, if it states none."""
    currency = next((ledgers[i].invoice.total.currency for i in plan.invoice_ids if i in ledgers), None)
    if plan.currency_stated or currency is None:
        return plan
    parts = tuple(Instalment(one.due_on, restated(one.amount, currency)) for one in plan.instalments)
    return replace(plan, instalments=parts)


def _named_after(tellings: Sequence[Telling], history: Sequence[PastReminder]) -> Telling:
    """The first that reached us, unless something was said under the name of another."""
    if len(tellings) > 1:
        by_unit = {unit: one for one in tellings for unit in _units(one)}
        for past in sorted(history, key=lambda past: past.at, reverse=True):
            for member in past.members:
                if past.state != "withdrawn" and member.unit_id in by_unit:
                    return by_unit[member.unit_id]
    return tellings[0]


def _units(telling: Telling) -> list[UnitId]:
    """The ids of its instalments, in the order of the terms."""
    return [instalment_id(plan_name(telling.event_id), at + 1) for at in _by_date(telling.plan)]


def _by_date(plan: PaymentPlanAgreed) -> list[int]:
    """The places of its instalments in the order of their dates, then amounts."""
    parts = plan.instalments
    return sorted(range(len(parts)), key=lambda at: (parts[at].due_on, parts[at].amount.minor))
