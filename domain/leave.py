"""Whether what is due at an instant may leave then: a usable channel, the budget, the customer's hours, the spread.

Used by `plan` alone, for one instant after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from zlib import crc32

from domain.account import Account
from domain.budget import Budget, budget_of, first_date_within
from domain.grouping import Composition, Share
from domain.hours import Window, local_date, start_of_day, window_at_or_after
from domain.ladder import is_internal, ladder_of
from domain.levels import Channel, Level
from domain.past import Member
from domain.planned import PlannedReminder
from domain.policy import Policy, Step
from domain.reasons import Code, Reason
from domain.routes import Route, none_is_set_up, routes_of
from domain.rungs import Rung, WayName

_SECOND = timedelta(seconds=1)

SPREAD_SHARE = 0.75
"""The part of a window over which waiting reminders are spread; the rest is left for retries."""


@dataclass(frozen=True, slots=True)
class Leaves:
    """It may leave: this is the reminder."""

    reminder: PlannedReminder
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Waits:
    """Not before `until` (None: nothing is due). `is_own`: for its own sake alone, so others may leave before."""

    until: datetime | None
    reasons: tuple[Reason, ...]
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No channel of the step can be used, or its hours never open: a person has to see to it.

    `is_ours`: none of them is set up here, so nothing is wrong with the contact.
    """

    reasons: tuple[Reason, ...]
    is_ours: bool = False


class _Way(NamedTuple):
    """How a rung could go out, whenever that is. Without `routes` it cannot, and there is no `budget`."""

    step: Step
    routes: tuple[Route, ...]
    unusable: tuple[Reason, ...]
    budget: Budget | None


class Ways:
    """How each rung of an account could go out. It does not hang on the instant, so each is worked out once."""

    def __init__(self, account: Account, policy: Policy) -> None:
        self._account, self._policy = account, policy
        self._known: dict[WayName, _Way] = {}

    def of(self, rung: Rung) -> _Way:
        """Which way the rung goes; what is made again is a call."""
        known = self._known.get(rung.way)
        if known is None:
            known = self._known[rung.way] = self._find(rung)
        return known

    def _find(self, rung: Rung) -> _Way:
        step = rung.step if rung.repeats is None else replace(rung.step, channels=(Channel.PHONE,))
        routes, unusable = routes_of(self._account, self._policy, step)
        if not routes:
            return _Way(step, routes, unusable, None)
        budget = budget_of(self._account, self._policy.limits, routes[0])
        if rung.is_asked_for:
            budget = replace(budget, contacts=(), elsewhere=())
        return _Way(step, routes, unusable, budget)


def try_at(
    found: Composition, account: Account, policy: Policy, at: datetime, ways: Ways
) -> Leaves | Waits | Unreachable:
    """What becomes at `at` of a composition with at least one share."""
    lead = found.shares[0]
    step, routes, unusable, budget = ways.of(lead.rung)
    if budget is None:
        reasons = (*unusable, Reason(Code.NO_USABLE_CHANNEL, {"step": step.id}))
        return Unreachable(reasons, is_ours=none_is_set_up(unusable))
    if is_internal(step):
        members = [member_of(share) for share in found.shares]
        return Leaves(make_reminder(account, policy, step, step.level, members, routes, (at, at)), ())
    place, channel = account.place, routes[0].channel
    day, why = first_date_within(budget, local_date(place, at))
    if why is not None:
        is_own = why.code is Code.CALLS_CAP or "who" in why.facts  # another person may be written to before
        return Waits(start_of_day(place, day), (why,), is_own=is_own)
    window = window_at_or_after(policy, channel, place, at)
    if window is None:
        return Unreachable((*unusable, Reason(Code.OUTSIDE_HOURS, {"channel": channel.value, "until": None})))
    opening = turn_in(window, _ready_at(lead, account), account)
    if opening > at:
        code = Code.OUTSIDE_HOURS if window.opens > at else Code.SPREAD
        return Waits(opening, (Reason(code, {"channel": channel.value, "until": opening.isoformat()}),))
    chosen = Reason(Code.CHANNEL_CHOSEN, {"channel": channel.value, "contact": routes[0].contact_id})
    members = [member_of(share) for share in found.shares]
    reminder = make_reminder(account, policy, step, step.level, members, routes, (at, window.closes))
    if lead.rung.repeats is not None:
        reminder = replace(reminder, continues=lead.rung.repeats)
    return Leaves(reminder, (*unusable, chosen))


def member_of(share: Share) -> Member:
    """The share as the reminder keeps it."""
    return Member(share.unit.id, share.rung.step.id, share.unit.cycle, share.unit.balance)


def make_reminder(
    account: Account,
    policy: Policy,
    step: Step,
    level: Level,
    members: Sequence[Member],
    routes: Sequence[Route],
    span: tuple[datetime, datetime],
) -> PlannedReminder:
    """The reminder that leaves in `span` (from, before), in the tone that the caps allow.

    A cap never rewords a formal or final step: a person has approved it as it is.
    """
    cap = ladder_of(account, policy).cap
    return PlannedReminder(
        step=step,
        level=level,
        tone=level if cap is None or level >= Level.FORMAL else min(level, cap),
        members=tuple(members),
        routes=tuple(routes),
        send_at=span[0],
        closes=span[1],
        policy=policy.label,
    )


def turn_in(window: Window, ready_at: datetime, account: Account) -> datetime:
    """When this customer's turn in a window comes.

    What was ready before the window opened is spread over it by a hash of the customer, so that nobody's
    09:00 is a stampede; what becomes ready inside it goes at once.
    """
    if ready_at > window.opens:
        return ready_at
    name = f"{account.seller.id}/{account.customer.id}"
    share = crc32(name.encode()) / 2**32 * SPREAD_SHARE
    whole_seconds = (window.closes - window.opens).total_seconds() * share // 1
    return window.opens + whole_seconds * _SECOND


def _ready_at(lead: Share, account: Account) -> datetime:
    """Since when nothing but the hours and the budget, which counts whole days, has kept the lead's step back."""
    ready = max(lead.rung.moment, lead.unit.known_at)
    if account.hold is not None and account.hold.until is not None:
        ready = max(ready, account.hold.until)
    return ready
