"""From our send to our reading of what comes back: both vendors over the simulators, signed for real."""

import asyncio

import pytest

from channels.http import Transport
from channels.sendgrid.callbacks import is_signed as is_signed_by_sendgrid
from channels.sendgrid.callbacks import read_events
from channels.twilio.callbacks import (
    INBOUND_PATH,
    STATUS_PATH,
    callback_url,
    is_signed,
    read_form,
    read_inbound,
    read_receipt,
)
from channels.twilio.sending import TwilioChannel, TwilioSettings
from channels.wishes import Wish
from domain.outcomes import AttemptState, Outcome, Receipt
from tests.channel_cases import ATTEMPT, CASES, sendgrid_over
from tests.simulator_process import Simulator, eventually
from tests.webhook_receiver import Posted, Receiver

MAIL = CASES[2].message(cc=("luc@example.com",))


def is_genuine(posted: Posted, public_url: str, token: str) -> bool:
    path, _, query = posted.path.partition("?")
    headers = {name.lower(): value for name, value in posted.headers.items()}
    url = callback_url(public_url, path, query)
    return is_signed(token, url, posted.body, headers.get("x-twilio-signature"), headers.get("content-type"))


@pytest.mark.parametrize(("plan", "genuine"), [("normal", True), ("forged", False), ("unsigned", False)])
def test_a_sends_receipts_come_back_signed_with_our_attempt(
    simulator: Simulator, receiver: Receiver, plan: str, genuine: bool
) -> None:
    simulator.switch(recipient="+33612345678", callbacks=plan)
    settings = TwilioSettings(
        simulator.twilio_account_sid,
        simulator.twilio_auth_token,
        receiver.url,
        sms_from="+337",
        api_url=simulator.url,
    )

    async def send() -> None:
        async with Transport() as transport:
            await TwilioChannel(settings, transport).send(CASES[0].message())

    asyncio.run(send())
    posted = eventually(lambda: receiver.posted if len(receiver.posted) == 3 else None)
    assert [is_genuine(one, receiver.url, simulator.twilio_auth_token) for one in posted] == [genuine] * 3
    assert {one.path for one in posted} == {f"{STATUS_PATH}?attempt={ATTEMPT}"}
    assert [read_receipt(read_form(one.body), ATTEMPT).state for one in posted] == [
        AttemptState.ACCEPTED,
        AttemptState.SENT,
        AttemptState.DELIVERED,
    ]


def test_a_reply_comes_in_signed(simulator: Simulator, receiver: Receiver) -> None:
    simulator.configure(inbound_url=f"{receiver.url}{INBOUND_PATH}")
    simulator.inbound(from_="+33612345678", to="+337", body="STOP")

    [posted] = receiver.posted
    assert is_genuine(posted, receiver.url, simulator.twilio_auth_token)
    assert read_inbound(read_form(posted.body)).wish is Wish.STOP


def test_a_mails_events_come_back_signed_with_our_attempt(simulator: Simulator, receiver: Receiver) -> None:
    simulator.configure(sendgrid_callback_url=receiver.url)
    simulator.switch(recipient="luc@example.com", fault="undelivered", outcome="bounce")

    async def send() -> Outcome:
        async with Transport() as transport:
            return await sendgrid_over(transport, simulator.url, simulator.sendgrid_api_key).send(MAIL)

    outcome = asyncio.run(send())
    posted = eventually(lambda: receiver.posted if len(_all_read(receiver)) == 4 else None)
    for one in posted:
        headers = {name.lower(): value for name, value in one.headers.items()}
        stamp = headers["x-twilio-email-event-webhook-timestamp"]
        signature = headers["x-twilio-email-event-webhook-signature"]
        assert is_signed_by_sendgrid(simulator.sendgrid_public_key, one.body, signature, stamp, float(stamp))
        assert not is_signed_by_sendgrid(
            simulator.sendgrid_public_key, one.body + b" ", signature, stamp, float(stamp)
        )
    receipts = _all_read(receiver)
    assert {(one.attempt_id, one.provider_id) for one in receipts} == {(ATTEMPT, outcome.provider_id)}
    assert {(one.address, one.state) for one in receipts} == {
        ("anne@example.com", AttemptState.ACCEPTED),
        ("anne@example.com", AttemptState.DELIVERED),
        ("luc@example.com", AttemptState.ACCEPTED),
        ("luc@example.com", AttemptState.UNDELIVERED),
    }


def _all_read(receiver: Receiver) -> list[Receipt]:
    return [receipt for one in receiver.posted for receipt, _ in read_events(one.body)]
