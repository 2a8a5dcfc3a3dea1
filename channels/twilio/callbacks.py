"""What Twilio tells us: checks signatures, reads status callbacks and customers' replies.

`web/callbacks` checks before anything is stored, `workers/settle` reads what was stored. Pure; no network.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, parse_qsl, urlparse, urlunparse

from twilio.request_validator import RequestValidator, add_port, remove_port

from channels.answers import CallbackError, storable
from channels.twilio.words import CODES, EXPIRED, PREFIX, STATES, number_of
from channels.wishes import Wish, is_bare, wish_of
from domain.levels import Channel
from domain.outcomes import AttemptState, Receipt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STATUS_PATH = "/callbacks/twilio/status"
INBOUND_PATH = "/callbacks/twilio/inbound"

# --- Signatures ---------------------------------------------------------------------------------------------

_MOST_FIELDS = 1000


def callback_url(public_url: str, path: str, query: str = "") -> str:
    """The address as Twilio sees and signs it, whatever proxy stands between; `path` and `query` as received, raw."""
    return f"{public_url.rstrip('/')}{path}{'?' if query else ''}{query}"


def is_signed(auth_token: str, url: str, raw_body: bytes, signature: str | None, content_type: str | None) -> bool:
    """Whether Twilio signed this request to `url` (from `callback_url`); never raises.

    A form is signed field by field, any other body by its SHA-256 in the query. With and without a port count
    alike, because Twilio is not consistent there.
    Source: https://www.twilio.com/docs/usage/security#validating-requests
    """
    if not signature:
        return False
    try:
        address = urlparse(url)
        fields = _Fields()
        if (content_type or "").partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
            for name, value in _pairs(raw_body):
                fields.setdefault(name, []).append(value)
        elif raw_body and not _is_hashed(raw_body, parse_qs(address.query)):
            return False
        validator = RequestValidator(auth_token)
        told = signature.encode()
        return any(
            hmac.compare_digest(validator.compute_signature(signed, fields).encode(), told)
            for signed in dict.fromkeys((urlunparse(address), remove_port(address), add_port(address)))
        )
    except ValueError:  # a port that is no number, bytes that are no UTF-8, too many fields
        return False


class _Fields(dict[str, list[str]]):
    """A form whose names may come twice, in the shape that the SDK's validator reads."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def _is_hashed(raw_body: bytes, query: Mapping[str, Sequence[str]]) -> bool:
    told = query.get("bodySHA256", [""])[0]
    return hmac.compare_digest(hashlib.sha256(raw_body).hexdigest().encode(), told.lower().encode())


@lru_cache(maxsize=1)
def _pairs(raw_body: bytes) -> Sequence[tuple[str, str]]:
    """Looked at for its signature, and at once again for what it says."""
    return parse_qsl(raw_body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)


# --- Receipts and replies -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Inbound:
    """What a customer wrote to us. `address` is the bare number; `wish` is what he clearly asks for.

    `says_more` than that wish: a person has to read it.
    """

    key: str
    channel: Channel
    address: str = field(repr=False)
    to: str
    body: str = field(repr=False)
    provider_id: str
    wish: Wish | None
    says_more: bool


def read_form(raw_body: bytes) -> dict[str, str]:
    """The fields of a form as Twilio signed them: blanks kept, nothing stripped. Raises `CallbackError`."""
    try:
        return dict(_pairs(raw_body))
    except ValueError as error:
        raise CallbackError("not a form in UTF-8") from error


def read_receipt(form: Mapping[str, str], attempt_id: str | None) -> Receipt:
    """A status callback; `attempt_id` is the `attempt` of the URL it came to. Raises `CallbackError`.

    Callbacks carry no time and come in any order, and one without ErrorCode does not take an earlier code back.
    Source: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
    """
    sid, status = _required(form, "MessageSid", "SmsSid"), _required(form, "MessageStatus", "SmsStatus")
    return receipt_of(sid, status, form.get("ErrorCode"), form.get("To"), attempt_id)


def receipt_of(sid: str, status: str, code: str | None, to: str | None, attempt_id: str | None = None) -> Receipt:
    """A message's status as a receipt: the same one, whether it was told in a callback or asked for."""
    code = storable(code, 16) or None
    word, state = CODES.get(number_of(code)), AttemptState.EXPIRED if code == EXPIRED else STATES.get(status)
    failed = word if state is AttemptState.UNDELIVERED else None
    return Receipt(
        key=f"twilio:{sid}:{status}:{code or ''}",
        word=status,
        state=state,
        attempt_id=storable(attempt_id, 64) or None,
        provider_id=sid,
        code=code,
        address=_bare(to) or None,
        suppress=word.suppress if word else None,
        kind=failed.kind if failed else None,
        late_tries=failed.late_tries if failed else 0,
        wait_s=(failed.wait_s or 0.0) if failed and failed.late_tries else 0.0,
    )


def read_inbound(form: Mapping[str, str]) -> Inbound:
    """A message from a customer. Raises `CallbackError`.

    Source: https://www.twilio.com/docs/messaging/guides/webhook-request
    """
    sid, sender = _required(form, "MessageSid", "SmsSid"), _required(form, "From")
    body = storable(form.get("Body"), 5000)
    # Twilio's own finding, where its Advanced Opt-Out is on, knows the keywords that the seller chose there.
    found = _OPT_OUT_TYPES.get(form.get("OptOutType", ""))
    return Inbound(
        key=f"twilio:{sid}:inbound",
        channel=Channel.WHATSAPP if sender.startswith(PREFIX[Channel.WHATSAPP]) else Channel.SMS,
        address=_bare(sender),
        to=_bare(form.get("To")),
        body=body,
        provider_id=sid,
        wish=found or wish_of(body),
        says_more=found is None and not is_bare(body),
    )


_OPT_OUT_TYPES = {"STOP": Wish.STOP, "START": Wish.START}


def _required(form: Mapping[str, str], *names: str) -> str:
    """The first of these fields that is there; Twilio still sends its old names beside the new."""
    for name in names:
        if value := storable(form.get(name), 64):
            return value
    raise CallbackError(f"{names[0]}: missing")


def _bare(address: str | None) -> str:
    return storable(address, 64).removeprefix(PREFIX[Channel.WHATSAPP])
