"""The pressure budget: how soon a customer may be contacted again. Counts calendar dates in the customer's zone.

A gap of 3 means Monday → Thursday; `per_30_days` counts today and the 29 dates before. Used by `plan` alone.
"""

from __future__ import annotations

from datetime import date, timedelta

from domain.account import Account
from domain.hours import local_date
from domain.levels import Channel
from domain.policy import Limits
from domain.reasons import Code, Reason

_NO_CONTACT = frozenset({"failed", "withdrawn"})


def contact_dates(account: Account) -> tuple[date, ...]:
    """The local dates of the contacts that reached, or may have reached, the customer. Hand-offs are none."""
    return tuple(
        local_date(account.place, past.at)
        for past in account.history
        if past.state not in _NO_CONTACT and past.channel is not Channel.TASK
    )


def first_date_within(limits: Limits, contacts: tuple[date, ...], today: date) -> tuple[date, Reason | None]:
    """The first date from `today` on at which one more contact stays in budget, with what it waits for."""
    day, reason = today, None
    while (blocked := _blocked_until(limits, contacts, day)) is not None:
        day, reason = blocked
    return day, reason


def _blocked_until(limits: Limits, contacts: tuple[date, ...], day: date) -> tuple[date, Reason] | None:
    last = max(contacts, default=None)
    if last is not None and (day - last).days < limits.min_gap_days:
        until = last + timedelta(days=limits.min_gap_days)
        return until, Reason(Code.GAP, {"days": limits.min_gap_days, "until": until.isoformat()})
    for cap, days in ((limits.per_7_days, 7), (limits.per_30_days, 30)):
        recent = [on for on in contacts if (day - on).days < days]
        if cap is not None and len(recent) >= cap:
            until = sorted(recent)[-cap] + timedelta(days=days)
            return until, Reason(Code.CAP, {"limit": cap, "days": days, "until": until.isoformat()})
    return None
