"""Whether this process lives (`/healthz`), and whether it can do its work (`/readyz`).

Only the database makes it unready. Without the broker, events are still taken in and the sweep moves them on.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from config.wiring import Services
from domain.levels import PERSON_CHANNELS, Channel
from store import asking, quarantine
from store.engine import Unavailable
from store.migrate import is_current
from web.parts import PartsHere
from workers.broker import is_reachable

router = APIRouter()

BROKER_WITHIN_S = 1.0


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def get_healthz() -> Response:
    """200 as long as the process answers."""
    return JSONResponse({"status": "ok"})


@router.api_route("/readyz", methods=["GET", "HEAD"])
def get_readyz(parts: PartsHere) -> Response:
    """200 with `ok` or `degraded`, 503 with `down` if the database is away or its schema is not the newest.

    A provider whose breaker is open makes it degraded. What waits for a person is counted, and changes nothing: no
    restart would help.
    """
    database, broker = _database(parts.services), _broker(parts.services)
    channels = {
        channel.value: _channel(parts.services, channel) for channel in Channel if channel not in PERSON_CHANNELS
    }
    checks: dict[str, Any] = {"database": database, "broker": broker, "channels": channels}
    if database == "ok":
        checks["for_people"] = _for_people(parts.services)
    is_well = broker == "ok" and "ok" in channels.values() and not {"open", "half_open"} & set(channels.values())
    status = "down" if database != "ok" else "ok" if is_well else "degraded"
    return JSONResponse({"status": status, "checks": checks}, 503 if status == "down" else 200)


def _channel(services: Services, channel: Channel) -> str:
    """`ok` or `not_set_up`, or that its provider's breaker is `open` or `half_open`."""
    if channel not in services.available:
        return "not_set_up"
    state = services.lines[channel].look().state
    return "ok" if state == "closed" else state


def _database(services: Services) -> str:
    try:
        with services.engine.connect() as connection:
            return "ok" if is_current(connection) else "schema_not_current"
    except Unavailable:
        return "away"


def _for_people(services: Services) -> dict[str, int] | None:
    try:
        with services.engine.connect() as connection:
            return {"unconfirmed": asking.count(connection), "quarantine": quarantine.count(connection)}
    except Unavailable:
        return None


def _broker(services: Services) -> str:
    url = services.settings.redis_url
    return "ok" if is_reachable(None if url is None else url.get_secret_value(), BROKER_WITHIN_S) else "away"
