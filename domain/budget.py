"""The pressure budget: how soon a person may be contacted again. Counts calendar dates in the customer's zone.

A gap of 3 means Monday → Thursday; `per_30_days` counts today and the 29 dates before. All contacts with a customer
count for each of its people, and so do those that this person had about other customers. Used by `plan` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from domain.account import Account
from domain.closings import unanswered
from domain.contacted import Contacted, keys_of
from domain.hours import local_date
from domain.ids import ContactId, ReminderId
from domain.levels import Channel
from domain.past import PastReminder
from domain.policy import Limits
from domain.reasons import Code, Reason
from domain.routes import Route

_NO_CONTACT = frozenset({"failed", "withdrawn"})
_WEEK, _MONTH = 7, 30


@dataclass(frozen=True, slots=True)
class Budget:
    """What the limits allow beside these dates (local) of contacts and of calls.

    A call that nobody answered is no contact; but it is a call, and their number is limited too. The dates
    `elsewhere` are those of the person `who`, about other customers.
    """

    limits: Limits
    contacts: tuple[date, ...]
    calls: tuple[date, ...] = ()
    who: ContactId | None = None
    elsewhere: tuple[date, ...] = ()
    calls_elsewhere: tuple[date, ...] = ()


def budget_of(account: Account, limits: Limits, route: Route) -> Budget:
    """The budget for one more contact over this route: the customer's, and that of the person whom it reaches."""
    contacts = tuple(
        local_date(account.place, past.at)
        for past in account.history
        if past.state not in _NO_CONTACT and past.channel is not Channel.TASK and not unanswered(past, account)
    )
    calls: tuple[date, ...] = ()
    if _limits_calls(limits, route):
        calls = tuple(local_date(account.place, at) for past in account.history for at in past.calls)
    budget = Budget(limits, contacts, calls)
    return _with_person(budget, account, route) if account.elsewhere else budget


def budget_of_retry(account: Account, running: PastReminder, limits: Limits, route: Route) -> Budget:
    """The same for one more try of a contact that was in budget: the number of calls is limited.

    So is everything else if the person has contacts about other customers: they may be newer than the first try, and
    the fallback may reach somebody else.
    """
    whole = budget_of(account, limits, route)
    if whole.elsewhere:
        before = replace(account, history=tuple(past for past in account.history if past is not running))
        return replace(whole, contacts=budget_of(before, limits, route).contacts)
    return replace(whole, limits=Limits(0, None, None, limits.call_attempts), contacts=())


def _with_person(budget: Budget, account: Account, route: Route) -> Budget:
    """With what the person had about other customers: a reminder counts once, on the day of its last try."""
    person = keys_of(contact for contact in account.customer.contacts if contact.id == route.contact_id)
    found = sorted((one for one in account.elsewhere if one.address in person), key=lambda one: one.at)
    calls = [one.at for one in found if one.is_call] if _limits_calls(budget.limits, route) else []
    return replace(
        budget,
        who=route.contact_id,
        elsewhere=tuple(local_date(account.place, at) for at in _last_tries(found)),
        calls_elsewhere=tuple(local_date(account.place, at) for at in calls),
    )


def _last_tries(found: Sequence[Contacted]) -> Sequence[datetime]:
    """When each reminder was last tried, less those whose calls nobody answered. `found` is in order."""
    answered = {one.reminder for one in found if not one.in_vain}
    last: dict[ReminderId, datetime] = {one.reminder: one.at for one in found}
    return [at for reminder, at in last.items() if reminder in answered]


def _limits_calls(limits: Limits, route: Route) -> bool:
    return route.channel is Channel.PHONE and limits.call_attempts is not None


def first_date_within(budget: Budget, today: date) -> tuple[date, Reason | None]:
    """The first date from `today` on at which one more contact stays in budget, with what it waits for.

    What waits only because of contacts about other customers says `who` had them.
    """
    day, reason = _first(budget, today)
    if not (budget.elsewhere or budget.calls_elsewhere):
        return day, reason
    contacts, calls = (*budget.contacts, *budget.elsewhere), (*budget.calls, *budget.calls_elsewhere)
    later, why = _first(replace(budget, contacts=contacts, calls=calls), day)
    return (day, reason) if why is None else (later, Reason(why.code, {**why.facts, "who": budget.who}))


def _first(budget: Budget, today: date) -> tuple[date, Reason | None]:
    day, reason = today, None
    while (blocked := _blocked_until(budget, day)) is not None:
        day, reason = blocked
    return day, reason


def _blocked_until(budget: Budget, day: date) -> tuple[date, Reason] | None:
    if not (budget.contacts or budget.calls):
        return None
    limits = budget.limits
    last = max(budget.contacts, default=None)
    if last is not None and (day - last).days < limits.min_gap_days:
        until = last + timedelta(days=limits.min_gap_days)
        return until, Reason(Code.GAP, {"days": limits.min_gap_days, "until": until.isoformat()})
    caps = (
        (Code.CAP, limits.per_7_days, _WEEK, budget.contacts),
        (Code.CAP, limits.per_30_days, _MONTH, budget.contacts),
        (Code.CALLS_CAP, limits.call_attempts, _MONTH, budget.calls),
    )
    for code, cap, days, dates in caps:
        recent = [on for on in dates if (day - on).days < days]
        if cap is not None and len(recent) >= cap:
            until = sorted(recent)[-cap] + timedelta(days=days)
            return until, Reason(code, {"limit": cap, "days": days, "until": until.isoformat()})
    return None
