"""What Twilio tells us: signatures on the raw body, status callbacks, customers' replies."""

import hashlib
from urllib.parse import urlencode, urlsplit

import pytest
from twilio.request_validator import RequestValidator

from channels.answers import CallbackError
from channels.twilio.callbacks import (
    INBOUND_PATH,
    STATUS_PATH,
    callback_url,
    is_signed,
    read_form,
    read_inbound,
    read_receipt,
)
from channels.wishes import Wish
from domain.levels import Channel
from domain.outcomes import AttemptState
from tests.channel_cases import ATTEMPT, TOKEN

FORM_TYPE = "application/x-www-form-urlencoded; charset=UTF-8"
PUBLIC = "https://relance.example.com"
URL = f"{PUBLIC}{STATUS_PATH}?attempt=a%2Fb+c%20d"
FORM = {
    "MessageSid": "SM1",
    "MessageStatus": "delivered",
    "Body": "  spaces, +, é and 👍 kept \r\n",
    "Blank": "",
    "New": "what Twilio adds next year",
}
RAW = urlencode(FORM).encode()
SIGNATURE = RequestValidator(TOKEN).compute_signature(URL, FORM)


def checked(
    *, url: str = URL, raw: bytes = RAW, signature: str | None = SIGNATURE, content_type: str | None = FORM_TYPE
) -> bool:
    return is_signed(TOKEN, url, raw, signature, content_type)


def test_what_twilio_signed_is_signed() -> None:
    assert checked()
    assert read_form(RAW) == FORM


@pytest.mark.parametrize(
    "signature", [None, "", "x", SIGNATURE[:-1], SIGNATURE.lower(), SIGNATURE + "=", "é", "\ud800", "A" * 100_000]
)
def test_a_missing_malformed_or_forged_signature_is_none(signature: str | None) -> None:
    assert not checked(signature=signature)


def test_a_signature_by_another_token_is_none() -> None:
    assert not checked(signature=RequestValidator("another").compute_signature(URL, FORM))


@pytest.mark.parametrize(
    "url",
    [
        URL.replace("https:", "http:"),
        URL.replace("relance.", "evil."),
        URL.replace("status", "inbound"),
        URL.replace("a%2Fb", "a/b"),
        URL.replace("+c", "%20c"),
        URL + "&more=1",
        PUBLIC + STATUS_PATH,
        "https://relance.example.com:port/x",
        "https://[::1/x",
        "",
    ],
)
def test_a_signature_is_for_one_address_to_the_letter(url: str) -> None:
    """The attempt id stands in the address: moved to another attempt, the signature must not hold."""
    assert not checked(url=url)


@pytest.mark.parametrize(
    "raw",
    [
        RAW + b"&More=1",
        RAW.replace(b"delivered", b"failed"),
        RAW.replace(b"Blank=", b""),
        RAW.replace(b"++spaces", b"spaces"),
        b"",
        b"\xff\xfe",
        b"MessageSid=%FF",
        b"&".join(b"a=1" for _ in range(2000)),
    ],
)
def test_a_signature_is_for_one_body_to_the_letter(raw: bytes) -> None:
    assert not checked(raw=raw)


def test_a_port_may_be_there_or_not() -> None:
    """Twilio signs an address with and without its port, depending on the product."""
    with_port = URL.replace("example.com", "example.com:443")
    signed_with = RequestValidator(TOKEN).compute_signature(with_port, FORM)

    assert checked(signature=signed_with)
    assert checked(url=with_port)


def test_a_name_that_comes_twice_is_signed_with_both_values() -> None:
    raw = b"Media=b&Media=a&MessageSid=SM1"
    signed = RequestValidator(TOKEN).compute_signature(f"{URL}MediaaMediabMessageSidSM1", {})

    assert checked(raw=raw, signature=signed)


@pytest.mark.parametrize("content_type", [None, "", "application/json", "text/plain"])
def test_a_form_that_calls_itself_something_else_is_not_signed(content_type: str | None) -> None:
    assert not checked(content_type=content_type)


def test_a_json_body_is_signed_by_its_hash() -> None:
    raw = b'{"a": 1}'
    url = f"{URL}&bodySHA256={hashlib.sha256(raw).hexdigest()}"
    signature = RequestValidator(TOKEN).compute_signature(url, {})

    assert checked(url=url, raw=raw, signature=signature, content_type="application/json")
    assert not checked(url=url, raw=raw + b" ", signature=signature, content_type="application/json")
    assert not checked(url=url, raw=b"\xff", signature=signature, content_type="application/json")
    assert not checked(
        raw=raw, signature=RequestValidator(TOKEN).compute_signature(URL, {}), content_type="text/json"
    )


@pytest.mark.parametrize("public", [PUBLIC, PUBLIC + "/"])
def test_behind_a_proxy_the_public_address_counts(public: str) -> None:
    """The proxy ends TLS and speaks http to us; path and query are passed on as they came."""
    split = urlsplit(URL)

    assert callback_url(public, split.path, split.query) == URL
    assert callback_url(public, "/callbacks/twilio/inbound") == f"{PUBLIC}{INBOUND_PATH}"


# --- Status callbacks --------------------------------------------------------------------------------------------


def status(word: str, **fields: str) -> dict[str, str]:
    return {"MessageSid": "SM1", "MessageStatus": word, "To": "+33612345678", **fields}


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("queued", AttemptState.ACCEPTED),
        ("accepted", AttemptState.ACCEPTED),
        ("scheduled", AttemptState.ACCEPTED),
        ("sending", AttemptState.ACCEPTED),
        ("sent", AttemptState.SENT),
        ("partially_delivered", AttemptState.SENT),
        ("delivered", AttemptState.DELIVERED),
        ("read", AttemptState.READ),
        ("undelivered", AttemptState.UNDELIVERED),
        ("failed", AttemptState.UNDELIVERED),
        ("canceled", AttemptState.UNDELIVERED),
        ("receiving", None),
        ("received", None),
        ("brand_new_word", None),
    ],
)
def test_each_status_has_its_state_and_an_unknown_one_is_kept(word: str, state: AttemptState | None) -> None:
    receipt = read_receipt(status(word), ATTEMPT)

    assert (receipt.word, receipt.state, receipt.at) == (word, state, None)
    assert (receipt.attempt_id, receipt.provider_id, receipt.address) == (ATTEMPT, "SM1", "+33612345678")


def test_an_expired_message_is_expired_and_not_undelivered() -> None:
    receipt = read_receipt(status("failed", ErrorCode="30036"), None)

    assert (receipt.state, receipt.code, receipt.attempt_id) == (AttemptState.EXPIRED, "30036", None)


@pytest.mark.parametrize(
    ("code", "reason"),
    [("21610", "opt_out"), ("21614", "invalid_address"), ("30003", None), ("30005", None), ("99999", None)],
)
def test_some_failures_take_the_address_out_of_use(code: str, reason: str | None) -> None:
    receipt = read_receipt(status("undelivered", ErrorCode=code), ATTEMPT)

    assert (receipt.code, receipt.suppress) == (code, reason)


@pytest.mark.parametrize(
    ("code", "kind", "tries", "wait_s"),
    [
        ("30003", "transient", 2, 7200.0),
        ("30008", "transient", 1, 3600.0),
        ("30004", "permanent_address", 0, 0.0),
        ("30005", "permanent_address", 0, 0.0),
        ("30006", "permanent_address", 0, 0.0),
        ("63024", "permanent_address", 0, 0.0),
        ("30007", "content", 0, 0.0),
        ("30036", None, 0, 0.0),
        ("99999", None, 0, 0.0),
        ("", None, 0, 0.0),
    ],
)
def test_a_late_failure_carries_its_class_and_whether_the_same_channel_is_worth_another_try(
    code: str, kind: str | None, tries: int, wait_s: float
) -> None:
    receipt = read_receipt(status("undelivered", ErrorCode=code), ATTEMPT)

    assert (receipt.kind, receipt.late_tries, receipt.wait_s) == (kind, tries, wait_s)
    assert read_receipt(status("sent", ErrorCode=code), ATTEMPT).kind is None


def test_the_same_report_has_the_same_key_and_another_has_not() -> None:
    """Twilio may send a status twice, and later once more with an error code."""
    reports = [
        status("sent"),
        status("sent", RawDlrDoneDate="x"),
        status("failed"),
        status("failed", ErrorCode="30003"),
    ]
    keys = [read_receipt(form, ATTEMPT).key for form in reports]

    assert keys == [
        "twilio:SM1:sent:",
        "twilio:SM1:sent:",
        "twilio:SM1:failed:",
        "twilio:SM1:failed:30003",
    ]


def test_the_old_names_are_read_and_the_whatsapp_prefix_is_taken_off() -> None:
    receipt = read_receipt({"SmsSid": "SM2", "SmsStatus": "read", "To": "whatsapp:+336"}, ATTEMPT)

    assert (receipt.provider_id, receipt.state, receipt.address) == ("SM2", AttemptState.READ, "+336")


@pytest.mark.parametrize("form", [{}, {"MessageSid": "SM1"}, {"MessageStatus": "sent"}, status(""), status("\x00")])
def test_a_report_without_message_or_status_is_refused(form: dict[str, str]) -> None:
    with pytest.raises(CallbackError, match="missing"):
        read_receipt(form, ATTEMPT)


@pytest.mark.parametrize("raw", [b"\xff", b"a=%FF", b"&".join(b"a=1" for _ in range(2000))])
def test_a_body_that_is_no_form_is_refused(raw: bytes) -> None:
    with pytest.raises(CallbackError):
        read_form(raw)


# --- Replies -----------------------------------------------------------------------------------------------------


def test_a_reply_says_who_wrote_what_over_which_channel() -> None:
    form = {
        "MessageSid": "SM9",
        "From": "whatsapp:+33612345678",
        "To": "whatsapp:+337",
        "Body": "Je paie vendredi\x00",
    }
    reply = read_inbound(form)

    assert (reply.channel, reply.address, reply.to) == (Channel.WHATSAPP, "+33612345678", "+337")
    assert (reply.key, reply.provider_id, reply.body, reply.wish) == (
        "twilio:SM9:inbound",
        "SM9",
        "Je paie vendredi",
        None,
    )
    assert "vendredi" not in repr(reply)


@pytest.mark.parametrize(
    ("fields", "wish"),
    [
        ({"Body": "ARRÊT"}, Wish.STOP),
        ({"Body": "start"}, Wish.START),
        ({"Body": "basta", "OptOutType": "STOP"}, Wish.STOP),
        ({"Body": "?", "OptOutType": "HELP"}, None),
        ({}, None),
    ],
)
def test_a_keyword_or_twilios_own_finding_is_a_wish(fields: dict[str, str], wish: Wish | None) -> None:
    assert read_inbound({"MessageSid": "SM9", "From": "+33612345678", **fields}).wish is wish


@pytest.mark.parametrize(
    ("fields", "says_more"),
    [
        ({"Body": "STOP"}, False),
        ({"Body": "Stop SMS, merci"}, False),
        ({"Body": "STOP\nLuc"}, True),
        ({"Body": "basta", "OptOutType": "STOP"}, False),
        ({"Body": "bonjour"}, True),
    ],
)
def test_what_says_more_than_its_wish_is_told_apart(fields: dict[str, str], says_more: bool) -> None:
    assert read_inbound({"MessageSid": "SM9", "From": "+33612345678", **fields}).says_more is says_more


@pytest.mark.parametrize("form", [{}, {"MessageSid": "SM9"}, {"From": "+336"}])
def test_a_reply_without_a_sender_is_refused(form: dict[str, str]) -> None:
    with pytest.raises(CallbackError, match="missing"):
        read_inbound(form)
