"""SendGrid: what a mail carries, and what its answers mean."""

import asyncio
import json
from dataclasses import replace

import pytest

from channels.http import Transport
from channels.port import File, Message, Rendered
from channels.sendgrid.sending import SendGridSettings, payload_of
from channels.sendgrid.words import ATTEMPT_ARG
from domain.after import after_outcome
from domain.ids import AttemptId
from domain.outcomes import Outcome, OutcomeClass
from tests.channel_cases import API_KEY, ATTEMPT, CASES, sendgrid_over
from tests.scripted_server import Play, response, scripted
from tests.simulator_process import Simulator

MAIL = CASES[2].message(
    cc=("luc@example.com", "ANNE@example.com", "Luc@example.com"),
    to_name='Anne "A", Martin',
    from_name="Boulangerie",
    reply_to="compta@seller.example.com",
)
SETTINGS = SendGridSettings(api_key=API_KEY, mail_from="relance@example.com", from_name="Default", webhook_key="k")


def exchange(message: Message, answer: bytes) -> tuple[Outcome, bytes]:
    async def main() -> tuple[Outcome, bytes]:
        async with scripted(Play(answer)) as server, Transport() as transport:
            return await sendgrid_over(transport, server.url).send(message), server.requests[0]

    return asyncio.run(main())


def outcome_of(answer: bytes, message: Message = MAIL) -> Outcome:
    return exchange(message, answer)[0]


def test_a_mail_carries_what_it_must_and_nothing_more() -> None:
    """No name, amount or number leaves in custom arguments or categories, and nothing is tracked."""
    assert payload_of(MAIL, SETTINGS) == {
        "from": {"email": "relance@example.com", "name": "Boulangerie"},
        "personalizations": [
            {
                "to": [{"email": "anne@example.com", "name": 'Anne "A", Martin'}],
                "cc": [{"email": "luc@example.com"}],
                "custom_args": {ATTEMPT_ARG: ATTEMPT},
            }
        ],
        "reply_to": {"email": "compta@seller.example.com"},
        "subject": "Facture F-1",
        "content": [
            {"type": "text/plain", "value": "Bonjour Anne, la facture F-1 reste due."},
            {"type": "text/html", "value": "<p>Bonjour Anne</p>"},
        ],
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
        },
    }


def test_a_plain_mail_has_the_settings_sender_and_no_empty_parts() -> None:
    plain = replace(
        MAIL, cc=(), from_name="", to_name="", reply_to=None, rendered=Rendered("t", "Oui", "A\r\nBcc: x")
    )
    payload = payload_of(plain, SETTINGS)

    assert payload["from"]["name"] == "Default"
    assert payload["personalizations"][0]["to"] == [{"email": "anne@example.com"}]
    assert payload["subject"] == "A Bcc: x"
    assert [part["type"] for part in payload["content"]] == ["text/plain"]
    assert not {"reply_to", "categories", "headers", "send_at"} & set(payload)


def test_the_key_travels_in_the_header() -> None:
    outcome, request = exchange(MAIL, response(202, X_Message_Id="XM1"))

    assert outcome == Outcome(OutcomeClass.ACCEPTED, provider_id="XM1")
    assert request.startswith(b"POST /v3/mail/send HTTP/1.1")
    assert f"Authorization: Bearer {API_KEY}".encode() in request


def refusal(field: object, message: str = "Does not contain a valid address.") -> bytes:
    return json.dumps({"errors": [{"message": message, "field": field, "help": "x"}]}).encode()


@pytest.mark.parametrize(
    ("status", "field", "kind"),
    [
        (400, "personalizations.0.to.0.email", OutcomeClass.PERMANENT_ADDRESS),
        (400, "personalizations.0.cc.0.email", OutcomeClass.CONTENT),
        (400, "personalizations.0.to", OutcomeClass.PERMANENT_ADDRESS),
        (400, "personalizations.0.to.0.name", OutcomeClass.CONTENT),
        (400, "from", OutcomeClass.MISCONFIGURED),
        (400, "from.email", OutcomeClass.MISCONFIGURED),
        (400, "from.name", OutcomeClass.MISCONFIGURED),
        (400, "reply_to", OutcomeClass.MISCONFIGURED),
        (400, "reply_to.email", OutcomeClass.MISCONFIGURED),
        (400, "content.0.value", OutcomeClass.CONTENT),
        (400, None, OutcomeClass.CONTENT),
        (401, None, OutcomeClass.MISCONFIGURED),
        (403, "from", OutcomeClass.MISCONFIGURED),
        (413, None, OutcomeClass.CONTENT),
        (500, "personalizations.0.to.0.email", OutcomeClass.UNCONFIRMED),
    ],
)
def test_each_refusal_has_its_class(status: int, field: object, kind: OutcomeClass) -> None:
    assert outcome_of(response(status, refusal(field))).kind is kind


def test_a_sender_that_is_refused_beside_something_else_is_ours_to_mend() -> None:
    """SendGrid names all that it finds, in any order: with a wrong sender no mail would leave at all."""
    found = [{"message": "No", "field": one} for one in ("personalizations.0.to.0.email", "from.email")]
    outcome = outcome_of(response(400, json.dumps({"errors": found}).encode()))

    assert outcome.kind is OutcomeClass.MISCONFIGURED


@pytest.mark.parametrize(
    ("fields", "bad"),
    [
        (["personalizations.0.cc.1.email"], ("luc@example.com",)),
        (["personalizations.0.cc.0"], ("zoe@example.com",)),
        (["personalizations.0.cc.0.email", "personalizations.0.cc.1.email"], ("zoe@example.com", "luc@example.com")),
        (["personalizations.0.cc"], ()),
        (["personalizations.0.cc.2.email"], ()),
        (["personalizations.0.cc.0.name"], ()),
        (["personalizations.0.to.0.email", "personalizations.0.cc.0.email"], ()),
        (["personalizations.0.cc.0.email", "from.email"], ()),
        (["content.0.value", "personalizations.0.cc.0.email"], ()),
    ],
)
def test_a_copy_that_is_refused_is_named_and_does_not_spend_the_mail(fields: list[str], bad: tuple[str, ...]) -> None:
    """Found in review: one bad address in copy, and the mail to its good reader was never sent."""
    message = replace(MAIL, cc=(MAIL.to.upper(), "zoe@example.com", "luc@example.com"))
    found = [{"message": "Does not contain a valid address.", "field": one} for one in fields]
    outcome = outcome_of(response(400, json.dumps({"errors": found}).encode()), message)

    assert outcome.bad_copies == bad
    if bad:
        after = after_outcome(outcome, AttemptId("a"), 1)
        assert (after.reminder_state, after.spends_channel, after.suppresses, after.pause_s) == (
            "open",
            False,
            None,
            0,
        )


def test_the_only_copy_needs_no_number_to_be_meant() -> None:
    message = replace(MAIL, cc=("zoe@example.com",))

    assert outcome_of(response(400, refusal("personalizations.0.cc")), message).bad_copies == ("zoe@example.com",)


@pytest.mark.parametrize(
    ("fields", "is_sellers"),
    [
        (["from"], False),
        (["from.email"], False),
        (["from.name"], True),
        (["reply_to"], True),
        (["reply_to.email"], True),
        (["reply_to.name"], True),
        (["reply_to.email", "from.email"], False),
    ],
)
def test_one_sellers_name_or_reply_address_is_no_word_on_the_line(fields: list[str], is_sellers: bool) -> None:
    """The sender is everybody's; the other two may be set for each seller, and the others' mails leave.

    It may be mended while the reminder waits, so that it is not so for this one alone.
    """
    found = [{"message": "No", "field": one} for one in fields]
    outcome = outcome_of(response(400, json.dumps({"errors": found}).encode()))

    assert (outcome.kind, outcome.is_sellers) == (OutcomeClass.MISCONFIGURED, is_sellers)
    assert not outcome.is_only_here


def test_an_error_without_a_field_hides_none_of_the_others() -> None:
    found = [{"message": "No"}, 1, {"message": "No", "field": "from.email"}]
    outcome = outcome_of(response(400, json.dumps({"errors": found}).encode()))

    assert outcome.kind is OutcomeClass.MISCONFIGURED


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"errors": 1}', b'{"errors": []}', b'{"errors": [1]}', b'{"errors": [{"field": {}}]}']
)
def test_a_refusal_that_says_nothing_to_be_read_is_of_its_status(body: bytes) -> None:
    assert outcome_of(response(400, body)).kind is OutcomeClass.CONTENT


def test_a_rate_limits_end_is_counted_on_sendgrids_clock() -> None:
    """SendGrid says when its limit resets, in Unix time; our clocks may differ."""
    answer = response(429, X_RateLimit_Reset="1793610030", Date="Mon, 02 Nov 2026 09:00:00 GMT")

    assert outcome_of(answer).retry_after_s == 30.0


def test_a_bad_address_is_told_apart_by_the_simulator_too(simulator: Simulator) -> None:
    async def main() -> Outcome:
        async with Transport() as transport:
            channel = sendgrid_over(transport, simulator.url, simulator.sendgrid_api_key)
            return await channel.send(replace(MAIL, to="no address"))

    assert asyncio.run(main()).kind is OutcomeClass.PERMANENT_ADDRESS


def test_secrets_are_not_shown() -> None:
    assert API_KEY not in repr(SETTINGS) + str(SETTINGS)


def test_documents_are_attached_pictures_are_inline_and_leaving_takes_one_click() -> None:
    files = (File("pay.png", "image/png", b"\x89PNG", cid="pay-1"), File("F-1.pdf", "application/pdf", b"%PDF-"))
    payload = payload_of(replace(MAIL, files=files, unsubscribe_url="https://r.example/u/t"), SETTINGS)

    shown = {"content": "iVBORw==", "type": "image/png", "filename": "pay.png", "disposition": "inline"}
    attached = {"content": "JVBERi0=", "type": "application/pdf", "filename": "F-1.pdf", "disposition": "attachment"}
    found = sorted(payload["attachments"], key=lambda one: str(one["filename"]))
    assert found == [attached, shown | {"content_id": "pay-1"}]
    assert payload["headers"] == {
        "List-Unsubscribe": "<https://r.example/u/t>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_a_mail_with_all_that_travels_with_it_is_taken(simulator: Simulator) -> None:
    files = (File("pay.png", "image/png", b"\x89PNG", cid="pay-1"), File("F-1.pdf", "application/pdf", b"%PDF-"))
    message = replace(MAIL, files=files, unsubscribe_url="https://r.example/u/t")

    async def main() -> Outcome:
        async with Transport() as transport:
            return await sendgrid_over(transport, simulator.url, simulator.sendgrid_api_key).send(message)

    assert asyncio.run(main()).kind is OutcomeClass.ACCEPTED
