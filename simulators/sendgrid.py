"""SendGrid's `POST /v3/mail/send` over HTTP, and the events that follow.

Routed by `server`. Rules and words are in `sendgrid_rules`, the webhook in `events`. One message is recorded
per recipient, so that cc and bcc count as received too.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from aiohttp import web

from simulators.answers import Answer, respond
from simulators.exchange import Accepted, Sending, exchange
from simulators.faults import Behaviour, CallbackPlan, Fault, FaultKind
from simulators.inbox import Message
from simulators.sendgrid_rules import VENDOR, MailError, check, error, events_of, recipients
from simulators.world import World

_DROPPED = Fault(FaultKind.UNDELIVERED, outcome="dropped")
_ARRIVES = frozenset({"deferred"})


@dataclass(frozen=True, slots=True)
class _Delivery:
    """One recipient's message, what happens to it, and how its events come."""

    message: Message
    events: list[dict[str, str]]
    plan: CallbackPlan


class SendGrid:
    """The account of this run."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._authorization = f"Bearer {world.options.sendgrid_api_key}"

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this vendor."""
        return [web.post("/v3/mail/send", self.send)]

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Send a mail."""
        if request.headers.get("Authorization") != self._authorization:
            return self._refuse(error(401, "The provided authorization grant is invalid, expired, or revoked"))
        limit = self._world.options.max_mail_bytes
        if (request.content_length or 0) > limit or len(body := await request.read()) > limit:
            return self._refuse(error(413, "The request body is too large."))
        try:
            mail = json.loads(body)
        except ValueError:
            return self._refuse(error(400, "Bad Request: the body is not JSON"))
        sending = Sending(_first_recipient(mail), "email", partial(self._accept, mail))
        return await exchange(self._world, request, VENDOR, sending)

    def _refuse(self, answer: Answer) -> web.Response:
        self._world.note(VENDOR.name, "send", "", answer.outcome)
        return respond(answer)

    def _accept(self, data: object, behaviour: Behaviour) -> Accepted | Answer:
        try:
            mail = check(data)
        except MailError as wrong:
            return error(400, wrong.message, wrong.field)
        mail_id = self._world.next_id()[-22:]
        deliveries = [self._deliver(message, behaviour) for message in _read(mail, mail_id)]
        answer = Answer(202, "accepted", headers={"X-Message-Id": mail_id})
        return Accepted(answer, partial(self._send_events, deliveries))

    def _deliver(self, message: Message, behaviour: Behaviour) -> _Delivery:
        fault = behaviour.fault
        if message.role != "to":
            behaviour = self._world.switches.pick(message.to, message.channel)
            fault = behaviour.fault
        if message.to.lower() in self._world.suppressed:
            fault = _DROPPED
        elif fault is not None and fault.kind is not FaultKind.UNDELIVERED:
            fault = None
        message.refused = fault is not None and fault.outcome not in _ARRIVES
        self._world.inbox.accept(message)
        return _Delivery(message, events_of(fault), behaviour.callbacks)

    async def _send_events(self, deliveries: list[_Delivery]) -> None:
        await asyncio.gather(*(self._send_one(delivery) for delivery in deliveries))

    async def _send_one(self, delivery: _Delivery) -> None:
        message, plan = delivery.message, delivery.plan
        whole = [self._complete(message, event) for event in delivery.events]
        taken = []
        for event in self._world.arrange(whole, plan):
            await self._world.wait_before_receipt(plan)
            message.status = event["event"]
            taken.append(self._world.events.put(event, plan.signature))
        message.status = whole[-1]["event"]
        if whole[-1].get("type") == "bounce":  # SendGrid drops what is sent to a bounced address later
            self._world.suppressed.add(message.to.lower())
        await asyncio.gather(*taken)

    def _complete(self, message: Message, event: dict[str, str]) -> dict[str, Any]:
        return {
            **message.custom_args,
            "email": message.to,
            "timestamp": int(time.time()),
            "smtp-id": f"<{message.id}@geopod-ismtpd-1>",
            "sg_event_id": self._world.next_id()[-22:],
            "sg_message_id": f"{message.id}.recvd-1-1-{message.sequence}.0",
            **event,
        }


def _first_recipient(mail: Any) -> str:
    try:
        return str(mail["personalizations"][0]["to"][0]["email"])
    except (LookupError, TypeError):
        return ""  # refused later, with the field's name


def _read(mail: dict[str, Any], mail_id: str) -> Iterator[Message]:
    parts = {part["type"]: part["value"] for part in mail.get("content") or []}
    for one in mail["personalizations"]:
        for role, address in recipients(one):
            yield Message(
                id=mail_id,
                provider=VENDOR.name,
                channel="email",
                to=address,
                from_=mail["from"]["email"],
                accepted_at=datetime.now(UTC),
                role=role,
                subject=one.get("subject") or mail.get("subject"),
                text=parts.get("text/plain"),
                html=parts.get("text/html"),
                custom_args={**(mail.get("custom_args") or {}), **(one.get("custom_args") or {})},
                headers={**(mail.get("headers") or {}), **(one.get("headers") or {})},
                attachments=[str(file.get("filename")) for file in mail.get("attachments") or []],
            )
