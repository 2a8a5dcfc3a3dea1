"""Twilio's words and ours: the one table of its error codes and of its message statuses. Pure.

`sending` reads it for answers and `callbacks` for receipts; nothing else knows a Twilio code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.levels import Channel
from domain.outcomes import AttemptState, OutcomeClass

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = {Channel.SMS: "", Channel.WHATSAPP: "whatsapp:"}
"""What stands before a number in Twilio's To and From."""


@dataclass(frozen=True, slots=True)
class Word:
    """An error code: its class, why the address is out of use from now on, and the wait where no header says.

    Where a receipt gives it, the same channel is worth `late_tries` more, after that wait each. `wait_s` is wall time
    where the call's answer says it, business time where a receipt does. `is_only_here`: our set-up is wrong for this
    number, its country, or this text alone.
    """

    kind: OutcomeClass
    suppress: str | None = None
    rate_limited: bool = False
    wait_s: float | None = None
    late_tries: int = 0
    is_only_here: bool = False


_MISCONFIGURED = Word(OutcomeClass.MISCONFIGURED)
_ONLY_HERE = Word(OutcomeClass.MISCONFIGURED, is_only_here=True)
_CONTENT = Word(OutcomeClass.CONTENT)
_DEAD_END = Word(OutcomeClass.PERMANENT_ADDRESS)
_BAD_NUMBER = Word(OutcomeClass.PERMANENT_ADDRESS, suppress="invalid_address")

CODES: Mapping[int, Word] = {
    20003: _MISCONFIGURED,  # wrong credentials
    20429: Word(OutcomeClass.TRANSIENT, rate_limited=True),  # never processed
    20500: Word(OutcomeClass.UNCONFIRMED),
    21211: _BAD_NUMBER,
    21212: _MISCONFIGURED,  # our sender is no number
    21408: _ONLY_HERE,  # the account may not send to this country
    21601: _MISCONFIGURED,
    21603: _MISCONFIGURED,  # no sender
    21606: _MISCONFIGURED,  # the sender is not ours, or cannot send
    21608: _MISCONFIGURED,  # a trial account writes only to its own numbers
    21609: _MISCONFIGURED,  # our public address is not one that Twilio can reach
    21610: Word(OutcomeClass.OPT_OUT, suppress="opt_out"),
    21612: _ONLY_HERE,  # our sender does not reach this number
    21614: _BAD_NUMBER,
    21617: _CONTENT,  # too long
    21619: _CONTENT,  # empty
    21635: _BAD_NUMBER,
    21655: _MISCONFIGURED,  # the template is not one of the account's: mostly it is another account
    21656: _CONTENT,  # its variables do not fit
    21657: _ONLY_HERE,  # this country does not take our sender's name
    21659: _MISCONFIGURED,  # the sender is no number of Twilio's
    21660: _MISCONFIGURED,  # the sender is another account's
    21661: _MISCONFIGURED,  # the sender cannot send text messages
    21705: _MISCONFIGURED,  # there is no such messaging service
    30001: Word(OutcomeClass.TRANSIENT),  # Twilio's queue was full
    30002: _MISCONFIGURED,  # account suspended
    30003: Word(OutcomeClass.TRANSIENT, wait_s=7200, late_tries=2),  # phone off or out of reach
    30004: _DEAD_END,  # blocked
    30005: _DEAD_END,  # unknown handset
    30006: _DEAD_END,  # landline
    30007: _CONTENT,  # a carrier's filter
    30008: Word(OutcomeClass.TRANSIENT, wait_s=3600, late_tries=1),  # Twilio does not know either
    30024: _ONLY_HERE,  # our sender is not registered there
    63007: _MISCONFIGURED,  # the WhatsApp sender is not set up
    63014: Word(OutcomeClass.OPT_OUT, suppress="opt_out"),  # the reader has blocked our sender
    63016: _ONLY_HERE,  # free text needs an approved template
    63018: Word(OutcomeClass.TRANSIENT, rate_limited=True),
    63024: _DEAD_END,  # not on WhatsApp
    63038: Word(OutcomeClass.TRANSIENT, rate_limited=True, wait_s=3600),  # the account's daily cap
}
"""Twilio's error codes, from the answer to a send or later from a receipt.

Source: https://www.twilio.com/docs/api/errors and one page per code below it. 30036 is not here: expired is a
state, and the reminder is planned again.
"""

EXPIRED = "30036"
STATES: Mapping[str, AttemptState | None] = {
    "accepted": AttemptState.ACCEPTED,
    "scheduled": AttemptState.ACCEPTED,
    "queued": AttemptState.ACCEPTED,
    "sending": AttemptState.ACCEPTED,
    "sent": AttemptState.SENT,
    "partially_delivered": AttemptState.SENT,
    "delivered": AttemptState.DELIVERED,
    "read": AttemptState.READ,
    "undelivered": AttemptState.UNDELIVERED,
    "failed": AttemptState.UNDELIVERED,
    "canceled": AttemptState.UNDELIVERED,
    "receiving": None,
    "received": None,
}
"""Twilio's message statuses. Source: https://www.twilio.com/docs/messaging/api/message-resource"""


def number_of(code: object) -> int:
    """A code as Twilio writes it (a number in JSON, digits in a form), or 0."""
    text = str(code)
    return int(text) if text.isascii() and text.isdigit() and len(text) < len("1000000") else 0


def segments_of(told: object) -> int | None:
    """The segments that a text took; None for 0, its sender not being chosen yet, and for what no text comes to."""
    number = number_of(told)
    return number if 1 <= number <= _MOST_SEGMENTS else None


_MOST_SEGMENTS = 100
"""Four times what 1600 characters come to at most. Source: https://www.twilio.com/docs/messaging/api/message-resource"""
