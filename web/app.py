"""The web app: the routers put together around the parts of one process.

    Guard ─▶ callbacks   POST /callbacks/…
    Guard ─▶ events      POST /v1/events
             health      GET  /healthz, /readyz
             metrics     GET  /metrics
             leaving     GET, POST /u/{token}
             sessions    GET, POST /login, POST /logout
             pages       GET  /, /customers, /customers/{id}, /reminders/{id}
             tasks       GET  /tasks
             letters     GET  /tasks/{id}.pdf

Called by `cli/parts` and by tests.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from config.wiring import Services
from web import events, health, leaving, letters, metrics, pages, sessions, tasks
from web.callbacks import WAYS, Callbacks
from web.guard import Guard
from web.keeper import Keeper
from web.limits import Door
from web.nudger import GATHER_RECEIPTS_S, Nudger, Publish
from web.parts import Parts
from web.refusals import answer_refusals
from workers.app import publish


class Edge:
    """Parts what providers post, which come three to a message, from everything else, which goes FastAPI's way."""

    def __init__(self, callbacks: ASGIApp, app: FastAPI) -> None:
        self._callbacks = callbacks
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """By the whole path."""
        app = self._callbacks if scope["type"] == "http" and scope["path"] in WAYS else self.app
        await app(scope, receive, send)


def create_app(services: Services, publish: Publish = publish) -> Edge:
    """The app on these services, which stay the caller's to close. `publish` sends nudges to the broker."""
    nudger, settling = Nudger(publish), Nudger(publish, GATHER_RECEIPTS_S)

    @asynccontextmanager
    async def live(_app: FastAPI) -> AsyncIterator[None]:
        nudger.start()
        settling.start()
        yield
        nudger.close()
        settling.close()

    app = FastAPI(
        title="Relance", lifespan=live, redirect_slashes=False, docs_url=None, redoc_url=None, openapi_url=None
    )
    door = Door()
    keeper = Keeper(services, door, lambda ids: settling.tell("receipt.settle", "settle", ids))
    app.state.parts = parts = Parts(services, nudger, door, keeper)
    app.add_middleware(Guard)
    answer_refusals(app)
    for part in (events, health, metrics, leaving, sessions, pages, tasks, letters):
        app.include_router(part.router)
    return Edge(Guard(Callbacks(parts)), app)
