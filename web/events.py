"""`POST /v1/events`: events in. When it says 202, they are committed, and nothing but PostgreSQL was needed for it.

A single event that is refused is answered with 409 or 422 and the field's name; a batch with 202 and the list of
those that were refused. Both are kept in quarantine.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import Headers

from config.wiring import Services
from domain.ids import SellerId
from web.auth import candidates_of, key_shown, owner_of, signer_of
from web.envelopes import Envelope, Media, media_of, open_envelope
from web.limits import Place
from web.parts import Parts, PartsHere
from workers.receive import Rejected, Reply, receive

router = APIRouter()


@router.post("/v1/events")
async def post_events(request: Request, parts: PartsHere) -> Response:
    """Takes in one event or a batch, however it travels (see `web/envelopes`)."""
    media = media_of(request.headers)
    shown = key_shown(request.headers, media)
    envelope, reply = await (
        _signed(request, parts, media) if shown is None else _shown(request, parts, media, shown)
    )
    parts.nudger.tell("event.intake", "intake", reply.inbox_ids)
    return _answer(envelope, reply)


async def _shown(request: Request, parts: Parts, media: Media, shown: str) -> tuple[Envelope, Reply]:
    """Whose the key is, is known before a byte of the body is waited for."""
    key = await parts.door.ask(owner_of, parts.services, shown)
    parts.door.count(key.id)
    with parts.door.enter(key.id, request) as place:
        raw = await place.read()
        return await parts.door.work(raw, _take_in, parts.services, key.seller, media, request.headers, raw)


async def _signed(request: Request, parts: Parts, media: Media) -> tuple[Envelope, Reply]:
    """A signature is over the body: until that is read, it is nobody's. Checking it keeps no key waiting."""
    with parts.door.unproven.enter(Place(request)) as place:
        raw = await place.read()
        key_id = request.query_params.get("key")
        candidates = await parts.door.ask(candidates_of, parts.services, key_id)
        key = await parts.door.work(raw, signer_of, parts.services, candidates, request.headers, raw)
        parts.door.count(key.id)
        return await parts.door.work(raw, _take_in, parts.services, key.seller, media, request.headers, raw)


def _take_in(
    services: Services, seller: SellerId, media: Media, headers: Headers, raw: bytes
) -> tuple[Envelope, Reply]:
    envelope = open_envelope(media, headers, raw)
    return envelope, receive(services, seller, envelope.events, services.clock.now())


def _answer(envelope: Envelope, reply: Reply) -> Response:
    content = reply.as_dict()
    if envelope.is_batch or not reply.rejected:
        return JSONResponse(content, 202)
    (refused,) = reply.rejected
    return JSONResponse(_named(refused) | content, 409 if refused.is_conflict else 422)


def _named(refused: Rejected) -> dict[str, Any]:
    return {"error": refused.error, "field": refused.field, "id": refused.id}
