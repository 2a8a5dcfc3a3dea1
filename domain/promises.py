"""Which promise to pay holds at an instant, which was kept, and which was broken. Used by `plan` alone.

    pending ──paid by its date and the policy's grace──▶ kept
       │  ├──a newer one about the same, made in time, or a payment plan──▶ replaced
       │  └──cancelled, or credited in full──▶ lapsed: it is none any more
       └──not paid in time──▶ broken (until a late fact says that it was)

Nothing is remembered: it follows from the promise, the payments by their `paid_on`, and now.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.account import Account, InvoiceState, Payment, Promise, Standing, Unit
from domain.hours import local_date, start_of_day
from domain.ids import InvoiceId, UnitId
from domain.invoice import Invoice
from domain.money import Money
from domain.policy import Policy
from domain.units import is_unit_of, unit_ids_of, units_of, whole_id


class PromiseState(StrEnum):
    """How a promise stands."""

    PENDING = "pending"
    KEPT = "kept"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class PromiseStanding:
    """A promise as it stands.

    `invoice_ids` are those that no newer promise and no reversed payment took over, and that were not written off.
    Not kept by `until` (an instant, the start of a day in the customer's zone), it is broken.
    """

    promise: Promise
    state: PromiseState
    invoice_ids: frozenset[InvoiceId]
    until: datetime

    def covers(self, unit: Unit) -> bool:
        """Whether it is about this unit."""
        if self.promise.unit_ids and not _is_named(unit, self.promise.unit_ids):
            return False
        return any(state.invoice.id in self.invoice_ids for state in unit.states)


def standings_of(account: Account, policy: Policy, now: datetime) -> tuple[PromiseStanding, ...]:
    """The promises about invoices that this account has and that were not replaced, in the order of their making."""
    found = []
    for at, promise in enumerate(account.promises):
        last = promise.promised_on + timedelta(days=policy.promise_grace_days)
        until = start_of_day(account.place, last + timedelta(days=1))
        newer = [one for one in account.promises[at + 1 :] if one.made_at < until]
        named = tuple(state for state in account.invoices if _is_still_named(state, promise, newer))
        covered = [state for state in named if not state.is_written_off]
        if covered:
            state = _state(account, promise, named, (last, until), now)
            found.append(PromiseStanding(promise, state, frozenset(s.invoice.id for s in covered), until))
    return tuple(found)


def _is_still_named(state: InvoiceState, promise: Promise, newer: Sequence[Promise]) -> bool:
    name = state.invoice.id
    if name not in promise.invoice_ids or any(at > promise.made_at for at in state.went_back_at):
        return False
    return not any(name in one.invoice_ids and _is_about_all(one, promise, state.invoice) for one in newer)


def _is_about_all(newer: Promise, older: Promise, invoice: Invoice) -> bool:
    """Whether the newer one speaks of all units of an invoice that the older one speaks of."""
    if not newer.unit_ids:
        return True
    whole = {whole_id(invoice.id)}
    return (set(older.unit_ids) or unit_ids_of(invoice) - whole or whole) <= set(newer.unit_ids)


def _state(
    account: Account,
    promise: Promise,
    named: Sequence[InvoiceState],
    end: tuple[date, datetime],
    now: datetime,
) -> PromiseState:
    last, until = end
    if _is_kept(account, promise, named, last):
        return PromiseState.KEPT
    return PromiseState.BROKEN if now >= until else PromiseState.PENDING


def _is_kept(account: Account, promise: Promise, named: Sequence[InvoiceState], last: date) -> bool:
    """Whether enough came in by `last`: all that is owed, or the amount since the promise was made.

    What he paid of an invoice that is written off by now is paid all the same.
    """
    covered = [state for state in named if not state.is_written_off]
    if _is_settled(account, promise, covered, last):
        return True
    if promise.amount is None:
        return False
    came_in = [
        payment.amount
        for state in named
        for payment in state.payments
        if payment.paid_on <= last and _came_after(payment, promise, account)
    ]
    if promise.unit_ids and not any(_is_named(unit, promise.unit_ids) for unit in account.units):
        # the amount is what was owed of these then; while one is owed, what was credited fell on others
        came_in += _credited_since(promise, covered)
    currency = promise.amount.currency
    return promise.amount.minor <= sum(one.minor for one in came_in if one.currency == currency)


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


def _is_named(unit: Unit, names: Collection[UnitId]) -> bool:
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
    if any(_is_named(unit, promise.unit_ids) for unit in account.units):
        return False
    names_plan = not any(is_unit_of(name, state.invoice.id) for name in promise.unit_ids for state in covered)
    if names_plan:
        return then == list(covered)
    return not any(_is_named(unit, promise.unit_ids) for unit in units_of(then, ()))


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
