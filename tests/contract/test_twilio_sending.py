"""Twilio: what a send carries, what each of its codes means, and how it is asked what was sent."""

import asyncio
import json
import math
from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from channels.http import Transport
from channels.port import Message, Rendered
from channels.twilio.callbacks import receipt_of
from channels.twilio.sending import TwilioChannel, TwilioSettings
from channels.twilio.words import CODES
from domain.after import after_outcome
from domain.ids import AttemptId
from domain.levels import Channel
from domain.outcomes import Outcome, OutcomeClass
from tests.channel_cases import ACCOUNT_SID, ATTEMPT, CASES, CONTENT_SID, TOKEN
from tests.scripted_server import Play, response, scripted

SMS, WHATSAPP = CASES[0].message(), CASES[1].message()
SETTINGS = TwilioSettings(
    account_sid=ACCOUNT_SID,
    auth_token=TOKEN,
    public_url="https://relance.example.com/eu/",
    sms_from="Relance",
    whatsapp_from="whatsapp:+33700000002",
)


def exchange(message: Message, settings: TwilioSettings, answer: bytes) -> tuple[Outcome, list[bytes]]:
    async def main() -> tuple[Outcome, list[bytes]]:
        async with scripted(Play(answer)) as server, Transport() as transport:
            channel = TwilioChannel(replace(settings, api_url=server.url), transport)
            return await channel.send(message), server.requests

    return asyncio.run(main())


def sent_form(message: Message, settings: TwilioSettings = SETTINGS) -> dict[str, str]:
    outcome, [request] = exchange(message, settings, response(201, b'{"sid": "SM1", "num_segments": "2"}'))
    assert outcome.kind is OutcomeClass.ACCEPTED
    head, body = request.split(b"\r\n\r\n", 1)
    assert head.startswith(f"POST /2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json HTTP/1.1".encode())
    return {name: value for name, [value] in parse_qs(body.decode(), keep_blank_values=True).items()}


def outcome_of(answer: bytes, message: Message = SMS) -> Outcome:
    return exchange(message, SETTINGS, answer)[0]


def test_an_sms_carries_its_text_its_proof_and_how_long_it_is_good_for() -> None:
    """The attempt id in the callback's address proves the send, even where our call got no answer."""
    assert sent_form(replace(SMS, validity_s=600)) == {
        "To": "+33612345678",
        "From": "Relance",
        "Body": "Bonjour Anne, la facture F-1 reste due.",
        "ValidityPeriod": "600",
        "StatusCallback": "https://relance.example.com/eu/callbacks/twilio/status"
        f"?attempt={ATTEMPT}#ct=3000&rc=5&rp=all",
    }


def test_a_whatsapp_message_is_an_approved_template_and_has_no_body() -> None:
    form = sent_form(WHATSAPP)

    assert (form["To"], form["From"]) == ("whatsapp:+33612345678", "whatsapp:+33700000002")
    assert form["ContentSid"] == CONTENT_SID
    assert json.loads(form["ContentVariables"]) == {"1": "Anne", "2": "1 234,56 €"}
    assert "Body" not in form


def test_whoever_wrote_lately_gets_a_body_and_no_template() -> None:
    free = replace(WHATSAPP, rendered=replace(WHATSAPP.rendered, is_free_text=True))
    form = sent_form(free)

    assert (form["To"], form["Body"]) == ("whatsapp:+33612345678", WHATSAPP.rendered.text)
    assert not {"ContentSid", "ContentVariables"} & set(form)


def test_a_window_that_has_closed_after_all_is_definite_and_no_fault_of_the_line() -> None:
    free = replace(WHATSAPP, rendered=replace(WHATSAPP.rendered, is_free_text=True))
    outcome = outcome_of(error(63016, 400), free)

    assert (outcome.kind, outcome.code) == (OutcomeClass.CONTENT, "63016")
    assert after_outcome(outcome, AttemptId(ATTEMPT), 1).spends_channel
    assert outcome_of(error(63016, 400), WHATSAPP).kind is OutcomeClass.MISCONFIGURED


@pytest.mark.parametrize("message", [SMS, WHATSAPP])
def test_a_messaging_service_stands_in_for_the_sender(message: Message) -> None:
    service = f"MG{'2' * 32}"
    form = sent_form(message, replace(SETTINGS, sms_from=service, whatsapp_from=service))

    assert form["MessagingServiceSid"] == service
    assert "From" not in form


@pytest.mark.parametrize(
    ("left_s", "said"),
    [(-5, "1"), (0.4, "1"), (1, "1"), (1.9, "1"), (599.9, "599"), (36_000, "36000"), (math.inf, "36000")],
)
def test_the_validity_stays_within_what_twilio_takes(left_s: float, said: str) -> None:
    """Whole seconds, and never one more than are left, but for its least."""
    assert sent_form(replace(SMS, validity_s=left_s))["ValidityPeriod"] == said


@pytest.mark.parametrize("text", ["+ & = % # é € 👍", "line\r\nline", " spaces kept "])
def test_the_text_arrives_to_the_letter(text: str) -> None:
    assert sent_form(replace(SMS, rendered=Rendered(template="t", text=text)))["Body"] == text


def test_the_segments_are_counted_by_twilio() -> None:
    assert outcome_of(response(201, b'{"sid": "SM1", "num_segments": "2"}')).segments == 2
    assert outcome_of(response(201, b'{"sid": "SM1", "num_segments": "0"}')).segments is None


@pytest.mark.parametrize(
    ("told", "segments"),
    [('"25"', 25), ("3", 3), ('"100"', 100)]
    + [(word, None) for word in ('"101"', "99999", '"999999"', '"1e9"', "-1", "2.5", '"x"', "null", "true", "[2]")],
)
def test_segments_that_no_text_comes_to_are_not_counted(told: str, segments: int | None) -> None:
    """One that its column cannot hold would break the answer's recording; any would close the line for long."""
    sent = outcome_of(response(201, f'{{"sid": "SM1", "num_segments": {told}}}'.encode()))

    assert (sent.kind, sent.provider_id, sent.segments) == (OutcomeClass.ACCEPTED, "SM1", segments)


def test_without_a_sender_or_a_template_nothing_is_asked_of_twilio() -> None:
    async def main() -> list[Outcome]:
        async with Transport() as transport:
            channel = TwilioChannel(replace(SETTINGS, sms_from=None), transport)
            bare = replace(WHATSAPP, rendered=replace(WHATSAPP.rendered, content_sid=None))
            email = replace(SMS, channel=Channel.EMAIL)
            return [await channel.send(one) for one in (SMS, bare, email)]

    outcomes = asyncio.run(main())
    told = [(outcome.kind, outcome.code) for outcome in outcomes]
    assert told == [(OutcomeClass.MISCONFIGURED, code) for code in ("no_sender", "63016", "no_sender")]
    assert not any(outcome.was_asked for outcome in outcomes)
    assert [outcome.is_only_here for outcome in outcomes] == [False, True, False]


@pytest.mark.parametrize("code", [21408, 21612, 21657, 30024, 63016])
def test_what_is_wrong_for_one_country_or_one_text_is_no_fault_of_the_number_and_of_no_other(code: int) -> None:
    """Found in review: ten customers of one country that was not enabled kept everybody's messages waiting."""
    outcome = outcome_of(error(code, 400))

    assert (outcome.kind, outcome.code, outcome.is_only_here) == (OutcomeClass.MISCONFIGURED, str(code), True)
    assert receipt_of("SM1", "undelivered", str(code), None).suppress is None


def error(code: int, status: int) -> bytes:
    return response(status, json.dumps({"code": code, "message": "No", "more_info": "x", "status": status}).encode())


@pytest.mark.parametrize("code", sorted(CODES))
def test_each_code_of_the_table_has_its_class(code: int) -> None:
    """Answered with 400 here; 429 and 5xx have their own tests."""
    outcome = outcome_of(error(code, 400))

    assert (outcome.kind, outcome.code) == (CODES[code].kind, str(code))
    assert outcome.rate_limited is CODES[code].rate_limited


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (20429, "transient"),
        (20500, "unconfirmed"),
        (20003, "misconfigured"),
        (21606, "misconfigured"),
        (21608, "misconfigured"),
        (21659, "misconfigured"),
        (21660, "misconfigured"),
        (21661, "misconfigured"),
        (21705, "misconfigured"),
        (21601, "misconfigured"),
        (21408, "misconfigured"),
        (21211, "permanent_address"),
        (21612, "misconfigured"),
        (21614, "permanent_address"),
        (21635, "permanent_address"),
        (21610, "opt_out"),
        (30003, "transient"),
        (30004, "permanent_address"),
        (30005, "permanent_address"),
        (30006, "permanent_address"),
        (30007, "content"),
        (30008, "transient"),
        (30036, None),
        (63014, "opt_out"),
        (63016, "misconfigured"),
        (63018, "transient"),
        (63024, "permanent_address"),
        (63038, "transient"),
        (99999, None),
    ],
)
def test_the_table_says_what_the_vendor_documents(code: int, kind: str | None) -> None:
    assert receipt_of("SM1", "undelivered", str(code), None).kind == kind


@pytest.mark.parametrize("code", [None, "", "x", "２１２１１", "9" * 5000, "-21211", "21211.0"])
def test_a_code_that_is_none_says_nothing(code: str | None) -> None:
    assert receipt_of("SM1", "undelivered", code, None).kind is None


@pytest.mark.parametrize("code", [20500, 21211, 21610, 99999])
def test_a_5xx_is_unconfirmed_whatever_its_body_says(code: int) -> None:
    outcome = outcome_of(error(code, 503))

    assert (outcome.kind, outcome.code) == (OutcomeClass.UNCONFIRMED, str(code))


def test_an_unknown_code_keeps_its_number_and_goes_by_the_status() -> None:
    assert outcome_of(error(29999, 400)) == Outcome(
        OutcomeClass.CONTENT, code="29999", detail="Unable to create record: No"
    )
    assert outcome_of(error(29999, 403)).kind is OutcomeClass.MISCONFIGURED


def test_the_newer_form_of_an_error_is_read_too() -> None:
    problem = {"type": "x", "title": "Invalid parameter", "status": 400, "code": 21211, "detail": "+33612345678"}
    outcome = outcome_of(response(400, json.dumps(problem).encode()))

    assert outcome == Outcome(OutcomeClass.PERMANENT_ADDRESS, code="21211", detail="Invalid parameter")


def test_retry_after_is_kept_though_the_sdk_drops_it() -> None:
    body = b'{"code": 20429, "message": "Too Many Requests", "status": 429}'
    outcome = outcome_of(response(429, body, Retry_After="12"))

    assert (outcome.retry_after_s, outcome.rate_limited, outcome.code) == (12.0, True, "20429")


def test_the_daily_cap_pauses_for_an_hour_unless_told_otherwise() -> None:
    body = b'{"code": 63038, "message": "Account exceeded", "status": 429}'

    assert outcome_of(response(429, body)).retry_after_s == 3600
    assert outcome_of(response(429, body, Retry_After="60")).retry_after_s == 60


def test_a_body_that_cannot_be_written_is_our_own_fault_and_not_an_acceptance() -> None:
    """Nothing has left: this must crash (and be quarantined), never count as accepted."""
    with pytest.raises(UnicodeEncodeError):
        outcome_of(b"", replace(SMS, rendered=Rendered(template="t", text="\ud800")))


def test_the_environment_does_not_move_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    monkeypatch.setenv("TWILIO_EDGE", "dublin")

    assert sent_form(SMS)["From"] == "Relance"


def test_secrets_are_not_shown() -> None:
    assert TOKEN not in repr(SETTINGS) + str(SETTINGS)
