"""People write to us through the simulator, and its settings."""

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.contract.provider_calls import FROM, PHONE, is_signed_by_twilio, send_sms
from tests.simulator_process import Simulator
from tests.webhook_receiver import Receiver


def test_a_person_writes_to_us_signed(simulator: Simulator, receiver: Receiver) -> None:
    simulator.configure(inbound_url=f"{receiver.url}/inbound")
    told = simulator.inbound(from_=PHONE, to=FROM, body="Je paie vendredi ☺", times=2)

    assert told["statuses"] == [204, 204]
    assert {posted.form["MessageSid"] for posted in receiver.posted} == {told["message_sid"]}
    first = receiver.posted[0]
    assert (first.form["From"], first.form["To"], first.form["Body"]) == (PHONE, FROM, "Je paie vendredi ☺")
    assert is_signed_by_twilio(simulator, receiver, first)


def test_a_forger_writes_to_us(simulator: Simulator, receiver: Receiver) -> None:
    simulator.configure(inbound_url=receiver.url)
    simulator.inbound(from_=PHONE, to=FROM, body="STOP", signature="forged")

    assert not is_signed_by_twilio(simulator, receiver, receiver.posted[0])
    assert simulator.ask("GET", "config")["opted_out"] == []


def test_stop_is_obeyed_by_twilio_itself_until_start(
    simulator: Simulator, twilio_client: Client, receiver: Receiver
) -> None:
    simulator.configure(inbound_url=receiver.url)
    simulator.inbound(from_=PHONE, to=FROM, body=" stop ")
    with pytest.raises(TwilioRestException) as refused:
        send_sms(twilio_client, receiver)
    simulator.inbound(from_=PHONE, to=FROM, body="START")

    assert refused.value.code == 21610
    assert send_sms(twilio_client, receiver)


def test_an_inbound_whatsapp_message_opens_the_window_for_free_text(
    simulator: Simulator, twilio_client: Client, receiver: Receiver
) -> None:
    simulator.configure(inbound_url=receiver.url)
    other = "whatsapp:+33611111111"
    simulator.inbound(from_=other, to=f"whatsapp:{FROM}", body="Bonjour")
    twilio_client.messages.create(to=other, from_=f"whatsapp:{FROM}", body="Bonjour")

    assert [message["refused"] for message in simulator.messages()] == [False]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"sendgrid": "x"}, "config: known are"),
        ({"suppressed": "x"}, "suppressed: "),
        ({"inbound_url": 1}, "inbound_url: "),
    ],
)
def test_a_wrong_setting_is_refused(simulator: Simulator, settings: dict[str, object], reason: str) -> None:
    with pytest.raises(AssertionError, match=reason):
        simulator.configure(**settings)
