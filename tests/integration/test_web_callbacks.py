"""What providers post, over real HTTP: nothing unsigned is kept, what is signed is kept once, a stop holds."""

import hashlib
import json
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from config.wiring import DEFAULT_SELLER, Services
from simulators.signing import EventSigner, sign_twilio
from store.engine import make_engine
from store.history import suppress
from store.receipts import take
from tests.factories import customer_data, event, invoice_event
from tests.pipeline import Pipeline
from tests.simulator_process import eventually
from tests.web_server import JSON, Answer, Web, run_web
from workers.settle import settle

PUBLIC = "http://127.0.0.1:8080"
STATUS, INBOUND, SENDGRID = "/callbacks/twilio/status", "/callbacks/twilio/inbound", "/callbacks/sendgrid"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MOBILE = "+33612345678"
SIGNER = EventSigner.from_seed("callbacks")


@pytest.fixture
def hearing(services: Services) -> Services:
    assert services.sendgrid is not None
    return replace(services, sendgrid=replace(services.sendgrid, webhook_key=SIGNER.public_key))


@pytest.fixture
def web(hearing: Services) -> Iterator[Web]:
    with run_web(hearing) as web:
        yield web


def rows(services: Services, sql: str) -> list[Any]:
    with services.engine.connect() as connection:
        return list(connection.execute(sa.text(sql)))


def post_twilio(web: Web, services: Services, path: str, url: str | None = None, **form: str) -> Answer:
    """A form as Twilio posts and signs it: with our public address, whatever address we listen on."""
    assert services.twilio is not None
    signature = sign_twilio(services.twilio.auth_token, url or PUBLIC + path, form)
    return web.post(path, urlencode(form).encode(), FORM, {"X-Twilio-Signature": signature})


def status(sid: str = "SM1", word: str = "delivered", **more: str) -> dict[str, str]:
    return {"MessageSid": sid, "MessageStatus": word, "To": MOBILE, "From": "+33755000001"} | more


def reply(text: str, sid: str = "SM9", sender: str = MOBILE) -> dict[str, str]:
    return {"MessageSid": sid, "From": sender, "To": "+33755000001", "Body": text}


def post_sendgrid(web: Web, body: bytes, signer: EventSigner = SIGNER, age_s: int = 0) -> Answer:
    timestamp = str(int(time.time()) - age_s)
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": signer.sign(timestamp, body),
        "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
    }
    return web.post(SENDGRID, body, JSON, headers)


# --- Twilio's reports ---------------------------------------------------------------------------------------


def test_a_status_is_kept_raw_and_once_and_settled_soon(web: Web, hearing: Services) -> None:
    path = f"{STATUS}?attempt=a-1&x=%C3%A9%20y"
    answers = [post_twilio(web, hearing, path, **status()) for _ in range(3)]
    assert [(answer.status, answer.body) for answer in answers] == [(204, b"")] * 3
    [(row, provider, raw)] = rows(hearing, "select id, provider, raw from receipts")
    assert (provider, bytes(raw)) == ("twilio", urlencode(status()).encode())
    with hearing.engine.begin() as connection:
        [receipt] = take(connection, [row])
    assert (receipt.receipt.attempt_id, receipt.receipt.word) == ("a-1", "delivered")
    [nudge] = eventually(lambda: web.nudges or None)
    assert (nudge.kind, nudge.queue, nudge.ids) == ("receipt.settle", "settle", (row,))


@pytest.mark.parametrize("path", [STATUS, INBOUND])
def test_twilio_is_believed_only_when_it_signed_this(web: Web, hearing: Services, path: str) -> None:
    body = urlencode(status(Body="STOP")).encode()
    assert web.post(path, body, FORM).status == 403
    assert web.post(path, body, FORM, {"X-Twilio-Signature": "AAAA"}).status == 403
    assert post_twilio(web, hearing, path, url=f"https://elsewhere.example{path}", **status()).status == 403
    assert (
        post_twilio(web, hearing, f"{path}?attempt=a-2", url=f"{PUBLIC}{path}?attempt=a-1", **status()).status == 403
    )
    assert rows(hearing, "select * from receipts") == rows(hearing, "select * from quarantine") == []


def test_a_json_body_is_signed_by_its_digest(web: Web, hearing: Services) -> None:
    """Signed, so it is kept; it is no form, so a person has to look."""
    body = b'{"MessageSid": "SM1"}'
    path = f"{STATUS}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    assert hearing.twilio is not None
    signature = {"X-Twilio-Signature": sign_twilio(hearing.twilio.auth_token, PUBLIC + path, {})}
    assert web.post(path, body, JSON, signature).status == 400
    assert web.post(path, body + b" ", JSON, signature).status == 403


def test_a_signed_report_that_is_not_as_documented_is_400_and_kept(web: Web, hearing: Services) -> None:
    answer = post_twilio(web, hearing, STATUS, MessageStatus="delivered")
    assert (answer.status, answer.json) == (400, {"error": "MessageSid: missing"})
    [(kind, reference, raw)] = rows(hearing, "select kind, reference, raw from quarantine")
    assert (kind, reference, bytes(raw)) == ("callback", "twilio", b"MessageStatus=delivered")


def test_a_body_that_is_too_large_is_413(web: Web) -> None:
    assert web.post(STATUS, b"a" * ((1 << 20) + 1), FORM).status == 413


def test_what_is_not_posted_is_refused_as_everywhere(web: Web) -> None:
    answer = web.get(STATUS)
    assert (answer.status, answer.json, answer.headers["allow"]) == (405, {"error": "Method Not Allowed"}, "POST")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_while_the_database_is_away_the_provider_is_told_to_come_back(hearing: Services) -> None:
    away = make_engine("postgresql://127.0.0.1:1/nobody")
    with run_web(replace(hearing, engine=away)) as web:
        answer = post_twilio(web, hearing, STATUS, **status())
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert answer.json == {"error": "the database is away; nothing was taken in, try again"}


def test_without_a_provider_set_up_nobody_is_believed(services: Services) -> None:
    with run_web(replace(services, twilio=None, sendgrid=None)) as web:
        assert post_twilio(web, services, STATUS, **status()).status == 403
        assert post_sendgrid(web, b"[]").status == 403


# --- SendGrid's events --------------------------------------------------------------------------------------


def bounced(**changes: Any) -> dict[str, Any]:
    told = {"email": "anne@example.com", "timestamp": 1764000000, "event": "bounce", "type": "bounce"}
    return told | {"relance_attempt": "a-1", "sg_message_id": "x.1"} | changes


def test_each_event_of_a_post_counts_once_with_its_own_raw_form(web: Web, hearing: Services) -> None:
    items = [bounced(), bounced(), bounced(event="delivered", type=None), {"no": "event"}, 7]
    assert [post_sendgrid(web, json.dumps(items).encode()).status for _ in range(2)] == [204, 204]
    kept = rows(hearing, "select raw from receipts order by id")
    told = [json.loads(bytes(raw)) for (raw,) in kept]
    assert sorted(told, key=lambda one: str(one[0]["event"])) == [[items[0]], [items[2]]]
    assert len(eventually(lambda: web.nudges or None)[0].ids) == 2
    assert post_sendgrid(web, b"[]").status == 204


def test_sendgrid_is_believed_only_when_it_signed_this_lately(web: Web, hearing: Services) -> None:
    body = json.dumps([bounced()]).encode()
    assert web.post(SENDGRID, body, JSON).status == 403
    assert post_sendgrid(web, body, EventSigner.from_seed("somebody")).status == 403
    assert post_sendgrid(web, body, age_s=26 * 3600).status == 403
    garbled = {"X-Twilio-Email-Event-Webhook-Signature": b64encode(b"x").decode()}
    stamped = {"X-Twilio-Email-Event-Webhook-Timestamp": str(int(time.time()))}
    assert web.post(SENDGRID, body, JSON, garbled, stamped).status == 403
    assert rows(hearing, "select * from receipts") == []


def test_a_signed_post_that_is_no_list_is_400_and_kept(web: Web, hearing: Services) -> None:
    assert [post_sendgrid(web, body).status for body in (b"{}", b"{", b"[" * 100_000)] == [400, 400, 400]
    assert [kind for (kind,) in rows(hearing, "select kind from quarantine")] == ["callback"] * 3


# --- Replies ------------------------------------------------------------------------------------------------


@pytest.fixture
def reminded(pipeline: Pipeline) -> Pipeline:
    """The bakery was written to by SMS."""
    customer = customer_data(preferred_channel="sms")
    invoice = {"due_on": "2026-11-20", "issued_on": "2026-10-20"}
    pipeline.take(invoice_event(customer=customer, invoice=invoice))
    assert pipeline.deliver_due() == 1
    assert pipeline.log()[0].channel == "sms"
    return pipeline


def suppressed(services: Services) -> list[Any]:
    return rows(services, "select seller, channel, address, reason from suppressions order by seller")


def test_a_stop_holds_from_the_answer_on_and_start_takes_it_back(
    web: Web, hearing: Services, reminded: Pipeline
) -> None:
    answer = post_twilio(web, hearing, INBOUND, **reply("Arrêt, merci"))
    assert (answer.status, answer.headers["content-type"].split(";")[0]) == (200, "text/xml")
    assert answer.text.endswith("<Response/>")
    assert suppressed(hearing) == [("default", "sms", MOBILE, "opt_out")]
    assert rows(hearing, "select due_at is not null, channel from accounts") == [(True, None)]
    assert [entry.event for entry in reminded.journal()][-1] == "inbound.stopped"
    assert MOBILE not in json.dumps([dict(entry.facts) for entry in reminded.journal()])
    assert post_twilio(web, hearing, INBOUND, **reply("START", "SM10")).status == 200
    assert suppressed(hearing) == []


def test_a_reply_that_comes_again_changes_nothing(web: Web, hearing: Services, reminded: Pipeline) -> None:
    """Twilio tries again what it thinks is lost: a stop from before must not undo a start."""
    for text, sid in (("STOP", "SM1"), ("START", "SM2"), ("STOP", "SM1")):
        assert post_twilio(web, hearing, INBOUND, **reply(text, sid)).status == 200
    assert suppressed(hearing) == []
    assert [entry.event for entry in reminded.journal()][-2:] == ["inbound.stopped", "inbound.started"]


def test_an_ordinary_reply_is_kept_raw_and_told_without_its_words(
    web: Web, hearing: Services, reminded: Pipeline
) -> None:
    assert post_twilio(web, hearing, INBOUND, **reply("Je paie demain, Anne")).status == 200
    entry = reminded.journal()[-1]
    assert (entry.event, dict(entry.facts)) == ("inbound.received", {"channel": "sms"})
    [(raw, settled)] = rows(
        hearing, "select raw, settled_at is not null from receipts where body->>'word' = 'inbound'"
    )
    assert (b"demain" in bytes(raw), settled) == (True, True)
    assert suppressed(hearing) == []


def test_a_stop_counts_for_every_seller_that_wrote_there(web: Web, hearing: Services, reminded: Pipeline) -> None:
    """The number is shared, and the reply does not say whom it means."""
    with hearing.engine.begin() as connection:
        connection.execute(sa.text("update attempts set seller = 'other'"))
    post_twilio(web, hearing, INBOUND, **reply("STOP"))
    assert suppressed(hearing) == [("other", "sms", MOBILE, "opt_out")]


def test_a_stop_from_a_stranger_and_one_on_whatsapp_are_obeyed(web: Web, hearing: Services) -> None:
    post_twilio(web, hearing, INBOUND, **reply("STOP", "SM1", "whatsapp:+33700000009"))
    held = ("whatsapp", "+33700000009", "opt_out")
    assert suppressed(hearing) == [("", *held), ("default", *held)]  # the first for sellers who are made later


def test_start_does_not_lift_what_a_person_or_a_provider_found(web: Web, hearing: Services) -> None:
    with hearing.engine.begin() as connection:
        suppress(connection, [(DEFAULT_SELLER, "sms", MOBILE, "invalid_address", datetime.now(UTC))])
    post_twilio(web, hearing, INBOUND, **reply("START"))
    assert [reason for *_, reason in suppressed(hearing)] == ["invalid_address"]


def test_a_report_reaches_its_reminder(web: Web, hearing: Services, reminded: Pipeline) -> None:
    """From the callback to the log, by the id that travelled in the address."""
    row = reminded.log()[0]
    sent = status(row.provider_id or "", "delivered")
    assert post_twilio(web, hearing, f"{STATUS}?attempt={row.attempt}", **sent).status == 204
    ids = eventually(lambda: web.nudges or None)[0].ids
    assert settle(hearing, ids, reminded.now) == 1
    assert reminded.log()[0].state == "delivered"


def test_paying_after_a_stop_is_still_taken_in(reminded: Pipeline, web: Web, hearing: Services) -> None:
    """Nothing about a stop gets in the way of facts."""
    post_twilio(web, hearing, INBOUND, **reply("STOP"))
    paid = event("invoice.paid", {"invoice_id": "F-2026-0042", "paid_on": "2026-11-24"}, id="paid")
    assert reminded.take(paid).accepted == 1
    assert reminded.codes() == ["nothing_owed"]
