"""The lines: one for each channel's provider and sender, kept in Redis, where all processes see the same.

`workers/deliver` asks a line before it claims, and tells it what the calls came to; `domain/line` decides. Without
Redis each process keeps its lines for itself, until Redis answers again. The instants are those of whoever keeps the
state, so that processes whose clocks differ agree.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from domain.levels import Channel
from domain.line import LineState, Share, admit, heard, is_down, paused_s, state_word
from domain.outcomes import Outcome

ANSWERS_WITHIN_S = 0.5
AWAY_S = 2.0
"""For how long a Redis that did not answer is not asked again."""
KEPT_S = 86_400
SEEN_S = 1.0
"""For how long a look at all lines is good, where many accounts are planned."""

T = TypeVar("T")
Change = Callable[[LineState, float], tuple[LineState, T]]


class Board:
    """Where the states of all lines hang: in Redis, else in this process. `seconds` is a clock that only goes on."""

    def __init__(self, url: str | None, seconds: Callable[[], float]) -> None:
        self.seconds = seconds
        self._redis = None if url is None else _client(url)
        self._own: dict[str, LineState] = defaultdict(LineState)
        self._own_counts: dict[str, Counter[str]] = defaultdict(Counter)
        self._lock = threading.Lock()
        self._away_until = seconds()

    def change(self, name: str, change: Change[T], counts: Mapping[str, int] | None = None) -> T:
        """Changes a line's state as `change` says, and adds to its counts of outcomes; nobody comes in between."""
        shared = self._try(lambda client: _change(client, name, change, counts or {}))
        if shared is not None:
            return shared[0]
        with self._lock:
            self._own[name], told = change(self._own[name], self.seconds())
            self._own_counts[name].update(counts or {})
        return told

    def read(self, name: str) -> tuple[LineState, float, Mapping[str, int]]:
        """A line's state, the instant at which that is so, and its counts of outcomes."""
        shared = self._try(lambda client: _read(client, name))
        if shared is not None:
            return shared
        with self._lock:
            return self._own[name], self.seconds(), dict(self._own_counts[name])

    def _try(self, ask: Callable[[redis.Redis], T]) -> T | None:
        """What Redis says, or None if it is away."""
        if self._redis is None or self.seconds() < self._away_until:
            return None
        try:
            return ask(self._redis)
        except (redis.RedisError, OSError):
            self._away_until = self.seconds() + AWAY_S
            return None


@dataclass(frozen=True, slots=True)
class LineView:
    """A line as operators see it. `state` is `closed`, `open` or `half_open`; `outcomes` are counts by class.

    `paused_s` is what the provider itself still asks for, `wait_s` when the next unit may go, whatever it waits for
    (a pause, the breaker, the rate): 0 is now. `per_s` is the rate that it is set to.
    """

    state: str
    faults: int
    is_down: bool
    paused_s: float
    wait_s: float
    per_s: float
    outcomes: Mapping[str, int]


class Line:
    """One provider under one sender. `per_s` are messages a second, for SMS segments."""

    def __init__(self, board: Board, provider: str, sender: str, per_s: float) -> None:
        self.provider = provider
        self.per_s = per_s
        self._board = board
        self._name = f"relance:line:{provider}:{sha256(sender.encode()).hexdigest()[:16]}"

    def admit(self, wanted: int) -> Share:
        """Takes a share of what may go out now: at most `wanted` calls."""
        return self._board.change(self._name, lambda state, now: admit(state, wanted, self.per_s, now))

    def heard(self, share: Share, used: int, outcomes: Sequence[Outcome], further: Sequence[Outcome] = ()) -> None:
        """What the calls of a share came to: `used` units in all, and their outcomes in the order of the calls.

        `further` are those of reminders that had been tried before.
        """
        counts = Counter("rate_limited" if one.rate_limited else one.kind.value for one in (*outcomes, *further))
        self._board.change(
            self._name, lambda state, now: (heard(state, share.calls, used, outcomes, now, further), None), counts
        )

    def failed_later(self, words: Sequence[str]) -> None:
        """What receipts said of messages that had been accepted: counted, and no word on the line."""
        counts = Counter(f"late_{word}" for word in words)
        self._board.change(self._name, lambda state, _: (state, None), counts)

    def look(self) -> LineView:
        """How it stands; nothing is taken."""
        state, now, outcomes = self._board.read(self._name)
        _, share = admit(state, 1, self.per_s, now)
        word, down, pause_s = state_word(state, now), is_down(state, now), paused_s(state, now)
        return LineView(word, state.faults, down, pause_s, share.wait_s, self.per_s, outcomes)

    def room(self, seconds: float) -> int:
        """How many units it can take within so many seconds, if it is open for any: what is worth fetching."""
        state, now, _ = self._board.read(self._name)
        _, share = admit(state, 1, self.per_s, now)
        if share.wait_s > seconds:
            return 0
        return 1 if state.open_since is not None else max(1, int(self.per_s * seconds))


class Lines(Mapping[Channel, Line]):
    """The lines of the channels that a provider serves."""

    def __init__(self, lines: Mapping[Channel, Line], seconds: Callable[[], float]) -> None:
        self._lines = lines
        self._seconds = seconds
        self._seen: tuple[float, frozenset[Channel]] = (-SEEN_S, frozenset())

    def __getitem__(self, channel: Channel) -> Line:
        return self._lines[channel]

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def down(self) -> frozenset[Channel]:
        """The channels whose line has not worked for long, as of a second ago at most."""
        seen_at, found = self._seen
        if self._seconds() - seen_at >= SEEN_S:
            found = frozenset(channel for channel, line in self._lines.items() if line.look().is_down)
            self._seen = (self._seconds(), found)
        return found


def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url, socket_connect_timeout=ANSWERS_WITHIN_S, socket_timeout=ANSWERS_WITHIN_S, retry=Retry(NoBackoff(), 0)
    )


def _change(client: redis.Redis, name: str, change: Change[T], counts: Mapping[str, int]) -> tuple[T]:
    """Tried again while another process comes in between. In a tuple, because the answer may be None."""
    with client.pipeline() as pipe:
        while True:
            try:
                pipe.watch(name)  # type: ignore[no-untyped-call] # redis publishes this one without types
                state, told = change(_state(_call(pipe.get(name))), _now(_call(pipe.time())))
                pipe.multi()
                pipe.set(name, json.dumps(asdict(state)), ex=KEPT_S)
                for outcome, count in counts.items():
                    pipe.hincrby(f"{name}:outcomes", outcome, count)
                pipe.execute()
            except redis.WatchError:
                continue
            return (told,)


def _read(client: redis.Redis, name: str) -> tuple[LineState, float, Mapping[str, int]]:
    with client.pipeline(transaction=False) as pipe:
        pipe.time()
        pipe.get(name)
        pipe.hgetall(f"{name}:outcomes")
        at, raw, counts = pipe.execute()
    return _state(raw), _now(at), {key.decode(): int(count) for key, count in counts.items()}


def _call(answer: Any) -> Any:
    """What a watched pipeline answers at once; its types say that it answers later."""
    return answer


def _now(told: tuple[int, int]) -> float:
    return told[0] + told[1] / 1e6


def _state(raw: bytes | None) -> LineState:
    """What is kept, or a new state where it cannot be read: another release may have written it."""
    try:
        return LineState() if raw is None else LineState(**json.loads(raw))
    except (TypeError, ValueError):
        return LineState()
