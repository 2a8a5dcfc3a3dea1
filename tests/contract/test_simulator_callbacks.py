"""Receipts come signed as the vendors sign them, and as late, often and wrongly as a switch wants."""

import json
import time

import pytest
import requests
from sendgrid import SendGridAPIClient
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.contract.provider_calls import (
    FROM,
    PHONE,
    is_signed_by_sendgrid,
    is_signed_by_twilio,
    send_mail,
    send_sms,
    send_whatsapp,
)
from tests.simulator_process import Simulator, eventually
from tests.webhook_receiver import Receiver

IN_ORDER = ["queued", "sent", "delivered"]


def test_twilio_reports_each_status_signed_over_the_url_without_its_fragment(
    simulator: Simulator, twilio_client: Client, receiver: Receiver
) -> None:
    sid = send_sms(twilio_client, receiver, "#ct=3000&rc=5&rp=all")

    assert receiver.statuses(3) == IN_ORDER
    for posted in receiver.posted:
        assert posted.path == "/status?attempt=a%2F1&x=%C3%A9"
        assert is_signed_by_twilio(simulator, receiver, posted)
        form = posted.form
        assert (form["MessageSid"], form["To"], form["From"]) == (sid, PHONE, FROM)
        assert form["AccountSid"] == simulator.twilio_account_sid
        assert "ErrorCode" not in form


def test_whatsapp_is_read_in_the_end(twilio_client: Client, receiver: Receiver) -> None:
    send_whatsapp(twilio_client, receiver)

    assert receiver.statuses(4) == [*IN_ORDER, "read"]


@pytest.mark.parametrize(
    ("outcome", "expected"), [(None, ["queued", "sent", "undelivered"]), ("failed", ["queued", "failed"])]
)
def test_an_undelivered_message_is_reported_with_its_code(
    simulator: Simulator, twilio_client: Client, receiver: Receiver, outcome: str | None, expected: list[str]
) -> None:
    simulator.switch(recipient=PHONE, fault="undelivered", code=30005, outcome=outcome)
    send_sms(twilio_client, receiver)

    assert receiver.statuses(len(expected)) == expected
    assert receiver.posted[-1].form["ErrorCode"] == "30005"


@pytest.mark.parametrize("fault", ["5xx-after", "cut", "garbage"])
def test_a_message_whose_answer_was_lost_is_reported_all_the_same(
    simulator: Simulator, twilio_client: Client, receiver: Receiver, fault: str
) -> None:
    simulator.switch(fault=fault)
    with pytest.raises((TwilioRestException, OSError, ValueError)):
        send_sms(twilio_client, receiver)

    assert receiver.statuses(3) == IN_ORDER


@pytest.mark.parametrize(
    ("fragment", "answers", "number"),
    [
        ("#rc=2&rp=all", [500, 404, 204], 5),
        ("#rc=1&rp=5xx", [500, 500], 4),
        ("#rc=1&rp=5xx", [404], 3),
        ("#rc=0&rp=all", [500], 3),
        ("", [500], 3),
    ],
)
def test_twilio_tries_again_as_the_fragment_says(
    simulator: Simulator,
    twilio_client: Client,
    receiver: Receiver,
    fragment: str,
    answers: list[int],
    number: int,
) -> None:
    """Without a fragment only a failed connect is tried again, as Twilio does."""
    receiver.answers = answers
    send_sms(twilio_client, receiver, fragment)
    receiver.came(number)
    simulator.settle()

    assert len(receiver.posted) == number


def test_twilio_tries_a_failed_connect_once_again(
    simulator: Simulator, twilio_client: Client, receiver: Receiver
) -> None:
    before = simulator.requests()["callbacks"]
    gone = Receiver("http://127.0.0.1:9")  # the discard port: nobody listens
    send_sms(twilio_client, gone)

    def grown(name: str) -> int:
        found: int = simulator.requests()["callbacks"].get(name, 0) - before.get(name, 0)
        return found

    eventually(lambda: grown("failed") == 3)
    assert (grown("retried"), receiver.posted) == (3, [])


def test_callbacks_never(
    simulator: Simulator, twilio_client: Client, sendgrid_client: SendGridAPIClient, receiver: Receiver
) -> None:
    simulator.configure(sendgrid_callback_url=receiver.url)
    simulator.switch(callbacks="never")
    sid = send_sms(twilio_client, receiver)
    send_mail(sendgrid_client)
    simulator.settle()

    assert receiver.posted == []
    assert twilio_client.messages(sid).fetch().status == "delivered"


@pytest.mark.parametrize(("callbacks", "number"), [("double", 2), ({"times": 46, "delay_s": 0}, 46)])
def test_callbacks_more_than_once(
    simulator: Simulator, twilio_client: Client, receiver: Receiver, callbacks: object, number: int
) -> None:
    simulator.switch(callbacks=callbacks)
    send_sms(twilio_client, receiver)

    assert receiver.statuses(3 * number) == [status for status in IN_ORDER for _ in range(number)]


def test_callbacks_shuffled_are_never_in_order(
    simulator: Simulator, twilio_client: Client, sendgrid_client: SendGridAPIClient, receiver: Receiver
) -> None:
    simulator.switch(callbacks="shuffled")
    sid = send_sms(twilio_client, receiver)
    found = receiver.statuses(3)
    simulator.settle()
    receiver.posted.clear()
    simulator.configure(sendgrid_callback_url=receiver.url)
    send_mail(sendgrid_client)

    assert found != IN_ORDER
    assert sorted(found) == sorted(IN_ORDER)
    assert twilio_client.messages(sid).fetch().status == "delivered"
    assert [event["event"] for event in receiver.events(2)] == ["delivered", "processed"]


def test_callbacks_before_the_answer(
    simulator: Simulator, twilio_client: Client, sendgrid_client: SendGridAPIClient, receiver: Receiver
) -> None:
    simulator.configure(sendgrid_callback_url=receiver.url)
    simulator.switch(callbacks="before-answer")
    send_sms(twilio_client, receiver)
    from_twilio = [posted.form["MessageStatus"] for posted in receiver.posted]
    receiver.posted.clear()
    send_mail(sendgrid_client)
    from_sendgrid = [event["event"] for posted in receiver.posted for event in json.loads(posted.body)]

    assert from_twilio == IN_ORDER
    assert from_sendgrid == ["processed", "delivered"]


@pytest.mark.parametrize("callbacks", ["forged", "unsigned"])
def test_forged_callbacks_do_not_verify(
    simulator: Simulator,
    twilio_client: Client,
    sendgrid_client: SendGridAPIClient,
    receiver: Receiver,
    callbacks: str,
) -> None:
    simulator.switch(callbacks=callbacks)
    send_sms(twilio_client, receiver)
    receiver.came(3)
    assert not any(is_signed_by_twilio(simulator, receiver, posted) for posted in receiver.posted)
    simulator.settle()
    receiver.posted.clear()
    simulator.configure(sendgrid_callback_url=receiver.url)
    send_mail(sendgrid_client)
    receiver.events(2)

    for posted in receiver.posted:
        names = {name.lower() for name in posted.headers}
        signed = "x-twilio-email-event-webhook-signature" in names
        assert signed == (callbacks == "forged")
        assert not signed or not is_signed_by_sendgrid(simulator, posted)


def test_callbacks_later(simulator: Simulator, twilio_client: Client, receiver: Receiver) -> None:
    simulator.switch(callbacks={"delay_s": [0.2, 0.25]})
    begun = time.monotonic()
    send_sms(twilio_client, receiver)

    assert receiver.statuses(3) == IN_ORDER
    assert time.monotonic() - begun >= 3 * 0.2


def test_a_client_that_hangs_up_is_told_all_the_same(simulator: Simulator, receiver: Receiver) -> None:
    """The vendor has taken the message; that its client has died since changes nothing for the recipient."""
    simulator.switch(recipient=PHONE, latency_s=0.3)
    url = f"{simulator.url}/2010-04-01/Accounts/{simulator.twilio_account_sid}/Messages.json"
    form = {"To": PHONE, "From": FROM, "Body": "Bonjour", "StatusCallback": f"{receiver.url}/status"}
    with pytest.raises(requests.Timeout):
        requests.post(url, form, auth=(simulator.twilio_account_sid, simulator.twilio_auth_token), timeout=0.1)
    assert [posted.form["MessageStatus"] for posted in receiver.came(3)] == IN_ORDER
