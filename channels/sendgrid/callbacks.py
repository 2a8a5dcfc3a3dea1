"""The event webhook: who signed it, and what it reports. The sendgrid package verifies signatures."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import UnsupportedAlgorithm
from sendgrid.helpers.eventwebhook import EventWebhook

from channels.answers import CallbackError, storable
from channels.sendgrid.words import ATTEMPT_ARG, EVENTS, NOTHING
from domain.outcomes import Receipt

if TYPE_CHECKING:
    from collections.abc import Mapping

# --- Signatures ---------------------------------------------------------------------------------------------

MAX_AGE_S = 25 * 3600
"""SendGrid tries for 24 hours, and no source says that it signs each try anew: a shorter limit would refuse what
it kept for us while we were down. A replay within it is harmless, because every event counts once by its key.
Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/troubleshooting"""
MAX_AHEAD_S = 600


def is_signed(public_key: str | None, raw: bytes, signature: str | None, timestamp: str | None, now_s: float) -> bool:
    """Whether SendGrid signed this body lately; `now_s` is wall time. Never raises; without a key it is False.

    The signature is over the timestamp's characters and the raw body. The SDK checks no age (probe).
    Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
    """
    if not public_key or not signature or not timestamp or not _is_fresh(timestamp, now_s):
        return False
    try:
        return bool(EventWebhook(public_key).verify_signature(raw.decode(), signature, timestamp))
    # What malformed input raises: bytes, base64 and keys are ValueError, a key of another kind the rest.
    except (ValueError, TypeError, AttributeError, UnsupportedAlgorithm):
        return False


_LONGEST_TIMESTAMP = 12


def _is_fresh(timestamp: str, now_s: float) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _LONGEST_TIMESTAMP):
        return False
    return -MAX_AHEAD_S <= now_s - int(timestamp) <= MAX_AGE_S


# --- Receipts -----------------------------------------------------------------------------------------------


def read_events(raw: bytes) -> list[tuple[Receipt, bytes]]:
    """The receipts of one post of the event webhook, in its order, each with its own part as a post of one.

    The whole beside each would be a gigabyte. Raises `CallbackError` if it is no JSON array.
    Items that are no event are passed over, so that they do not cost the others; unknown words stay, with no state.
    Each recipient (cc too) has events of its own: compare `address` before you believe them of the message.
    `sg_event_id` may change between tries, so it is not the key.
    """
    try:
        if isinstance(items := json.loads(raw), list):
            events = [item for item in items if isinstance(item, dict) and storable(item.get("event"), 40)]
            return [(_receipt(event), json.dumps([event]).encode()) for event in events]
    except (ValueError, RecursionError) as error:  # too deep to be read, or just too deep to be written again
        raise CallbackError("not JSON") from error
    raise CallbackError("not a JSON array")


def _receipt(event: Mapping[str, Any]) -> Receipt:
    word, kind = storable(event.get("event"), 40), storable(event.get("type"), 40)
    reason = kind if word == "bounce" else storable(event.get("reason"), 40)
    meaning = EVENTS.get((word, reason.lower())) or EVENTS.get((word, ""), NOTHING)
    attempt_id, address = storable(event.get(ATTEMPT_ARG), 64) or None, storable(event.get("email"), 320) or None
    provider_id = storable(event.get("sg_message_id")).partition(".")[0] or _mail_id(event) or None
    return replace(
        meaning,
        key=_key(event, attempt_id or provider_id, address),
        word=word,
        attempt_id=attempt_id,
        provider_id=provider_id,
        code=storable(event.get("status"), 40) or kind or reason or None,
        address=address,
        at=_instant(event.get("timestamp")),
    )


def _mail_id(event: Mapping[str, Any]) -> str:
    """Our X-Message-Id from the mail's own id: late bounces have no `sg_message_id`, and some have neither."""
    found = re.fullmatch(r"<([^@<>]+)@[^@<>]*>", storable(event.get("smtp-id")))
    return found[1] if found else ""


def _key(event: Mapping[str, Any], message: str | None, address: str | None) -> str:
    told = [storable(event.get(name), 1000) for name in ("event", "type", "timestamp", "reason")]
    parts = json.dumps([message, (address or "").casefold(), *told])
    return f"sendgrid:{hashlib.sha256(parts.encode()).hexdigest()[:40]}"


def _instant(timestamp: object) -> datetime | None:
    if not isinstance(timestamp, int | float) or isinstance(timestamp, bool):
        return None
    try:
        return datetime.fromtimestamp(timestamp, UTC)
    except (ValueError, OverflowError, OSError):  # NaN, or beyond the calendar
        return None
