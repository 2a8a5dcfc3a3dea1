"""What SendGrid tells us: its events, and whose events count."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from channels.answers import CallbackError
from channels.sendgrid.callbacks import MAX_AGE_S, MAX_AHEAD_S, is_signed, read_events
from channels.sendgrid.words import ATTEMPT_ARG
from domain.outcomes import AttemptState, Receipt
from tests.channel_cases import ATTEMPT

# --- Events ------------------------------------------------------------------------------------------------------

EVENT: dict[str, Any] = {
    "email": "anne@example.com",
    "timestamp": 1793610000,
    "smtp-id": "<x@ismtpd>",
    "event": "delivered",
    "sg_event_id": "e1",
    "sg_message_id": "XM1.recvd-5f54-1.0",
    ATTEMPT_ARG: ATTEMPT,
}


def read(*events: object) -> tuple[Receipt, ...]:
    return tuple(receipt for receipt, _ in read_events(json.dumps(events).encode()))


def test_an_event_is_a_receipt_of_our_attempt() -> None:
    [receipt] = read(EVENT)

    assert (receipt.word, receipt.state, receipt.attempt_id) == ("delivered", AttemptState.DELIVERED, ATTEMPT)
    assert (receipt.provider_id, receipt.address) == ("XM1", "anne@example.com")
    assert receipt.at == datetime.fromtimestamp(1793610000, UTC)


@pytest.mark.parametrize(
    ("fields", "state", "suppress"),
    [
        ({"event": "processed"}, AttemptState.ACCEPTED, None),
        ({"event": "deferred", "attempt": "5"}, AttemptState.DEFERRED, None),
        ({"event": "delivered"}, AttemptState.DELIVERED, None),
        ({"event": "bounce", "type": "bounce"}, AttemptState.UNDELIVERED, "hard_bounce"),
        ({"event": "bounce", "type": "blocked"}, AttemptState.UNDELIVERED, None),
        ({"event": "bounce", "type": "new kind"}, AttemptState.UNDELIVERED, None),
        ({"event": "bounce"}, AttemptState.UNDELIVERED, None),
        ({"event": "dropped", "reason": "Bounced Address"}, AttemptState.UNDELIVERED, "hard_bounce"),
        ({"event": "dropped", "reason": "Unsubscribed Address"}, AttemptState.UNDELIVERED, "opt_out"),
        ({"event": "dropped", "reason": "Spam Reporting Address"}, AttemptState.UNDELIVERED, "spam_report"),
        ({"event": "dropped", "reason": "Invalid"}, AttemptState.UNDELIVERED, "invalid_address"),
        ({"event": "dropped", "reason": "Spam Content"}, AttemptState.UNDELIVERED, None),
        ({"event": "open"}, None, None),
        ({"event": "click"}, None, None),
        ({"event": "spamreport"}, None, "spam_report"),
        ({"event": "unsubscribe"}, None, "opt_out"),
        ({"event": "group_unsubscribe"}, None, "opt_out"),
        ({"event": "group_resubscribe"}, None, None),
        ({"event": "brand_new"}, None, None),
    ],
)
def test_each_event_has_its_meaning_and_an_unknown_one_is_kept(
    fields: dict[str, Any], state: AttemptState | None, suppress: str | None
) -> None:
    [receipt] = read(EVENT | fields)

    assert (receipt.word, receipt.state, receipt.suppress) == (fields["event"], state, suppress)
    assert receipt.attempt_id == ATTEMPT


@pytest.mark.parametrize(
    ("fields", "kind", "tries"),
    [
        ({"event": "bounce", "type": "bounce"}, "permanent_address", 0),
        ({"event": "bounce", "type": "blocked"}, "transient", 1),
        ({"event": "bounce", "type": "new kind"}, None, 0),
        ({"event": "dropped", "reason": "Bounced Address"}, "permanent_address", 0),
        ({"event": "dropped", "reason": "Invalid"}, "permanent_address", 0),
        ({"event": "dropped", "reason": "Unsubscribed Address"}, "opt_out", 0),
        ({"event": "dropped", "reason": "Spam Reporting Address"}, "opt_out", 0),
        ({"event": "dropped", "reason": "Spam Content"}, "content", 0),
        ({"event": "dropped", "reason": "Recipient List over Package Quota"}, None, 0),
        ({"event": "deferred"}, None, 0),
        ({"event": "delivered"}, None, 0),
        ({"event": "spamreport"}, None, 0),
    ],
)
def test_a_late_failure_carries_its_class(fields: dict[str, Any], kind: str | None, tries: int) -> None:
    [receipt] = read(EVENT | fields)

    assert (receipt.kind, receipt.late_tries, receipt.wait_s > 0) == (kind, tries, tries > 0)


def test_the_same_event_has_the_same_key_though_its_id_changes() -> None:
    """Seen in the wild: the same event three times and more, with a new sg_event_id or none."""
    again = {name: value for name, value in EVENT.items() if name != "sg_event_id"}
    others: list[dict[str, Any]] = [
        {"timestamp": 1793610001},
        {"event": "open"},
        {"email": "luc@example.com"},
        {"reason": "x"},
    ]
    first, second, *rest = [one.key for one in read(EVENT, again, *[EVENT | other for other in others])]

    assert first == second
    assert len({first, *rest}) == 1 + len(others)


def test_a_late_bounce_without_our_argument_still_has_address_and_message() -> None:
    event = {name: value for name, value in EVENT.items() if name != ATTEMPT_ARG}
    [receipt] = read(event | {"event": "bounce", "type": "bounce", "status": "5.1.1"})

    assert (receipt.attempt_id, receipt.provider_id, receipt.code) == (None, "XM1", "5.1.1")
    assert receipt.address == "anne@example.com"


@pytest.mark.parametrize(
    ("told", "provider_id"),
    [
        ("<XM1@geopod-ismtpd-1>", "XM1"),
        ("<14c5d75ce93.dfd.64b469@ismtpd-555>", "14c5d75ce93.dfd.64b469"),
        ("XM1", None),
        ("<@ismtpd>", None),
        ("", None),
        (None, None),
        ({"a": 1}, None),
    ],
)
def test_where_sendgrids_own_id_is_missing_its_mail_id_has_it(told: object, provider_id: str | None) -> None:
    """Late bounces have no sg_message_id; what SendGrid makes for Message-ID begins with our X-Message-Id."""
    event = {name: value for name, value in EVENT.items() if name not in (ATTEMPT_ARG, "sg_message_id")}
    [receipt] = read(event | {"event": "bounce", "smtp-id": told})

    assert receipt.provider_id == provider_id


def test_one_bad_item_does_not_cost_the_others() -> None:
    receipts = read(1, None, [], {}, {"event": None}, {"event": {"a": 1}}, EVENT)

    assert [one.word for one in receipts] == ["delivered"]


@pytest.mark.parametrize("timestamp", [None, "soon", True, -1e300, 1e300, float("nan"), 10**400, []])
def test_an_event_without_a_usable_time_has_none(timestamp: Any) -> None:
    assert read(EVENT | {"timestamp": timestamp})[0].at is None


@pytest.mark.parametrize("raw", [b"", b"{}", b"null", b"[", b"\xff", b"[" * 200_000, b"[" + b"9" * 5000 + b"]"])
def test_a_body_that_is_no_array_is_refused(raw: bytes) -> None:
    with pytest.raises(CallbackError):
        read_events(raw)


# --- Signatures --------------------------------------------------------------------------------------------------

RAW = json.dumps([EVENT]).encode() + b"\r\n"
NOW = 1793610000.5
PRIVATE = ec.generate_private_key(ec.SECP256R1())


def public_key_of(private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    der = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode()


PUBLIC = public_key_of(PRIVATE)


def sign(timestamp: str, raw: bytes = RAW, private: ec.EllipticCurvePrivateKey = PRIVATE) -> str:
    return base64.b64encode(private.sign(timestamp.encode() + raw, ec.ECDSA(hashes.SHA256()))).decode()


def checked(timestamp: str = "1793610000", raw: bytes = RAW, now_s: float = NOW) -> bool:
    return is_signed(PUBLIC, raw, sign(timestamp, raw), timestamp, now_s)


def test_what_sendgrid_signed_is_signed() -> None:
    assert checked()


@pytest.mark.parametrize(
    ("late_s", "fresh"), [(MAX_AGE_S, True), (MAX_AGE_S + 2, False), (-MAX_AHEAD_S, True), (-MAX_AHEAD_S - 2, False)]
)
def test_a_signature_grows_old(late_s: float, fresh: bool) -> None:
    assert checked(now_s=1793610000 + late_s) is fresh


@pytest.mark.parametrize(
    "timestamp", ["", "x", "-1", "1793610000.0", " 1793610000", "１７９３６１００００", "9" * 5000]
)
def test_a_malformed_timestamp_is_refused(timestamp: str) -> None:
    assert not checked(timestamp)


@pytest.mark.parametrize(
    "signature",
    [
        *(None, "", "x", "é", "====", "AAAA"),
        pytest.param(sign("1793610001"), id="of-another-time"),
        pytest.param(sign("1793610000", b""), id="of-another-body"),
    ],
)
def test_a_missing_malformed_or_other_signature_is_refused(signature: str | None) -> None:
    assert not is_signed(PUBLIC, RAW, signature, "1793610000", NOW)


def test_a_forgers_key_is_refused() -> None:
    forged = sign("1793610000", private=ec.generate_private_key(ec.SECP256R1()))

    assert not is_signed(PUBLIC, RAW, forged, "1793610000", NOW)


@pytest.mark.parametrize(
    "key", [None, "", "x", "é", PUBLIC[:-8], public_key_of(rsa.generate_private_key(65537, 2048))]
)
def test_without_the_right_kind_of_key_nothing_is_signed(key: str | None) -> None:
    assert not is_signed(key, RAW, sign("1793610000"), "1793610000", NOW)


@pytest.mark.parametrize("raw", [RAW.strip(), RAW + b" ", b"\xff\xfe"])
def test_a_signature_is_for_one_body_to_the_letter(raw: bytes) -> None:
    assert not is_signed(PUBLIC, raw, sign("1793610000"), "1793610000", NOW)
