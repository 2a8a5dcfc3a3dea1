"""What the edge answers when it does not do what was asked: one JSON shape for every refusal, never a stack trace.

`{"error": "what is wrong and what would be right"}`; a crash has an opaque `id` that the log has too. A browser gets
a page in its reader's language instead, where people go; programs have paths of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from config.keys import LEAVE_PATH
from store.engine import Unavailable
from web.views import language_of, show
from web.words import labels

_PROGRAMS = ("/v1", "/callbacks", "/healthz", "/readyz", "/metrics")
"""Below these, nobody is a person, whatever he says that he reads."""
_REFUSED = 400
_KINDS = frozenset({400, 403, 404, 422, 429, 500, 503})
"""Statuses that have words of their own."""
RETRY_AFTER = {"Retry-After": "1"}
BEARER = {"WWW-Authenticate": "Bearer"}
"""Of each 401, a page's too: the scheme that is taken here. Source: RFC 9110, 11.6.1."""


class Refusal(Exception):  # noqa: N818 - it is an answer, not a fault
    """The request is answered with this status and this sentence."""

    def __init__(self, status: int, error: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.headers = dict(headers or {})


_AWAY = Refusal(503, "the database is away; nothing was taken in, try again", RETRY_AFTER)


def unauthorized(error: str) -> Refusal:
    """401 with the scheme that is taken here."""
    return Refusal(401, error, BEARER)


def busy() -> Refusal:
    """503 for a moment: nothing was taken in, and the same request will do in a second."""
    return Refusal(503, "busy; send the same request again in a second", RETRY_AFTER)


def too_fast(in_s: int = 1) -> Refusal:
    """429: this key sends more than its share; the same request will do in so many seconds."""
    told = f"too many requests with this key; send this one again in {in_s} s"
    return Refusal(429, told, {"Retry-After": str(in_s)})


def answer_refusals(app: FastAPI) -> None:
    """Lets the app answer everything that it refuses in the one shape."""
    app.add_exception_handler(HTTPException, _not_routed)
    for kind in (Refusal, *Unavailable):
        app.add_exception_handler(kind, _refused)


def answer_to(error: Exception) -> Response:
    """The answer to a refusal, or to a database that is away: nothing was committed then, the sender tries again."""
    refusal = error if isinstance(error, Refusal) else _AWAY
    return JSONResponse({"error": refusal.error}, refusal.status, refusal.headers)


def told(
    request: Request, status: int, content: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> Response:
    """The content as JSON, or to a browser the page of this status; a crash's with its `id`."""
    if status < _REFUSED or not _is_for_people(request):
        return JSONResponse(content, status, headers)
    answer = _page(request, status, content.get("id", ""))
    answer.headers.update(headers or {})
    return answer


def _page(request: Request, status: int, reference: str) -> Response:
    language = language_of(request)
    kind = f"refused_{status}" if status in _KINDS else "refused"
    title, text = (labels(language)[name] for name in (kind, f"{kind}_help"))
    values: dict[str, Any] = {"title": title, "help": text, "reference": reference}
    has_pages = not request.url.path.startswith(f"{LEAVE_PATH}/")  # who reads a mail has no key
    return show("refusal.html", language, status=status, has_pages=has_pages, **values)


def _is_for_people(request: Request) -> bool:
    path, wanted = request.url.path, request.headers.get("accept", "").lower()
    return "text/html" in wanted and not any(path == own or path.startswith(f"{own}/") for own in _PROGRAMS)


def _refused(request: Request, error: Exception) -> Response:
    refusal = error if isinstance(error, Refusal) else _AWAY
    return told(request, refusal.status, {"error": refusal.error}, refusal.headers)


def _not_routed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    return told(request, error.status_code, {"error": str(error.detail)}, error.headers)
