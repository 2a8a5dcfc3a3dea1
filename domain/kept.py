"""Whether what was promised came in, by the payments' own dates. Used by `promises` and `lapses` alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date

from domain.account import Account, InvoiceState, Payment, Promise, Standing, Unit
from domain.hours import local_date
from domain.ids import UnitId
from domain.money import Money
from domain.units import is_unit_of, unit_ids_of, units_of, whole_id


def is_kept(account: Account, promise: Promise, named: Sequence[InvoiceState], last: date) -> bool:
    """Whether enough came in by `last`: all that is owed, or the amount since the promise was made.

    What he paid of an invoice that is written off by now is paid all the same.
    """
    covered = [state for state in named if not state.is_written_off]
    if _is_settled(account, promise, covered, last):
        return True
    if promise.amount is None:
        return False
    paid = came_in(account, promise, named, last)
    if promise.unit_ids and not any(is_named(unit, promise.unit_ids) for unit in account.units):
        # the amount is what was owed of these then; while one is owed, what was credited fell on others
        paid += _credited_since(promise, covered)
    currency = promise.amount.currency
    return promise.amount.minor <= sum(one.minor for one in paid if one.currency == currency)


def came_in(account: Account, promise: Promise, named: Iterable[InvoiceState], last: date) -> list[Money]:
    """What was paid of these invoices since the promise was made, up to `last`."""
    return [
        payment.amount
        for state in named
        for payment in state.payments
        if payment.paid_on <= last and _came_after(payment, promise, account)
    ]


def _credited_since(promise: Promise, covered: Sequence[InvoiceState]) -> list[Money]:
    """What nobody owes any more of what was promised, whenever that was told."""
    notes = [note for state in covered for note in state.credit_notes]
    return [note.amount for note in notes if note.told_at is not None and note.told_at > promise.made_at]


def _came_after(payment: Payment, promise: Promise, account: Account) -> bool:
    """Whether it came in since the promise; of the same day's payments, those that were told of after it."""
    made_on = local_date(account.place, promise.made_at)
    if payment.paid_on != made_on:
        return payment.paid_on > made_on
    return payment.told_at is None or payment.told_at > promise.made_at


def is_named(unit: Unit, names: Collection[UnitId]) -> bool:
    """Whether the unit is among these. Its invoice may have been cut otherwise since: then all of it is meant."""
    invoice = unit.states[0].invoice
    if unit.id in names or unit.agreed:
        return unit.id in names
    gone = {name for name in names if is_unit_of(name, invoice.id)} - unit_ids_of(invoice)
    return bool(gone) or whole_id(invoice.id) in names


def _is_settled(account: Account, promise: Promise, covered: Sequence[InvoiceState], last: date) -> bool:
    """Whether nothing of it is owed, and would not be without what came in after `last`.

    A payment plan's instalments are not counted again without it: of those, nothing may have come in later.
    """
    then = [_without_later(state, last) for state in covered]
    if not promise.unit_ids:
        return not any(state.balance.minor for state in then)
    if any(is_named(unit, promise.unit_ids) for unit in account.units):
        return False
    names_plan = not any(is_unit_of(name, state.invoice.id) for name in promise.unit_ids for state in covered)
    if names_plan:
        return then == list(covered)
    return not any(is_named(unit, promise.unit_ids) for unit in units_of(then, ()))


def _without_later(state: InvoiceState, last: date) -> InvoiceState:
    """The invoice as it would be owed if nothing had been paid after `last`."""
    in_time = [payment for payment in state.payments if payment.paid_on <= last]
    if len(in_time) == len(state.payments) or state.standing is Standing.CANCELLED:
        return state
    total = state.invoice.total
    came_in = (*(payment.amount for payment in in_time), *(note.amount for note in state.credit_notes))
    owed = total.minor - sum(one.minor for one in came_in if one.currency == total.currency)
    if owed <= state.balance.minor:
        return state
    return replace(state, standing=Standing.OPEN, balance=Money(owed, total.currency))
