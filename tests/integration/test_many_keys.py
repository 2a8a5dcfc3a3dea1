"""Which key a signature is, where there are many: as `docs/events.md` tells who signs; and none that was revoked."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import ParamSpec, TypeVar

import pytest
from fastapi import Request
from standardwebhooks.webhooks import Webhook

from config.keys import webhook_secret
from config.wiring import Services
from domain.customer import Seller
from domain.ids import SellerId
from store import sellers
from tests.services import KEY_ID, SECRET_KEY, using_services
from tests.web_server import BEARER, JSON, Web, run_web
from web.app import create_app
from web.auth import MOST_CANDIDATES
from web.events import post_events
from web.limits import Door
from web.parts import Parts
from web.refusals import Refusal

EVENTS = "/v1/events"
P = ParamSpec("P")
T = TypeVar("T")
BODY = json.dumps({"type": "invoice.paid", "data": {"invoice_id": "F-1", "paid_on": "2026-11-20"}}).encode()


@pytest.fixture
def services(database_url: str) -> Iterator[Services]:
    """The default seller's key is older than 50 of another's."""
    with using_services(database_url) as services:
        with services.engine.begin() as connection:
            sellers.ensure(connection, Seller(SellerId("acme")))
            for number in range(MOST_CANDIDATES):
                sellers.add_key(connection, f"k{number}", f"rk_{number}", SellerId("acme"))
        yield services


@pytest.fixture
def web(services: Services) -> Iterator[Web]:
    with run_web(services) as web:
        yield web


def signed() -> dict[str, str]:
    """With the secret of the oldest key, which is good for five minutes."""
    at = datetime.now(UTC)
    signature = Webhook(webhook_secret(SECRET_KEY, KEY_ID)).sign("evt-1", at, BODY.decode())
    stamps = {"webhook-id": "evt-1", "webhook-timestamp": str(int(at.timestamp()))}
    return JSON | stamps | {"webhook-signature": signature}


def revoke(services: Services, key_id: str) -> None:
    with services.engine.begin() as connection:
        sellers.revoke_key(connection, key_id, services.clock.wall())


def test_an_older_key_than_the_50_newest_of_all_sellers_is_named(web: Web, services: Services) -> None:
    assert web.post(EVENTS, BODY, signed()).status == 401
    assert web.post(f"{EVENTS}?key={KEY_ID}", BODY, signed()).status == 202


def test_revoked_ones_do_not_count_among_the_50(web: Web, services: Services) -> None:
    revoke(services, "k7")
    assert web.post(EVENTS, BODY, signed()).status == 202


def test_a_revoked_key_is_nobodys_even_if_it_is_named(web: Web, services: Services) -> None:
    revoke(services, KEY_ID)
    assert web.post(f"{EVENTS}?key={KEY_ID}", BODY, signed()).status == 401
    assert web.post(EVENTS, BODY, JSON, BEARER).status == 401


class NotedDoor(Door):
    """Notes what is run where keys are looked up."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def ask(self, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self.asked.append(do.__name__)
        return await super().ask(do, *args, **kwargs)


def test_a_signature_is_not_checked_where_keys_are_looked_up(services: Services) -> None:
    """Those of nobody, over a mebibyte, took fifty hashes each there: whoever showed a key waited behind them."""
    headers = [
        (name.lower().encode(), value.encode()) for name, value in (signed() | {"webhook-id": "other"}).items()
    ]

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": BODY, "more_body": False}

    request = Request({"type": "http", "method": "POST", "query_string": b"", "headers": headers}, receive)
    made = create_app(services).app.state.parts
    door = NotedDoor()
    with pytest.raises(Refusal, match="no active key's"):
        asyncio.run(post_events(request, Parts(made.services, made.nudger, door, made.keeper)))
    assert door.asked == ["candidates_of"]
