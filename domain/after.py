"""What an attempt's answer means for its reminder: a decision as a value, obeyed by `workers/deliver`.

accepted                      ─▶ done
transient                     ─▶ open, the same channel again after a pause; after five tries it is spent
permanent_address, opt_out    ─▶ open, the channel spent, the address suppressed
misconfigured, content        ─▶ open, the channel spent
unconfirmed                   ─▶ calling still: no retry and no fallback until it is known
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import assert_never

from domain.ids import AttemptId, ReminderId
from domain.outcomes import TOO_LATE, AttemptState, Outcome, OutcomeClass
from domain.past import PastReminder

TRIES_PER_CHANNEL = 5
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 600.0


@dataclass(frozen=True, slots=True)
class After:
    """The attempt's new state and how its reminder goes on. `pause_s` is wall time until the next attempt."""

    attempt_state: AttemptState
    reminder_state: str
    spends_channel: bool = False
    suppresses: str | None = None
    pause_s: float = 0.0


def after_outcome(outcome: Outcome, attempt: AttemptId, tries: int) -> After:
    """How a reminder goes on after the `tries`-th attempt (from 1) on its present channel."""
    match outcome.kind:
        case OutcomeClass.ACCEPTED:
            return After(AttemptState.ACCEPTED, "done")
        case OutcomeClass.UNCONFIRMED:
            return After(AttemptState.UNCONFIRMED, "calling")
        case OutcomeClass.TRANSIENT:
            is_spent = tries >= TRIES_PER_CHANNEL and not outcome.rate_limited and outcome != TOO_LATE
            pause_s = max(outcome.retry_after_s or 0.0, jitter_s(attempt, tries))
            return After(AttemptState.REFUSED, "open", spends_channel=is_spent, pause_s=pause_s)
        case OutcomeClass.PERMANENT_ADDRESS | OutcomeClass.OPT_OUT:
            return After(AttemptState.REFUSED, "open", spends_channel=True, suppresses=outcome.kind.value)
        case OutcomeClass.MISCONFIGURED | OutcomeClass.CONTENT:
            return After(AttemptState.REFUSED, "open", spends_channel=True)
        case other:
            assert_never(other)


@dataclass(frozen=True, slots=True)
class ReminderMove:
    """A reminder's new state after receipts. `needs_repair`: too late for another channel, a person has to look."""

    state: str
    spends_channel: bool = False
    needs_repair: bool = False


PROOFS = frozenset(
    {AttemptState.ACCEPTED, AttemptState.DEFERRED, AttemptState.SENT, AttemptState.DELIVERED, AttemptState.READ}
)
"""States of an attempt that is known to have left."""

_FAILURES = frozenset({AttemptState.UNDELIVERED, AttemptState.EXPIRED})


def after_receipts(
    before: AttemptState, after: AttemptState, number: int, past: Sequence[PastReminder], reminder: ReminderId
) -> ReminderMove | None:
    """How a reminder moves when its `number`-th attempt went from one state to another; None: not at all.

    A proof of acceptance ends it, even if its call had seemed refused, and even if it is of an earlier attempt; but a
    later call under way speaks for itself. A definite failure of its last attempt opens it again for the next
    channel, but only while the account has no later reminder: the ladder has gone on then, and the contact needs
    repair.
    """
    mine = next((one for one in past if one.id == reminder), None)
    if mine is None or before is after:
        return None
    is_last = number == mine.attempts
    if after in PROOFS:
        return ReminderMove("done") if mine.state == "open" or (mine.state == "calling" and is_last) else None
    if not is_last or after not in _FAILURES or mine.state not in ("calling", "done"):
        return None
    has_later = any(one.at >= mine.at and one.id != mine.id and one.state != "withdrawn" for one in past)
    return ReminderMove("done", needs_repair=True) if has_later else ReminderMove("open", spends_channel=True)


def jitter_s(attempt: AttemptId, tries: int) -> float:
    """Full jitter: anywhere between nothing and a doubling ceiling, derived from the attempt so that it repeats."""
    ceiling: float = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (tries - 1))
    share = int.from_bytes(sha256(attempt.encode()).digest()[:8], "big") / 2**64
    return ceiling * share
