"""The simulator speaks Twilio's HTTP as the real twilio package uses it."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from tests.simulator_process import Simulator, eventually

TO, FROM = "+33612345678", "+33700000001"
CONTENT_SID = f"HX{'0' * 32}"


def test_a_message_is_accepted_and_its_recipient_gets_it(simulator: Simulator, twilio_client: Client) -> None:
    sent = twilio_client.messages.create(to=TO, from_=FROM, body="Bonjour", validity_period=600)

    assert (sent.status, sent.to, sent.from_, sent.body, sent.num_segments) == ("queued", TO, FROM, "Bonjour", "1")
    assert sent.date_sent is None
    assert sent.date_created is not None
    assert abs(sent.date_created - datetime.now(UTC)) < timedelta(minutes=1)
    [got] = simulator.messages(to=TO, channel="sms")
    assert (got["id"], got["text"], got["validity_period"], got["refused"]) == (sent.sid, "Bonjour", 600, False)
    assert datetime.fromisoformat(got["accepted_at"]).tzinfo is not None


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of aiohttp, caused by twilio 9.13 itself
def test_the_async_client_is_served_too(simulator: Simulator) -> None:
    async def send() -> str:
        async with AsyncTwilioHttpClient() as transport:
            login = simulator.twilio_account_sid, simulator.twilio_auth_token
            client = Client(*login, http_client=transport)
            client.api.base_url = simulator.url
            sent = await client.messages.create_async(to=TO, from_=FROM, body="Bonjour")
            return str(sent.sid)

    sid = asyncio.run(send())

    assert [message["id"] for message in simulator.messages()] == [sid]


def test_whatsapp_goes_by_template(simulator: Simulator, twilio_client: Client) -> None:
    variables = {"1": "F-2026-0042", "2": "1 250,00 €"}
    twilio_client.messages.create(
        to=f"whatsapp:{TO}",
        from_=f"whatsapp:{FROM}",
        content_sid=CONTENT_SID,
        content_variables=json.dumps(variables),
    )

    [got] = simulator.messages(channel="whatsapp")
    assert (got["to"], got["content_sid"], got["content_variables"]) == (f"whatsapp:{TO}", CONTENT_SID, variables)
    assert not got["refused"]


def test_free_text_over_whatsapp_is_accepted_and_then_fails(simulator: Simulator, twilio_client: Client) -> None:
    """Error 63016: outside 24 hours after the customer's last message only a template arrives."""
    sent = twilio_client.messages.create(to=f"whatsapp:{TO}", from_=f"whatsapp:{FROM}", body="Bonjour")

    failed = eventually(lambda: (now := sent.fetch()).status == "failed" and now)
    assert (failed.error_code, [m["refused"] for m in simulator.messages()]) == (63016, [True])


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"to": "", "from_": FROM, "body": "x"}, 400, 21604),
        ({"to": "06 12 34", "from_": FROM, "body": "x"}, 400, 21211),
        ({"to": "+330", "from_": FROM, "body": "x"}, 400, 21211),
        ({"to": TO, "body": "x"}, 400, 21603),
        ({"to": TO, "from_": FROM}, 400, 21619),
        ({"to": TO, "from_": FROM, "body": "x" * 1601}, 400, 21617),
        ({"to": TO, "from_": FROM, "content_sid": "HX12"}, 400, 21655),
        ({"to": TO, "from_": FROM, "content_sid": CONTENT_SID, "content_variables": "{1: 2"}, 400, 21656),
        ({"to": TO, "from_": FROM, "content_sid": CONTENT_SID, "content_variables": "[1]"}, 400, 21656),
        ({"to": TO, "from_": FROM, "content_sid": CONTENT_SID, "content_variables": '{"1": ""}'}, 400, 21656),
        ({"to": TO, "from_": FROM, "body": "x", "status_callback": "ftp://example.com"}, 400, 21609),
        ({"to": TO, "from_": FROM, "body": "x", "validity_period": 36001}, 400, 90007),
    ],
)
def test_what_twilio_refuses_is_refused(
    simulator: Simulator, twilio_client: Client, fields: dict[str, str], status: int, code: int
) -> None:
    with pytest.raises(TwilioRestException) as refused:
        twilio_client.messages.create(**fields)

    assert (refused.value.status, refused.value.code) == (status, code)
    assert simulator.messages() == []
    assert simulator.requests()["counts"] == {"twilio": {"send": {f"refused:{code}": 1}}}


def test_a_body_of_1600_characters_is_accepted(twilio_client: Client) -> None:
    assert twilio_client.messages.create(to=TO, from_=FROM, body="é" * 1600).num_segments == "11"


@pytest.mark.parametrize(
    ("text", "segments"),
    [("a" * 160, "1"), ("a" * 161, "2"), ("€" * 80, "1"), ("€" * 81, "2"), ("ê" * 70, "1"), ("ê" * 71, "2")],
)
def test_segments_are_counted_in_gsm7_and_ucs2(twilio_client: Client, text: str, segments: str) -> None:
    assert twilio_client.messages.create(to=TO, from_=FROM, body=text).num_segments == segments


def test_wrong_credentials_are_refused(simulator: Simulator) -> None:
    client = Client(simulator.twilio_account_sid, "wrong")
    client.api.base_url = simulator.url

    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(to=TO, from_=FROM, body="x")

    client.http_client.session.close()
    assert (refused.value.status, refused.value.code) == (401, 20003)


def test_a_message_service_may_stand_for_the_sender(simulator: Simulator, twilio_client: Client) -> None:
    twilio_client.messages.create(to=TO, messaging_service_sid=f"MG{'0' * 32}", body="x")

    assert [message["messaging_service_sid"] for message in simulator.messages()] == [f"MG{'0' * 32}"]


def test_the_list_finds_by_recipient_sender_and_date_newest_first(twilio_client: Client) -> None:
    for body in ("one", "two"):
        twilio_client.messages.create(to=TO, from_=FROM, body=body)
    twilio_client.messages.create(to=TO, from_="+33700000002", body="three")
    twilio_client.messages.create(to="+33699999999", from_=FROM, body="four")
    now = datetime.now(UTC)
    day, minute = timedelta(days=1), timedelta(minutes=1)

    def bodies(**query: object) -> list[str | None]:
        return [message.body for message in twilio_client.messages.list(**query)]

    assert bodies(to=TO, from_=FROM) == ["two", "one"]
    assert bodies(to=TO) == ["three", "two", "one"]
    assert bodies(to="+33688888888") == []
    assert bodies(from_=FROM, date_sent_after=now - minute, date_sent_before=now + minute) == ["four", "two", "one"]
    assert bodies(to=TO, date_sent_after=now + minute) == []
    assert bodies(to=TO, date_sent_before=now - minute) == []
    assert bodies(to=TO, date_sent=now - 2 * day) == []


def test_the_list_comes_in_pages(twilio_client: Client) -> None:
    for number in range(7):
        twilio_client.messages.create(to=TO, from_=FROM, body=str(number))

    assert [m.body for m in twilio_client.messages.list(to=TO, page_size=3)] == list("6543210")
    assert [m.body for m in twilio_client.messages.list(to=TO, page_size=3, limit=4)] == list("6543")


def test_a_page_stays_where_it_is_while_messages_come_in(twilio_client: Client) -> None:
    """A reconciliation that pages must not see a message twice or miss one."""
    for number in range(4):
        twilio_client.messages.create(to=TO, from_=FROM, body=str(number))
    first = twilio_client.messages.page(to=TO, page_size=2)
    twilio_client.messages.create(to=TO, from_=FROM, body="late")
    second = first.next_page()

    assert second is not None
    assert [[m.body for m in page] for page in (first, second)] == [["3", "2"], ["1", "0"]]


def test_an_unknown_message_is_not_found(twilio_client: Client) -> None:
    with pytest.raises(TwilioRestException) as missing:
        twilio_client.messages(f"SM{'0' * 32}").fetch()

    assert (missing.value.status, missing.value.code) == (404, 20404)


@pytest.mark.parametrize("query", [{"PageSize": "many"}, {"DateSent": "yesterday"}, {"PageToken": "PAx"}])
def test_a_list_that_cannot_be_read_is_refused(twilio_client: Client, query: dict[str, str]) -> None:
    url = f"{twilio_client.api.base_url}/2010-04-01/Accounts/{twilio_client.username}/Messages.json"
    answer = twilio_client.request("GET", url, params=query)

    assert (answer.status_code, json.loads(answer.text)["code"]) == (400, 20001)
