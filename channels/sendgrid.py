"""E-mail over SendGrid: sends, checks and reads the event webhook.

`workers/deliver` sends, `web/callbacks` checks, `workers/settle` reads. The sendgrid package builds the payload
and verifies signatures; our transport sends, because the package opens a connection per call, has no time-out
and leaks headers from one call into the next (probe). `Source:` pages were read in 2026-11.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import UnsupportedAlgorithm
from sendgrid.helpers import mail as parts
from sendgrid.helpers.eventwebhook import EventWebhook

from channels.answers import CallbackError, class_of_status, outcome_of_answer, outcome_of_fault, storable
from channels.http import TransportFault
from channels.mails import copies_of, leave_headers
from domain.outcomes import AttemptState, Outcome, OutcomeClass, Receipt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from channels.http import Answer, Transport
    from channels.port import File, Message

# --- What the operator sets ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SendGridSettings:
    """One SendGrid account. `webhook_key` is the event webhook's public key in base64; without it no event counts.

    `mail_from` is a verified sender; `from_name` stands where a message names no sender of its own; `api_url`
    replaces https://api.sendgrid.com (a region, a simulator).
    """

    api_key: str = field(repr=False)
    mail_from: str
    from_name: str = ""
    api_url: str | None = None
    webhook_key: str | None = None


_API_URL = "https://api.sendgrid.com"
_SEND_PATH = "/v3/mail/send"

ATTEMPT_ARG = "relance_attempt"
"""The custom argument that carries our attempt id, and nothing else: SendGrid keeps it long and shows it to staff.

Custom arguments come back beside SendGrid's own fields, and `deferred` has an `attempt` of its own (a number of
tries), which would hide ours. Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""

# --- SendGrid's words, and ours -----------------------------------------------------------------------------


def _word(state: AttemptState | None, suppress: str | None = None, kind: OutcomeClass | None = None) -> Receipt:
    """What an event says: a receipt that lacks only which message it is about."""
    return Receipt("", "", state, suppress=suppress, kind=kind)


_UNDELIVERED = _word(AttemptState.UNDELIVERED)
_BLOCKED = replace(_UNDELIVERED, kind=OutcomeClass.TRANSIENT, late_tries=1, wait_s=3600.0)

EVENTS: Mapping[tuple[str, str], Receipt] = {
    ("processed", ""): _word(AttemptState.ACCEPTED),
    ("deferred", ""): _word(AttemptState.DEFERRED),  # SendGrid goes on trying, for three days
    ("delivered", ""): _word(AttemptState.DELIVERED),
    ("bounce", ""): _UNDELIVERED,
    ("bounce", "bounce"): _word(AttemptState.UNDELIVERED, "hard_bounce", OutcomeClass.PERMANENT_ADDRESS),
    ("bounce", "blocked"): _BLOCKED,  # the mail server's mood: this message only, and once more
    ("dropped", ""): _UNDELIVERED,  # not tried at all, although the API had said 202
    ("dropped", "bounced address"): _word(AttemptState.UNDELIVERED, "hard_bounce", OutcomeClass.PERMANENT_ADDRESS),
    ("dropped", "invalid"): _word(AttemptState.UNDELIVERED, "invalid_address", OutcomeClass.PERMANENT_ADDRESS),
    ("dropped", "spam content"): _word(AttemptState.UNDELIVERED, None, OutcomeClass.CONTENT),
    ("dropped", "spam reporting address"): _word(AttemptState.UNDELIVERED, "spam_report", OutcomeClass.OPT_OUT),
    ("dropped", "unsubscribed address"): _word(AttemptState.UNDELIVERED, "opt_out", OutcomeClass.OPT_OUT),
    # An open is often a scanner's, and a click too: neither is a proof that a person read.
    ("open", ""): _word(None),
    ("click", ""): _word(None),
    ("spamreport", ""): _word(None, suppress="spam_report"),
    ("unsubscribe", ""): _word(None, suppress="opt_out"),
    ("group_unsubscribe", ""): _word(None, suppress="opt_out"),
    ("group_resubscribe", ""): _word(None),  # lifts nothing: only a person or START does
}
"""SendGrid's events by (event, and a bounce's `type` or a drop's `reason`); the pair with "" is for all others.

Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""

# --- Sending ------------------------------------------------------------------------------------------------


class SendGridChannel:
    """E-mail through one account."""

    def __init__(self, settings: SendGridSettings, transport: Transport) -> None:
        self._settings = settings
        self._transport = transport
        self._url = f"{(settings.api_url or _API_URL).rstrip('/')}{_SEND_PATH}"

    @property
    def provider(self) -> str:
        """The name in the delivery log."""
        return "sendgrid"

    async def send(self, message: Message) -> Outcome:
        """Tries once and says what came of it; never raises for what SendGrid or the network does.

        Accepted means a 202, whose body is empty; the id is in X-Message-Id. There is no idempotency key, so a
        5xx may have been sent. Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send
        """
        headers = {"Authorization": f"Bearer {self._settings.api_key}", "Content-Type": "application/json"}
        body = json.dumps(payload_of(message, self._settings)).encode()
        try:
            answer = await self._transport.request("POST", self._url, headers=headers, body=body)
        except TransportFault as fault:
            return outcome_of_fault(fault)
        if class_of_status(answer.status) is not OutcomeClass.ACCEPTED:
            return _declined(answer, copies_of(message))
        provider_id = storable(answer.headers.get("X-Message-Id")) or None
        return Outcome(OutcomeClass.ACCEPTED, provider_id=provider_id, code=None if provider_id else "unreadable")


def payload_of(message: Message, settings: SendGridSettings) -> dict[str, Any]:
    """The JSON of one mail: one personalization, no tracking, no categories, our attempt id and nothing more."""
    rendered = message.rendered
    mail = parts.Mail()
    mail.from_email = _address(parts.From(), settings.mail_from, message.from_name or settings.from_name)
    mail.subject = parts.Subject(" ".join((rendered.subject or "").split()))
    mail.add_personalization(_recipients(message))
    mail.add_content(parts.Content("text/plain", rendered.text))  # the API wants text before HTML
    if rendered.html:
        mail.add_content(parts.Content("text/html", rendered.html))
    if message.reply_to:
        mail.reply_to = _address(parts.ReplyTo(), message.reply_to)
    mail.tracking_settings = parts.TrackingSettings(
        click_tracking=parts.ClickTracking(enable=False, enable_text=False),
        open_tracking=parts.OpenTracking(enable=False),
    )
    built: dict[str, Any] = mail.get()
    more = {"attachments": [*map(_attachment, message.files)], "headers": dict(leave_headers(message))}
    return built | {name: value for name, value in more.items() if value}


def _attachment(file: File) -> dict[str, str]:
    """What the HTML shows goes by its content id."""
    shown = {"disposition": "inline", "content_id": file.cid} if file.cid else {"disposition": "attachment"}
    return {"content": base64.b64encode(file.data).decode(), "type": file.kind, "filename": file.name} | shown


def _recipients(message: Message) -> parts.Personalization:
    """To and cc, each address once: SendGrid refuses the whole mail where one comes twice, in any case."""
    found = parts.Personalization()
    found.add_to(_address(parts.To(), message.to, message.to_name))
    for copy in copies_of(message):
        found.add_cc(_address(parts.Cc(), copy))
    found.add_custom_arg(parts.CustomArg(ATTEMPT_ARG, message.attempt_id))
    return found


def _address(kind: parts.Email, email: str, name: str = "") -> parts.Email:
    """Filled field by field, because the helper's constructor takes an address apart that comes without a name."""
    kind.email = email
    kind.name = " ".join(name.split()) or None
    return kind


def _declined(answer: Answer, copies: Sequence[str]) -> Outcome:
    """By status; a 400 about our sender is our set-up, and one about the recipient's address is about that address.

    One about copies alone, which SendGrid numbers, leaves the mail to go out without these.

    Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors
    """
    errors = _errors(answer.body)
    fields = [where for where, _ in errors] if answer.status == _BAD_REQUEST else []
    kind = _kind_of(fields)
    outcome = outcome_of_answer(answer, kind=kind, detail=errors[0][1] if errors else "")
    if kind is None and fields:
        return replace(outcome, bad_copies=_bad_copies(fields, copies))
    return replace(outcome, is_sellers=kind is OutcomeClass.MISCONFIGURED and not _are_any(fields, _LINES_FIELD))


_BAD_REQUEST = 400
_OUR_FIELD = re.compile(r"(from|reply_to)(\.(email|name))?")
"""Who writes, and where answers go: the operator's, whomever the mail is for."""
_LINES_FIELD = re.compile(r"from(\.email)?")
"""The sender of all mails. His name and where answers go may be one seller's, and the others' mails leave."""
_TO_FIELD = re.compile(r"personalizations\.0\.to(\.0(\.email)?)?")
"""Seen with and without the last parts. We always send one recipient, so its address is all that can be wrong."""
_CC_FIELD = re.compile(r"personalizations\.0\.cc(\.(?P<number>\d{1,4})(\.email)?)?")


def _bad_copies(fields: Sequence[str], copies: Sequence[str]) -> tuple[str, ...]:
    """Which copies are refused, if the first fault is one's; without a number it can only be the only one."""
    if not _CC_FIELD.fullmatch(fields[0]):
        return ()
    numbers = {found["number"] for found in map(_CC_FIELD.fullmatch, fields) if found}
    return tuple(
        copy for number, copy in enumerate(copies) if str(number) in numbers or (None in numbers and len(copies) == 1)
    )


def _kind_of(fields: Sequence[str]) -> OutcomeClass | None:
    """With a wrong sender nothing would leave, whatever else is wrong; else the first fault counts."""
    if _are_any(fields, _OUR_FIELD):
        return OutcomeClass.MISCONFIGURED
    return OutcomeClass.PERMANENT_ADDRESS if fields and _TO_FIELD.fullmatch(fields[0]) else None


def _are_any(fields: Sequence[str], kind: re.Pattern[str]) -> bool:
    return any(kind.fullmatch(where) for where in fields)


def _errors(body: bytes) -> list[tuple[str, str]]:
    """Each error's `field` and `message`, empty where it has none; no errors where the body is not as documented."""
    try:
        found = [one for one in json.loads(body)["errors"] if isinstance(one, dict)]
        return [(storable(one.get("field")), storable(one.get("message"))) for one in found]
    except (ValueError, LookupError, TypeError, RecursionError):
        return []


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
    meaning = EVENTS.get((word, reason.lower())) or EVENTS.get((word, ""), _word(None))
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
