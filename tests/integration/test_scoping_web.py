"""Every route of the web app, asked by another seller for what is not its own: nothing comes back, nothing changes.

The routes are the app's own: one that is new is walked too, or fails here until it is said what stands in its address
or in its body. Every statement that a page sends names the seller, or stands in `BY_KEY` with the reason.
"""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from starlette.routing import BaseRoute, Route

from config.keys import SESSION, leave_token, sign_token
from config.wiring import Services
from store.tables import metadata
from tests.asked import statements
from tests.factories import event
from tests.pipeline import Pipeline
from tests.services import KEY_ID, SECRET_KEY
from tests.two_sellers import EMAIL, OTHER, OTHER_KEY, OTHER_KEY_ID, PRIVATE, book_two_sellers, rows_of_first
from tests.web_server import STRUCTURED, Web, run_web
from web.app import create_app
from web.callbacks import WAYS

OF_NOBODY = {"/healthz", "/readyz", "/metrics", "/login", "/logout", "/u/{token}"}
"""What asks for no key, and so must say nothing of anybody: it is walked as the others are.

Whoever has a token of `/u` was written to, and learns his seller's name."""
OF_ACCOUNT = "planning asks for the account, which was found by seller"
BY_KEY = {
    "FROM journal WHERE journal.account_id =": "the account was found by seller",
    "FROM journal WHERE journal.reminder_id =": "the reminder was found by seller",
    "FROM inbox WHERE inbox.quarantined_at IS NOT NULL AND inbox.seller = ANY": OF_ACCOUNT,
    "FROM facts WHERE facts.account_id = ANY": OF_ACCOUNT,
    "FROM reminders WHERE reminders.account_id = ANY": OF_ACCOUNT,
    'ON suppressions.seller = "new".seller': OF_ACCOUNT,
    "WHERE contacted.seller = wanted.seller": OF_ACCOUNT,
    'ON steps_had.seller = "new".seller': OF_ACCOUNT,
    "FROM api_keys WHERE": "it is how the seller is found",
    "FROM sellers WHERE sellers.id": "the visitor's own",
}
OF_SELLERS = {table.name for table in metadata.tables.values() if "seller" in table.c} | {"sellers", "receipts"}


@pytest.fixture
def booked(pipeline: Pipeline) -> Pipeline:
    book_two_sellers(pipeline)
    return pipeline


@pytest.fixture
def web(booked: Pipeline) -> Iterator[Web]:
    with run_web(booked.services) as web:
        yield web


def session(key_id: str) -> dict[str, str]:
    token = sign_token(SECRET_KEY, SESSION, key_id, datetime.now(UTC) + timedelta(minutes=5))
    return {"Cookie": f"relance_session={token}"}


def ways_of(services: Services) -> set[tuple[str, str]]:
    """Method and path of every route of the app."""
    routes = flat(create_app(services).app.routes)
    return {("POST", path) for path in WAYS} | {(method, one.path) for one in routes for method in one.methods or ()}


def flat(routes: Iterable[BaseRoute]) -> Iterator[Route]:
    """Single routes, also those of routers that were included."""
    for route in routes:
        router = getattr(route, "original_router", None)
        assert router or isinstance(route, Route), f"{route}: say here how it is walked"
        if isinstance(route, Route):
            yield route
        elif router:
            yield from flat(router.routes)


def addresses(booked: Pipeline, path: str) -> list[str]:
    """The path with what belongs to the first seller in it, and with what asks for it in the query."""
    [row] = [row for row in booked.log() if row.customer == "C-18"]
    stands_for = {
        "customer_id:path": ["C-18", "C-19"],
        "reminder_id": [row.reminder],
        "task_id": [row.attempt],
        "token": [leave_token(SECRET_KEY, OTHER, EMAIL)],
    }
    found = [path]
    for name in re.findall(r"{(.+?)}", path):
        values = stands_for.get(name)
        assert values, f"{path}: say here what the first seller has under {name}"
        found = [one.replace(f"{{{name}}}", quote(value, safe="")) for one in found for value in values]
    asked = f"customer=C-18&reminder={row.reminder}&attempt={row.attempt}&seller=default&key={KEY_ID}"
    return [*found, *(f"{one}?{asked}" for one in found)]


def bodies(path: str) -> list[Any]:
    """What the other seller posts there about the first one's things."""
    paid = event("invoice.paid", {"invoice_id": "F-18", "paid_on": "2026-11-24"}, id="foreign-paid")
    held = event("customer.held", {"customer_id": "C-19", "reason": "x"}, id="foreign-held")
    posted: dict[str, list[Any]] = {
        "/v1/events": [paid, held, paid | {"id": "e-18"}],
        "/login": [f"key={OTHER_KEY}".encode()],
        "/logout": [b""],
        "/callbacks/twilio/status": [b"MessageSid=SM1&MessageStatus=failed"],
        "/callbacks/twilio/inbound": [b"MessageSid=SM1&From=%2B33698765432&Body=STOP"],
        "/callbacks/sendgrid": [b"[]"],
        "/u/{token}": [b"List-Unsubscribe=One-Click"],
    }
    assert path in posted, f"{path}: say here what another seller would post there"
    return posted[path]


def test_another_seller_gets_and_changes_nothing_on_any_route(web: Web, booked: Pipeline) -> None:
    with booked.services.engine.connect() as connection:
        before = rows_of_first(connection)
    assert before["attempts"]
    assert before["tasks"]
    assert before["quarantine"]
    bearer = {"Authorization": f"Bearer {OTHER_KEY}"}
    for method, path in sorted(ways_of(booked.services)):
        for address in addresses(booked, path):
            for body in bodies(path) if method == "POST" else [None]:
                for who in ({}, bearer, session(OTHER_KEY_ID), bearer | session(OTHER_KEY_ID)):
                    raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
                    answer = web.ask(method, address, raw, STRUCTURED, who)
                    told = answer.body.decode(errors="replace") + repr(answer.headers)
                    assert answer.status < 500, (method, address)
                    assert not [word for word in PRIVATE if word in told], (method, address)
                    if not who and path not in OF_NOBODY:
                        assert answer.status in (303, 401, 403), (method, address)
    with booked.services.engine.connect() as connection:
        assert rows_of_first(connection) == before


def test_what_is_somebody_elses_is_as_unknown_as_what_there_is_not(web: Web, booked: Pipeline) -> None:
    [row] = [row for row in booked.log() if row.customer == "C-18"]
    for path in ("/customers/C-19", f"/reminders/{row.reminder}", f"/tasks/{row.attempt}.pdf"):
        assert web.get(path, session(OTHER_KEY_ID)).status == 404
        assert web.get(path, session(KEY_ID)).status == 200
    assert "Namesake" in web.get("/customers/C-18", session(OTHER_KEY_ID)).text


def test_every_statement_of_a_page_names_the_seller_or_is_on_the_list(web: Web, booked: Pipeline) -> None:
    pages = [path for method, path in sorted(ways_of(booked.services)) if method == "GET" and path not in OF_NOBODY]
    asked = [address for path in pages for address in addresses(booked, path)]
    with statements(booked.services) as found:
        assert {web.get(address, session(KEY_ID)).status for address in asked} == {200}
    used = {words for words in BY_KEY for each in found if words in each}
    for each in found:
        touched = set(re.findall(r"(?:FROM|JOIN|UPDATE|INTO) (\w+)", each)) & OF_SELLERS
        if touched and not any(words in each for words in BY_KEY):
            assert re.search(r"WHERE .*\bseller = %\(", each), each
    assert used == set(BY_KEY)
