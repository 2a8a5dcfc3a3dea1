"""Sends one mail. The sendgrid package builds the payload; our transport sends.

The package itself opens a connection per call, has no time-out and leaks headers from one call into the next (probe).
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sendgrid.helpers import mail as parts

from channels.answers import class_of_status, outcome_of_answer, outcome_of_fault, storable
from channels.http import TransportFault
from channels.mails import copies_of, leave_headers
from channels.sendgrid.words import ATTEMPT_ARG
from domain.outcomes import Outcome, OutcomeClass

if TYPE_CHECKING:
    from collections.abc import Sequence

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
