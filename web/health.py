"""Whether this process lives (`/healthz`), and whether it can do its work (`/readyz`).

Only the database makes it unready. Without the broker, events are still taken in and the sweep moves them on.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from channels.lines import LineView
from config.wiring import Services
from domain.levels import PERSON_CHANNELS, Channel
from store import figures
from store.engine import Unavailable
from store.figures import Waiting
from store.migrate import is_current
from web.parts import Parts, PartsHere
from workers.broker import is_reachable

router = APIRouter()

BROKER_WITHIN_S = 1.0
IN_TROUBLE = frozenset({"open", "half_open", "paused"})
WORTH_TELLING_S = 1.0
"""A line that is used as fast as it may be waits for some tenths of a second all the time."""


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def get_healthz() -> Response:
    """200 as long as the process answers."""
    return JSONResponse({"status": "ok"})


@router.api_route("/readyz", methods=["GET", "HEAD"])
async def get_readyz(parts: PartsHere) -> Response:
    """200 with `ok` or `degraded`, 503 with `down` if the database is away or its schema is not the newest.

    A provider whose breaker is open, or who asked to be left alone, makes it degraded. What waits for a person is
    counted, and changes nothing: no restart would help.
    """
    return await parts.door.look("readyz", _readiness, parts)


def _readiness(parts: Parts) -> Response:
    database, broker = _database(parts.services), _broker(parts.services)
    looks = {channel: _look(parts.services, channel) for channel in Channel if channel not in PERSON_CHANNELS}
    channels = {channel.value: _word(look) for channel, look in looks.items()}
    waits = {
        channel.value: ceil(look.wait_s) for channel, look in looks.items() if look and look.wait_s >= WORTH_TELLING_S
    }
    checks: dict[str, Any] = {"database": database, "broker": broker, "channels": channels, "waits_s": waits}
    if database == "ok":
        checks["for_people"] = _for_people(parts.services)
    is_well = broker == "ok" and "ok" in channels.values() and not IN_TROUBLE & set(channels.values())
    status = "down" if database != "ok" else "ok" if is_well else "degraded"
    return JSONResponse({"status": status, "checks": checks}, 503 if status == "down" else 200)


def _look(services: Services, channel: Channel) -> LineView | None:
    """How its line stands; None if it is not set up."""
    return services.lines[channel].look() if channel in services.available else None


def _word(look: LineView | None) -> str:
    """`ok` or `not_set_up`; that its breaker is `open` or `half_open`, or that its provider asked for a pause."""
    if look is None:
        return "not_set_up"
    if look.state != "closed":
        return look.state
    return "paused" if look.paused_s else "ok"


def _database(services: Services) -> str:
    try:
        with services.engine.connect() as connection:
            return "ok" if is_current(connection) else "schema_not_current"
    except Unavailable:
        return "away"


def _for_people(services: Services) -> dict[str, int] | None:
    try:
        with services.engine.connect() as connection:
            figures.be_quick(connection)
            in_doubt = figures.unconfirmed(connection).get(True, Waiting())
            return {"unconfirmed": in_doubt.count, "quarantine": sum(figures.quarantined(connection).values())}
    except Unavailable:
        return None


def _broker(services: Services) -> str:
    url = services.settings.redis_url
    return "ok" if is_reachable(None if url is None else url.get_secret_value(), BROKER_WITHIN_S) else "away"
