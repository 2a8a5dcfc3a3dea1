"""Which promise to pay holds at an instant, which was kept, and which was broken. Used by `plan` alone.

    pending ──paid by its date and the policy's grace──▶ kept
       │  ├──a newer one about the same, made in time, or a payment plan──▶ replaced
       │  ├──cancelled, or credited in full──▶ it is none any more
       │  └──disputed when it ends──▶ lapsed, whatever becomes of the dispute
       └──not paid in time──▶ broken (until a late fact says that it was)

Nothing is remembered: it follows from the promise, the payments by their `paid_on`, and now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.account import Account, InvoiceState, Promise, Unit
from domain.hours import local_date, start_of_day
from domain.ids import InvoiceId
from domain.invoice import Invoice
from domain.kept import is_kept, is_named
from domain.lapses import is_rest_kept
from domain.policy import Policy
from domain.units import unit_ids_of, whole_id


class PromiseState(StrEnum):
    """How a promise stands."""

    PENDING = "pending"
    KEPT = "kept"
    BROKEN = "broken"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class PromiseStanding:
    """A promise as it stands.

    `invoice_ids` are those that no newer promise and no reversed payment took over, and that were not written off.
    Not kept by `until` (an instant, the start of a day in the customer's zone), it is broken, but for `lapsed_ids`:
    those were disputed then.
    """

    promise: Promise
    state: PromiseState
    invoice_ids: frozenset[InvoiceId]
    until: datetime
    lapsed_ids: frozenset[InvoiceId] = frozenset()

    def covers(self, unit: Unit) -> bool:
        """Whether it is about this unit, and has not lapsed for it."""
        return self._is_about(unit) and not self._is_disputed(unit)

    def has_lapsed_for(self, unit: Unit) -> bool:
        """Whether it was about this unit, and is no more."""
        return self._is_about(unit) and (self.state is PromiseState.LAPSED or self._is_disputed(unit))

    def _is_about(self, unit: Unit) -> bool:
        return _speaks_of(self.promise, unit) and any(one.invoice.id in self.invoice_ids for one in unit.states)

    def _is_disputed(self, unit: Unit) -> bool:
        return any(one.invoice.id in self.lapsed_ids for one in unit.states)


def is_put_off(unit: Unit, end: datetime, account: Account, policy: Policy) -> bool:
    """Whether a promise about the unit that was made before `end` (the start of a day) ran on then.

    What was kept, replaced, or ended by a payment that went back by then, ran on no more.
    """
    last = local_date(account.place, end) - timedelta(days=1)
    for at, promise in enumerate(account.promises):
        if promise.made_at < end <= _until(promise, account, policy) and _speaks_of(promise, unit):
            newer = [one for one in account.promises[at + 1 :] if one.made_at < end]
            named = [state for state in account.invoices if _is_still_named(state, promise, newer, end)]
            if any(state in named for state in unit.states) and not is_kept(account, promise, named, last):
                return True
    return False


def _until(promise: Promise, account: Account, policy: Policy) -> datetime:
    """The end of the grace, in the customer's zone."""
    return start_of_day(account.place, promise.promised_on + timedelta(days=policy.promise_grace_days + 1))


def _speaks_of(promise: Promise, unit: Unit) -> bool:
    return not promise.unit_ids or is_named(unit, promise.unit_ids)


def standings_of(account: Account, policy: Policy, now: datetime) -> tuple[PromiseStanding, ...]:
    """The promises about invoices that this account has and that were not replaced, in the order of their making."""
    found = []
    for at, promise in enumerate(account.promises):
        last = promise.promised_on + timedelta(days=policy.promise_grace_days)
        until = _until(promise, account, policy)
        newer = [one for one in account.promises[at + 1 :] if one.made_at < until]
        named = tuple(state for state in account.invoices if _is_still_named(state, promise, newer))
        if not all(state.is_written_off for state in named):
            found.append(_standing(account, promise, named, (last, until), now))
    return tuple(found)


def _standing(
    account: Account,
    promise: Promise,
    named: Sequence[InvoiceState],
    end: tuple[date, datetime],
    now: datetime,
) -> PromiseStanding:
    last, until = end
    covered = frozenset(state.invoice.id for state in named if not state.is_written_off)
    if is_kept(account, promise, named, last):
        return PromiseStanding(promise, PromiseState.KEPT, covered, until)
    if now < until:
        return PromiseStanding(promise, PromiseState.PENDING, covered, until)
    rest = is_rest_kept(account, promise, named, last, until)
    state = PromiseState.LAPSED if rest is None else PromiseState.KEPT if rest else PromiseState.BROKEN
    disputed = frozenset(state.invoice.id for state in named if state.was_disputed_at(until))
    return PromiseStanding(promise, state, covered, until, disputed)


def _is_still_named(
    state: InvoiceState, promise: Promise, newer: Sequence[Promise], by: datetime | None = None
) -> bool:
    """Whether no newer one took it over, and nothing of it went back since (`by` an instant, or ever)."""
    name = state.invoice.id
    if name not in promise.invoice_ids:
        return False
    if any(one.at > promise.made_at and (by is None or one.at < by) for one in state.went_back):
        return False
    return not any(name in one.invoice_ids and _is_about_all(one, promise, state.invoice) for one in newer)


def _is_about_all(newer: Promise, older: Promise, invoice: Invoice) -> bool:
    """Whether the newer one speaks of all units of an invoice that the older one speaks of."""
    if not newer.unit_ids:
        return True
    whole = {whole_id(invoice.id)}
    return (set(older.unit_ids) or unit_ids_of(invoice) - whole or whole) <= set(newer.unit_ids)
