"""What an answer means where the vendor has no word of its own: HTTP statuses, transport faults, Retry-After.

The vendors' files call it. It is pure: it reads no clock and calls nobody.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from domain.outcomes import Outcome, OutcomeClass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from channels.http import Answer, TransportFault

_TOO_MANY = 429
_LONGEST_WAIT_S = 86_400.0


class CallbackError(ValueError):
    """A provider's report cannot be read: it is not what the vendor documents."""


OURS_AGAIN_S = 10.0
"""How long a message is left alone whose call our own machine could not begin: it has enough to do."""


def outcome_of_fault(fault: TransportFault) -> Outcome:
    """A call without an answer: definitely not sent is transient, or not begun; anything else is unconfirmed."""
    if fault.maybe_sent:
        return Outcome(OutcomeClass.UNCONFIRMED, code=fault.code)
    if fault.is_ours:
        return Outcome(OutcomeClass.NOT_BEGUN, code=fault.code, retry_after_s=OURS_AGAIN_S)
    return Outcome(OutcomeClass.TRANSIENT, code=fault.code)


def outcome_of_answer(answer: Answer, kind: OutcomeClass | None = None, code: str = "", detail: str = "") -> Outcome:
    """An answer that is not an acceptance; without a `kind` from the vendor's table, the status decides."""
    return Outcome(
        kind or class_of_status(answer.status),
        code=code or f"http_{answer.status}",
        detail=masked(detail),
        retry_after_s=retry_after_s(answer.headers),
        rate_limited=answer.status == _TOO_MANY,
    )


_BY_STATUS = {
    401: OutcomeClass.MISCONFIGURED,
    402: OutcomeClass.MISCONFIGURED,
    403: OutcomeClass.MISCONFIGURED,
    404: OutcomeClass.MISCONFIGURED,
    405: OutcomeClass.MISCONFIGURED,
    407: OutcomeClass.MISCONFIGURED,
    408: OutcomeClass.UNCONFIRMED,  # a gateway's word; whether the provider behind it read the request is unknown
    410: OutcomeClass.MISCONFIGURED,
    429: OutcomeClass.TRANSIENT,
}


def class_of_status(status: int) -> OutcomeClass:
    """What a bare HTTP status says about a message.

    A 4xx that nobody knows is `content`, not `misconfigured`: it fails this message alone and the next channel
    takes over, where the other would stop the channel for everyone because of one message. 3xx is a wrong base
    address. Every 5xx may have been sent.
    """
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    match status // 100:
        case 2:
            return OutcomeClass.ACCEPTED
        case 3:
            return OutcomeClass.MISCONFIGURED
        case 4:
            return OutcomeClass.CONTENT
        case _:
            return OutcomeClass.UNCONFIRMED


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The wait that the provider asks for, in seconds from its own clock, 0 to one day; None where it asks nothing.

    Retry-After is a number of seconds or an HTTP date; SendGrid sends X-RateLimit-Reset, a Unix time.
    Source: RFC 9110 10.2.3; https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits (2026-11)
    """  # noqa: E501 - an address is not broken over lines
    asked = headers.get("Retry-After")
    answered_at = _http_date(headers.get("Date"))
    if asked is not None:
        until = _http_date(asked)
        wait = _number(asked) if until is None else _seconds_between(answered_at, until)
    else:
        reset = _number(headers.get("X-RateLimit-Reset"))
        wait = None if reset is None or answered_at is None else reset - answered_at.timestamp()
    return None if wait is None else min(max(wait, 0.0), _LONGEST_WAIT_S)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _http_date(text: str | None) -> datetime | None:
    try:
        at = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError, OverflowError):  # what the standard library raises on junk
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _seconds_between(start: datetime | None, end: datetime) -> float | None:
    return None if start is None else (end - start).total_seconds()


_ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+|\+?\d[\d .()-]{5,}\d")


def masked(text: str) -> str:
    """A vendor's sentence without the e-mail addresses and phone numbers in it, at most 300 characters."""
    return _ADDRESS.sub("…", storable(text, 600))[:300]


def storable(value: object, limit: int = 200) -> str:
    """A text or number from outside as text that PostgreSQL takes: no U+0000, no lone surrogates, cut to `limit`.

    Anything else (null, an object where a text is documented) is the empty text.
    """
    text = str(value) if isinstance(value, str | int | float) else ""
    text = text[:limit]
    return (text if text.isascii() else text.encode("utf-8", "replace").decode()).replace("\x00", "")
