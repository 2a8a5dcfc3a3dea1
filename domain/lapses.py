"""What is left of a promise without the invoices that were disputed when it ended. Used by `promises` alone.

Nobody has to pay in time what he had said was wrong, and hears that he broke his word for it: of such an invoice the
promise lapses, even if the dispute ends later. Of its other invoices it goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from domain.account import Account, InvoiceState, Promise, Standing, Unit
from domain.kept import came_in, is_kept, is_named
from domain.money import Money
from domain.units import is_unit_of, units_of


def is_rest_kept(
    account: Account, promise: Promise, named: Sequence[InvoiceState], last: date, until: datetime
) -> bool | None:
    """Whether what is not disputed was paid by `last`; None if nothing is left to be judged: it lapses.

    It is asked once the promise is over, at `until`, and was not kept. Of an amount, what was owed then of a disputed
    invoice counts as if it had come in: which invoice the amount was for nobody knows, and the doubt is his.
    """
    gone = [state for state in named if state.was_disputed_at(until)]
    if not gone:
        return False
    units = tuple(unit for unit in account.units if not any(state in gone for state in unit.states))
    rest = [state for state in named if state not in gone and _is_due_alone(state, units)]
    if all(state.is_written_off for state in rest) or _is_about_plan(promise, named):
        return None
    if promise.amount is not None:
        found = [*came_in(account, promise, gone, last), *_owed_at(promise, gone, last, until)]
        spared = sum(one.minor for one in found if one.currency == promise.amount.currency)
        if spared >= promise.amount.minor:
            return None
        promise = replace(promise, amount=replace(promise.amount, minor=promise.amount.minor - spared))
    return is_kept(replace(account, units=units), promise, rest, last)


def _is_due_alone(state: InvoiceState, units: Sequence[Unit]) -> bool:
    """Whether it is settled, or owed in one of these units: not only in instalments with one that is disputed."""
    return not state.balance.minor or any(state in unit.states for unit in units)


def _is_about_plan(promise: Promise, named: Sequence[InvoiceState]) -> bool:
    """Whether it names instalments of a payment plan alone: none of those is due while an invoice is disputed."""
    names = promise.unit_ids
    return bool(names) and not any(is_unit_of(name, state.invoice.id) for name in names for state in named)


def _owed_at(promise: Promise, gone: Sequence[InvoiceState], last: date, until: datetime) -> list[Money]:
    """What was owed of what it speaks of in these invoices when it ended."""
    units = units_of([_as_owed(state, last, until) for state in gone], ())
    return [unit.balance for unit in units if _speaks_of(promise, unit)]


def _speaks_of(promise: Promise, unit: Unit) -> bool:
    return not promise.unit_ids or is_named(unit, promise.unit_ids)


def _as_owed(state: InvoiceState, last: date, until: datetime) -> InvoiceState:
    """The invoice without what was paid after `last` or credited since `until`: that is how disputes end."""
    total = state.invoice.total
    paid = [payment.amount for payment in state.payments if payment.paid_on <= last]
    credited = [note.amount for note in state.credit_notes if note.told_at is None or note.told_at < until]
    owed = total.minor - sum(one.minor for one in (*paid, *credited) if one.currency == total.currency)
    return replace(state, standing=Standing.OPEN, balance=Money(max(0, owed), total.currency))
