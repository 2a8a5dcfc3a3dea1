"""What an attempt's answer means for its reminder: a decision as a value, obeyed by `workers/deliver`.

accepted                      ─▶ done
transient                     ─▶ open, the same channel again after a pause; after five tries (minutes) it is spent
not_begun                     ─▶ open, the same channel again after a pause; it spends nothing
permanent_address, opt_out    ─▶ open, the channel spent, the address suppressed
content                       ─▶ open, the channel spent; the same channel again, where copies alone were refused
misconfigured                 ─▶ open, the same channel again after ten minutes; after three such answers it is spent;
                                 so for this recipient or text alone: spent at once, if another channel is left; else
                                 the same one again with longer pauses, for more than two days
unconfirmed                   ─▶ calling still: no retry and no fallback until it is known
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import assert_never

from domain.ids import AttemptId, ReminderId
from domain.line import DOWN_AFTER_S
from domain.outcomes import AttemptState, Outcome, OutcomeClass, Receipt
from domain.past import PastReminder

TRIES_PER_CHANNEL = 5
FIRST_PAUSE_S = 60.0
"""Doubled each time, so that five tries outlast a network that is away for minutes, or a greylisting."""
SHORT_PAUSE_S = 2.0
"""The first pause where the provider works and was only asked too fast, or was not asked at all."""
LONGEST_PAUSE_S = 600.0
MISCONFIGURED_PER_CHANNEL = 3
MISCONFIGURED_PAUSE_S = DOWN_AFTER_S
"""Then a line that refuses everybody is down, and another channel is taken where there is one."""
ONLY_HERE_PAUSES_S = (MISCONFIGURED_PAUSE_S, 3600.0, 4 * 3600.0, 24 * 3600.0, 24 * 3600.0)
"""For whom there is no other channel. What is wrong for one country or text alone opens no line that would keep the
rest of the book for when it is mended: each waits by himself, and asks seldom, for others use the line meanwhile."""


@dataclass(frozen=True, slots=True)
class After:
    """The attempt's new state and how its reminder goes on. `pause_s` is wall time until the next attempt."""

    attempt_state: AttemptState
    reminder_state: str
    spends_channel: bool = False
    suppresses: str | None = None
    pause_s: float = 0.0


def after_outcome(outcome: Outcome, attempt: AttemptId, tries: int, *, has_other: bool = False) -> After:
    """How a reminder goes on after the `tries`-th attempt (from 1) of this class on its present channel.

    `has_other`: it could go out over another channel as well.
    """
    match outcome.kind:
        case OutcomeClass.ACCEPTED:
            return After(AttemptState.ACCEPTED, "done")
        case OutcomeClass.UNCONFIRMED:
            return After(AttemptState.UNCONFIRMED, "calling")
        case OutcomeClass.TRANSIENT:
            is_spent = tries >= TRIES_PER_CHANNEL and not outcome.rate_limited
            first_s = SHORT_PAUSE_S if outcome.rate_limited else FIRST_PAUSE_S
            pause_s = max(outcome.retry_after_s or 0.0, jitter_s(attempt, tries, first_s))
            return After(AttemptState.REFUSED, "open", spends_channel=is_spent, pause_s=pause_s)
        case OutcomeClass.NOT_BEGUN:
            pause_s = max(outcome.retry_after_s or 0.0, jitter_s(attempt, 1, SHORT_PAUSE_S))
            return After(AttemptState.REFUSED, "open", pause_s=pause_s)
        case OutcomeClass.PERMANENT_ADDRESS | OutcomeClass.OPT_OUT:
            return After(AttemptState.REFUSED, "open", spends_channel=True, suppresses=outcome.kind.value)
        case OutcomeClass.CONTENT:
            is_spent = not outcome.bad_copies or tries >= TRIES_PER_CHANNEL
            return After(AttemptState.REFUSED, "open", spends_channel=is_spent)
        case OutcomeClass.MISCONFIGURED:
            pauses_s = _misconfigured_pauses_s(outcome, has_other=has_other)
            is_spent = tries > len(pauses_s)
            pause_s = 0.0 if is_spent else pauses_s[tries - 1]
            return After(AttemptState.REFUSED, "open", spends_channel=is_spent, pause_s=pause_s)
        case other:
            assert_never(other)


def _misconfigured_pauses_s(outcome: Outcome, *, has_other: bool) -> tuple[float, ...]:
    """How long is waited after each such answer; after one more the channel is spent."""
    if not outcome.is_only_here:
        return (MISCONFIGURED_PAUSE_S,) * (MISCONFIGURED_PER_CHANNEL - 1)
    return () if has_other else ONLY_HERE_PAUSES_S


@dataclass(frozen=True, slots=True)
class ReminderMove:
    """A reminder's new state after receipts. `needs_repair`: too late for another channel, a person has to look.

    `pause_s` is business time until the next attempt.
    """

    state: str
    spends_channel: bool = False
    needs_repair: bool = False
    pause_s: float = 0.0


PROOFS = frozenset(
    {AttemptState.ACCEPTED, AttemptState.DEFERRED, AttemptState.SENT, AttemptState.DELIVERED, AttemptState.READ}
)
"""States of an attempt that is known to have left."""

FAILURES = frozenset({AttemptState.UNDELIVERED, AttemptState.EXPIRED})
"""States of an attempt of which its provider has reported that it did not arrive."""


def late_pause_s(said: Receipt | None, late: int) -> float | None:
    """After how long the same channel is worth another try, its `late`-th (from 1) late failure of this class.

    None: it is not. `said` is the receipt that gives the class, None where none does.
    """
    return said.wait_s if said is not None and 1 <= late <= said.late_tries else None


def after_receipts(
    before: AttemptState,
    after: AttemptState,
    number: int,
    past: Sequence[PastReminder],
    reminder: ReminderId,
    again_in_s: float | None = None,
) -> ReminderMove | None:
    """How a reminder moves when its `number`-th attempt went from one state to another; None: not at all.

    A proof of acceptance ends it, even if its call had seemed refused, and even if it is of an earlier attempt; but a
    later call under way speaks for itself. A definite failure of its last attempt opens it again for the next
    channel, or for the same one `again_in_s` later, but only while the account has no later reminder: the ladder has
    gone on then, and the contact needs repair.
    """
    mine = next((one for one in past if one.id == reminder), None)
    if mine is None or before is after:
        return None
    is_last = number == mine.attempts
    if after in PROOFS:
        return ReminderMove("done") if mine.state == "open" or (mine.state == "calling" and is_last) else None
    if not is_last or after not in FAILURES or mine.state not in ("calling", "done"):
        return None
    has_later = any(one.at >= mine.at and one.id != mine.id and one.state != "withdrawn" for one in past)
    if has_later:
        return ReminderMove("done", needs_repair=True)
    return ReminderMove("open", spends_channel=again_in_s is None, pause_s=again_in_s or 0.0)


def jitter_s(attempt: AttemptId, tries: int, first_s: float = FIRST_PAUSE_S) -> float:
    """Full jitter: anywhere between nothing and a doubling ceiling, derived from the attempt so that it repeats."""
    ceiling: float = min(LONGEST_PAUSE_S, first_s * 2.0 ** min(tries - 1, 16))
    share = int.from_bytes(sha256(attempt.encode()).digest()[:8], "big") / 2**64
    return ceiling * share
