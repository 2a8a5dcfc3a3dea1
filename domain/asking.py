"""What to make of a provider's word on a message whose fate is not known: a value, obeyed by `workers/ask`.

unconfirmed: asked half a minute, two and ten minutes after the call
    one message is ours          ─▶ settled like a receipt
    none, at the last asking     ─▶ not accepted: a definite failure
    several, or one in doubt     ─▶ left to a person
accepted, and no last receipt in time
    it has gone further          ─▶ settled like a receipt
    it has not left              ─▶ expired
    nothing can be learned       ─▶ left as it is

Times are wall time, in seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from domain.ids import AttemptId
from domain.levels import Channel
from domain.outcomes import AttemptState, Receipt

ASKS_AFTER_S = (30.0, 120.0, 600.0)
"""When a provider is asked about an unconfirmed call: a message that it took may be listed late, and a call that was
cut short may still be at work there. What is not listed after ten minutes was not taken."""

UNANSWERED_PAUSE_S = 300.0
"""How long a provider that did not answer is left alone. That says nothing about the message."""

LONGEST_VALIDITY_S = 36_000.0
GRACE_S = 900.0

RECEIPT_WITHIN_S: Mapping[Channel, float] = {
    Channel.SMS: LONGEST_VALIDITY_S,
    # Held for a phone that is off; whatever was to come of it has come within a day.
    Channel.WHATSAPP: 86_400.0,
    # Mail that a server puts off is tried for three days, and then said to have bounced.
    Channel.EMAIL: 72 * 3600.0,
}
"""By when the last receipt of an accepted message has come, if one ever comes. An SMS ends with its validity."""

TOLD_WITHIN = timedelta(days=1)
"""A provider that has reported on no message for so long may not be reaching us: its silence says nothing."""

_NEAR = timedelta(minutes=5)
"""How far a provider's clock and ours may stand apart, with the call itself."""

OVERDUE = "overdue"
"""The word of a receipt that no provider sent."""

WAITING = frozenset({AttemptState.ACCEPTED, AttemptState.DEFERRED, AttemptState.SENT})
"""States after which another receipt may come."""

_NOT_LEFT = frozenset({AttemptState.ACCEPTED, AttemptState.DEFERRED})


@dataclass(frozen=True, slots=True)
class Question:
    """What a provider is asked about: a message of ours, and its id there, if known. `called_at` is wall time."""

    channel: Channel
    to: str = field(repr=False)
    text: str = field(repr=False)
    called_at: datetime
    provider_id: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as its provider has it: how it stands, its words (None: not shown), and when it was made."""

    receipt: Receipt
    text: str | None = field(repr=False)
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class Settle:
    """It is settled by this receipt."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class NotAccepted:
    """The provider never had it."""


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Not known yet. `counts`: the provider has answered."""

    in_s: float
    counts: bool


@dataclass(frozen=True, slots=True)
class AskNoMore:
    """The provider cannot tell: it stays as it is, and what is in doubt is left to a person."""


Answer = Settle | NotAccepted | AskAgain | AskNoMore


def receipt_due_in_s(channel: Channel, validity_s: float = LONGEST_VALIDITY_S) -> float | None:
    """How long after its call a message's last receipt is waited for; None for work of people."""
    if channel is Channel.SMS:
        return min(validity_s, LONGEST_VALIDITY_S) + GRACE_S
    within_s = RECEIPT_WITHIN_S.get(channel)
    return None if within_s is None else within_s + GRACE_S


def after_asking(
    attempt: AttemptId,
    state: AttemptState,
    asked: int,
    question: Question,
    seen: Sequence[Seen] | None,
    held: Collection[str] = (),
) -> Answer:
    """What an attempt in `state`, asked about `asked` times before, comes to. `seen` None: no answer could be had.

    `held` are the provider's ids of messages that belong to other attempts.
    """
    if seen is None:
        return AskAgain(UNANSWERED_PAUSE_S, counts=False)
    free = [one for one in seen if one.receipt.provider_id not in held]
    found = free if question.provider_id is not None else [one for one in free if _is_near(one, question)]
    alike = [replace(one.receipt, attempt_id=attempt) for one in found if _is_alike(one, question)]
    ours = alike[0] if len(alike) == 1 else None
    if state is not AttemptState.UNCONFIRMED:
        return AskNoMore() if ours is None else _at_the_end(attempt, ours)
    if ours is not None:
        return Settle(ours)
    if asked + 1 < len(ASKS_AFTER_S):
        return AskAgain(ASKS_AFTER_S[asked + 1] - ASKS_AFTER_S[asked], counts=True)
    return AskNoMore() if found else NotAccepted()


def after_silence(attempt: AttemptId, state: AttemptState, told_at: datetime | None, wall: datetime) -> Answer:
    """The same where the provider cannot be asked; `told_at` is when it last reported on any message."""
    if state is AttemptState.UNCONFIRMED or told_at is None or wall - told_at > TOLD_WITHIN:
        return AskNoMore()
    return Settle(_expired(attempt))


def _at_the_end(attempt: AttemptId, receipt: Receipt) -> Answer:
    """Sent counts as far as it will ever get: many networks never say that they have delivered."""
    return Settle(_expired(attempt, receipt) if receipt.state in _NOT_LEFT else receipt)


def _expired(attempt: AttemptId, receipt: Receipt | None = None) -> Receipt:
    provider_id = None if receipt is None else receipt.provider_id
    return Receipt(f"{OVERDUE}:{attempt}", OVERDUE, AttemptState.EXPIRED, attempt, provider_id)


def _is_near(one: Seen, question: Question) -> bool:
    return one.created_at is None or abs(one.created_at - question.called_at) <= _NEAR


def _is_alike(one: Seen, question: Question) -> bool:
    """Whether it may be ours by its words. A trial account's messages begin with a sentence of the provider's."""
    if one.text is None or question.provider_id is not None:
        return True
    return "".join(one.text.split()).endswith("".join(question.text.split()))
