"""The claiming transaction: lock, plan again, commit what is about to be called.

What goes out is what `plan` says now.
Called by `workers/deliver` for at most as many accounts as it will call at once. It never leaves the process.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from channels.port import Rendered
from config.wiring import Services
from domain.addresses import address_key
from domain.contacted import Contacted
from domain.ids import AccountKey
from domain.levels import Channel
from domain.plan import plan
from store import accounts, claims, due, facts, journal, tasks, unfolded
from store.claims import Claim
from store.engine import Connection
from store.facts import Mark
from store.journal import Entry
from workers.blame import spare_the_others
from workers.calls import BEGIN_WITHIN_S, GOOD_FOR_S, Call, call_of
from workers.instants import Now, by_instant, latest
from workers.persons import Batch
from workers.planned import Planned
from workers.planning import give_up, keep_plans, plan_accounts, put_off


def claim_due(services: Services, keys: Sequence[AccountKey], queue: str, now: Now) -> list[Call]:
    """Claims those of the accounts whose reminder leaves now over this queue; plans the others again.

    An account with an event that is not folded yet is left alone: intake comes first. One that breaks the claim is
    tried alone and put off; the others go on. What has been claimed is returned, also if the rest must wait.
    """
    asked_at = time.monotonic()
    parts = spare_the_others(
        "claim.failed",
        keys,
        lambda some: _claim_all(services, some, queue, now, asked_at),
        lambda key, _error: put_off(services, key, now),
    )
    return [call for calls in parts for call in calls]


def _claim_all(services: Services, keys: Sequence[AccountKey], queue: str, now: Now, asked_at: float) -> list[Call]:
    """`asked_at` is the monotonic instant of `now`."""
    with services.engine.begin() as connection:
        rows = accounts.lock(connection, keys, due_by=latest(now))
        # Dealt with meanwhile, or not due by our clock: whoever gave them out may have one that is ahead.
        due.let_go(connection, set(keys).difference(row.key for row in rows))
        planned = plan_accounts(connection, services, rows, now, to_claim=True)
        rendered = [(one, call_of(services, one, queue)) for one in planned]
        # Asked last, because an event may be answered with 202 at any moment until this commits.
        looked_at = time.monotonic()
        waiting = unfolded.with_unfolded(connection, [row.key for row in rows])
        # Held by an event in quarantine: nothing comes to fold it and plan again, so that this plan is kept.
        waiting -= {one.row.key for one in planned if one.is_held}
        planned = [one for one in planned if one.row.key not in waiting]
        tried = [one_tried for one, one_tried in rendered if one.row.key not in waiting]
        calls, too_many = _one_each(zip(planned, tried, strict=True))
        claimed = {call.claim.account for call in calls}
        for at, behind in by_instant(now, too_many).items():
            accounts.wake(connection, behind, at)
        keep_plans(connection, [one for one in tried if isinstance(one, Planned)])
        if calls:
            _write(connection, [one for one in planned if one.row.key in claimed], calls)
            # Read under the lock: what is folded from here on makes another mark.
            marks = facts.marks(connection, [call.claim.account for call in calls])
            calls = [_timed(call, asked_at, looked_at, marks[call.claim.account]) for call in calls]
    return calls


def _timed(call: Call, asked_at: float, looked_at: float, mark: Mark) -> Call:
    """Until when it may begin: never when its window is over, however often is looked again.

    Work for a person has begun with the claim: its task is open.
    """
    if call.claim.is_open:
        return call
    closes_by = asked_at + call.message.validity_s
    last_by = min(looked_at + BEGIN_WITHIN_S, closes_by)
    return replace(
        call, begin_by=min(looked_at + GOOD_FOR_S, last_by), last_by=last_by, closes_by=closes_by, mark=mark
    )


def _one_each(found: Iterable[tuple[Planned, Call | Planned]]) -> tuple[list[Call], list[AccountKey]]:
    """The calls to make, and the accounts to plan again once these are made: they have people of a call before them.

    Of the accounts of one person, only as many leave as planning allows with those before them had.
    """
    batch, calls, too_many = Batch(), [], []
    for one, call in found:
        if not isinstance(call, Call):
            continue
        had = batch.had_by(one.row, one.account)
        if had and not _still_leaves(one, had):
            too_many.append(one.row.key)
            continue
        claim = call.claim
        is_call = claim.channel == Channel.PHONE
        batch.add(
            one.row,
            [
                Contacted(claim.claimed_at, address_key(to), claim.reminder, is_call)
                for to in (claim.recipient, *claim.cc)
            ],
        )
        calls.append(call)
    return calls, too_many


def _still_leaves(one: Planned, had: Sequence[Contacted]) -> bool:
    """Whether the account's reminder would leave now if its people had been contacted so."""
    account = replace(one.account, elsewhere=(*one.account.elsewhere, *had))
    reminder = plan(account, one.policy, one.now).reminder
    return reminder is not None and reminder.send_at <= one.now


def _write(connection: Connection, planned: Sequence[Planned], calls: Sequence[Call]) -> None:
    give_up(connection, planned)
    made = [call.claim for call in calls]
    claims.write(connection, made)
    # Work for a person has no lease that runs out: until it is recorded, its account stays as due as it was.
    accounts.quiet(connection, [claim.account for claim in made if not claim.is_open])
    tasks.open_tasks(
        connection,
        [_task(claim, call.message.rendered) for claim, call in zip(made, calls, strict=True) if claim.is_open],
    )
    journal.write(
        connection,
        [
            Entry(
                claim.seller,
                claim.claimed_at,
                "attempt.calling",
                {"channel": claim.channel, "step": claim.step, "number": claim.number, "policy": claim.policy},
                claim.account,
                claim.reminder,
                claim.attempt,
                task=claim.attempt if claim.is_open else None,
            )
            for claim in made
        ],
    )


def _task(claim: Claim, rendered: Rendered) -> tasks.NewTask:
    return tasks.NewTask(
        id=claim.attempt,
        seller=claim.seller,
        account=claim.account,
        kind=Channel(claim.channel).value,
        step=claim.step,
        units=tuple(member.unit_id for member in claim.members),
        opened_at=claim.claimed_at,
        reminder=claim.reminder,
        title=rendered.subject or "",
        body=rendered.text,
        cycle=max(member.cycle for member in claim.members),
        utc_offset_s=claim.utc_offset_s,
    )
