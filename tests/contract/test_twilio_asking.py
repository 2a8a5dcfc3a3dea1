"""Twilio is asked what became of a message: by its id, or by what it has sent to that number."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from channels.http import Transport
from channels.port import Askable
from channels.twilio.sending import TwilioChannel, TwilioSettings
from domain.asking import Question, Seen
from domain.levels import Channel
from domain.outcomes import AttemptState, OutcomeClass
from tests.channel_cases import CASES, sendgrid_over, twilio_over
from tests.no_sockets import no_sockets
from tests.scripted_server import Play, response, scripted
from tests.simulator_process import Simulator, eventually

SMS, WHATSAPP = CASES[0].message(), CASES[1].message()
NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
QUESTION = Question(Channel.SMS, "+33612345678", "Bonjour", NOW)
SERVICE = f"MG{'2' * 32}"


def find(question: Question, *plays: Play) -> tuple[Sequence[Seen] | None, list[bytes]]:
    """What the channel makes of these answers, and what it asked."""

    async def main() -> tuple[Sequence[Seen] | None, list[bytes]]:
        async with scripted(*plays) as server, Transport(read_s=0.2) as transport:
            return await twilio_over(transport, server.url).find(question), server.requests

    return asyncio.run(main())


def message(sid: str, status: object = "sent", **more: object) -> dict[str, object]:
    return {"sid": sid, "status": status, "to": "+33612345678", "body": "Bonjour", **more}


def page(*messages: dict[str, object], following: str | None = None) -> Play:
    return Play(response(200, json.dumps({"messages": messages, "next_page_uri": following}).encode()))


def at_simulator(simulator: Simulator, question: Question) -> list[Seen]:
    async def main() -> Sequence[Seen] | None:
        async with Transport() as transport:
            channel = twilio_over(transport, simulator.url, simulator.twilio_account_sid, simulator.twilio_auth_token)
            for number in ("+33612345678", "+33612345679"):
                assert (await channel.send(replace(SMS, to=number))).kind is OutcomeClass.ACCEPTED
            assert (await channel.send(WHATSAPP)).kind is OutcomeClass.ACCEPTED
            return await channel.find(question)

    found = asyncio.run(main())
    assert found is not None
    return list(found)


def test_twilio_can_be_asked_and_sendgrid_cannot() -> None:
    transport = Transport()
    assert isinstance(twilio_over(transport, "http://127.0.0.1:1"), Askable)
    assert not isinstance(sendgrid_over(transport, "http://127.0.0.1:1"), Askable)


@pytest.mark.parametrize("provider_id", [None, "SM1"])
def test_a_machine_without_sockets_has_no_answer(provider_id: str | None) -> None:
    """An empty answer would say that Twilio never had it, and it would be sent again."""

    async def main() -> Sequence[Seen] | None:
        async with scripted() as server, Transport(read_s=0.2) as transport:
            with no_sockets():
                return await twilio_over(transport, server.url).find(replace(QUESTION, provider_id=provider_id))

    assert asyncio.run(main()) is None


def test_what_was_sent_to_a_number_is_found(simulator: Simulator) -> None:
    [one] = at_simulator(simulator, QUESTION)
    [got] = simulator.messages(to="+33612345678")
    assert (one.receipt.provider_id, one.receipt.address, one.text) == (got["id"], "+33612345678", SMS.rendered.text)
    assert one.created_at is not None
    assert abs(one.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert SMS.rendered.text not in repr(one)


def test_whatsapp_is_found_apart_and_its_words_prove_nothing(simulator: Simulator) -> None:
    [one] = at_simulator(simulator, replace(QUESTION, channel=Channel.WHATSAPP))
    [got] = simulator.messages(to="whatsapp:+33612345678")
    assert (one.receipt.provider_id, one.text) == (got["id"], None)


def test_one_message_is_found_by_its_id(simulator: Simulator) -> None:
    simulator.switch(callbacks="never")
    [first] = at_simulator(simulator, QUESTION)

    def delivered() -> bool:
        seen = at_simulator(simulator, replace(QUESTION, provider_id=first.receipt.provider_id))
        return [one.receipt.state for one in seen] == [AttemptState.DELIVERED]

    assert eventually(delivered)


def test_a_message_is_asked_for_by_its_number_and_neither_by_its_day_nor_by_our_sender() -> None:
    """What waits in Twilio's queue has no day of sending, and would be missing."""
    found, [first, second] = find(
        QUESTION,
        page(message("SM1"), following="/2010-04-01/next.json?To=%2B336&Page=1"),
        page(message("SM2", "queued")),
    )
    assert [(one.receipt.provider_id, one.receipt.state) for one in found or ()] == [
        ("SM1", AttemptState.SENT),
        ("SM2", AttemptState.ACCEPTED),
    ]
    head = first.split(b"\r\n", 1)[0]
    assert b"To=%2B33612345678" in head
    assert b"DateSent" not in head
    assert b"From=" not in head
    assert second.startswith(b"GET /2010-04-01/next.json?To=%2B336&Page=1 ")


def test_a_message_with_a_status_that_nobody_knows_is_there_all_the_same() -> None:
    found, _ = find(QUESTION, page(message("SM1", "teleported", date_created="no date")))
    assert [(one.receipt.state, one.created_at) for one in found or ()] == [(AttemptState.ACCEPTED, None)]


def test_a_failure_that_was_asked_for_is_the_receipt_that_was_told() -> None:
    """The same key as the callback's: it counts once."""
    failed = message("SM1", "undelivered", error_code=30005)
    [one] = find(replace(QUESTION, provider_id="SM1"), Play(response(200, json.dumps(failed).encode())))[0] or ()
    assert (one.receipt.key, one.receipt.state) == ("twilio:SM1:undelivered:30005", AttemptState.UNDELIVERED)


@pytest.mark.parametrize(
    ("sender", "mine", "others"),
    [
        (SERVICE, {"messaging_service_sid": SERVICE}, {"messaging_service_sid": None, "from": "whatsapp:+331"}),
        ("+33700000002", {"from": "whatsapp:+33700000002"}, {"from": "whatsapp:+33700000009"}),
    ],
)
def test_a_template_from_another_sender_is_told_from_ours_by_its_words(
    sender: str, mine: dict[str, object], others: dict[str, object]
) -> None:
    """It is there all the same: a sender that has changed since must not hide a message."""

    async def main() -> Sequence[Seen] | None:
        play = page(message("SM1", **mine), message("SM2", **others))
        async with scripted(play) as server, Transport() as transport:
            settings = TwilioSettings(
                "AC1", "token", "https://r.example.com", whatsapp_from=sender, api_url=server.url
            )
            found = await TwilioChannel(settings, transport).find(replace(QUESTION, channel=Channel.WHATSAPP))
            assert b"From=" not in server.requests[0].split(b"\r\n", 1)[0]
            return found

    assert [(one.receipt.provider_id, one.text) for one in asyncio.run(main()) or ()] == [
        ("SM1", None),
        ("SM2", "Bonjour"),
    ]


def test_an_id_that_twilio_does_not_know_finds_nothing() -> None:
    unknown = Play(response(404, b'{"code": 20404, "message": "not found", "status": 404}'))
    assert find(replace(QUESTION, provider_id="SM1"), unknown)[0] == ()
    assert find(QUESTION, unknown)[0] is None


@pytest.mark.parametrize("provider_id", [None, "SM1"])
@pytest.mark.parametrize(
    "answer",
    [
        Play(response(500)),
        Play(response(401, b"{}")),
        Play(response(200, b"{")),
        Play(response(200, b'{"messages": [{"sid": null}]}')),
        Play(then="reset"),
        Play(),
    ],
)
def test_an_answer_that_cannot_be_had_is_none_and_not_empty(answer: Play, provider_id: str | None) -> None:
    """Empty would mean "not accepted", and that is sent again."""
    # The SDK's GET may be tried once more by the client, which is harmless.
    assert find(replace(QUESTION, provider_id=provider_id), answer, answer)[0] is None


def test_a_list_that_was_cut_short_says_nothing() -> None:
    thousand = page(*(message(f"SM{n}") for n in range(1000)))
    assert find(QUESTION, thousand)[0] is None
