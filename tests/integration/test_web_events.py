"""`POST /v1/events` over real HTTP on a real database: every form, every answer, and bad input of every kind."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from standardwebhooks.webhooks import Webhook

from config.keys import new_key, webhook_secret
from config.wiring import Services
from domain.customer import Seller
from domain.ids import SellerId
from store import sellers
from tests.factories import event, invoice_event
from tests.services import KEY_ID, SECRET_KEY, using_services
from tests.simulator_process import eventually
from tests.web_server import BATCH, BEARER, JSON, STRUCTURED, Answer, Web, run_web
from web.limits import MOST_BYTES, MOST_KNOWN_BYTES

EVENTS = "/v1/events"
BODY = json.dumps({"type": "invoice.paid", "data": {"invoice_id": "F-1", "paid_on": "2026-11-20"}}).encode()
NOTHING: dict[str, Any] = {"accepted": 0, "duplicate": 0, "rejected": []}


@pytest.fixture
def services(database_url: str) -> Iterator[Services]:
    with using_services(database_url) as services:
        yield services


@pytest.fixture(scope="module")
def shared_web(shared_database_url: str) -> Iterator[Web]:
    """One edge for all requests that are refused before anything is stored."""
    with using_services(shared_database_url) as services, run_web(services) as web:
        yield web


@pytest.fixture
def web(services: Services) -> Iterator[Web]:
    with run_web(services) as web:
        yield web


def rows(services: Services, sql: str) -> list[Any]:
    with services.engine.connect() as connection:
        return list(connection.execute(sa.text(sql)))


def paid(number: int, **changes: Any) -> dict[str, Any]:
    data = {"invoice_id": f"F-{number}", "paid_on": "2026-11-20"}
    return event("invoice.paid", data) | {"id": f"evt-{number}"} | changes


def signed(
    body: bytes, webhook_id: str = "evt-0001", at: datetime | None = None, key: str = KEY_ID
) -> dict[str, str]:
    """The headers of Standard Webhooks for this body."""
    at = at or datetime.now(UTC)
    signature = Webhook(webhook_secret(SECRET_KEY, key)).sign(webhook_id, at, body.decode())
    stamps = {"webhook-id": webhook_id, "webhook-timestamp": str(int(at.timestamp()))}
    return JSON | stamps | {"webhook-signature": f"v1,AAAA v2,x {signature}"}


# --- The forms ----------------------------------------------------------------------------------------------


def test_a_structured_event_is_taken_in_and_nudged(web: Web, services: Services) -> None:
    answer = web.post(EVENTS, invoice_event(), STRUCTURED, BEARER)
    assert (answer.status, answer.json) == (202, {"accepted": 1, "duplicate": 0, "rejected": []})
    [(inbox_id, seller)] = rows(services, "select id, seller from inbox")
    assert seller == "default"
    assert eventually(lambda: web.nudges or None)[0].ids == (inbox_id,)
    assert (web.nudges[0].kind, web.nudges[0].queue) == ("event.intake", "intake")


def test_amounts_are_kept_exactly(web: Web, services: Services) -> None:
    """As JSON numbers too: 0.1 + 0.2 has no place in a debt."""
    raw = json.dumps(invoice_event()).replace('"1250.00"', "1250.10").encode()
    assert web.post(EVENTS, raw, STRUCTURED, BEARER).status == 202
    [(body,)] = rows(services, "select body from inbox")
    assert json.loads(body, parse_float=Decimal)["data"]["invoice"]["total"] == Decimal("1250.10")


def test_a_batch_says_for_each_event_what_became_of_it(web: Web) -> None:
    batch = [paid(1), paid(1), paid(2, type="invoice.eaten"), paid(1, source="other"), {"id": "x"}, 7]
    answer = web.post(EVENTS, batch, BATCH, BEARER)
    assert answer.status == 202
    assert (answer.json["accepted"], answer.json["duplicate"]) == (2, 1)
    assert [(one["index"], one["id"]) for one in answer.json["rejected"]] == [(2, "evt-2"), (4, "x"), (5, None)]
    assert "type" in answer.json["rejected"][0]["error"]


def test_a_batch_may_be_empty_or_all_wrong(web: Web) -> None:
    assert (web.post(EVENTS, [], BATCH, BEARER).status, web.post(EVENTS, [], BATCH, BEARER).json) == (202, NOTHING)
    assert web.post(EVENTS, [{}], BATCH, BEARER).status == 202


def test_binary_mode_takes_its_attributes_from_headers(web: Web, services: Services) -> None:
    """Percent-decoded once, and freed of quotes: `ce-source` holds what CloudEvents says must be encoded."""
    headers = {
        "ce-specversion": "1.0",
        "ce-id": quote("évt 1%"),
        "ce-source": '"bill\\ing"',
        "ce-type": "invoice.paid",
        "ce-time": "2026-11-20T10:00:00Z",
    }
    answer = web.post(EVENTS, {"invoice_id": "F-1", "paid_on": "2026-11-20"}, JSON, headers, BEARER)
    assert (answer.status, answer.json["accepted"]) == (202, 1)
    assert rows(services, "select event_id, source from inbox") == [("évt 1%", "billing")]


@pytest.mark.parametrize("missing", ["ce-id", "ce-type", "ce-source", "ce-specversion"])
def test_binary_mode_invents_nothing(web: Web, missing: str) -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "e", "ce-source": "s", "ce-type": "invoice.paid"}
    del headers[missing]
    answer = web.post(EVENTS, {"invoice_id": "F-1", "paid_on": "2026-11-20"}, JSON, headers, BEARER)
    assert (answer.status, answer.json["field"]) == (422, missing.removeprefix("ce-"))


def test_binary_mode_refuses_headers_that_are_no_utf_8(shared_web: Web) -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "%ff", "ce-source": "s", "ce-type": "invoice.paid"}
    answer = shared_web.post(EVENTS, {}, JSON, headers, BEARER)
    assert (answer.status, answer.json) == (400, {"error": "ce-id: is not UTF-8"})


def test_a_signed_webhook_needs_no_key(web: Web, services: Services) -> None:
    """`webhook-id` is the id and the body's `timestamp` the time; a second delivery, signed later, is a duplicate."""
    body = BODY.replace(b"{", b'{"timestamp": "2026-11-20T10:00:00Z", ', 1)
    first = web.post(EVENTS, body, signed(body, "msg_1"))
    again = web.post(EVENTS, body, signed(body, "msg_1", datetime.now(UTC) + timedelta(seconds=60)))
    assert (first.status, first.json["accepted"], again.json["duplicate"]) == (202, 1, 1)
    [(event_id, source, kept)] = rows(services, "select event_id, source, body from inbox")
    assert (event_id, source, json.loads(kept)["time"]) == ("msg_1", "webhook", "2026-11-20T10:00:00Z")


def test_a_webhook_may_name_its_source_and_show_a_key_instead(web: Web, services: Services) -> None:
    body = {"type": "invoice.paid", "source": "till", "data": {"invoice_id": "F-1", "paid_on": "2026-11-20"}}
    assert web.post(EVENTS, body, JSON, {"webhook-id": "m1"}, BEARER).status == 202
    assert rows(services, "select event_id, source from inbox") == [("m1", "till")]


def test_a_signature_may_say_whose_it_is(web: Web) -> None:
    body = json.dumps({"type": "invoice.paid", "data": {"invoice_id": "F-1", "paid_on": "2026-11-20"}}).encode()
    assert web.post(f"{EVENTS}?key={KEY_ID}", body, signed(body)).status == 202
    assert web.post(f"{EVENTS}?key=another", body, signed(body)).status == 401


def test_whole_events_are_taken_as_plain_json_too(web: Web) -> None:
    """Who tries with curl writes application/json; the body says what it is."""
    assert web.post(EVENTS, paid(1), JSON, BEARER).json["accepted"] == 1
    assert web.post(EVENTS, [paid(1), paid(2)], JSON, BEARER).json == {"accepted": 1, "duplicate": 1, "rejected": []}
    plain = web.post(EVENTS, {"type": "invoice.paid"}, JSON, BEARER)
    assert (plain.status, plain.json["field"]) == (422, "specversion")


def test_utf_8_may_be_said_and_a_byte_order_mark_written(web: Web) -> None:
    named = {"Content-Type": 'Application/CloudEvents+JSON; charset="UTF-8"'}
    assert web.post(EVENTS, b"\xef\xbb\xbf" + json.dumps(paid(1)).encode(), named, BEARER).status == 202


# --- Once and only once -------------------------------------------------------------------------------------


def test_the_same_event_twice_counts_once_and_another_body_is_a_conflict(web: Web, services: Services) -> None:
    assert web.post(EVENTS, paid(1), STRUCTURED, BEARER).json["accepted"] == 1
    assert web.post(EVENTS, paid(1), STRUCTURED, BEARER).json == {"accepted": 0, "duplicate": 1, "rejected": []}
    changed = paid(1, data={"invoice_id": "F-1", "paid_on": "2026-11-21"})
    answer = web.post(EVENTS, changed, STRUCTURED, BEARER)
    assert answer.status == 409
    assert (answer.json["field"], answer.json["id"]) == ("id", "evt-1")
    assert [one["id"] for one in answer.json["rejected"]] == ["evt-1"]
    assert rows(services, "select kind, reference from quarantine") == [("conflict", "evt-1")]


def test_a_refused_event_is_kept_and_its_id_stays_free(web: Web, services: Services) -> None:
    refused = web.post(EVENTS, paid(1, data={"invoice_id": "F-1", "paid_on": "20/11/2026"}), STRUCTURED, BEARER)
    assert (refused.status, refused.json["field"], refused.json["id"]) == (422, "data.paid_on", "evt-1")
    [(kind, raw)] = rows(services, "select kind, raw from quarantine")
    assert (kind, json.loads(bytes(raw))["data"]["paid_on"]) == ("event", "20/11/2026")
    assert web.post(EVENTS, paid(1), STRUCTURED, BEARER).status == 202


def together(*asks: Any) -> list[Answer]:
    """What several clients get that ask at the same moment."""
    barrier, answers = threading.Barrier(len(asks)), []

    def ask(one: Any) -> None:
        barrier.wait()
        answers.append(one())

    threads = [threading.Thread(target=ask, args=(one,)) for one in asks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_two_clients_at_once_are_one_event(web: Web) -> None:
    for number in range(10):
        answers = together(*[lambda: web.post(EVENTS, paid(number), STRUCTURED, BEARER)] * 2)  # noqa: B023 - called here
        assert [one.status for one in answers] == [202, 202]
        assert sorted(one.json["accepted"] for one in answers) == [0, 1]
        assert sorted(one.json["duplicate"] for one in answers) == [0, 1]


def test_the_same_batch_in_two_orders_never_deadlocks(web: Web) -> None:
    for start in (0, 1000, 2000):
        batch = [paid(start + number) for number in range(300)]
        answers = together(
            lambda: web.post(EVENTS, batch, BATCH, BEARER),  # noqa: B023 - called here
            lambda: web.post(EVENTS, batch[::-1], BATCH, BEARER),  # noqa: B023 - called here
        )
        assert [one.status for one in answers] == [202, 202]
        assert sum(one.json["accepted"] for one in answers) == 300


# --- Strangers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer rk_wrong"}, {"Authorization": "Bearer"}, {"Authorization": "Basic cms6cms="}],
)
def test_who_shows_no_key_of_ours_is_nobody(web: Web, services: Services, headers: dict[str, str]) -> None:
    answer = web.post(EVENTS, paid(1), STRUCTURED, headers)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json["error"]
    assert rows(services, "select * from inbox") == []


def test_a_revoked_key_is_nobodys(web: Web, services: Services) -> None:
    with services.engine.begin() as connection:
        connection.execute(sa.text("update api_keys set revoked_at = now()"))
    body = json.dumps(paid(1)).encode()
    assert web.post(EVENTS, body, STRUCTURED, BEARER).status == 401
    assert web.post(EVENTS, body, signed(body)).status == 401


@pytest.mark.parametrize(
    "signing",
    [
        lambda: signed(BODY + b" "),
        lambda: signed(BODY, key="another"),
        lambda: signed(BODY) | {"webhook-id": "evt-0002"},
        lambda: signed(BODY) | {"webhook-signature": "v1"},
        lambda: signed(BODY) | {"webhook-signature": "v1,a,b"},
        lambda: signed(BODY) | {"webhook-signature": "v1,é"},
        lambda: signed(BODY) | {"webhook-signature": "v1,a"},
        lambda: signed(BODY) | {"webhook-timestamp": "yesterday"},
        lambda: signed(BODY) | {"webhook-timestamp": "nan"},
        lambda: signed(BODY) | {"webhook-timestamp": ""},
        lambda: signed(BODY, at=datetime.now(UTC) - timedelta(minutes=6)),
        lambda: signed(BODY, at=datetime.now(UTC) + timedelta(minutes=6)),
        lambda: {name: value for name, value in signed(BODY).items() if name != "webhook-id"},
    ],
)
def test_a_signature_that_is_forged_old_or_garbled_is_nobodys(
    shared_web: Web, signing: Callable[[], dict[str, str]]
) -> None:
    """Signed when the test runs: a signature made at collection would be too old, or no longer too new."""
    assert shared_web.post(EVENTS, BODY, signing()).status == 401


def test_a_signed_body_that_is_no_utf_8_is_nobodys(shared_web: Web) -> None:
    assert shared_web.post(EVENTS, b"\xff", signed(b"{}")).status == 401
    assert shared_web.post(f"{EVENTS}?key=%00", BODY, signed(BODY)).status == 400


def test_a_signature_does_not_speak_for_headers_it_does_not_cover(web: Web) -> None:
    """A replay within five minutes could give a signed body another id and type."""
    ce = {"ce-specversion": "1.0", "ce-id": "e2", "ce-source": "s", "ce-type": "invoice.paid"}
    answer = web.post(EVENTS, BODY, signed(BODY), ce)
    assert (answer.status, "ce-" in answer.json["error"]) == (401, True)


def test_without_a_secret_signatures_are_refused_and_keys_are_not(database_url: str) -> None:
    with using_services(database_url, secret_key=None) as services, run_web(services) as web:
        answer = web.post(EVENTS, BODY, signed(BODY))
        assert (answer.status, "RELANCE_SECRET_KEY" in answer.json["error"]) == (401, True)
        assert web.post(EVENTS, paid(1), STRUCTURED, BEARER).status == 202


def test_a_key_speaks_for_its_own_seller_only(web: Web, services: Services) -> None:
    other = SellerId("other")
    key_id, key = new_key()
    with services.engine.begin() as connection:
        sellers.ensure(connection, Seller(other))
        sellers.add_key(connection, key_id, key, other)
    assert web.post(EVENTS, paid(1), STRUCTURED, BEARER).status == 202
    assert web.post(EVENTS, paid(1), STRUCTURED, {"Authorization": f"bearer {key}"}).json["accepted"] == 1
    body = json.dumps(paid(2)).encode()
    assert web.post(EVENTS, body, signed(body, key=key_id)).json["accepted"] == 1
    found = rows(services, "select seller, event_id from inbox order by id")
    assert found == [("default", "evt-1"), ("other", "evt-1"), ("other", "evt-2")]


# --- What is not taken --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/cloudevents+avro"},
        {"Content-Type": "application/cloudevents+json; charset=iso-8859-1"},
        {"Content-Type": "application/json; charset=utf-16"},
        STRUCTURED | {"Content-Encoding": "gzip"},
    ],
)
def test_other_media_are_refused(shared_web: Web, headers: dict[str, str]) -> None:
    answer = shared_web.post(EVENTS, paid(1), headers, BEARER)
    assert (answer.status, bool(answer.json["error"])) == (415, True)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"{", "line 1, column 2"),
        (b'{"a": 1,}', "not JSON"),
        (b'{"a": NaN}', "NaN"),
        (b"[Infinity]", "Infinity"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'"\xff"', "UTF-8"),
        ("{}".encode("utf-16"), "UTF-8"),
        (b'{"id": 1, "id": 2}', '"id" comes twice'),
        (b"[" * 200_000, "nested too deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deep"),
        (b"9" * 5_000, "too many digits"),
        (b"1e99999999999999999999", "exponent"),
        (b"{} {}", "not JSON"),
    ],
)
def test_what_is_not_json_is_400_and_says_where(shared_web: Web, body: bytes, says: str) -> None:
    for headers in (STRUCTURED, BATCH, JSON):
        answer = shared_web.post(EVENTS, body, headers, BEARER)
        assert (answer.status, says in answer.json["error"]) == (400, True), answer.text


def test_a_batch_is_a_list(shared_web: Web) -> None:
    assert shared_web.post(EVENTS, paid(1), BATCH, BEARER).status == 400


def with_invoice(**changes: Any) -> dict[str, Any]:
    return invoice_event(invoice=changes)


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (event("invoice.eaten", {}), "type"),
        ({**paid(1), "specversion": "0.3"}, "specversion"),
        ({name: value for name, value in paid(1).items() if name != "id"}, "id"),
        (paid(1, id=""), "id"),
        (paid(1, id=7), "id"),
        (paid(1, id="\ud800"), "id"),
        (paid(1, time="2026-11-20"), "time"),
        (paid(1, data=None), "data"),
        (paid(1, data={"invoice_id": "F\u0000", "paid_on": "2026-11-20"}), "data.invoice_id"),
        (paid(1, data={"invoice_id": "F\udfff", "paid_on": "2026-11-20"}), "data.invoice_id"),
        (with_invoice(total="12.345"), "data.invoice.total"),
        (with_invoice(total="100.5", currency="JPY"), "data.invoice.total"),
        (with_invoice(total="-1.00"), "data.invoice.total"),
        (with_invoice(total="1 250,00"), "data.invoice.total"),
        (with_invoice(currency="EURO"), "data.invoice.currency"),
        (with_invoice(due_on="02/12/2026"), "data.invoice.due_on"),
        (with_invoice(due_on="2026-02-30"), "data.invoice.due_on"),
        (invoice_event(customer={"timezone": "Europe/Lutece"}), "data.customer.timezone"),
        (invoice_event(customer={"country": "ZZ"}), "data.customer.country"),
        ([], ""),
        ("event", ""),
    ],
)
def test_an_event_that_cannot_be_taken_in_names_the_field(web: Web, services: Services, raw: Any, field: str) -> None:
    answer = web.post(EVENTS, raw, STRUCTURED, BEARER)
    assert (answer.status, answer.json["field"]) == (422, field), answer.text
    assert answer.json["error"].startswith(field)
    assert (answer.json["accepted"], answer.json["duplicate"], len(answer.json["rejected"])) == (0, 0, 1)
    assert len(rows(services, "select * from quarantine")) == 1
    assert rows(services, "select * from inbox") == []


def test_nesting_that_can_be_read_but_not_kept_is_422(web: Web, services: Services) -> None:
    """Deep enough to be an attack and shallow enough for the parser."""
    deep = json.loads("[" * 400 + "]" * 400)
    answer = web.post(EVENTS, paid(1, data=deep), STRUCTURED, BEARER)
    assert (answer.status, "nested" in answer.json["error"]) == (422, True)
    assert len(rows(services, "select * from quarantine")) == 1


def test_addresses_that_cannot_be_used_are_taken_in(web: Web) -> None:
    """The customer still owes; the channel is then not usable, and the plan says so."""
    contact = {"id": "p1", "role": "payer", "name": "Anne", "email": "anne@", "phone": "12"}
    assert web.post(EVENTS, invoice_event(customer={"contacts": [contact]}), STRUCTURED, BEARER).status == 202


# --- Limits and trouble -------------------------------------------------------------------------------------


def test_more_than_five_hundred_events_are_too_many(web: Web, services: Services) -> None:
    answer = web.post(EVENTS, [paid(number) for number in range(501)], BATCH, BEARER)
    assert (answer.status, "501" in answer.json["error"]) == (413, True)
    assert rows(services, "select * from inbox") == []
    assert web.post(EVENTS, [paid(number) for number in range(500)], BATCH, BEARER).json["accepted"] == 500


def test_more_than_a_mebibyte_is_too_much_with_and_without_a_length(web: Web) -> None:
    fits = json.dumps(paid(1)).encode().ljust(1 << 20)
    assert web.post(EVENTS, fits, STRUCTURED, BEARER).status == 202
    assert web.post(EVENTS, fits + b" ", STRUCTURED, BEARER).status == 413
    pieces = (b" " * 65_536 for _ in range(64))
    assert web.ask("POST", EVENTS, pieces, STRUCTURED, BEARER).status == 413
    small = iter([json.dumps(paid(2)).encode()])
    assert web.ask("POST", EVENTS, small, STRUCTURED, BEARER).status == 202


def test_a_broker_that_is_away_delays_nobody(services: Services) -> None:
    """The sweep finds what the nudge would have told."""

    def hang(_nudges: object) -> bool:
        time.sleep(1)
        return False

    with run_web(services, hang) as web:
        started = time.monotonic()
        for number in range(20):
            assert web.post(EVENTS, paid(number), STRUCTURED, BEARER).status == 202
        assert time.monotonic() - started < 1


def test_a_broker_client_that_raises_ends_nothing(services: Services) -> None:
    def crash(_nudges: object) -> bool:
        raise OSError("no route")

    with run_web(services, crash) as web:
        assert web.post(EVENTS, paid(1), STRUCTURED, BEARER).status == 202


@pytest.mark.parametrize("trouble", ["away", "no connection left"])
def test_a_database_in_trouble_is_503_and_says_when_to_come_back(
    services: Services, database_url: str, trouble: str
) -> None:
    """Nothing was committed, so the sender keeps what it has."""
    address = "postgresql://nobody@127.0.0.1:1/nothing" if trouble == "away" else database_url
    driven = sa.make_url(address).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(driven, pool_size=1, max_overflow=0, pool_timeout=0.1)
    with ExitStack() as held, run_web(replace(services, engine=engine)) as web:
        if trouble != "away":
            held.enter_context(engine.connect())
        answer = web.post(EVENTS, paid(1), STRUCTURED, BEARER)
    engine.dispose()
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert "database" in answer.json["error"]


def test_when_too_many_of_one_key_are_inside_its_next_is_told_to_come_back(web: Web) -> None:
    """Memory stays flat under a flood: who only dribbles its body holds a place, and of one key no more than half."""
    head = "\r\n".join(f"{name}: {value}" for name, value in (STRUCTURED | BEARER).items())
    request = f"POST {EVENTS} HTTP/1.1\r\nHost: x\r\nContent-Length: {MOST_BYTES}\r\n{head}\r\n\r\n{{".encode()
    with ExitStack() as held:
        for _ in range(MOST_KNOWN_BYTES // MOST_BYTES):
            dribbler = held.enter_context(socket.create_connection(("127.0.0.1", web.port)))
            dribbler.sendall(request)
        answer = eventually(
            lambda: one if (one := web.post(EVENTS, paid(1), STRUCTURED, BEARER)).status == 429 else None
        )
        assert answer.headers["retry-after"] == "1"
        assert web.get("/healthz").status == 200
    assert eventually(lambda: web.post(EVENTS, paid(2), STRUCTURED, BEARER).status == 202 or None)


BREAKS_THE_INBOX = """
    CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'inbox'; END $$;
    CREATE TRIGGER breaks BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION breaks();
"""


def test_a_schema_of_another_release_is_no_crash(web: Web, services: Services) -> None:
    with services.engine.begin() as connection:
        connection.execute(sa.text("drop table inbox cascade"))
    answer = web.post(EVENTS, paid(1), STRUCTURED, BEARER)
    assert (answer.status, set(answer.json)) == (503, {"error"})
    assert "inbox" not in answer.text


def test_a_crash_shows_an_id_and_nothing_else(web: Web, services: Services) -> None:
    with services.engine.begin() as connection:
        connection.execute(sa.text(BREAKS_THE_INBOX))
    answer = web.post(EVENTS, paid(1), STRUCTURED, BEARER)
    assert (answer.status, set(answer.json)) == (500, {"error", "id"})
    assert "inbox" not in answer.text
    assert "Traceback" not in answer.text


def test_other_methods_and_paths_are_refused_in_the_same_shape(web: Web) -> None:
    assert (web.get(EVENTS).status, web.get(EVENTS).json) == (405, {"error": "Method Not Allowed"})
    assert (web.get("/v2").status, web.get("/v2").json) == (404, {"error": "Not Found"})
    assert web.get("/docs").status == 404


def test_a_slash_too_many_is_refused_too_and_leads_nowhere(web: Web) -> None:
    """A redirect would name http, whatever the proxy in front speaks, and the key would be sent in the clear."""
    answer = web.post("/v1/events/", b"[]", BEARER)
    assert (answer.status, answer.json, "location" in answer.headers) == (404, {"error": "Not Found"}, False)
