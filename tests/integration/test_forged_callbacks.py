"""Signed requests with one thing changed: what is not signed to the letter is not kept, whatever stands before us.

Beside `test_web_callbacks` and `test_web_events`: headers twice, bodies cut or changed by one byte, other addresses,
proxies and what strangers say of them, replays.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from standardwebhooks.webhooks import Webhook

from config.keys import webhook_secret
from config.wiring import Services
from simulators.signing import EventSigner, sign_twilio
from tests.services import KEY_ID, SECRET_KEY
from tests.web_server import Web, run_web

PUBLIC = "https://reminders.example.com:8443/relance"
STATUS, INBOUND, SENDGRID, EVENTS = (
    "/callbacks/twilio/status",
    "/callbacks/twilio/inbound",
    "/callbacks/sendgrid",
    "/v1/events",
)
SIGNER = EventSigner.from_seed("forged")
TWILIO, TIMESTAMP, EVENT = (
    "X-Twilio-Signature",
    "X-Twilio-Email-Event-Webhook-Timestamp",
    "X-Twilio-Email-Event-Webhook-Signature",
)
Headers = list[tuple[str, str]]
Signed = tuple[str, Headers, bytes]
"""Where it is posted, with which headers, as what."""


@pytest.fixture
def behind(services: Services) -> Services:
    """Behind a proxy that ends TLS and takes a prefix off."""
    assert services.sendgrid is not None
    settings = services.settings.model_copy(update={"public_url": PUBLIC})
    return replace(services, settings=settings, sendgrid=replace(services.sendgrid, webhook_key=SIGNER.public_key))


@pytest.fixture
def web(behind: Services) -> Iterator[Web]:
    with run_web(behind) as web:
        yield web


def by_twilio(services: Services, path: str = STATUS, public: str = PUBLIC) -> Signed:
    assert services.twilio is not None
    form = {"MessageSid": "SM1", "MessageStatus": "delivered", "From": "+33612345678", "Body": "Bonjour"}
    address = f"{path}?attempt=a-1"
    headers = [("Content-Type", "application/x-www-form-urlencoded")]
    headers += [(TWILIO, sign_twilio(services.twilio.auth_token, public + address, form))]
    return address, headers, urlencode(form).encode()


def by_sendgrid(_services: Services) -> Signed:
    told = {"email": "a@example.com", "timestamp": 1764000000, "event": "delivered", "relance_attempt": "a-1"}
    body, now = json.dumps([told]).encode(), str(int(time.time()))
    return SENDGRID, [("Content-Type", "application/json"), (TIMESTAMP, now), (EVENT, SIGNER.sign(now, body))], body


def by_sender(_services: Services) -> Signed:
    data = {"invoice_id": "F-1", "paid_on": "2026-11-20"}
    body, now = json.dumps({"type": "invoice.paid", "data": data}), datetime.now(UTC)
    signature = Webhook(webhook_secret(SECRET_KEY, KEY_ID)).sign("evt-1", now, body)
    stamps = {"webhook-id": "evt-1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    return f"{EVENTS}?key={KEY_ID}", [("Content-Type", "application/json"), *stamps.items()], body.encode()


def by_person(services: Services) -> Signed:
    return by_twilio(services, INBOUND)


SENDERS = (by_twilio, by_person, by_sendgrid, by_sender)
Sender = Callable[[Services], Signed]


def post(web: Web, signed: Signed, *more: tuple[str, str]) -> int:
    """A header may come twice, which no mapping can say."""
    path, headers, body = signed
    connection = HTTPConnection("127.0.0.1", web.port, timeout=15)
    try:
        connection.putrequest("POST", path)
        for name, value in (*headers, *more, ("Content-Length", str(len(body)))):
            connection.putheader(name, value)
        connection.endheaders(body)
        return connection.getresponse().status
    finally:
        connection.close()


def kept(services: Services) -> int:
    tables = ("inbox", "receipts", "quarantine", "suppressions")
    with services.engine.connect() as connection:
        return sum(int(connection.execute(sa.text(f"select count(*) from {one}")).scalar_one()) for one in tables)  # noqa: S608 - our own words


def changed(signed: Signed) -> list[Signed]:
    """The same with one thing changed: the body by a byte or cut, a header away or garbled, the query."""
    path, headers, body = signed
    bodies = [body[:-1], body + b" ", body[: len(body) // 2], b"", bytes([body[0] ^ 1]) + body[1:]]
    names = [name for name, _ in headers if "Content" not in name]
    without = [[one for one in headers if one[0] != name] for name in names]
    garbled = [[(n, {"a": "%%%", "b": v[:-4], "c": ""}[how] if n == name else v) for n, v in headers]
               for name in names for how in "abc"]  # fmt: skip
    found = [(path, headers, each) for each in bodies] + [(path, each, body) for each in (*without, *garbled)]
    if path.startswith("/callbacks/twilio"):
        found += [
            (path.replace("a-1", "a-2"), headers, body),
            (path + "&x=1", headers, body),
            (path[:-12], headers, body),
        ]
    return found


@pytest.mark.parametrize("sender", SENDERS)
def test_what_is_changed_by_anything_is_nobodys(web: Web, behind: Services, sender: Sender) -> None:
    told = {post(web, each) for each in changed(sender(behind))}
    assert told == {401 if sender is by_sender else 403}
    assert kept(behind) == 0


@pytest.mark.parametrize("sender", SENDERS)
def test_what_is_signed_for_the_public_address_counts_once_however_often_it_comes(
    web: Web, behind: Services, sender: Sender
) -> None:
    """Scheme, host, port and prefix of RELANCE_PUBLIC_URL; we ourselves listen on plain HTTP elsewhere."""
    signed = sender(behind)
    assert {post(web, signed) for _ in range(3)} <= {200, 202, 204}
    with behind.engine.connect() as connection:
        tables = ("inbox", "receipts")
        counts = [connection.execute(sa.text(f"select count(*) from {one}")).scalar_one() for one in tables]  # noqa: S608
    assert max(counts) == 1


@pytest.mark.parametrize("path", [STATUS, INBOUND])
@pytest.mark.parametrize(
    "public", ["http://127.0.0.1", "https://evil.example", "http://reminders.example.com:8443/relance"]
)
def test_what_strangers_say_of_proxies_is_not_believed(web: Web, behind: Services, path: str, public: str) -> None:
    """Who signs for another address cannot make it ours by a header."""
    scheme, _, host = public.partition("://")
    said = [("X-Forwarded-Proto", scheme), ("X-Forwarded-Host", host), ("X-Forwarded-Port", "80")]
    said += [("Forwarded", f"proto={scheme};host={host}"), ("X-Original-URL", path), ("X-Forwarded-Prefix", "")]
    assert post(web, by_twilio(behind, path, public), *said) == 403
    assert post(web, by_twilio(behind, path), *said) in (200, 204)
    assert kept(behind) > 0


@pytest.mark.parametrize("sender", SENDERS)
def test_a_second_header_of_a_name_proves_nothing(web: Web, behind: Services, sender: Sender) -> None:
    """The first of them is the one: a right one behind a wrong one is too late."""
    path, headers, body = sender(behind)
    for at, (name, value) in enumerate(headers):
        if "Content" not in name:
            wrong = (name, "1" if "imestamp" in name else "AAAA")
            assert post(web, (path, [*headers[:at], wrong, (name, value), *headers[at + 1 :]], body)) in (401, 403)
    assert kept(behind) == 0


def test_a_signature_of_yesterday_is_too_old(web: Web, behind: Services) -> None:
    now = datetime.fromtimestamp(time.time() - 301, UTC)
    path, _, body = by_sender(behind)
    stamps: dict[str, Any] = {"webhook-id": "evt-1", "webhook-timestamp": str(int(now.timestamp()))}
    stamps["webhook-signature"] = Webhook(webhook_secret(SECRET_KEY, KEY_ID)).sign("evt-1", now, body.decode())
    assert post(web, (path, [("Content-Type", "application/json"), *stamps.items()], body)) == 401
    old = str(int(time.time()) - 26 * 3600)
    _, _, events = by_sendgrid(behind)
    signed = [("Content-Type", "application/json"), (TIMESTAMP, old), (EVENT, SIGNER.sign(old, events))]
    assert post(web, (SENDGRID, signed, events)) == 403
