"""Twilio's rules and words: what it refuses and with which code, and the JSON shape of its answers.

Called by `twilio`. Pure: values in, values out.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from simulators.answers import Answer, Vendor
from simulators.faults import Fault
from simulators.inbox import Message
from simulators.segments import count_segments

API_VERSION = "2010-04-01"
JSON_TYPE = {"Content-Type": "application/json; charset=utf-8"}

_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_CONTENT_SID = re.compile(r"HX[0-9a-fA-F]{32}")
_LONGEST_BODY = 1600
_LONGEST_VALIDITY_S = 36_000
_LONGEST_URL = 4000

# Source: https://www.twilio.com/docs/api/errors and one page per code below it (read 2026-11-22).
MESSAGES = {
    20001: "Invalid parameter",
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "An internal server error has occurred",
    21211: "Invalid 'To' Phone Number",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21609: "Invalid 'StatusCallback' URL",
    21610: "Attempt to send to unsubscribed recipient",
    21612: "The 'To' phone number is not currently reachable using the 'From' phone number",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit.",
    21619: "A text message body, media urls or Content SID must be specified.",
    21655: "The ContentSid is Invalid",
    21656: "The ContentVariables Parameter is invalid",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    30036: "Validity Period Expired",
    63016: "Failed to send freeform message because you are outside the allowed window",
    63018: "Rate limit exceeded for Channel",
    63024: "Invalid message recipient",
    90007: "Invalid validity period value",
}
_STATUS_OF = {20003: 401, 20404: 404, 20429: 429, 20500: 500}


def error(code: int, status: int | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """Return Twilio's answer for an error code."""
    status = status or _STATUS_OF.get(code, 400)
    body = {
        "code": code,
        "message": MESSAGES.get(code, f"Error {code}"),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return Answer(status, f"refused:{code}", json.dumps(body).encode(), {**JSON_TYPE, **(headers or {})})


def _too_many(fault: Fault) -> Answer:
    answer = error(20429, headers={"Retry-After": str(fault.retry_after_s)} if fault.retry_after_s else None)
    return Answer(answer.status, "429", answer.body, answer.headers)


def _server_error(fault: Fault) -> Answer:
    answer = error(20500, fault.status or 500)
    return Answer(answer.status, fault.kind, answer.body, answer.headers)


VENDOR = Vendor(
    name="twilio",
    too_many=_too_many,
    server_error=_server_error,
    refused=lambda fault: error(fault.code or 21211, fault.status),
    garbage=Answer(201, "accepted:garbage", b'{"sid": "SM', JSON_TYPE),
)


def refusal(form: Mapping[str, str]) -> int | None:
    """Return the code with which Twilio refuses this send request at once, or None."""
    to, sender = form.get("To", ""), form.get("From") or form.get("MessagingServiceSid")
    if not to:
        return 21604
    if not _NUMBER.fullmatch(to.removeprefix("whatsapp:")) or to == form.get("From"):
        return 21211
    if not sender:
        return 21603
    return _content_refusal(form) or _delivery_refusal(form)


def _content_refusal(form: Mapping[str, str]) -> int | None:
    body, content = form.get("Body", ""), form.get("ContentSid", "")
    if not body and not content:
        return 21619
    if len(body) > _LONGEST_BODY:
        return 21617
    if content and not _CONTENT_SID.fullmatch(content):
        return 21655
    try:
        read_variables(form)
    except ValueError:
        return 21656
    return None


def _delivery_refusal(form: Mapping[str, str]) -> int | None:
    callback, validity = form.get("StatusCallback", ""), form.get("ValidityPeriod", "1")
    if callback and not _is_url(callback):
        return 21609
    if not validity.isdecimal() or not 1 <= int(validity) <= _LONGEST_VALIDITY_S:
        return 90007
    return None


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return len(text) <= _LONGEST_URL and parts.scheme in {"http", "https"} and bool(parts.hostname)


def read_variables(form: Mapping[str, str]) -> dict[str, Any] | None:
    """Return ContentVariables, or None without them; ValueError unless a JSON object without empty values.

    Source: https://www.twilio.com/docs/api/errors/21656 (read 2026-11-22).
    """
    text = form.get("ContentVariables")
    if not text:
        return None
    variables = json.loads(text)
    if not isinstance(variables, dict):
        raise ValueError("must be a JSON object")  # noqa: TRY004 - one kind for all bad JSON
    if any(value in (None, "") for value in variables.values()):
        raise ValueError("must have no empty value")
    return variables


def show_message(message: Message, account: str) -> dict[str, Any]:
    """Return a message as Twilio's Message resource.

    Source: MessageInstance of twilio-python 9.13 (read 2026-11-22), which parses it.
    """
    uri = f"/{API_VERSION}/Accounts/{account}/Messages/{message.id}"
    code = message.error_code
    return {
        "account_sid": account,
        "api_version": API_VERSION,
        "body": message.text or "",
        "date_created": _date(message.accepted_at),
        "date_sent": None if message.status == "queued" else _date(message.accepted_at),
        "date_updated": _date(message.accepted_at),
        "direction": "outbound-api",
        "error_code": code,
        "error_message": None if code is None else MESSAGES.get(code, f"Error {code}"),
        "from": message.from_ or None,
        "messaging_service_sid": message.messaging_service_sid,
        "num_media": "0",
        "num_segments": str(count_segments(message.text or "")),
        "price": None,
        "price_unit": "USD",
        "sid": message.id,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.to,
        "uri": f"{uri}.json",
    }


def _date(instant: datetime) -> str:
    return format_datetime(instant)
