"""The child processes of `relance up` and `relance demo`: start, watch, stop, and leave nothing behind.

Called by cli. It never restarts a process: what to do when one ends is the caller's choice.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Never, Self

from config.embedded.guarded import Guarded

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LOOK_S = 0.1


class StopRequested(BaseException):
    """SIGINT, SIGTERM or SIGHUP asked us to stop. Not an Exception: nothing on the way takes it for an error."""


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Raise StopRequested, once, when a signal asks us to stop; further ones do not disturb the cleaning up.

    A hang-up that was ignored when we were started stays so: `nohup` asks for it. An interrupt that was, as in a
    script's background jobs, is how we are told to stop all the same. Put it outside of everything that has to be
    cleaned up. Main thread only.
    """

    def ignore(_number: int, _frame: FrameType | None) -> None:  # not SIG_IGN: children would inherit that
        return

    def stop(number: int, _frame: FrameType | None) -> Never:
        for each in heard:
            signal.signal(each, ignore)
        raise StopRequested(signal.Signals(number).name)

    is_deaf = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    heard = [each for each in _SIGNALS if each is not signal.SIGHUP or not is_deaf]
    before = {each: signal.signal(each, stop) for each in heard}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that ended by itself, with its exit code (128 + n if signal n ended it)."""

    name: str
    code: int


class Processes:
    """Named child processes, each in a group of its own, stopped in reverse order at the end of `with`.

    With a log folder each writes to `NAME.log` in it; without one they write where we write. If we are killed, a
    guard per process stops it.
    """

    def __init__(self, logs: Path | None = None) -> None:
        self._logs = logs
        self._running: dict[str, Guarded] = {}

    def __enter__(self) -> Self:
        """Make the log folder."""
        if self._logs is not None:
            self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop all, the last started first."""
        try:
            self._stop_all()
        finally:
            self._stop_all()  # what is left if StopRequested broke into the first round

    def start(
        self, name: str, argv: Sequence[str], *, env: Mapping[str, str] | None = None, stop_s: float = 25.0
    ) -> int:
        """Start a process with our environment and `env` over it; return its process id.

        At the end it gets SIGTERM, and SIGKILL with its whole group `stop_s` seconds later.

        Raises:
            EmbeddedError: there is no such program.
        """
        log = None if self._logs is None else self._logs / f"{name}.log"
        stop = (("SIGTERM", stop_s),)
        self._running[name] = Guarded(argv, log=log, env={**os.environ, **(env or {})}, stop=stop)
        return self._running[name].pid

    def stop(self, name: str) -> int:
        """Stop one process with its group and forget it; return its exit code. Safe to repeat after an interrupt."""
        code = self._running[name].stop()
        del self._running[name]
        return code

    def _stop_all(self) -> None:
        while self._running:
            self.stop(next(reversed(self._running)))

    def ended(self) -> Ended | None:
        """Return a process that has ended by itself, if there is one."""
        codes = ((name, process.poll()) for name, process in self._running.items())
        return next((Ended(name, code) for name, code in codes if code is not None), None)

    def wait(self, until: Callable[[], bool] = lambda: False) -> Ended | None:
        """Wait until a process ends (and return it) or `until()` is true (and return None)."""
        while not until():
            if ended := self.ended():
                return ended
            time.sleep(_LOOK_S)
        return None
