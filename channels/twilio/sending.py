"""Sends over Twilio, and lists what was sent; `workers/deliver` and `workers/sweep` call it. It never retries."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from twilio.base.exceptions import TwilioException

from channels.answers import outcome_of_answer, outcome_of_fault, storable
from channels.http import TransportFault
from channels.twilio.callbacks import STATUS_PATH, callback_url
from channels.twilio.sdk import client_over, last_answer
from channels.twilio.words import CODES, PREFIX, number_of
from domain.levels import Channel
from domain.outcomes import Outcome, OutcomeClass

if TYPE_CHECKING:
    from datetime import date, datetime

    from channels.http import Answer, Transport
    from channels.port import Message


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


_STATUS_OPTIONS = "#ct=3000&rc=5&rp=all"
"""Twilio tries a callback again only once, and only when it cannot connect, unless the URL's fragment asks for
more: connect within 3 s, 5 tries, after every kind of failure. The fragment is not sent and not signed.
Source: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides"""


_LONGEST_VALIDITY_S = 36_000
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
            return Outcome(OutcomeClass.MISCONFIGURED, code="no_sender")
        if message.channel is Channel.WHATSAPP and message.rendered.content_sid is None:
            # Twilio would take free text, and fail it later unless the customer wrote in the last 24 hours.
            return Outcome(OutcomeClass.MISCONFIGURED, code="63016", detail="no approved template is named")
        last_answer.set(None)
        try:
            sent = await self._client.messages.create_async(**sender, **_fields(message, self._settings.public_url))
        except TransportFault as fault:
            return outcome_of_fault(fault)
        except _UNREADABLE as error:
            answer = last_answer.get()
            if answer is None:  # not Twilio's doing: nothing was asked of it yet
                raise
            return _declined(answer, error)
        return _accepted(sent.sid, sent.num_segments)

    async def list_sent(self, channel: Channel, to: str, on: date) -> tuple[SentMessage, ...] | None:
        """What Twilio sent to this number from our sender on that day (GMT), or None if it cannot be asked now.

        A message still in Twilio's queue has no day of sending yet and is not listed.
        Source: https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
        """
        # A messaging service is no filter: it chooses one of its numbers for each message.
        origin = {name: value for name, value in (_sender(self._settings, channel) or {}).items() if name == "from_"}
        try:
            found = await self._client.messages.list_async(
                to=f"{PREFIX[channel]}{to}", date_sent=on.isoformat(), limit=_MOST_LISTED, **origin
            )
        except (TransportFault, *_UNREADABLE):
            return None
        return tuple(_listed(one) for one in found if isinstance(one.sid, str))


_MOST_LISTED = 1000


def _listed(one: Any) -> SentMessage:
    return SentMessage(one.sid, str(one.status), str(one.body or ""), one.date_created, str(one.to or ""))


@dataclass(frozen=True, slots=True)
class SentMessage:
    """One message as Twilio lists it; `created_at` is UTC."""

    provider_id: str
    status: str
    body: str = field(repr=False)
    created_at: datetime | None
    to: str = field(repr=False)


def _sender(settings: TwilioSettings, channel: Channel) -> dict[str, str] | None:
    chosen = {Channel.SMS: settings.sms_from, Channel.WHATSAPP: settings.whatsapp_from}.get(channel)
    if not chosen:
        return None
    if chosen.startswith("MG"):
        return {"messaging_service_sid": chosen}
    return {"from_": f"{PREFIX[channel]}{chosen.removeprefix('whatsapp:')}"}


def _fields(message: Message, public_url: str) -> dict[str, Any]:
    """The fields of a send: a body, or an approved template and no body (63016)."""
    proof = urlencode({"attempt": message.attempt_id})
    fields: dict[str, Any] = {
        "to": f"{PREFIX[message.channel]}{message.to}",
        "status_callback": f"{callback_url(public_url, STATUS_PATH, proof)}{_STATUS_OPTIONS}",
        "validity_period": max(1, min(message.validity_s, _LONGEST_VALIDITY_S)),
    }
    if message.channel is Channel.WHATSAPP:
        variables = json.dumps(dict(message.rendered.content_variables), ensure_ascii=False)
        return fields | {"content_sid": message.rendered.content_sid, "content_variables": variables}
    return fields | {"body": message.rendered.text}


def _accepted(sid: object, segments: object) -> Outcome:
    if not isinstance(sid, str) or not sid:
        return Outcome(OutcomeClass.ACCEPTED, code="unreadable")
    # 0 segments: a messaging service has not chosen its sender yet.
    return Outcome(OutcomeClass.ACCEPTED, provider_id=storable(sid), segments=number_of(segments) or None)


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
    return replace(named, kind=word.kind, retry_after_s=wait_s, rate_limited=limited)


_FIRST_CODE = 10_000
"""Twilio's codes have five digits; a smaller one is the HTTP status, which the SDK puts where the body has none."""
