"""HTTP answers as values, and how a vendor words its failures; used by both vendors and by `exchange`."""

from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from simulators.faults import Fault


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as a value; `outcome` is its name in the log of requests."""

    status: int
    outcome: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vendor:
    """How a vendor words its failures."""

    name: str
    too_many: Callable[[Fault], Answer]
    server_error: Callable[[Fault], Answer]
    refused: Callable[[Fault], Answer]
    garbage: Answer


def respond(answer: Answer) -> web.Response:
    """Return the answer as the web framework wants it."""
    return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
