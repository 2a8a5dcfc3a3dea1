"""What a customer owes, for whoever looks: each open invoice, how it stands, what it has had and what comes next.

It decides nothing: the parts are those that `plan` walks with. Pure. Called by the customer's page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain.account import Account, Hold, InvoiceState, Standing, Unit
from domain.cycles import at_moment
from domain.grouping import Candidate, candidates_of, is_waiting
from domain.hours import local_date, start_of_day
from domain.ids import InvoiceId, StepId, UnitId
from domain.money import Money
from domain.planned import Plan
from domain.policy import Policy
from domain.reasons import Code, Reason
from domain.rungs import due_rung, next_rung
from domain.units import read_unit

_OPEN_ENDED = frozenset(
    {Code.DELIVERY_RUNNING, Code.EVENT_IN_QUARANTINE, Code.FEED_STALE, Code.LOW_SCORE, Code.REPLY_UNREAD}
)
"""What keeps everything back until something comes to be known, so that no date can be told."""


@dataclass(frozen=True, slots=True)
class StepOn:
    """A step and its date (the customer's): of one to come the first that may be; `asks`: a person decides."""

    step: StepId
    on: date
    asks: bool = False


@dataclass(frozen=True, slots=True)
class OwedUnit:
    """A unit on its ladder. `waits` is why it is out of the running; `late_days` is below zero until it is due."""

    unit: Unit
    late_days: int
    waits: Reason | None
    had: StepOn | None
    ahead: StepOn | None

    @property
    def is_part(self) -> bool:
        """Whether it is an instalment, of its invoice or of a payment plan."""
        return read_unit(self.unit.id)[1] is not None


@dataclass(frozen=True, slots=True)
class OwedInvoice:
    """An open invoice with its units that are owed, by due date."""

    state: InvoiceState
    units: tuple[OwedUnit, ...]


@dataclass(frozen=True, slots=True)
class Owed:
    """All that is open: invoices by due date, all units in the same order, and (total, overdue) by currency.

    `hold` is the customer's while it lasts.
    """

    invoices: tuple[OwedInvoice, ...]
    units: tuple[OwedUnit, ...]
    totals: tuple[tuple[Money, Money], ...]
    hold: Hold | None


def owed_of(account: Account, policy: Policy, answer: Plan, now: datetime) -> Owed:
    """What the account owes at `now` (aware), given what planning answered then."""
    moment = at_moment(account, policy, now)
    today, had = local_date(account.place, now), _had(account)
    coming = {} if answer.reminder is None else _members(answer, account)
    not_before = _not_before(account, answer, now)
    units = []
    for one in candidates_of(moment, policy, now):
        waits = one.waits if is_waiting(one, now) else None
        ahead = coming.get(one.unit.id) or (None if not_before is None else _ahead(one, account, not_before))
        late_days = (today - one.unit.due_on).days
        units.append(OwedUnit(one.unit, late_days, waits, had.get(one.unit.id), ahead))
    open_ones = [state for state in account.invoices if state.standing is Standing.OPEN and state.balance.minor > 0]
    invoices = _by_invoice(open_ones, units)
    return Owed(invoices, tuple(units), _totals(open_ones, units), _hold(account, now))


def _members(answer: Plan, account: Account) -> dict[UnitId, StepOn]:
    """The steps of the reminder that is planned, on its date."""
    assert answer.reminder is not None  # noqa: S101 - asked by the caller
    day = local_date(account.place, answer.reminder.send_at)
    return {member.unit_id: StepOn(member.step, day) for member in answer.reminder.members}


def _had(account: Account) -> dict[UnitId, StepOn]:
    """The newest step that each unit has had."""
    return {
        member.unit_id: StepOn(member.step, local_date(account.place, past.at))
        for past in account.history
        if past.state != "withdrawn"
        for member in past.members
    }


def _hold(account: Account, now: datetime) -> Hold | None:
    hold = account.hold
    return hold if hold is not None and (hold.until is None or now < hold.until) else None


def _not_before(account: Account, answer: Plan, now: datetime) -> datetime | None:
    """Before when nothing at all is said to the customer; None if nobody knows."""
    hold = _hold(account, now)
    if any(reason.code in _OPEN_ENDED for reason in answer.reasons) or (hold is not None and hold.until is None):
        return None
    waits = (reason.facts["until"] for reason in answer.reasons if reason.code is Code.WAITS_FOR_DATE)
    ends = [start_of_day(account.place, date.fromisoformat(str(until))) for until in waits]
    return max([now, *ends, *([] if hold is None or hold.until is None else [hold.until])])


def _ahead(one: Candidate, account: Account, not_before: datetime) -> StepOn | None:
    """The step that comes next, and the first date on which it may; None while nobody knows, or after the last."""
    at = not_before
    if is_waiting(one, at):
        if one.until is None:
            return None
        at = one.until
    rung = due_rung(one.rungs, at) or next_rung(one.rungs, at)
    if rung is None:
        return None
    return StepOn(rung.step.id, local_date(account.place, max(rung.moment, at)), rung.asks)


def _by_invoice(states: Sequence[InvoiceState], units: Sequence[OwedUnit]) -> tuple[OwedInvoice, ...]:
    of_each: Mapping[InvoiceId, list[OwedUnit]] = defaultdict(list)
    for one in units:
        for state in one.unit.states:
            of_each[state.invoice.id].append(one)
    ordered = sorted(states, key=lambda state: (state.due_on, state.invoice.id))
    return tuple(OwedInvoice(state, tuple(of_each[state.invoice.id])) for state in ordered)


def _totals(states: Sequence[InvoiceState], units: Sequence[OwedUnit]) -> tuple[tuple[Money, Money], ...]:
    """By currency, what is open and what of it is overdue."""
    all_open: dict[str, int] = defaultdict(int)
    overdue: dict[str, int] = defaultdict(int)
    for state in states:
        all_open[state.balance.currency] += state.balance.minor
    for one in units:
        if one.late_days > 0:
            overdue[one.unit.balance.currency] += one.unit.balance.minor
    return tuple((Money(all_open[each], each), Money(overdue[each], each)) for each in sorted(all_open))
