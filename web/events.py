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
from web.auth import refuse_strangers, seller_of
from web.envelopes import Envelope, Media, media_of, open_envelope
from web.limits import read_body
from web.parts import PartsHere
from workers.receive import Rejected, Reply, receive

router = APIRouter()


@router.post("/v1/events")
async def post_events(request: Request, parts: PartsHere) -> Response:
    """Takes in one event or a batch, however it travels (see `web/envelopes`)."""
    media = media_of(request.headers)
    refuse_strangers(request.headers, media)
    with parts.door.enter():
        raw = await read_body(request)
        key_id = request.query_params.get("key")
        envelope, reply = await parts.door.work(_take_in, parts.services, media, request.headers, raw, key_id)
    parts.nudger.tell("event.intake", "intake", reply.inbox_ids)
    return _answer(envelope, reply)


def _take_in(
    services: Services, media: Media, headers: Headers, raw: bytes, key_id: str | None
) -> tuple[Envelope, Reply]:
    with services.engine.connect() as connection:
        seller = seller_of(connection, services, headers, raw, key_id)
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
