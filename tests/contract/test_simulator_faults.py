"""Each fault, as a client sees it and as its recipient does."""

import http.client
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Mail
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests.simulator_process import Simulator

PHONE, MAIL = "+33612345678", "anne@example.com"

Send = Callable[[], Any]


@pytest.fixture
def send_sms(twilio_client: Client) -> Send:
    return lambda: twilio_client.messages.create(to=PHONE, from_="+33700000001", body="Bonjour")


@pytest.fixture
def send_mail(sendgrid_client: SendGridAPIClient) -> Send:
    return lambda: sendgrid_client.send(Mail("billing@example.org", MAIL, "Invoice", "Hello"))


def received(simulator: Simulator) -> int:
    return len(simulator.messages(refused="false"))


def outcomes(simulator: Simulator, to: str) -> list[str]:
    return [request["outcome"] for request in simulator.requests(to=to)["requests"]]


def test_429_is_not_accepted_and_says_when_to_come_back(simulator: Simulator) -> None:
    """Asked with bare HTTP, because twilio-python drops the header."""
    simulator.switch(recipient=PHONE, fault="429", retry_after_s=7, times=1)
    url = f"{simulator.url}/2010-04-01/Accounts/{simulator.twilio_account_sid}/Messages.json"
    login = simulator.twilio_account_sid, simulator.twilio_auth_token
    form = {"To": PHONE, "From": "+33700000001", "Body": "Bonjour"}
    first = requests.post(url, data=form, auth=login, timeout=5)
    second = requests.post(url, data=form, auth=login, timeout=5)

    assert (first.status_code, first.json()["code"], first.headers["Retry-After"]) == (429, 20429, "7")
    assert second.status_code == 201
    assert outcomes(simulator, PHONE) == ["429", "accepted"]


def test_429_may_say_nothing_of_when_to_come_back(simulator: Simulator) -> None:
    """Twilio documents no header for it."""
    simulator.switch(recipient=PHONE, fault="429", retry_after_s=0)
    url = f"{simulator.url}/2010-04-01/Accounts/{simulator.twilio_account_sid}/Messages.json"
    login = simulator.twilio_account_sid, simulator.twilio_auth_token
    answer = requests.post(url, data={"To": PHONE, "From": "+33700000001", "Body": "Bonjour"}, auth=login, timeout=5)
    assert (answer.status_code, "Retry-After" in answer.headers) == (429, False)


def test_429_of_sendgrid(simulator: Simulator, send_mail: Send) -> None:
    simulator.switch(recipient=MAIL, fault="429", retry_after_s=7)
    with pytest.raises(HTTPError) as refused:
        send_mail()

    assert (refused.value.status_code, refused.value.headers["Retry-After"]) == (429, "7")
    assert simulator.messages() == []


@pytest.mark.parametrize(("fault", "count"), [("5xx-before", 0), ("5xx-after", 1)])
def test_5xx_before_and_after_accepting_look_the_same_to_the_client(
    simulator: Simulator, send_sms: Send, send_mail: Send, fault: str, count: int
) -> None:
    simulator.switch(fault=fault, status=503)
    with pytest.raises(TwilioRestException) as sms_error:
        send_sms()
    with pytest.raises(HTTPError) as mail_error:
        send_mail()

    assert (sms_error.value.status, sms_error.value.code, mail_error.value.status_code) == (503, 20500, 503)
    assert [len(simulator.messages(channel=channel)) for channel in ("sms", "email")] == [count, count]


@pytest.mark.parametrize(("fault", "count"), [("cut-before", 0), ("cut", 1)])
def test_a_cut_connection_tells_the_client_nothing(
    simulator: Simulator, send_sms: Send, send_mail: Send, fault: str, count: int
) -> None:
    simulator.switch(fault=fault)
    with pytest.raises(requests.exceptions.ConnectionError):
        send_sms()
    with pytest.raises(http.client.RemoteDisconnected):
        send_mail()

    assert [len(simulator.messages(channel=channel)) for channel in ("sms", "email")] == [count, count]


def test_an_answer_may_be_cut_in_its_middle(simulator: Simulator, send_sms: Send, send_mail: Send) -> None:
    simulator.switch(fault="cut", cut_at="mid")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="Connection broken"):
        send_sms()
    with pytest.raises(http.client.IncompleteRead):
        send_mail().body  # noqa: B018 - the body is read when it is asked for

    assert received(simulator) == 2


def test_garbage_is_an_accepted_message_whose_id_nobody_learns(
    simulator: Simulator, send_sms: Send, send_mail: Send
) -> None:
    simulator.switch(fault="garbage")
    with pytest.raises(json.JSONDecodeError):
        send_sms()
    answer = send_mail()

    assert (answer.status_code, answer.headers["X-Message-Id"]) == (202, None)
    assert received(simulator) == 2


def test_a_refusal_has_the_code_that_was_asked_for(simulator: Simulator, send_sms: Send, send_mail: Send) -> None:
    simulator.switch(recipient=PHONE, fault="refuse", code=21610)
    simulator.switch(recipient=MAIL, fault="refuse", status=403)
    with pytest.raises(TwilioRestException) as sms_error:
        send_sms()
    with pytest.raises(HTTPError) as mail_error:
        send_mail()

    assert (sms_error.value.status, sms_error.value.code, mail_error.value.status_code) == (400, 21610, 403)
    assert simulator.messages() == []
    assert outcomes(simulator, PHONE) == ["refused:21610"]


def test_an_undelivered_message_was_accepted_and_did_not_arrive(simulator: Simulator, send_sms: Send) -> None:
    simulator.switch(recipient=PHONE, fault="undelivered", code=30005)
    sent = send_sms()

    [message] = simulator.messages()
    assert (message["id"], message["refused"]) == (sent.sid, True)


def test_latency_delays_the_answer_and_not_the_acceptance(simulator: Simulator) -> None:
    simulator.switch(recipient=PHONE, latency_s=30)
    impatient = Client(
        simulator.twilio_account_sid, simulator.twilio_auth_token, http_client=TwilioHttpClient(timeout=0.3)
    )
    impatient.api.base_url = simulator.url
    with pytest.raises(requests.exceptions.ReadTimeout):
        impatient.messages.create(to=PHONE, from_="+33700000001", body="Bonjour")
    impatient.http_client.session.close()

    assert received(simulator) == 1


def test_latency_may_be_a_range(simulator: Simulator, send_sms: Send) -> None:
    simulator.switch(latency_s=[0.2, 0.25])
    begun = time.monotonic()
    send_sms()

    assert time.monotonic() - begun >= 0.2


def test_a_recipients_own_switch_comes_before_the_one_for_all(
    simulator: Simulator, send_sms: Send, send_mail: Send
) -> None:
    simulator.switch(recipient=PHONE, fault="refuse", code=21614, times=1)
    simulator.switch(recipient="*", channel="sms", fault="refuse", code=21211)
    codes = []
    for _ in range(2):
        with pytest.raises(TwilioRestException) as refused:
            send_sms()
        codes.append(refused.value.code)

    assert codes == [21614, 21211]
    assert send_mail().status_code == 202


def test_the_newest_switch_wins_until_it_is_used_up(simulator: Simulator, send_sms: Send) -> None:
    simulator.switch_all(
        {"recipient": PHONE, "fault": "refuse", "code": 21614, "times": 1},
        {"recipient": PHONE, "fault": "429", "times": 2},
    )
    for _ in range(3):
        with pytest.raises(TwilioRestException):
            send_sms()
    send_sms()

    assert outcomes(simulator, PHONE) == ["429", "429", "refused:21614", "accepted"]


def test_switches_of_one_recipient_are_forgotten_alone(simulator: Simulator, send_sms: Send, send_mail: Send) -> None:
    for recipient in (PHONE, MAIL):
        simulator.switch(recipient=recipient, fault="5xx-before")
    simulator.ask("DELETE", "switches", query={"recipient": PHONE})

    assert send_sms().status == "queued"
    with pytest.raises(HTTPError):
        send_mail()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"fault": "explode"}, "fault: must be one of"),
        ({"latency_s": -1}, "latency_s: must be seconds"),
        ({"latency_s": [2, 1]}, "latency_s: the low end"),
        ({"times": 1.5, "fault": "429"}, "times: must be a whole number"),
        ({"code": 30003}, "code: needs a fault"),
        ({"callbacks": "sometimes"}, "callbacks: must be one of"),
        ({"callbacks": {"often": 3}}, "often: unknown"),
        ({"recipient": ""}, "recipient: must be a text"),
        ({"fautl": "429"}, "fautl: unknown"),
    ],
)
def test_a_wrong_switch_is_refused_with_its_field(
    simulator: Simulator, fields: dict[str, object], reason: str
) -> None:
    with pytest.raises(AssertionError, match=reason):
        simulator.switch(**fields)

    assert simulator.ask("GET", "switches") == []
