"""The web app: the routers put together around the parts of one process.

    Guard ─▶ events      POST /v1/events
             callbacks   POST /callbacks/…
             health      GET  /healthz, /readyz
             metrics     GET  /metrics
             leaving     GET, POST /u/{token}
             sessions    GET, POST /login, POST /logout
             pages       GET  /, /customers, /customers/{id}, /reminders/{id}
             letters     GET  /tasks/{id}.pdf

Called by `web/server` and by tests. `uvicorn --factory web.app:from_environment` runs it too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from config.publishing import prepare
from config.wiring import Services, build
from web import callbacks, events, health, leaving, letters, metrics, pages, sessions
from web.guard import Guard
from web.keeper import Keeper
from web.limits import Door
from web.nudger import GATHER_RECEIPTS_S, Nudger, Publish
from web.parts import Parts
from web.refusals import answer_refusals
from workers.app import publish


def create_app(services: Services, publish: Publish = publish) -> FastAPI:
    """The app on these services, which stay the caller's to close. `publish` sends nudges to the broker."""
    nudger, settling = Nudger(publish), Nudger(publish, GATHER_RECEIPTS_S)

    @asynccontextmanager
    async def live(_app: FastAPI) -> AsyncIterator[None]:
        nudger.start()
        settling.start()
        yield
        nudger.close()
        settling.close()

    app = FastAPI(title="Relance", lifespan=live, docs_url=None, redoc_url=None, openapi_url=None)
    door = Door()
    keeper = Keeper(services, door, lambda ids: settling.tell("receipt.settle", "settle", ids))
    app.state.parts = Parts(services, nudger, door, keeper)
    app.add_middleware(Guard)
    answer_refusals(app)
    app.router.routes.extend(callbacks.routes)
    for part in (events, health, metrics, leaving, sessions, pages, letters):
        app.include_router(part.router)
    return app


def from_environment() -> FastAPI:
    """The app on services built from RELANCE_* settings, with the default seller and the policies stored."""
    services = build()
    prepare(services)
    return create_app(services)
