"""A line is the way out to one provider under one sender: how fast it may be used, and whether it works.

A token bucket and a circuit breaker as values: a state and an instant in, a state out. `channels/lines` keeps the
state where all processes see it. Instants are seconds of whatever clock keeps it; a unit is a message, or an SMS
segment.

    closed ──10 faults in a row──▶ open ──its time is over──▶ half open: one call as a probe
      ▲                              ▲                          │
      └────────── one success ───────┴───────── a fault ────────┘   each time twice as long

Until it counts as down, at most 45 s, so that a provider that is well again is used again within a minute; then at
most 5 min, for a probe is a real message and may be left in doubt.

A probe that is told to slow down has reached somebody: the next one goes when the provider says.

A reminder that has been tried before opens nothing when it fails again: a message that a provider chokes on must not
shut the line for all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.outcomes import Outcome, OutcomeClass

FAULTS_IN_A_ROW = 10
FIRST_OPEN_S = 15.0
LONGEST_OPEN_S, LONGEST_OPEN_WHILE_DOWN_S = 45.0, 300.0
LONGEST_PAUSE_S = 3600.0
"""A provider is asked at least so often whether it still wants to be left alone: one header may be absurd."""
LONGEST_UNASKED_S = 60.0
"""Where it asks without saying for how long, it is left alone for a second, then for twice as long each time."""
PROBE_S = 20.0
"""How long a probe's answer is waited for before another one may try: longer than any call."""
BURST_S = 0.5
"""As many units as it may use in this time go out at once, and never fewer than one."""
DOWN_AFTER_S = 600.0
"""A line that has been open for so long, or is paused for longer, is not waited for: another channel is taken where
there is one."""

_FAULTS = frozenset({OutcomeClass.TRANSIENT, OutcomeClass.UNCONFIRMED, OutcomeClass.MISCONFIGURED})


@dataclass(frozen=True, slots=True)
class LineState:
    """`free` are the units that may go out at the instant `at`; below nothing, more went out than were asked for.

    `open_since` is None while the line is closed, `open_until` when the next probe may go. `paused_until` is what
    the provider itself asked for. `faults` are those in a row, `trips` how often a probe failed or the line opened
    since it last worked, `slow_downs` how often it asked for a pause without saying how long.
    """

    free: float = 0.0
    at: float = 0.0
    faults: int = 0
    trips: int = 0
    open_since: float | None = None
    open_until: float = 0.0
    is_probing: bool = False
    paused_until: float = 0.0
    slow_downs: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """How many calls may start now, and if none, in how many seconds it is worth asking again."""

    calls: int
    wait_s: float = 0.0


def state_word(state: LineState, now: float) -> str:
    """`closed`, `open` or `half_open`, as operators read it."""
    if state.open_since is None:
        return "closed"
    return "open" if left_s(state.open_until, now) > 0 and not state.is_probing else "half_open"


def left_s(until: float, now: float, longest_s: float = LONGEST_OPEN_WHILE_DOWN_S) -> float:
    """How many seconds are left. More than the `longest_s` are of a clock that was set back since: none are."""
    left = until - now
    return left if 0 < left <= longest_s + 1 else 0.0


def paused_s(state: LineState, now: float) -> float:
    """For how many seconds its provider still wants to be left alone."""
    return left_s(state.paused_until, now, LONGEST_PAUSE_S)


def is_down(state: LineState, now: float) -> bool:
    """Whether it has not worked, or will not, for so long that another channel is taken where there is one.

    Not while it is half open: else nothing would ever come to probe it.
    """
    is_open_long = state.open_since is not None and now - state.open_since >= DOWN_AFTER_S
    return paused_s(state, now) > DOWN_AFTER_S or (is_open_long and state_word(state, now) == "open")


def admit(state: LineState, wanted: int, per_s: float, now: float) -> tuple[LineState, Share]:
    """Takes a share of what may go out at `now`: at most `wanted` calls of one unit each, `per_s` units a second."""
    shut_s = max(paused_s(state, now), left_s(state.open_until, now) if state.open_since is not None else 0)
    if shut_s > 0:
        return state, Share(0, shut_s)
    filled = _filled(state, per_s, now)
    is_open = state.open_since is not None
    calls = min(wanted, 1 if is_open else wanted, int(filled.free))
    if calls <= 0:
        return filled, Share(0, (1.0 - filled.free) / per_s)
    taken = replace(filled, free=filled.free - calls)
    return (replace(taken, is_probing=True, open_until=now + PROBE_S) if is_open else taken), Share(calls)


def heard(
    state: LineState,
    share: int,
    used: float,
    outcomes: Sequence[Outcome],
    now: float,
    further: Sequence[Outcome] = (),
) -> LineState:
    """What the calls of a share came to: `used` units in all, and their outcomes in the order of the calls.

    `further` are those of reminders that had been tried before: that they fail again says more of them than of the
    provider. What was not used is given back; what was used beyond the share is owed. A probe that came to no call,
    or to none that its provider was asked, leaves room for the next one at once.
    """
    outcomes, further = _asked(outcomes), _asked(further)
    state = replace(state, free=state.free + share - used)
    if not outcomes and not further and state.is_probing:
        return replace(state, is_probing=False, open_until=now)
    for outcome in further:
        state = _after_further(state, outcome, now)
    for outcome in outcomes:
        state = _after(state, outcome, now)
    return state


def _asked(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [one for one in outcomes if one.was_asked]


def _is_fault(outcome: Outcome) -> bool:
    """Whether it may be so for all others, too."""
    return outcome.kind in _FAULTS and not (outcome.is_only_here or outcome.is_sellers)


def _filled(state: LineState, per_s: float, now: float) -> LineState:
    """Fills up with time. A clock that was set back gives nothing and takes nothing."""
    most = max(1.0, per_s * BURST_S)
    gained = per_s * max(0.0, now - state.at) if state.at else most
    return replace(state, free=min(most, state.free + gained), at=now)


def _after(state: LineState, outcome: Outcome, now: float) -> LineState:
    if outcome.rate_limited:
        paused = _slowed_down(state, now) if outcome.retry_after_s is None else state
        asked_s = min(LONGEST_PAUSE_S, max(1.0, outcome.retry_after_s or 0.0))
        paused = replace(paused, paused_until=now + max(paused_s(paused, now), asked_s))
        return replace(paused, is_probing=False, open_until=now) if state.is_probing else paused
    if not _is_fault(outcome):
        return replace(state, faults=0, trips=0, slow_downs=0, open_since=None, is_probing=False)
    state = replace(state, faults=state.faults + 1)
    if state.open_since is None:
        return _opened(state, now) if state.faults >= FAULTS_IN_A_ROW else state
    return _opened(state, now) if state.is_probing else state  # else it had begun before the line opened


def _slowed_down(state: LineState, now: float) -> LineState:
    """Calls that had begun before the pause say the same again."""
    if paused_s(state, now) > 0:
        return state
    asked_s = min(LONGEST_UNASKED_S, 2.0 ** min(state.slow_downs, 16))
    return replace(state, slow_downs=state.slow_downs + 1, paused_until=now + asked_s)


def _after_further(state: LineState, outcome: Outcome, now: float) -> LineState:
    """A fault opens nothing; one that was the probe has the next one wait, and no longer than the first time."""
    if outcome.rate_limited or not _is_fault(outcome):
        return _after(state, outcome, now)
    return replace(state, is_probing=False, open_until=now + FIRST_OPEN_S) if state.is_probing else state


def _opened(state: LineState, now: float) -> LineState:
    since = now if state.open_since is None else state.open_since
    longest_s = LONGEST_OPEN_S if now - since < DOWN_AFTER_S else LONGEST_OPEN_WHILE_DOWN_S
    lasts_s = min(longest_s, FIRST_OPEN_S * 2.0 ** min(state.trips, 16))
    return replace(state, trips=state.trips + 1, open_since=since, open_until=now + lasts_s, is_probing=False)
