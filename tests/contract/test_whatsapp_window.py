"""Free text over WhatsApp: it arrives while the reader's window is open, and fails for good when it is not."""

import asyncio
from dataclasses import replace

import pytest

from channels.http import Transport
from channels.twilio.sending import TwilioChannel, TwilioSettings
from domain.outcomes import Outcome, OutcomeClass
from tests.channel_cases import CASES
from tests.simulator_process import Simulator, eventually

WHATSAPP = CASES[1]
FREE = WHATSAPP.message()
FREE = replace(FREE, rendered=replace(FREE.rendered, is_free_text=True))


def sent(simulator: Simulator) -> Outcome:
    settings = TwilioSettings(
        account_sid=simulator.twilio_account_sid,
        auth_token=simulator.twilio_auth_token,
        public_url="https://relance.example.com",
        whatsapp_from="+33755000001",
        api_url=simulator.url,
    )

    async def main() -> Outcome:
        async with Transport() as transport:
            return await TwilioChannel(settings, transport).send(FREE)

    return asyncio.run(main())


@pytest.mark.parametrize("is_open", [True, False])
def test_free_text_arrives_while_the_window_is_open(simulator: Simulator, is_open: bool) -> None:
    simulator.configure(whatsapp_open=[f"whatsapp:{WHATSAPP.to}"] if is_open else [])

    assert sent(simulator).kind is OutcomeClass.ACCEPTED
    [message] = eventually(lambda: [one for one in simulator.messages() if one["refused"] or is_open])
    assert (message["refused"], message["text"]) == (not is_open, FREE.rendered.text)
    assert message["content_sid"] is None


def test_a_refusal_at_once_is_definite_and_no_fault_of_the_line(simulator: Simulator) -> None:
    simulator.switch(fault="refuse", status=400, code=63016)
    outcome = sent(simulator)

    assert (outcome.kind, outcome.code) == (OutcomeClass.CONTENT, "63016")
