"""Plan a batch of locked accounts, and keep what came of it. Intake, due, deliver and settle share it.

Everything takes ids and does a fixed number of round trips for all of them. It never leaves the process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from config.policy_book import InForce, PolicyBook
from config.wiring import Services
from domain.account import Account
from domain.contacted import Contacted
from domain.hours import offset_s
from domain.housework import disputes_of
from domain.ids import AccountKey, StepId
from domain.internal_task import LOW_SCORE
from domain.ladder import ladder_of
from domain.naming import task_id
from domain.past import PastReminder
from domain.pinning import Served
from domain.plan import plan
from domain.planned import Plan
from domain.reasons import Code
from domain.routes import recipients
from domain.task_outcomes import TaskKind
from store import accounts, announced, claims, history, journal, tasks, unfolded
from store.accounts import AccountRow
from store.engine import Connection
from store.journal import Entry
from store.sellers import SellerRow
from workers import persons
from workers.blame import is_nobodys
from workers.end_tasks import end_tasks
from workers.folding import fold_accounts
from workers.held_back import held, put_off_while_down
from workers.instants import Now, by_instant, now_of
from workers.planned import Planned, plan_as_json, reasons_as_json, saved_plan

PUT_OFF = timedelta(hours=1)
"""After how long to look again at an account that breaks whoever works on it: a person has to mend it."""

_SILENT = frozenset(
    {
        Code.CUSTOMER_HELD,
        Code.DELIVERY_RUNNING,
        Code.EVENT_IN_QUARANTINE,
        Code.FEED_STALE,
        Code.LOW_SCORE,
        Code.REPLY_UNREAD,
        Code.RETRY,
        Code.WAITS_FOR_DATE,
    }
)
"""While these hold a plan back, it asks for no work inside the house."""

log = structlog.get_logger()


def plan_accounts(
    connection: Connection, services: Services, rows: Sequence[AccountRow], now: Now, *, to_claim: bool = False
) -> list[Planned]:
    """Plans these accounts at `now` from facts read in this transaction.

    Nine round trips for any number, and one more for policies that this process has not read yet. `to_claim`: one
    more for locks on the addresses of their contacts, so that nobody else contacts them meanwhile.
    """
    aside = unfolded.in_quarantine(connection, [(row.seller, row.key) for row in rows])
    folded = fold_accounts(connection, services, rows, now)
    if to_claim:
        persons.lock(connection, [(row, account) for row, account, _ in folded])
    others = persons.contacts_elsewhere(connection, [(row, account) for row, account, _ in folded], now)
    units = [(row.seller, row.key, unit.id) for row, account, _ in folded for unit in account.units]
    elsewhere = history.had_elsewhere(connection, units)
    known = [_with_others(account, elsewhere.get(row.key, ()), others.get(row.key, ())) for row, account, _ in folded]
    in_force = services.policies.in_force(connection, known)
    footing = services.footing
    planned = []
    for (row, account, owner), whole in zip(folded, known, strict=True):
        at = now_of(now, row.key)
        served, answer = _answer(services.policies, in_force, whole, owner, at)
        answer = put_off_while_down(answer, whole.seller.down, at)
        events = aside.get(row.key, [])
        answer = held(answer, events) if events else answer
        earlier = len(account.history)
        is_held = bool(events)
        planned.append(Planned(row, whole, owner, served, answer, earlier, footing, at, in_force, is_held=is_held))
    return planned


def plan_onward(services: Services, one: Planned, past: PastReminder, now: datetime) -> Planned:
    """What is planned once the account has had this reminder too, by all else that was known of it.

    Asks nobody: it is what `plan_accounts` would say if nothing else has come since.
    """
    had = tuple(sorted((*one.plan.ended(one.account.history), past), key=lambda each: (each.at, each.id)))
    account = replace(one.account, history=had)
    served, answer = _answer(services.policies, one.in_force, account, one.owner, now)
    answer = put_off_while_down(answer, account.seller.down, now)
    return replace(one, account=account, served=served, plan=answer, earlier=one.earlier + 1, now=now)


def _with_others(account: Account, earlier: Sequence[PastReminder], elsewhere: tuple[Contacted, ...]) -> Account:
    """The account with what its invoices had at other customers', and its people about other customers."""
    if not earlier and not elsewhere:
        return account
    past = sorted((*earlier, *account.history), key=lambda one: (one.at, one.id))
    return replace(account, history=tuple(past), elsewhere=elsewhere)


def _answer(
    book: PolicyBook, in_force: InForce, account: Account, owner: SellerRow, now: datetime
) -> tuple[Served, Plan]:
    """What planning says, and by which version. A reminder that is withdrawn does not hold the ladder there."""
    served = book.choose(in_force, account, owner)
    answer = plan(account, served.policy, now)
    if not served.is_kept or answer.gives_up is None:
        return served, answer
    after = replace(account, history=answer.ended(account.history))
    freed = book.choose(in_force, after, owner)
    if freed == served:
        return served, answer
    return freed, replace(plan(after, freed.policy, now), gives_up=answer.gives_up)


def put_off(services: Services, key: AccountKey, now: Now) -> None:
    """An account that breaks whoever works on it is left alone for a while, in a transaction of its own."""
    with services.engine.begin() as connection:
        accounts.wake(connection, [key], now_of(now, key) + PUT_OFF)


def plan_and_keep(
    connection: Connection, services: Services, rows: Sequence[AccountRow], now: Now, known: Sequence[Planned] = ()
) -> None:
    """Plans accounts of which something new has just been written, and keeps the plans; also those that are `known`.

    An account that cannot be planned takes nothing back of what was written: the next tick plans them one by one.
    """
    try:
        with connection.begin_nested():
            planned = plan_accounts(connection, services, rows, now) if rows else []
            keep_plans(connection, [*planned, *known])
    except Exception as error:
        if is_nobodys(error):
            raise
        all_keys = [*(row.key for row in rows), *(one.row.key for one in known)]
        log.warning("plan.failed", accounts=all_keys, error=type(error).__name__)
        for at, keys in by_instant(now, all_keys).items():
            accounts.wake(connection, keys, at)


def keep_plans(connection: Connection, planned: Sequence[Planned]) -> None:
    """Keeps when to look at each account again, ends and opens its tasks, and journals what has changed."""
    give_up(connection, planned)
    told = [plan_as_json(one) for one in planned]
    kept = [saved_plan(one, facts) for one, facts in zip(planned, told, strict=True)]
    accounts.save_plans(connection, kept)
    end_tasks(connection, [(one.row, one.account, one.now, _wanted(one)) for one in planned])
    wanted = [(one, task) for one in planned for task in _internal_tasks(one)]
    opened = tasks.open_tasks(connection, [task for _, task in wanted])
    entries = [
        Entry(one.row.seller, one.now, "plan.changed", facts, one.row.key)
        for one, facts, saved in zip(planned, told, kept, strict=True)
        if saved.digest != one.row.plan_digest
    ]
    entries += [
        Entry(task.seller, one.now, "task.opened", _about(task), task.account, task=task.id)
        for one, task in wanted
        if task.id in opened
    ]
    journal.write(connection, [*entries, *_announced(connection, planned)])


def _wanted(one: Planned) -> tuple[str, ...] | None:
    """The `fix` tasks that the plan asks for, and a `dispute` task for what is disputed; None: something comes first.

    A dispute that was heard of again for a later date is still to be settled by whoever has its task already.
    """
    if any(reason.code in _SILENT for reason in one.plan.reasons):
        return None
    fixes = (task for task in one.plan.tasks if task.kind == TaskKind.FIX)
    return tuple(task_id(one.row.seller, one.row.customer_id, task) for task in (*fixes, *disputes_of(one.account)))


def _announced(connection: Connection, planned: Sequence[Planned]) -> list[Entry]:
    """What time has brought, for those to whom it was not told yet: each is journaled once."""
    news = [(one, item) for one in planned for item in one.plan.news]
    told = announced.announce(connection, {(one.row.key, item.event, item.name, one.now) for one, item in news})
    return [
        Entry(one.row.seller, one.now, item.event, item.facts, one.row.key)
        for one, item in news
        if (one.row.key, item.event, item.name) in told
    ]


def give_up(connection: Connection, planned: Sequence[Planned]) -> None:
    """Closes the open reminders that planning says must not go on."""
    ended = [(one, *one.plan.gives_up) for one in planned if one.plan.gives_up is not None]
    claims.close_reminders(connection, {reminder: state for _, reminder, state in ended})
    journal.write(
        connection,
        [
            Entry(one.row.seller, one.now, f"reminder.{state}", reasons_as_json(one.plan), one.row.key, reminder)
            for one, reminder, state in ended
        ],
    )


def _about(task: tasks.NewTask) -> dict[str, Any]:
    """What a task is about: a step, or what is wrong."""
    is_why = task.kind == TaskKind.FIX or task.step == LOW_SCORE
    return {"kind": task.kind, "why" if is_why else "step": task.step}


def _internal_tasks(one: Planned) -> list[tasks.NewTask]:
    return [
        tasks.NewTask(
            id=task_id(one.row.seller, one.row.customer_id, task),
            seller=one.row.seller,
            account=one.row.key,
            kind=task.kind,
            step=task.step,
            units=task.units,
            opened_at=one.now,
            title=_whom(one, task.step) if task.kind == TaskKind.REPAIR else "",
            cycle=task.cycle,
            utc_offset_s=offset_s(one.account.place, one.now),
        )
        for task in one.plan.tasks
    ]


def _whom(one: Planned, name: StepId) -> str:
    """The contacts of a step that is to reach one of them; empty where there are none, or the step is gone."""
    found = [step for step in ladder_of(one.account, one.policy).steps if step.id == name]
    return ", ".join(person.name for step in found for person in recipients(one.account, step.to) if person.name)
