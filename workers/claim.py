"""The claiming transaction: lock, plan again, commit what is about to be called.

What goes out is what `plan` says now.
Called by `workers/deliver` for at most as many accounts as it will call at once. It never leaves the process.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from channels.kept import keep
from channels.port import Document, Message, Rendered
from channels.render import TemplateError
from config.keys import LEAVE_PATH, leave_token
from config.wiring import Services
from domain.addresses import address_key
from domain.contacted import Contacted
from domain.hours import offset_s
from domain.ids import AccountKey
from domain.levels import PERSON_CHANNELS, Channel
from domain.naming import attempt_id, reminder_id
from domain.plan import plan
from domain.planned import PlannedReminder
from domain.reasons import Code, Reason
from domain.routes import Route
from store import accounts, claims, facts, inbox, journal, tasks
from store.claims import Claim
from store.engine import Connection, Unavailable
from store.facts import Mark
from store.journal import Entry
from workers.instants import Now, by_instant, latest, now_of
from workers.letters import documents_of, render
from workers.nudges import queue_of
from workers.persons import Batch
from workers.planned import Planned
from workers.planning import PUT_OFF, give_up, keep_plans, plan_accounts

LEASE_S = 30.0
"""Longer than any call: connect 3 s + read 10 s."""

BEGIN_WITHIN_S = 5.0
"""How long after the last look at the inbox a call may begin. A worker that stood still, or heard of its commit late,
no longer knows whether the customer has paid meanwhile."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Call:
    """A claimed attempt with the message that is to leave. After `begin_by` (monotonic) it is too late.

    `mark` is what was known of its account, if it is looked at again before the call: documents of its batch are
    fetched first. `missed` are documents that it leaves without, and why. `planned` is what it was claimed by.
    """

    claim: Claim
    message: Message
    planned: Planned
    begin_by: float = math.inf
    mark: Mark | None = None
    missed: tuple[tuple[Document, str], ...] = ()


def claim_due(services: Services, keys: Sequence[AccountKey], queue: str, now: Now) -> list[Call]:
    """Claims those of the accounts whose reminder leaves now over this queue; plans the others again.

    An account with an event that is not folded yet is left alone: intake comes first. One that breaks the claim is
    tried alone and put off; the others go on.
    """
    try:
        return _claim_all(services, keys, queue, now)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - whatever one account breaks must not stop the others
        log.warning("claim.failed", accounts=list(keys), error=type(error).__name__)
        if len(keys) > 1:
            return _claim_one_by_one(services, keys, queue, now)
        with services.engine.begin() as connection:
            accounts.put_off(connection, keys, now_of(now, keys[0]) + PUT_OFF)
        return []


def _claim_one_by_one(services: Services, keys: Sequence[AccountKey], queue: str, now: Now) -> list[Call]:
    """What has been claimed must be called: where the database goes away half-way, the rest is left to later."""
    calls: list[Call] = []
    for key in keys:
        try:
            calls += claim_due(services, [key], queue, now)
        except Unavailable as error:
            log.warning("claim.cut_short", claimed=len(calls), error=type(error).__name__)
            break
    return calls


def _claim_all(services: Services, keys: Sequence[AccountKey], queue: str, now: Now) -> list[Call]:
    with services.engine.begin() as connection:
        rows = accounts.lock(connection, keys, due_by=latest(now))
        planned = plan_accounts(connection, services, rows, now, to_claim=True)
        rendered = [(one, _call(services, one, queue)) for one in planned]
        # Asked last, because an event may be answered with 202 at any moment until this commits.
        begin_by = time.monotonic() + BEGIN_WITHIN_S
        waiting = inbox.with_unfolded(connection, [row.key for row in rows])
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
            _write(connection, [one for one in planned if one.row.key in claimed], calls, now)
        marks = _marks(connection, services, calls)
    return [replace(call, begin_by=begin_by, mark=marks.get(call.claim.account)) for call in calls]


def _marks(connection: Connection, services: Services, calls: Sequence[Call]) -> Mapping[AccountKey, Mark]:
    """Read under the lock: what is folded from here on makes another mark. None where nothing is waited for."""
    if services.documents is None or not any(call.message.documents for call in calls):
        return {}
    return facts.marks(connection, [call.claim.account for call in calls])


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


def _call(services: Services, one: Planned, queue: str) -> Call | Planned:
    """The attempt to make for an account now, or what is planned instead."""
    reminder, now = one.plan.reminder, one.now
    if reminder is None or reminder.send_at > now or queue_of(reminder.routes[0].channel) != queue:
        return one
    route = reminder.routes[0]
    try:
        rendered = render(services, one.account, one.policy, reminder, route, now)
    except TemplateError as error:
        log.warning("render.failed", template=error.template, problem=error.problem, account=one.row.key)
        broken = Reason(Code.TEMPLATE_BROKEN, {"template": error.template, "problem": error.problem})
        waits = replace(
            one.plan, reminder=None, again_at=now + PUT_OFF, fed_at=None, reasons=(*one.plan.reasons, broken)
        )
        return replace(one, plan=waits)
    claim = _claim(services, one, reminder, route, rendered, now)
    return Call(claim, _message(services, claim, rendered, route, reminder, one, now), one)


def _claim(
    services: Services, one: Planned, reminder: PlannedReminder, route: Route, rendered: Rendered, now: datetime
) -> Claim:
    running = next((past for past in one.account.history if past.id == reminder.continues), None)
    name = (
        running.id if running else reminder_id(one.row.seller, one.row.customer_id, reminder.members[0], one.earlier)
    )
    number = running.attempts + 1 if running else 1
    units = {unit.id: unit for unit in one.account.units}
    invoices = [state.invoice.id for member in reminder.members for state in units[member.unit_id].states]
    return Claim(
        reminder=name,
        attempt=attempt_id(name, number),
        seller=one.row.seller,
        account=one.row.key,
        is_new=running is None,
        claimed_at=now,
        step=reminder.step.id,
        level=reminder.level,
        tone=reminder.tone,
        channel=route.channel.value,
        policy=reminder.policy,
        members=reminder.members,
        invoice_ids=tuple(dict.fromkeys(invoices)),
        number=number,
        provider=services.channels[route.channel].provider,
        contact=route.contact_id,
        recipient=route.to,
        cc=route.cc,
        utc_offset_s=offset_s(one.account.place, now),
        lease_s=LEASE_S,
        is_open=route.channel in PERSON_CHANNELS,
        template=rendered.template,
        segments=rendered.segments,
        message=keep(rendered, _documents(one, reminder, route) if services.documents else ()),
    )


def _message(
    services: Services,
    claim: Claim,
    rendered: Rendered,
    route: Route,
    reminder: PlannedReminder,
    one: Planned,
    now: datetime,
) -> Message:
    return Message(
        attempt_id=claim.attempt,
        channel=route.channel,
        to=route.to,
        rendered=rendered,
        cc=route.cc,
        to_name=route.to_name,
        from_name=rendered.from_name or one.account.seller.name,
        reply_to=rendered.reply_to,
        validity_s=int(services.clock.wall_seconds(reminder.closes - now)),
        documents=_documents(one, reminder, route),
        unsubscribe_url=_unsubscribe_url(services, claim, route),
    )


def _documents(one: Planned, reminder: PlannedReminder, route: Route) -> tuple[Document, ...]:
    """Only a mail can carry them."""
    return documents_of(one.account, reminder) if route.channel is Channel.EMAIL else ()


def _unsubscribe_url(services: Services, claim: Claim, route: Route) -> str | None:
    """Where one click puts the reader's address out of use. None with copies: they could put out of use another's."""
    settings = services.settings
    if route.channel is not Channel.EMAIL or route.cc or settings.secret_key is None:
        return None
    token = leave_token(settings.secret_key.get_secret_value(), claim.seller, route.to)
    return f"{settings.public_url.rstrip('/')}{LEAVE_PATH}/{token}"


def _write(connection: Connection, planned: Sequence[Planned], calls: Sequence[Call], now: Now) -> None:
    give_up(connection, planned)
    made = [call.claim for call in calls]
    claims.write(connection, made)
    accounts.quiet(connection, [claim.account for claim in made if not claim.is_open])
    for at, keys in by_instant(now, [claim.account for claim in made if claim.is_open]).items():
        accounts.wake(connection, keys, at)
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
