"""Sends over Twilio, and asks what was sent; `workers/deliver` and `workers/ask` call it. It never retries."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from twilio.base.exceptions import TwilioException

from channels.answers import outcome_of_answer, outcome_of_fault, storable
from channels.http import TransportFault
from channels.twilio.callbacks import STATUS_PATH, callback_url, receipt_of
from channels.twilio.sdk import client_over, last_answer
from channels.twilio.words import CODES, PREFIX, number_of, segments_of
from domain.asking import Seen
from domain.levels import Channel
from domain.outcomes import AttemptState, Outcome, OutcomeClass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from channels.http import Answer, Transport
    from channels.port import Message
    from domain.asking import Question

# --- What the operator sets ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TwilioSettings:
    """One Twilio account. A sender is a number, a name, or a messaging service (`MG…`); None: channel not set up.

    `public_url` is where Twilio reaches us; `api_url` replaces https://api.twilio.com (a region, a simulator).
    """

    account_sid: str
    auth_token: str = field(repr=False)
    public_url: str
    sms_from: str | None = None
    whatsapp_from: str | None = None
    api_url: str | None = None


# --- Sending ------------------------------------------------------------------------------------------------

_STATUS_OPTIONS = "#ct=3000&rc=5&rp=all"
"""Twilio tries a callback again only once, and only when it cannot connect, unless the URL's fragment asks for
more: connect within 3 s, 5 tries, after every kind of failure. The fragment is not sent and not signed.
Source: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides"""


_LEAST_VALIDITY_S, _LONGEST_VALIDITY_S = 1, 36_000
_NEEDS_TEMPLATE = "63016"
_NO_TEMPLATE = Outcome(
    OutcomeClass.MISCONFIGURED,
    code=_NEEDS_TEMPLATE,
    detail="no approved template is named",
    is_only_here=True,
    was_asked=False,
)
_UNREADABLE = (TwilioException, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)
"""All that the SDK raises over an answer that is not a success with the JSON it expects (probe)."""


class TwilioChannel:
    """Both channels of one account; the message's `channel` chooses the sender."""

    def __init__(self, settings: TwilioSettings, transport: Transport) -> None:
        self._settings = settings
        self._client = client_over(transport, settings.account_sid, settings.auth_token, settings.api_url)

    @property
    def provider(self) -> str:
        """The name in the delivery log."""
        return "twilio"

    async def send(self, message: Message) -> Outcome:
        """Tries once and says what came of it; never raises for what Twilio or the network does.

        A 2xx is accepted even where its body is cut or garbled (`code` is then `unreadable`). A 5xx may have
        been sent, for Twilio knows no idempotency key.
        """
        sender = _sender(self._settings, message.channel)
        if sender is None:
            return Outcome(OutcomeClass.MISCONFIGURED, code="no_sender", was_asked=False)
        rendered = message.rendered
        if message.channel is Channel.WHATSAPP and rendered.content_sid is None and not rendered.is_free_text:
            # Twilio would take free text, and fail it later unless the customer wrote in the last 24 hours.
            return _NO_TEMPLATE
        last_answer.set(None)
        try:
            sent = await self._client.messages.create_async(**sender, **_fields(message, self._settings.public_url))
        except TransportFault as fault:
            return outcome_of_fault(fault)
        except _UNREADABLE as error:
            answer = last_answer.get()
            if answer is None:  # not Twilio's doing: nothing was asked of it yet
                raise
            declined = _declined(answer, error)
            is_closed = rendered.is_free_text and declined.code == _NEEDS_TEMPLATE
            # This reader's window has closed after all: the line is not to blame, so that it stays open for others.
            return replace(declined, kind=OutcomeClass.CONTENT) if is_closed else declined
        return _accepted(sent.sid, sent.num_segments)

    async def find(self, question: Question) -> tuple[Seen, ...] | None:
        """What Twilio has of a message: by its id, or else all that went to that number.

        It is asked neither by the day of sending, which a message in Twilio's queue has not got yet, nor by our
        sender, which may have changed since: what such a filter hides would be sent again.
        Source: https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
        """
        last_answer.set(None)
        try:
            if question.provider_id is not None:
                found = [await self._client.messages(question.provider_id).fetch_async()]
            else:
                to = f"{PREFIX[question.channel]}{question.to}"
                found = await self._client.messages.list_async(to=to, limit=_MOST_LISTED)
            sender = _sender(self._settings, question.channel) or {}
            seen = tuple(_seen(one, question.channel, sender) for one in found)
            return None if len(seen) == _MOST_LISTED else seen
        except TransportFault:
            return None
        except _UNREADABLE:
            answer = last_answer.get()
            return () if question.provider_id is not None and answer and answer.status == _NOT_FOUND else None


_NOT_FOUND = 404
_MOST_LISTED = 1000
"""To one number: more than anybody is ever sent. A list that was cut short could not say what is not in it."""


def _seen(one: Any, channel: Channel, sender: Mapping[str, str]) -> Seen:
    """What is there was accepted, whatever its status.

    A template's words are Twilio's own, so that there they prove nothing: that it is from our sender has to do.
    """
    if not one.sid or not one.status:
        raise ValueError("a message without an id or a status is no answer")
    receipt = receipt_of(_text(one.sid), _text(one.status), _text(one.error_code), _text(one.to))
    if receipt.state is None:
        receipt = replace(receipt, state=AttemptState.ACCEPTED)
    is_from_us = bool(sender) and all(_text(getattr(one, name)) == value for name, value in sender.items())
    text = None if channel is Channel.WHATSAPP and is_from_us else _text(one.body)
    return Seen(receipt, text, _instant(one.date_created))


def _instant(value: object) -> datetime | None:
    """The SDK leaves a date that it cannot read as it was."""
    return value if isinstance(value, datetime) and value.tzinfo is not None else None


def _text(value: object) -> str:
    """A field of the SDK's as text."""
    return "" if value is None else str(value)


def _sender(settings: TwilioSettings, channel: Channel) -> dict[str, str] | None:
    chosen = {Channel.SMS: settings.sms_from, Channel.WHATSAPP: settings.whatsapp_from}.get(channel)
    if not chosen:
        return None
    if chosen.startswith("MG"):
        return {"messaging_service_sid": chosen}
    return {"from_": f"{PREFIX[channel]}{chosen.removeprefix('whatsapp:')}"}


def _fields(message: Message, public_url: str) -> dict[str, Any]:
    """The fields of a send: a body, or an approved template and no body (63016).

    A reader who wrote to us in the last 24 hours is answered in free text.
    """
    proof = urlencode({"attempt": message.attempt_id})
    fields: dict[str, Any] = {
        "to": f"{PREFIX[message.channel]}{message.to}",
        "status_callback": f"{callback_url(public_url, STATUS_PATH, proof)}{_STATUS_OPTIONS}",
        "validity_period": max(_LEAST_VALIDITY_S, int(min(message.validity_s, _LONGEST_VALIDITY_S))),
    }
    if message.channel is Channel.WHATSAPP and not message.rendered.is_free_text:
        variables = json.dumps(dict(message.rendered.content_variables), ensure_ascii=False)
        return fields | {"content_sid": message.rendered.content_sid, "content_variables": variables}
    return fields | {"body": message.rendered.text}


def _accepted(sid: object, segments: object) -> Outcome:
    if not isinstance(sid, str) or not sid:
        return Outcome(OutcomeClass.ACCEPTED, code="unreadable")
    return Outcome(OutcomeClass.ACCEPTED, provider_id=storable(sid), segments=segments_of(segments))


def _declined(answer: Answer, error: Exception) -> Outcome:
    """The status first (2xx accepted, 5xx unconfirmed, whatever the body says), then the code, then the status."""
    by_status = outcome_of_answer(answer)
    if by_status.kind is OutcomeClass.ACCEPTED:
        return Outcome(OutcomeClass.ACCEPTED, code="unreadable")
    code, detail = number_of(getattr(error, "code", None)), getattr(error, "msg", None) or getattr(error, "title", "")
    named = outcome_of_answer(answer, code=str(code), detail=str(detail)) if code >= _FIRST_CODE else by_status
    word = CODES.get(code)
    if word is None or by_status.kind is OutcomeClass.UNCONFIRMED:
        return named
    wait_s = named.retry_after_s if named.retry_after_s is not None else word.wait_s
    limited = named.rate_limited or word.rate_limited
    return replace(named, kind=word.kind, retry_after_s=wait_s, rate_limited=limited, is_only_here=word.is_only_here)


_FIRST_CODE = 10_000
"""Twilio's codes have five digits; a smaller one is the HTTP status, which the SDK puts where the body has none."""
