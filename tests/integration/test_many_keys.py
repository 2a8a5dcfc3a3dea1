"""Which key a signature is, where there are many: as `docs/events.md` tells who signs; and none that was revoked."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from config.keys import webhook_secret
from config.wiring import Services
from domain.customer import Seller
from domain.ids import SellerId
from store import sellers
from tests.services import KEY_ID, SECRET_KEY, using_services
from tests.web_server import BEARER, JSON, Web, run_web
from web.auth import MOST_CANDIDATES

EVENTS = "/v1/events"
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
