"""What a server's refusal means, by what was refused and by its own words."""

from __future__ import annotations

import re

from channels.answers import masked
from domain.outcomes import Outcome, OutcomeClass

_STAGES = {
    "connect": OutcomeClass.MISCONFIGURED,
    "login": OutcomeClass.MISCONFIGURED,
    "sender": OutcomeClass.MISCONFIGURED,
    "recipient": OutcomeClass.PERMANENT_ADDRESS,
    "text": OutcomeClass.CONTENT,
}
"""What a refusal for good (5xx) means, by what was refused. A 4xx at any of them is transient.

Source: RFC 5321 4.2.1, 4.2.5: a server that answered a text with other than 2xx has not taken it.
"""

_OURS = {
    "5.2.2": OutcomeClass.CONTENT,  # the mailbox is full, now
    "5.2.3": OutcomeClass.CONTENT,  # longer than the mailbox takes
    "5.3.4": OutcomeClass.CONTENT,  # longer than the server takes
}
"""Refusals whose own words say more than the stage. Source: RFC 3463 3.3, 3.4."""

_NO_COMMAND = frozenset({500, 501, 502, 503, 504, 530, 535})
"""Said of a recipient, these are about the conversation. Source: RFC 5321 4.2.2, RFC 4954 6."""

_NOT_OF_READER = ("5.1.7", "5.1.8", "5.3.", "5.5.", "5.7.")
"""Said of a recipient, these are about the sender, the server, the conversation and its rights: common servers wait
for a recipient before they refuse a sender. Taken for the address, they would put every customer's out of use.
Source: RFC 3463 3.2, 3.4, 3.6, 3.8."""

_RELAYING = re.compile(r"\brelay", re.IGNORECASE)
"""Some servers refuse to relay in plain words alone."""

_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")


def outcome_of_reply(stage: str, code: int, words: str) -> Outcome:
    """What a server's refusal means; one that cannot be read is transient, or unconfirmed once the text has left."""
    found = _ENHANCED.match(words)
    enhanced = found[1] if found else ""
    told = f"{code} {enhanced}".strip()
    if code // 100 == _REFUSED:
        return Outcome(_class_of(stage, code, enhanced, words), code=told, detail=masked(words))
    if code // 100 == _LATER:
        return Outcome(OutcomeClass.TRANSIENT, code=told, detail=masked(words))
    kind = OutcomeClass.UNCONFIRMED if stage == "text" else OutcomeClass.TRANSIENT
    return Outcome(kind, code="bad_answer")


TAKEN, _LATER, _REFUSED = 2, 4, 5
HANGS_UP = 421  # whatever is said next is not heard. Source: RFC 5321 4.2.3


def _class_of(stage: str, code: int, enhanced: str, words: str) -> OutcomeClass:
    if enhanced in _OURS:
        return _OURS[enhanced]
    if stage == "recipient" and _is_about_us(code, enhanced, words):
        return OutcomeClass.MISCONFIGURED
    return _STAGES[stage]


def _is_about_us(code: int, enhanced: str, words: str) -> bool:
    """Whether the refusal of a recipient says nothing of the address: without an enhanced code, 554 does not."""
    if enhanced:
        return enhanced.startswith(_NOT_OF_READER) or code in _NO_COMMAND
    return code in _NO_COMMAND or code == _FAILED or _RELAYING.search(words) is not None


_FAILED = 554  # `Transaction failed`, whatever the reason. Source: RFC 5321 4.2.3
