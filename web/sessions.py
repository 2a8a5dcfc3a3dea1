"""Who may see the pages: whoever showed an API key once, or came by a signed link. Each sees its own seller only.

    /login?token=…  (printed by `up` and `demo`)  ─▶ cookie ─▶ pages
    POST /login     (the key, in a form)          ─▶ cookie ─▶ pages

The cookie is signed with RELANCE_SECRET_KEY and holds the key's id, never the key; a revoked key opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from config.keys import LOGIN, SESSION, read_token, sign_token
from config.wiring import Services
from domain.ids import SellerId
from store import sellers
from store.sellers import ActiveKey
from web.limits import MOST_FORM_BYTES, Place
from web.parts import Parts, PartsHere
from web.refusals import BEARER, Refusal
from web.views import Language, show
from web.words import LANGUAGES

router = APIRouter()

COOKIE = "relance_session"
LASTS = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at a page, and for which seller."""

    key_id: str
    seller: SellerId


def visitor_of(request: Request, parts: PartsHere) -> Visitor:
    """The visitor by the cookie; strangers are sent to the login page."""
    secret = _secret(parts.services)
    found = None
    if secret is not None:
        key_id = read_token(secret, SESSION, request.cookies.get(COOKIE, ""), parts.services.clock.wall())
        found = None if key_id is None else _active(parts.services, key_id)
    if found is None:
        raise Refusal(303, "log in first", {"Location": _in_same_language("/login", request)})
    return Visitor(found.id, found.seller)


VisitorHere = Annotated[Visitor, Depends(visitor_of)]


@router.get("/login")
def get_login(request: Request, parts: PartsHere, language: Language, token: str | None = None) -> Response:
    """The form, or, by a link that is still valid, straight in."""
    secret = _secret(parts.services)
    if secret is None:
        return show("login.html", language, status=503, problem="closed")
    if token is None:
        return show("login.html", language)
    key_id = read_token(secret, LOGIN, token, parts.services.clock.wall())
    found = None if key_id is None else _active(parts.services, key_id)
    if found is None:
        return _not_let_in(language, "old_link")
    return _let_in(request, parts, found, secret)


@router.post("/login")
async def post_login(request: Request, parts: PartsHere, language: Language) -> Response:
    """A key from the form; only from our own page, so that nobody is logged in as somebody else."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Refusal(403, "log in from the login page")
    with parts.door.unproven.enter(Place(request, MOST_FORM_BYTES)) as place:
        raw = await place.read()
        key = parse_qs(raw.decode("ascii", "replace"), max_num_fields=10).get("key", [""])[0].strip()
        found = await parts.door.ask(_key_of, parts.services, key)
    secret = _secret(parts.services)
    if found is None or secret is None:
        return _not_let_in(language, "wrong_key")
    return _let_in(request, parts, found, secret)


@router.post("/logout")
async def post_logout(request: Request) -> Response:
    """Forgets the visitor."""
    answer = RedirectResponse(_in_same_language("/login", request), 303)
    answer.delete_cookie(COOKIE)
    return answer


def _not_let_in(language: str, problem: str) -> Response:
    answer = show("login.html", language, status=401, problem=problem)
    answer.headers.update(BEARER)
    return answer


def _let_in(request: Request, parts: Parts, key: ActiveKey, secret: str) -> Response:
    expires = parts.services.clock.wall() + LASTS
    answer = RedirectResponse(_in_same_language("/", request), 303)
    answer.set_cookie(
        COOKIE,
        sign_token(secret, SESSION, key.id, expires),
        max_age=int(LASTS.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=parts.services.settings.public_url.startswith("https://"),
    )
    return answer


def _in_same_language(path: str, request: Request) -> str:
    """The path, with the language that was asked for; without one, the browser says again which it prefers."""
    asked = request.query_params.get("lang", "")
    return f"{path}?lang={asked}" if asked in LANGUAGES else path


def _secret(services: Services) -> str | None:
    secret = services.settings.secret_key
    return None if secret is None else secret.get_secret_value()


def _active(services: Services, key_id: str) -> ActiveKey | None:
    with services.engine.connect() as connection:
        return next(iter(sellers.active_keys(connection, 1, key_id)), None)


def _key_of(services: Services, key: str) -> ActiveKey | None:
    with services.engine.connect() as connection:
        return sellers.key_of(connection, key)
