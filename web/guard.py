"""Stands around the whole app: headers that keep browsers careful, and the last word on whatever crashes.

A crash is answered with 500 and an opaque id, and logged with the same id and where it happened. Neither the answer
nor the log holds what the exception says, because that may quote an address. Requests are not logged by their
addresses either: a token may stand in one.
"""

from __future__ import annotations

import secrets
import time

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.refusals import told

log = structlog.get_logger()

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""No script runs on any page; style attributes are allowed, because the mails that are shown have them."""
_RAW = tuple((name.lower().encode(), value.encode()) for name, value in HEADERS.items())
_NAMES = frozenset(name for name, _ in _RAW)

_FAULT = 500


class Guard:
    """ASGI middleware: around the callbacks, and the outermost of ours around FastAPI's way."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is no HTTP request, such as the app's start and stop."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.monotonic(), 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*(one for one in message["headers"] if one[0] not in _NAMES), *_RAW]
            await send(message)

        try:
            app = _refuse_zero if _holds_zero(scope) else self._app
            await app(scope, receive, send_guarded)
        except Exception as error:  # noqa: BLE001 - the edge has nobody above it who could answer
            reference = _log_crash(scope, error)
            if not status:
                content = {"error": "something broke here, which is not your fault; try again", "id": reference}
                answer = told(Request(scope), _FAULT, content)
                await answer(scope, receive, send_guarded)
        _log_answer(scope, status, time.monotonic() - started)


def _holds_zero(scope: Scope) -> bool:
    """U+0000 in an address: the database refuses it in any text, even in a question."""
    return b"%00" in scope["raw_path"] or b"%00" in scope["query_string"]


async def _refuse_zero(scope: Scope, receive: Receive, send: Send) -> None:
    answer = told(Request(scope), 400, {"error": "the address holds U+0000, which nothing here is called"})
    await answer(scope, receive, send)


def _log_crash(scope: Scope, error: Exception) -> str:
    reference = secrets.token_hex(8)
    log.error("http.crashed", id=reference, route=_route(scope), exc_info=error)
    return reference


def _log_answer(scope: Scope, status: int, seconds: float) -> None:
    write = log.warning if status >= _FAULT else log.debug
    write("http.answered", method=scope["method"], route=_route(scope), status=status, ms=round(seconds * 1000, 1))


def _route(scope: Scope) -> str:
    """The route's pattern, never the address as it came."""
    return str(getattr(scope.get("route"), "path", "unknown"))
