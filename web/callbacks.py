"""What providers post: delivery reports and customers' replies. Checked on the raw body, stored, settled later.

The signature is compared with the public address (RELANCE_PUBLIC_URL), not with the one that a proxy shows us.
Unsigned, forged, or from a provider that is not set up: 403, and nothing is kept. Three come to a message, and their
way is short: not through FastAPI, of whose ways they need none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from channels.answers import CallbackError
from channels.sendgrid import callbacks as sendgrid
from channels.twilio import callbacks as twilio
from config.wiring import Services
from domain.ids import SellerId
from domain.outcomes import Receipt
from store import quarantine
from store.engine import Unavailable
from store.quarantine import Quarantined
from web.limits import MOST_FORM_BYTES, Place
from web.parts import Parts
from web.refusals import Refusal, answer_to
from workers.hear import hear

NOBODY = SellerId("")
"""Whose a callback is, before its attempt is known."""


async def post_twilio_status(parts: Parts, request: Request) -> Response:
    """A message's new status. Our attempt's id is in the address that Twilio was given."""
    with parts.door.unproven.enter(Place(request, MOST_FORM_BYTES)) as place:
        raw = await place.read()
        _check_twilio(request, parts.services, raw)
        return await _keep_status(parts, raw, request.query_params.get("attempt"))


async def post_twilio_inbound(parts: Parts, request: Request) -> Response:
    """A customer's reply. The empty answer tells Twilio to send nothing back."""
    with parts.door.unproven.enter(Place(request, MOST_FORM_BYTES)) as place:
        raw = await place.read()
        _check_twilio(request, parts.services, raw)
        return await parts.door.work(raw, _keep_reply, parts, raw)


async def post_sendgrid(parts: Parts, request: Request) -> Response:
    """A post of the event webhook: many events at once, each of which counts by itself."""
    with parts.door.unproven.enter(Place(request)) as place:
        raw = await place.read()
        _check_sendgrid(request, parts.services, raw)
        return await _keep_events(parts, raw)


def _check_twilio(request: Request, services: Services, raw: bytes) -> None:
    path = request.scope["raw_path"].decode("latin-1")
    url = twilio.callback_url(services.settings.public_url, path, request.scope["query_string"].decode("latin-1"))
    signature, content_type = request.headers.get("x-twilio-signature"), request.headers.get("content-type")
    if services.twilio is None or not twilio.is_signed(services.twilio.auth_token, url, raw, signature, content_type):
        raise _not_theirs("Twilio")


def _check_sendgrid(request: Request, services: Services, raw: bytes) -> None:
    signature = request.headers.get("x-twilio-email-event-webhook-signature")
    timestamp = request.headers.get("x-twilio-email-event-webhook-timestamp")
    key = None if services.sendgrid is None else services.sendgrid.webhook_key
    if not sendgrid.is_signed(key, raw, signature, timestamp, services.clock.wall().timestamp()):
        raise _not_theirs("SendGrid")


def _not_theirs(provider: str) -> Refusal:
    return Refusal(403, f"not signed by {provider} for this address, or {provider} is not set up here")


async def _keep_status(parts: Parts, raw: bytes, attempt: str | None) -> Response:
    try:
        receipt = twilio.read_receipt(twilio.read_form(raw), attempt)
    except CallbackError as error:
        return await parts.door.work(raw, _set_aside, parts.services, "twilio", raw, error)
    return await _keep(parts, "twilio", [(receipt, raw)])


async def _keep_events(parts: Parts, raw: bytes) -> Response:
    try:
        found = await parts.door.work(raw, sendgrid.read_events, raw)
    except CallbackError as error:
        return await parts.door.work(raw, _set_aside, parts.services, "sendgrid", raw, error)
    return await _keep(parts, "sendgrid", found)


def _keep_reply(parts: Parts, raw: bytes) -> Response:
    try:
        inbound = twilio.read_inbound(twilio.read_form(raw))
    except CallbackError as error:
        return _set_aside(parts.services, "twilio", raw, error)
    inbox_ids = hear(parts.services, inbound, raw, parts.services.clock.now())
    parts.nudger.tell("event.intake", "intake", inbox_ids)
    return Response('<?xml version="1.0" encoding="UTF-8"?><Response/>', media_type="text/xml")


async def _keep(parts: Parts, provider: str, found: list[tuple[Receipt, bytes]]) -> Response:
    """Stores what is new and has it settled. The answer follows the commit: without one, the provider tries again."""
    await parts.keeper.keep(provider, found)
    return Response(status_code=204)


def _set_aside(services: Services, provider: str, raw: bytes, error: CallbackError) -> Response:
    """A signed callback that is not as documented: the vendor has changed something, and a person has to look."""
    item = Quarantined(NOBODY, "callback", provider, str(error), raw, services.clock.now())
    with services.engine.begin() as connection:
        quarantine.set_aside(connection, [item])
    return JSONResponse({"error": str(error)}, 400)


@dataclass(frozen=True, slots=True)
class Way:
    """Where a provider posts, and what answers it."""

    path: str
    post: Callable[[Parts, Request], Awaitable[Response]]


_WAYS = (
    Way(twilio.STATUS_PATH, post_twilio_status),
    Way(twilio.INBOUND_PATH, post_twilio_inbound),
    Way("/callbacks/sendgrid", post_sendgrid),
)
WAYS = {way.path: way for way in _WAYS}


class Callbacks:
    """ASGI app of the ways, and of nothing else; it reads no more of a request than a callback needs."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers what is posted, and what is refused as the rest of the app does."""
        scope["route"] = way = WAYS[scope["path"]]
        post = way.post if scope["method"] == "POST" else _refuse_method
        try:
            answer = await post(self._parts, Request(scope, receive))
        except (Refusal, *Unavailable) as error:
            answer = answer_to(error)
        await answer(scope, receive, send)


async def _refuse_method(_parts: Parts, _request: Request) -> Response:
    raise Refusal(405, "Method Not Allowed", {"Allow": "POST"})
