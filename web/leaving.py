"""Where a reader of a mail puts his address out of use, with one click in his mail program or on this page.

    GET  /u/{token}    asks; it changes nothing, because programs that look for viruses follow links
    POST /u/{token}    obeys, before it answers: every claim that begins later reads it

The token names the seller and the address to us alone. It needs no login and does not expire: a mail may be old.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from config.keys import LEAVE_PATH, read_leave_token
from config.wiring import Services
from domain.ids import SellerId
from domain.levels import Channel
from domain.outcomes import OutcomeClass
from store import sellers
from web.limits import MOST_FORM_BYTES, Place
from web.parts import Parts, PartsHere
from web.views import Language, show
from workers.put_out_of_use import put_out_of_use

router = APIRouter()

_NOT_FOUND = 404


@router.api_route(f"{LEAVE_PATH}/{{token}}", methods=["GET", "HEAD"])
async def get_leave(token: str, request: Request, parts: PartsHere, language: Language) -> Response:
    """A page with one button."""
    with parts.door.unproven.enter(Place(request, MOST_FORM_BYTES)):
        return await parts.door.ask(_ask, parts, token, language)


@router.post(f"{LEAVE_PATH}/{{token}}")
async def post_leave(token: str, request: Request, parts: PartsHere, language: Language) -> Response:
    """No more mails to the address from this seller, whatever the body says. Source: RFC 8058 3.2."""
    with parts.door.unproven.enter(Place(request, MOST_FORM_BYTES)) as place:
        return await parts.door.work(await place.read(), _obey, parts, token, language)


def _ask(parts: Parts, token: str, language: str) -> Response:
    found = _read(parts.services, token)
    return _page(parts.services, None if found is None else found[0], language, is_done=False)


def _obey(parts: Parts, token: str, language: str) -> Response:
    services = parts.services
    found = _read(services, token)
    page = _page(services, None if found is None else found[0], language, is_done=True)  # what may fail comes first
    if found is not None:
        seller, address = found
        why, now = OutcomeClass.OPT_OUT.value, services.clock.now()
        put_out_of_use(services, seller, Channel.EMAIL, address, why, now, by_reader=True)
    return page


def _read(services: Services, token: str) -> tuple[SellerId, str] | None:
    secret = services.settings.secret_key
    found = None if secret is None else read_leave_token(secret.get_secret_value(), token)
    return None if found is None else (SellerId(found[0]), found[1])


def _page(services: Services, seller: SellerId | None, language: str, *, is_done: bool) -> Response:
    if seller is None:
        return show("leave.html", language, status=_NOT_FOUND, problem="leave_unknown", seller="", is_done=False)
    return show("leave.html", language, seller=_name_of(services, seller), is_done=is_done)


def _name_of(services: Services, seller: SellerId) -> str:
    """The name that its mails bear."""
    with services.engine.connect() as connection:
        known = sellers.load(connection, [seller])
    own = known[seller].seller.name if seller in known else seller
    return services.renderer.look_of(seller).brand.name or own
