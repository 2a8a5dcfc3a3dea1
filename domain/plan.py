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

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from domain.account import Account, Hold
from domain.business_days import add_working_days
from domain.customer import Seller
from domain.cycles import Moment, at_moment, why_restarted
from domain.grouping import Candidate, candidates_of, changes_at, compose, first_after
from domain.hours import local_date, start_of_day
from domain.housework import in_round, to_find, work_at
from domain.ids import StepId, UnitId
from domain.internal_task import LOW_SCORE, InternalTask
from domain.leave import Leaves, Unreachable, Waits, Ways, try_at
from domain.news import news_of
from domain.planned import Plan
from domain.policy import Policy
from domain.reasons import Code, Reason
from domain.retry import GivesUp, retry_of
from domain.rungs import WayName
from domain.segments import why_segment
from domain.task_outcomes import TaskKind


@dataclass(frozen=True, slots=True)
class Block:
    """What keeps everything back, and until when (None: until a fact arrives)."""

    reason: Reason
    until: datetime | None


def plan(account: Account, policy: Policy, now: datetime) -> Plan:
    """What this account's next reminder is, planned at `now` (aware). Pure: the same question, the same answer."""
    stale_at = _stale_at(account.seller, policy)
    moment = at_moment(account, policy, now)
    found = _plan(moment, policy, now, stale_at)
    if moment.until is not None and not any(past.state == "calling" for past in account.history):
        found = replace(found, again_at=min(found.again_at or moment.until, moment.until))
    if stale_at is not None and found.again_at is not None and now < stale_at < found.again_at:
        found = replace(found, again_at=stale_at, fed_at=found.again_at)
    news, work = news_of(moment, policy, now), (*_to_read(account), *to_find(account))
    if not news and not work:
        return found
    return replace(found, tasks=(*work, *found.tasks), news=news)


def _plan(moment: Moment, policy: Policy, now: datetime, stale_at: datetime | None) -> Plan:
    account = moment.account
    running = next((past for past in account.history if past.state in ("open", "calling")), None)
    if running is not None and running.state == "calling":
        return Plan(None, None, (Reason(Code.DELIVERY_RUNNING, {"reminder": running.id}),))
    blocked = _blocked(account, stale_at, now)
    if running is None:
        return _plan_next(moment, policy, now, blocked)
    found = GivesUp("withdrawn") if blocked is not None else retry_of(running, moment, policy, now)
    if isinstance(found, Plan):
        return found
    history = tuple(replace(past, state=found.state) if past is running else past for past in account.history)
    without = at_moment(replace(account, history=history), policy, now)  # a cycle that only it began is over with it
    after = _plan_next(without, policy, now, blocked)
    own = (in_round(task, account) for task in found.tasks)
    tasks = tuple(dict.fromkeys((*own, *after.tasks)))
    return replace(after, tasks=tasks, gives_up=(running.id, found.state))


def _blocked(account: Account, stale_at: datetime | None, now: datetime) -> Block | None:
    """What keeps everything back at `now`; of several, that which ends last."""
    feed, held = _feed_stale(account.seller, stale_at, now), _held(account.hold, now)
    blocks = (_unread(account), _low_score(account), feed, held, _reply_wait(account, now))
    found = [block for block in blocks if block is not None]
    return max(found, key=lambda block: (block.until is None, block.until or now), default=None)


def _plan_next(moment: Moment, policy: Policy, now: datetime, blocked: Block | None) -> Plan:
    if not moment.account.units:
        return Plan(None, None, (Reason(Code.NOTHING_OWED),))
    if blocked is None:
        return _walk(moment, policy, now)
    until = blocked.until
    if until is None:
        return Plan(None, None, (blocked.reason,))
    later = _walk(moment, policy, until)
    again_at = until if later.tasks or later.reminder is None else later.again_at
    return replace(later, reasons=(blocked.reason, *later.reasons), again_at=again_at, tasks=())


def _walk(moment: Moment, policy: Policy, start: datetime) -> Plan:
    """From `start` to the first instant at which a reminder may leave, past what cannot lead one."""
    candidates: tuple[Candidate, ...] = ()
    ways = Ways(moment.account, policy)
    reasons = list(why_segment(moment.account, policy))
    tasks: list[InternalTask] = []
    aside: dict[WayName, datetime | None] = {}  # what cannot lead before then; None: at all
    wakes: list[datetime] = []
    at: datetime | None = start
    while at is not None:
        if moment.until is not None and at >= moment.until:
            moment, candidates = at_moment(moment.account, policy, at), ()
        candidates = candidates or candidates_of(moment, policy, at)
        account = moment.account
        out = [way for way, until in aside.items() if until is None or at < until]
        found = compose(candidates, account, policy, at, out)
        became = try_at(found, account, policy, at, ways) if found.shares else Waits(None, ())
        work = work_at(found, became, account, at)
        new = [task for task in work.tasks if task not in tasks]
        if at == start:
            reasons += (*why_restarted(moment, policy, at), *found.reasons(at), *became.reasons)
            tasks += new
        elif new:
            wakes.append(at)
        if work.changes_at is not None:
            wakes.append(work.changes_at)
        match became:
            case Leaves(reminder, why):
                if at != start:
                    reasons += found.reasons(at)
                return Plan(reminder, min((*wakes, at)), _once((*reasons, *why)), tuple(tasks))
            case Unreachable():
                aside[found.shares[0].rung.way] = None
            case Waits(until, is_own=True):
                aside[found.shares[0].rung.way] = until
            case Waits(until):
                at = first_after(at, (until, changes_at(candidates, at), moment.until, *aside.values()))
            case other:
                assert_never(other)
    return Plan(None, min(wakes, default=None), _once(reasons), tuple(tasks))


def _to_read(account: Account) -> Iterator[InternalTask]:
    """A task for each reply and low score that nobody has read, whatever else is the matter.

    It is closed with what came of it.
    """
    for reply in account.unread:
        yield InternalTask(TaskKind.REPLY.value, StepId(""), (UnitId(reply.reply_id),))
    for survey in account.low_scores:
        yield InternalTask(TaskKind.REPLY.value, LOW_SCORE, (UnitId(survey.task_id),))


def _stale_at(seller: Seller, policy: Policy) -> datetime | None:
    """From when dunning waits for the seller's payment feed: it is older than so many of his working days.

    The policy's blackout dates are none of his: the bank works on while nobody is contacted.
    """
    if seller.synced_as_of is None or policy.freshness_days is None:
        return None
    as_of = local_date(seller.place, seller.synced_as_of)
    fresh_until = add_working_days(seller.place, as_of, policy.freshness_days)
    return start_of_day(seller.place, fresh_until + timedelta(days=1))


def _feed_stale(seller: Seller, stale_at: datetime | None, now: datetime) -> Block | None:
    if seller.synced_as_of is None or stale_at is None or now < stale_at:
        return None
    return Block(Reason(Code.FEED_STALE, {"as_of": seller.synced_as_of.isoformat()}), None)


def _unread(account: Account) -> Block | None:
    """Nobody is written to before a person has read what he has answered."""
    if not account.unread:
        return None
    reply = account.unread[0]
    return Block(Reason(Code.REPLY_UNREAD, {"reply": reply.reply_id, "channel": reply.channel.value}), None)


def _low_score(account: Account) -> Block | None:
    """Nobody who is unhappy is written to before a person has looked into it."""
    if not account.low_scores:
        return None
    survey = account.low_scores[0]
    return Block(Reason(Code.LOW_SCORE, {"task": survey.task_id, "score": survey.score}), None)


def _held(hold: Hold | None, now: datetime) -> Block | None:
    if hold is None or (hold.until is not None and hold.until <= now):
        return None
    until = hold.until.isoformat() if hold.until else None
    return Block(Reason(Code.CUSTOMER_HELD, {"reason": hold.reason, "until": until}), hold.until)


def _reply_wait(account: Account, now: datetime) -> Block | None:
    """Nothing is said to a customer before the date that a person gave with what came of his reply."""
    last = next((one for one in reversed(account.closed_tasks) if one.kind == TaskKind.REPLY), None)
    if last is None or now >= (until := start_of_day(account.place, last.next_on)):
        return None
    facts = {"outcome": last.outcome, "until": last.next_on.isoformat()}
    return Block(Reason(Code.WAITS_FOR_DATE, facts), until)


def _once(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Each reason once, in order: the walk meets the same ones again."""
    return tuple({(reason.code, tuple(reason.facts.items())): reason for reason in reasons}.values())
