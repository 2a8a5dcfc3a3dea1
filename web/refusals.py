"""What the edge answers when it does not do what was asked: one JSON shape for every refusal, never a stack trace.

`{"error": "what is wrong and what would be right"}`; a crash has an opaque `id` that the log has too.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from store.engine import Unavailable

RETRY_AFTER = {"Retry-After": "1"}


class Refusal(Exception):  # noqa: N818 - it is an answer, not a fault
    """The request is answered with this status and this sentence."""

    def __init__(self, status: int, error: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.headers = dict(headers or {})


def unauthorized(error: str) -> Refusal:
    """401 with the scheme that is taken here."""
    return Refusal(401, error, {"WWW-Authenticate": "Bearer"})


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
    if isinstance(error, Refusal):
        return JSONResponse({"error": error.error}, error.status, error.headers)
    return JSONResponse({"error": "the database is away; nothing was taken in, try again"}, 503, RETRY_AFTER)


def _refused(_request: Request, error: Exception) -> Response:
    return answer_to(error)


def _not_routed(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    return JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)
