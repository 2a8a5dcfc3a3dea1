"""The call that an account's plan asks for now: its words, its claim, its message. Made by `workers/claim`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from channels.kept import keep
from channels.port import Document, Message, Rendered
from channels.render import TemplateError
from config.keys import LEAVE_PATH, leave_token
from config.wiring import Services
from domain.hours import offset_s
from domain.levels import PERSON_CHANNELS, Channel
from domain.naming import attempt_id, reminder_id
from domain.planned import PlannedReminder
from domain.reasons import Code, Reason
from domain.routes import Route
from store.claims import Claim
from store.facts import Mark
from workers.letters import documents_of, render
from workers.nudges import queue_of
from workers.planned import Planned
from workers.planning import PUT_OFF

LEASE_S = 30.0
"""Longer than any call: connect 3 s + read 10 s."""
GOOD_FOR_S = 1.0
"""How long after a look at the inbox a call may begin. A worker that stood still, or heard of its commit late, no
longer knows whether the customer has paid meanwhile."""
BEGIN_WITHIN_S = 10.0
"""How long after its claim a call may begin, however often is looked again. Then its lease lasts for recording it."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Call:
    """A claimed attempt with the message that is to leave. After `begin_by` (monotonic) it is too late.

    Another look moves `begin_by` on, until `last_by`. At `closes_by` (monotonic) its window is over. `mark` is what
    the claim knew of the account; None where nobody looks again, because the claim itself was the contact. `missed`
    are documents that it leaves without, and why. `planned` is what it was claimed by.
    """

    claim: Claim
    message: Message
    planned: Planned
    begin_by: float = math.inf
    last_by: float = math.inf
    closes_by: float = math.inf
    mark: Mark | None = None
    missed: tuple[tuple[Document, str], ...] = ()


def call_of(services: Services, one: Planned, queue: str) -> Call | Planned:
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
        validity_s=services.clock.wall_seconds(reminder.closes - now),
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
