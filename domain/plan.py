"""`plan`: an account's next reminder, or none, with the reason for every choice and every non-choice.

The one planning function: intake calls it to know when to come back, and delivery calls it again in the claiming
transaction, so that what goes out is what planning *now* says. It walks forward from `now`, from one instant at
which something may change to the next, and stops at the first at which a reminder may leave:

    now ──▶ what is due? ──▶ reachable? ──▶ in budget? ──▶ window open? ──▶ send
             │ no             │ no           │ no           │ no
             ▼                ▼              ▼              ▼
             next moment      repair task    first date     next opening, spread

No leap goes past the next moment of any unit, so that planning later can only give the same answer; each goes
to a later instant, and a ladder has few of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from domain.account import Account, Hold
from domain.business_days import add_business_days
from domain.customer import Seller
from domain.grouping import Composition, Share, candidates_of, compose
from domain.hours import local_date, start_of_day
from domain.ids import StepId
from domain.leave import Leaves, Unreachable, Waits, try_at
from domain.planned import InternalTask, Plan
from domain.policy import Policy
from domain.reasons import Code, Reason
from domain.retry import GivesUp, retry_of


def plan(account: Account, policy: Policy, now: datetime) -> Plan:
    """What this account's next reminder is, planned at `now` (aware). Pure: the same question, the same answer."""
    stale_at = _stale_at(account.seller, policy)
    found = _plan(account, policy, now, stale_at)
    if stale_at is None or found.again_at is None or not now < stale_at < found.again_at:
        return found
    return replace(found, again_at=stale_at)


def _plan(account: Account, policy: Policy, now: datetime, stale_at: datetime | None) -> Plan:
    running = next((past for past in account.history if past.state in ("open", "calling")), None)
    if running is not None and running.state == "calling":
        return Plan(None, None, (Reason(Code.DELIVERY_RUNNING, {"reminder": running.id}),))
    blocked = _feed_stale(account.seller, stale_at, now) or _held(account.hold, now)
    if running is None:
        return _plan_next(account, policy, now, blocked)
    found = GivesUp("withdrawn") if blocked is not None else retry_of(running, account, policy, now)
    if isinstance(found, Plan):
        return found
    history = tuple(replace(past, state=found.state) if past is running else past for past in account.history)
    after = _plan_next(replace(account, history=history), policy, now, blocked)
    return replace(after, tasks=(*found.tasks, *after.tasks), gives_up=(running.id, found.state))


def _plan_next(account: Account, policy: Policy, now: datetime, blocked: Reason | None) -> Plan:
    if not account.units:
        return Plan(None, None, (Reason(Code.NOTHING_OWED),))
    if blocked is None:
        return _walk(account, policy, now)
    until = account.hold.until if account.hold is not None and blocked.code is Code.CUSTOMER_HELD else None
    if until is None:
        return Plan(None, None, (blocked,))
    later = _walk(account, policy, until)
    again_at = until if later.tasks or later.reminder is None else later.again_at
    return replace(later, reasons=(blocked, *later.reasons), again_at=again_at, tasks=())


def _walk(account: Account, policy: Policy, start: datetime) -> Plan:
    """From `start` to the first instant at which a reminder may leave, past what cannot lead one."""
    candidates = candidates_of(account, policy)
    reasons: list[Reason] = []
    tasks: list[InternalTask] = []
    stuck: set[StepId] = set()
    wakes_at: datetime | None = None
    at: datetime | None = start
    while at is not None:
        found = compose(candidates, account, policy, at, stuck)
        became = try_at(found, account, policy, at) if found.shares else Waits(None, ())
        new = [task for task in _tasks(found, became) if task not in tasks]
        if at == start:
            reasons += (*found.reasons, *became.reasons)
            tasks += new
        elif new:
            wakes_at = wakes_at or at
        match became:
            case Leaves(reminder, why):
                return Plan(reminder, wakes_at or at, _once((*reasons, *found.reasons, *why)), tuple(tasks))
            case Unreachable():
                stuck.add(found.shares[0].rung.step.id)
            case Waits(until):
                at = min((instant for instant in (until, found.changes_at) if instant is not None), default=None)
            case other:
                assert_never(other)
    return Plan(None, wakes_at, _once(reasons), tuple(tasks))


def _tasks(found: Composition, became: Leaves | Waits | Unreachable) -> list[InternalTask]:
    """What people have to do at an instant: approve steps, repair what cannot be reached."""
    tasks = [_task("approve", share) for share in found.approvals]
    if isinstance(became, Unreachable):
        tasks.append(InternalTask("repair", found.shares[0].rung.step.id, ()))
    return tasks


def _task(kind: str, share: Share) -> InternalTask:
    return InternalTask(kind, share.rung.step.id, (share.unit.id,))


def _stale_at(seller: Seller, policy: Policy) -> datetime | None:
    """From when dunning waits for the seller's payment feed: it is older than the policy's working days allow."""
    if seller.synced_as_of is None or policy.freshness_days is None:
        return None
    as_of = local_date(seller.place, seller.synced_as_of)
    fresh_until = add_business_days(policy, seller.place, as_of, policy.freshness_days)
    return start_of_day(seller.place, fresh_until + timedelta(days=1))


def _feed_stale(seller: Seller, stale_at: datetime | None, now: datetime) -> Reason | None:
    if seller.synced_as_of is None or stale_at is None or now < stale_at:
        return None
    return Reason(Code.FEED_STALE, {"as_of": seller.synced_as_of.isoformat()})


def _held(hold: Hold | None, now: datetime) -> Reason | None:
    if hold is None or (hold.until is not None and hold.until <= now):
        return None
    until = hold.until.isoformat() if hold.until else None
    return Reason(Code.CUSTOMER_HELD, {"reason": hold.reason, "until": until})


def _once(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Each reason once, in order: the walk meets the same ones again."""
    return tuple({(reason.code, tuple(reason.facts.items())): reason for reason in reasons}.values())
