"""What an answer means where the vendor has no word of its own."""

import pytest

from channels.answers import class_of_status, masked, outcome_of_fault, retry_after_s, storable
from channels.http import TransportFault

DATE = "Mon, 02 Nov 2026 09:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "99999999"}, 86_400.0),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Mon, 02 Nov 2026 09:01:00 GMT", "Date": DATE}, 60.0),
        ({"Retry-After": "Mon, 02 Nov 2026 08:00:00 GMT", "Date": DATE}, 0.0),
        ({"Retry-After": "Mon, 02 Nov 2026 09:01:00 GMT"}, None),
        ({"X-RateLimit-Reset": "1793610030", "Date": DATE}, 30.0),
        ({"X-RateLimit-Reset": "1793610030"}, None),
        ({"Retry-After": "5", "X-RateLimit-Reset": "1793610030", "Date": DATE}, 5.0),
    ],
)
def test_the_wait_asked_for_is_counted_on_the_providers_clock(headers: dict[str, str], wait_s: float | None) -> None:
    assert retry_after_s(headers) == wait_s


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, "accepted"),
        (202, "accepted"),
        (302, "misconfigured"),
        (400, "content"),
        (401, "misconfigured"),
        (404, "misconfigured"),
        (408, "unconfirmed"),
        (418, "content"),
        (429, "transient"),
        (500, "unconfirmed"),
        (503, "unconfirmed"),
        (599, "unconfirmed"),
        (999, "unconfirmed"),
    ],
)
def test_each_status_has_its_class(status: int, kind: str) -> None:
    assert class_of_status(status) == kind


@pytest.mark.parametrize(
    ("maybe_sent", "is_ours", "kind"),
    [
        (False, False, "transient"),
        (False, True, "not_begun"),
        (True, False, "unconfirmed"),
        (True, True, "unconfirmed"),
    ],
)
def test_each_fault_has_its_class(maybe_sent: bool, is_ours: bool, kind: str) -> None:
    outcome = outcome_of_fault(TransportFault("word", maybe_sent=maybe_sent, is_ours=is_ours))
    assert (outcome.kind, outcome.code, outcome.rate_limited) == (kind, "word", False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("The 'To' number +33612345678 is wrong", "The 'To' number … is wrong"),
        ("06 12 34 56 78 and 0612345678", "…"),
        ("write to anne.martin+x@example.co.uk now", "write to … now"),
        ("error 21211 of 2026", "error 21211 of 2026"),
        ("nul\x00 and \ud800", "nul and ?"),
    ],
)
def test_addresses_are_masked(text: str, shown: str) -> None:
    assert masked(text).replace("… and …", "…") == shown


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), ("a\x00b", "ab"), (7, "7"), (1.5, "1.5"), ({"a": 1}, ""), ("x" * 999, "x" * 200)]
)
def test_a_value_from_outside_becomes_text_that_can_be_stored(value: object, text: str) -> None:
    assert storable(value) == text
