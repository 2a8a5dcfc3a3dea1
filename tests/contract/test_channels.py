"""What every channel promises, whatever its vendor: one message, one outcome, nothing raised, nothing told."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from channels.http import Transport
from channels.local import PersonTask
from channels.port import ChannelPort
from domain.levels import Channel
from domain.outcomes import Outcome, OutcomeClass
from tests.channel_cases import API_KEY, CASES, TOKEN, Case, sendgrid_over, twilio_over
from tests.scripted_server import Play, response, scripted
from tests.simulator_process import Simulator

CASE_NAMES = [case.channel.value for case in CASES]
every_channel = pytest.mark.parametrize("case", CASES, ids=CASE_NAMES)


def outcome_of(case: Case, *script: Play, url: str | None = None) -> Outcome:
    """Send once to a server that plays the script, or to an address."""

    async def main() -> Outcome:
        async with scripted(*script) as server, Transport(connect_s=0.5, read_s=0.3) as transport:
            return await case.over(transport, url or server.url).send(case.message())

    return asyncio.run(main())


def accepted(case: Case) -> bytes:
    return response(201 if case.provider == "twilio" else 202, case.says_accepted, X_Message_Id="XM1")


@every_channel
def test_an_accepted_message_has_the_providers_id(case: Case) -> None:
    outcome = outcome_of(case, Play(accepted(case)))

    assert (outcome.kind, outcome.provider_id, outcome.code) == (OutcomeClass.ACCEPTED, case.accepted_id, None)


@every_channel
def test_the_provider_has_its_name(case: Case) -> None:
    assert case.over(Transport(), "http://127.0.0.1").provider == case.provider


@every_channel
@pytest.mark.parametrize(
    ("url", "code"),
    [("http://nowhere.invalid", "dns"), ("http://127.0.0.1:1", "refused"), ("ftp://x", "bad_address")],
)
def test_what_was_not_sent_is_transient(case: Case, url: str, code: str) -> None:
    assert outcome_of(case, url=url) == Outcome(OutcomeClass.TRANSIENT, code=code)


@every_channel
@pytest.mark.parametrize(
    ("play", "code"),
    [
        (Play(then="close"), "disconnected"),
        (Play(then="reset"), "disconnected"),
        (Play(then="hang"), "read_timeout"),
        (Play(b"\x00\x01\x02 what\r\n\r\n", then="close"), "bad_answer"),
        (Play(response(500)), "http_500"),
        (Play(response(503, b"<html>", Retry_After="2")), "http_503"),
        (Play(response(408)), "http_408"),
    ],
)
def test_what_may_have_been_sent_is_unconfirmed(case: Case, play: Play, code: str) -> None:
    outcome = outcome_of(case, play)

    assert (outcome.kind, outcome.code, outcome.provider_id) == (OutcomeClass.UNCONFIRMED, code, None)


@every_channel
@pytest.mark.parametrize(
    "play",
    [
        Play(response(201, b"<html>not JSON")),
        Play(response(201, b"[]")),
        Play(response(201, b"{}")),
        Play(response(201, b'"SM1"')),
        Play(response(201, b"\xff\xfe")),
        Play(response(201, b"[" * 100_000)),
        Play(response(201, b'{"sid": 7, "num_segments": {}}')),
        Play(response(201, b'{"sid": "SM1", "date_created": 7}')),
        Play(response(201, b'{"sid": "SM1", "date_created": "Mon, 31 Feb 2026 99:99:99"}')),
        Play(response(201)),
        Play(b"HTTP/1.1 201 Created\r\nContent-Length: 400\r\n\r\n{", then="close"),
        Play(b"HTTP/1.1 201 Created\r\nContent-Length: 400\r\n\r\n{", then="hang"),
        Play(b"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nzz"),
    ],
)
def test_a_success_that_cannot_be_read_is_accepted_without_an_id(case: Case, play: Play) -> None:
    """The message is on its way: to call this a failure would send it twice."""
    outcome = outcome_of(case, play)

    assert (outcome.kind, outcome.provider_id, outcome.code) == (OutcomeClass.ACCEPTED, None, "unreadable")


@every_channel
def test_a_success_garbled_in_its_first_packet_is_never_called_a_failure(case: Case) -> None:
    """The client throws the status away with the body here, so that unconfirmed is the most that can be said."""
    garbled = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"

    assert outcome_of(case, Play(garbled, then="close")).kind is OutcomeClass.UNCONFIRMED


@every_channel
def test_too_many_requests_is_transient_and_says_when(case: Case) -> None:
    outcome = outcome_of(case, Play(response(429, b"{}", Retry_After="17")))

    assert (outcome.kind, outcome.rate_limited, outcome.retry_after_s) == (OutcomeClass.TRANSIENT, True, 17.0)


@every_channel
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, OutcomeClass.MISCONFIGURED),
        (307, OutcomeClass.MISCONFIGURED),
        (400, OutcomeClass.CONTENT),
        (401, OutcomeClass.MISCONFIGURED),
        (403, OutcomeClass.MISCONFIGURED),
        (404, OutcomeClass.MISCONFIGURED),
        (413, OutcomeClass.CONTENT),
        (422, OutcomeClass.CONTENT),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>no", b'{"errors": 1, "code": []}', b"null"])
def test_a_refusal_without_a_known_word_goes_by_its_status(
    case: Case, status: int, kind: OutcomeClass, body: bytes
) -> None:
    outcome = outcome_of(case, Play(response(status, body, Location="/x")))

    assert (outcome.kind, outcome.code, outcome.rate_limited) == (kind, f"http_{status}", False)


@every_channel
def test_a_refusal_never_repeats_the_address(case: Case) -> None:
    """Details go to the journal and the logs; addresses must not."""
    said = f"The address {case.to} (0612345678) is wrong"
    body = f'{{"code": 21999, "message": "{said}", "errors": [{{"field": "x", "message": "{said}"}}]}}'
    outcome = outcome_of(case, Play(response(400, body.encode())))

    assert "The address …" in outcome.detail
    assert case.to not in outcome.detail
    assert "0612345678" not in outcome.detail


@every_channel
def test_nothing_is_logged_and_no_secret_is_shown(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("asyncio").setLevel(logging.INFO)  # its debug line names the selector, nothing of ours
    outcome_of(case, Play(accepted(case)))
    outcome_of(case, Play(response(401, b'{"code": 20003, "message": "Authenticate"}')))

    channel = case.over(Transport(), "http://127.0.0.1")
    shown = caplog.text + repr(channel) + str(vars(channel))
    assert caplog.text == ""
    assert TOKEN not in shown
    assert API_KEY not in shown


@every_channel
def test_fifty_at_once_do_not_mix_their_answers(case: Case) -> None:
    """Answers travel beside the SDK in a context variable: each task must see its own."""

    async def main() -> list[OutcomeClass]:
        refusal = response(429, b'{"code": 20429, "message": "Too many", "status": 429}', Retry_After="3")
        script = [Play(accepted(case)), Play(refusal), Play(response(500))] * 17
        async with scripted(*script) as server, Transport() as transport:
            channel = case.over(transport, server.url)
            sent = await asyncio.gather(*(channel.send(case.message()) for _ in script))
        assert {outcome.retry_after_s for outcome in sent if outcome.rate_limited} == {3.0}
        return sorted(outcome.kind for outcome in sent)

    assert asyncio.run(main()) == ["accepted"] * 17 + ["transient"] * 17 + ["unconfirmed"] * 17


# --- Against the simulators: what the recipient physically gets -----------------------------------------------


def over_simulator(case: Case, simulator: Simulator) -> Callable[[Transport], ChannelPort]:
    if case.provider == "sendgrid":
        return lambda transport: sendgrid_over(transport, simulator.url, simulator.sendgrid_api_key)
    sid, token = simulator.twilio_account_sid, simulator.twilio_auth_token
    return lambda transport: twilio_over(transport, simulator.url, sid, token)


def received(case: Case, simulator: Simulator) -> list[dict[str, object]]:
    """Return what the recipient physically got; the simulator knows people by the vendor's address."""
    to = f"whatsapp:{case.to}" if case.channel is Channel.WHATSAPP else case.to
    return simulator.messages(to=to, channel=case.channel.value)


def send_over(case: Case, simulator: Simulator) -> Outcome:
    async def main() -> Outcome:
        async with Transport(connect_s=1, read_s=3) as transport:
            sending: Awaitable[Outcome] = over_simulator(case, simulator)(transport).send(case.message())
            return await sending

    return asyncio.run(main())


@every_channel
def test_an_accepted_message_reaches_its_recipient_once(case: Case, simulator: Simulator) -> None:
    outcome = send_over(case, simulator)

    [got] = received(case, simulator)
    assert outcome.kind is OutcomeClass.ACCEPTED
    assert (got["id"], got["refused"]) == (outcome.provider_id, False)


@every_channel
@pytest.mark.parametrize(
    ("switch", "kind", "count"),
    [
        ({"fault": "429", "retry_after_s": 4}, OutcomeClass.TRANSIENT, 0),
        ({"fault": "5xx-before"}, OutcomeClass.UNCONFIRMED, 0),
        ({"fault": "5xx-after"}, OutcomeClass.UNCONFIRMED, 1),
        ({"fault": "cut-before"}, OutcomeClass.UNCONFIRMED, 0),
        ({"fault": "cut"}, OutcomeClass.UNCONFIRMED, 1),
        ({"fault": "cut", "cut_at": "mid"}, OutcomeClass.ACCEPTED, 1),
        ({"fault": "garbage"}, OutcomeClass.ACCEPTED, 1),
    ],
)
def test_each_fault_has_its_class_and_the_class_never_lies(
    case: Case, simulator: Simulator, switch: dict[str, object], kind: OutcomeClass, count: int
) -> None:
    """Transient promises that nothing was received, accepted that it was; unconfirmed promises neither."""
    simulator.switch(recipient=case.to, channel=case.channel.value, **switch)

    assert send_over(case, simulator).kind is kind
    assert len(received(case, simulator)) == count


@every_channel
def test_wrong_credentials_are_our_own_fault(case: Case, simulator: Simulator) -> None:
    async def main() -> Outcome:
        async with Transport() as transport:
            return await case.over(transport, simulator.url).send(case.message())

    assert asyncio.run(main()).kind is OutcomeClass.MISCONFIGURED


def test_a_person_step_is_accepted_as_soon_as_it_is_asked_for() -> None:
    channel: ChannelPort = PersonTask()
    message = CASES[0].message(channel=Channel.PHONE)

    assert channel.provider == "local"
    assert asyncio.run(channel.send(message)) == Outcome(OutcomeClass.ACCEPTED)
