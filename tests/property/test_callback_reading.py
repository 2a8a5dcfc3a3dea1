"""Whatever is posted to the callbacks, reading it gives receipts or a CallbackError, and never anything else."""

import json
import sys
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from channels.answers import CallbackError, masked, retry_after_s, storable
from channels.sendgrid.callbacks import is_signed as is_signed_by_sendgrid
from channels.sendgrid.callbacks import read_events
from channels.sendgrid.words import ATTEMPT_ARG
from channels.twilio.callbacks import is_signed, read_form, read_inbound, read_receipt
from channels.wishes import wish_of
from domain.outcomes import Receipt

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=300)  # lone surrogates too
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(ANY_TEXT, inner, max_size=5),
    max_leaves=20,
)
EVENT_FIELDS = ("event", "type", "timestamp", "reason", "email", "status", "sg_message_id", ATTEMPT_ARG)
EVENTS = st.dictionaries(st.sampled_from(EVENT_FIELDS), JSON | st.sampled_from(["bounce", "dropped", "delivered"]))
FORM_FIELDS = ("MessageSid", "SmsSid", "MessageStatus", "SmsStatus", "ErrorCode", "To", "From", "Body", "OptOutType")


def assert_storable(receipt: Receipt) -> None:
    """PostgreSQL takes neither U+0000 nor lone surrogates, and a btree no long keys."""
    texts = [receipt.key, receipt.word, receipt.attempt_id, receipt.provider_id, receipt.code, receipt.address]
    for text in texts:
        assert "\x00" not in (text or "")
        assert len((text or "").encode()) < 2000


@given(
    st.dictionaries(st.sampled_from(FORM_FIELDS), ANY_TEXT | st.sampled_from(["sent", "30036"])), ANY_TEXT | st.none()
)
def test_any_form_is_a_receipt_or_an_error(form: dict[str, str], attempt_id: str | None) -> None:
    try:
        receipt = read_receipt(form, attempt_id)
    except CallbackError:
        return
    assert_storable(receipt)
    assert receipt == read_receipt(form, attempt_id)


@given(st.dictionaries(st.sampled_from(FORM_FIELDS), ANY_TEXT))
def test_any_form_is_a_reply_or_an_error(form: dict[str, str]) -> None:
    try:
        reply = read_inbound(form)
    except CallbackError:
        return
    assert "\x00" not in reply.body + reply.address + reply.to + reply.key
    (reply.body + reply.address + reply.to + reply.key).encode()


@given(st.binary(max_size=300))
def test_any_bytes_are_a_form_or_an_error(raw: bytes) -> None:
    try:
        read_form(raw)
    except CallbackError:
        return


@given(st.lists(EVENTS | JSON, max_size=5) | JSON)
def test_any_json_is_receipts_or_an_error(posted: object) -> None:
    raw = json.dumps(posted).encode()
    try:
        receipts = read_events(raw)
    except CallbackError:
        assert not isinstance(posted, list)
        return
    for receipt, part in receipts:
        assert_storable(receipt)
        assert read_events(part) == [(receipt, part)]
    assert receipts == read_events(raw)


def test_any_depth_is_receipts_or_an_error() -> None:
    """One that can just be read cannot be written again."""
    for depth in range(1, sys.getrecursionlimit() + 10):
        with suppress(CallbackError):
            read_events(b'[{"event": "x", "a": ' + b"[" * depth + b"]" * depth + b"}]")


@given(st.binary(max_size=300))
def test_any_bytes_are_receipts_or_an_error(raw: bytes) -> None:
    try:
        read_events(raw)
    except CallbackError:
        return


@given(ANY_TEXT, st.binary(max_size=100), ANY_TEXT | st.none(), ANY_TEXT | st.none())
def test_no_stranger_is_taken_for_twilio(
    url: str, raw: bytes, signature: str | None, content_type: str | None
) -> None:
    assert not is_signed("token", url, raw, signature, content_type)
    assert not is_signed("token", url, raw, signature, "application/x-www-form-urlencoded")


@given(ANY_TEXT, st.binary(max_size=100), ANY_TEXT | st.none(), ANY_TEXT | st.just("1793610000"))
def test_no_stranger_is_taken_for_sendgrid(key: str, raw: bytes, signature: str | None, timestamp: str) -> None:
    assert not is_signed_by_sendgrid(key, raw, signature, timestamp, 1793610000.0)


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_any_header_gives_a_wait_within_a_day_or_none(after: str, date: str, reset: str) -> None:
    for headers in ({"Retry-After": after, "Date": date}, {"X-RateLimit-Reset": reset, "Date": date}):
        wait_s = retry_after_s(headers)
        assert wait_s is None or 0 <= wait_s <= 86_400


@given(ANY_TEXT)
def test_any_text_can_be_masked_stored_and_asked_for_its_wish(text: str) -> None:
    masked(text).encode()
    storable(text).encode()
    wish_of(text)
