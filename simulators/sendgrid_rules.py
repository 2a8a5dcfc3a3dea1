"""SendGrid's rules and words: what it refuses, how it says so, and the events that follow a mail.

Called by `sendgrid`. Pure: values in, values out.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from simulators.answers import Answer, Vendor
from simulators.faults import Fault

_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;.]+(\.[^@\s<>,;.]+)+")
_HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#message"
_LONGEST_NAME = 64  # what stands before the @. Source: RFC 5321 4.5.3.1.1
_MOST_RECIPIENTS = 1000
_MOST_CUSTOM_BYTES = 10_000
_RESERVED = frozenset(
    {"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"}
    | {"to", "from", "subject", "reply-to", "cc", "bcc"}
)


class MailError(ValueError):
    """A mail that SendGrid answers with 400: the field and what is wrong with it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


def error(status: int, message: str, field: str | None = None, **headers: str) -> Answer:
    """Return SendGrid's answer for an error.

    Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors (read 2026-11-22).
    """
    about = None if field is None else f"{_HELP}.{field.split('.')[0]}"
    body = json.dumps({"errors": [{"message": message, "field": field, "help": about}]}).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, f"refused:{status}", body, {"Content-Type": "application/json", **names})


def _named(answer: Answer, outcome: str) -> Answer:
    return Answer(answer.status, outcome, answer.body, answer.headers)


def _too_many(fault: Fault) -> Answer:
    when = {"Retry_After": str(fault.retry_after_s)} if fault.retry_after_s else {}
    return _named(error(429, "too many requests", X_RateLimit_Remaining="0", **when), "429")


VENDOR = Vendor(
    name="sendgrid",
    too_many=_too_many,
    server_error=lambda fault: _named(error(fault.status or 500, "An internal error occurred"), fault.kind),
    refused=lambda fault: error(fault.status or 400, "Bad Request"),
    garbage=Answer(202, "accepted:garbage", b"<html>not what you", {"Content-Type": "text/html"}),
)


def check(mail: object) -> dict[str, Any]:
    """Return the mail as an object, or raise MailError for the first rule it breaks."""
    if not isinstance(mail, dict):
        raise MailError("body", "The request body must be a JSON object.")
    seen: set[str] = set()
    try:
        for index, one in enumerate(_personalizations(mail)):
            _check_recipients(one, f"personalizations.{index}", seen)
        _check_sender(mail)
        _check_content(mail)
        _check_extras(mail)
    except (AttributeError, TypeError):
        raise MailError("body", "A field has the wrong type.") from None
    return mail


def _personalizations(mail: dict[str, Any]) -> list[dict[str, Any]]:
    found = mail.get("personalizations")
    if not isinstance(found, list) or not found:
        raise MailError("personalizations", "You must have at least one personalization.")
    if len(found) > _MOST_RECIPIENTS:
        raise MailError("personalizations", "The personalization block is limited to 1000 personalizations.")
    return found


def _check_recipients(one: dict[str, Any], where: str, seen: set[str]) -> None:
    if not one.get("to"):
        raise MailError(f"{where}.to", "The to array is required for all personalization objects.")
    mine: set[str] = set()
    for number, (role, address) in enumerate(recipients(one)):
        if not is_address(address):
            # Of the first recipient it has been seen without the last parts.
            place = role if role == "to" else f"{role}.{number - len(one['to'])}.email"
            raise MailError(f"{where}.{place}", "Does not contain a valid address.")
        if address.lower() in mine:
            text = "Each email address in the personalization block should be unique between to, cc, and bcc."
            raise MailError(where, text)
        mine.add(address.lower())
    seen |= mine
    if len(seen) > _MOST_RECIPIENTS:
        raise MailError("personalizations", "There is a limit of 1000 total recipients per request.")


def recipients(one: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (role, address) of a personalization's to, cc and bcc."""
    for role in ("to", "cc", "bcc"):
        for person in one.get(role) or []:
            yield role, str(person.get("email", "")) if isinstance(person, dict) else ""


def is_address(text: str) -> bool:
    """Tell whether this looks like an e-mail address."""
    return _ADDRESS.fullmatch(text) is not None and len(text.partition("@")[0]) <= _LONGEST_NAME


def _check_sender(mail: dict[str, Any]) -> None:
    sender = mail.get("from")
    if not isinstance(sender, dict) or not sender.get("email"):
        raise MailError("from.email", "The from email is required.")
    if not is_address(str(sender["email"])):
        raise MailError("from", "The from email does not contain a valid address.")


def _check_content(mail: dict[str, Any]) -> None:
    if mail.get("template_id"):
        return
    if not mail.get("subject") and not all(one.get("subject") for one in mail["personalizations"]):
        raise MailError("subject", "The subject is required.")
    content = mail.get("content")
    if not isinstance(content, list) or not content:
        raise MailError("content", "Unless a valid template_id is provided, the content parameter is required.")
    for index, part in enumerate(content):
        if not part.get("type"):
            raise MailError(f"content.{index}.type", "The content type is required.")
        if not part.get("value"):
            text = "The content value must be a string at least one character in length."
            raise MailError(f"content.{index}.value", text)
    kinds = [part.get("type") for part in content]
    if "text/plain" in kinds[1:]:
        raise MailError("content", "If present, text/plain must come first, then text/html, then others.")


def _check_extras(mail: dict[str, Any]) -> None:
    for where in (mail, *mail["personalizations"]):
        custom = where.get("custom_args") or {}
        if not all(isinstance(value, str) for value in custom.values()):
            raise MailError("custom_args", "Each custom_args value must be a string.")
        if len(json.dumps(custom).encode()) > _MOST_CUSTOM_BYTES:
            raise MailError("custom_args", "The custom_args are limited to 10,000 bytes.")
        for name in where.get("headers") or {}:
            if name.lower() in _RESERVED:
                raise MailError("headers", f"The header {name} is reserved and may not be set.")


def events_of(fault: Fault | None) -> list[dict[str, str]]:
    """Return the events of a mail in order, without the parts that all events share.

        processed ── [deferred] ─┬─ delivered
        dropped                  └─ bounce (type bounce, or blocked)

    Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event (read 2026-11-22).
    """
    processed, delivered = {"event": "processed"}, {"event": "delivered", "response": "250 2.0.0 OK"}
    match None if fault is None else fault.outcome or "bounce":
        case None:
            return [processed, delivered]
        case "deferred":
            return [processed, {"event": "deferred", "response": "451 try again later", "attempt": "1"}, delivered]
        case "dropped":
            return [{"event": "dropped", "reason": "Bounced Address", "status": "5.0.0"}]
        case "blocked":
            reason = {"reason": "550 5.7.1 message refused", "status": "5.7.1", "bounce_classification": "Content"}
            return [processed, {"event": "bounce", "type": "blocked", **reason}]
        case _:
            reason = {"reason": "550 5.1.1 unknown user", "status": "5.1.1"}
            kind = {"event": "bounce", "type": "bounce", "bounce_classification": "Invalid Address"}
            return [processed, kind | reason]
