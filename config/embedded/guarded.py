"""A child process that cannot outlive us.

Called by the embedded servers and by `Processes`. It never decides what to run and never restarts it; how the
child ends when we are killed is told in `guard.py`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import IO

_GUARD = Path(__file__).with_name("guard.py")
# Isolated and without site-packages: the guard starts in 15 ms and nothing in the working folder can shadow it.
_PYTHON = (sys.executable, "-I", "-S")

_FAREWELL = b"stop"  # as in guard.py

StopSteps = Sequence[tuple[str, float]]
ASK_THEN_KILL: StopSteps = (("SIGTERM", 25.0),)


class EmbeddedError(Exception):
    """An embedded server or process did not start."""


class Guarded:
    """One running command and its guard.

    `stop` lists the signals to try, in order, each with the seconds it is given; SIGKILL for the whole group
    follows by itself. `sweep` are folders that the guard removes if we vanish without stopping it. `keep_open` is
    inherited by the guard and held until it ends (a lock, for instance).
    """

    def __init__(
        self,
        argv: Sequence[str | os.PathLike[str]],
        *,
        log: Path | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        identity: tuple[int, int] | None = None,
        stop: StopSteps = ASK_THEN_KILL,
        sweep: Sequence[Path] = (),
        keep_open: Sequence[int] = (),
    ) -> None:
        """Start the command; return when it runs.

        Raises:
            EmbeddedError: it could not be started at all (no such file, no right to be that user).
        """
        status, status_write = os.pipe()
        order = {
            "argv": [os.fspath(word) for word in argv],
            "cwd": None if cwd is None else str(cwd),
            "identity": identity,
            "stop": stop,
            "sweep": [str(folder) for folder in sweep],
            "status": status_write,
        }
        with _open_log(log) as output, os.fdopen(status) as answer:
            self._guard = subprocess.Popen(  # noqa: S603 - our own file, with an order from our own code
                [*_PYTHON, _GUARD],
                stdin=subprocess.PIPE,
                bufsize=0,
                stdout=output,
                stderr=output,
                env=env,
                start_new_session=True,  # Ctrl-C in the terminal is for us, and we stop the rest in order
                pass_fds=(status_write, *keep_open),
            )
            try:
                os.close(status_write)
                self._tell(json.dumps(order).encode() + b"\n")
                said = answer.read()
            except BaseException:  # we are told to stop while it starts: it is not left to find out by itself
                self.stop()
                raise
        if not said.isdigit():
            self.stop()
            raise EmbeddedError(f"{os.fspath(argv[0])}: {said.lstrip('!') or 'its guard did not start'}")
        self.pid = int(said)

    def poll(self) -> int | None:
        """Return the command's exit code (128 + n if signal n ended it), or None while it runs."""
        return self._guard.poll()

    def stop(self) -> int:
        """Stop the command, wait until it and its group are gone, and return its exit code."""
        self._tell(_FAREWELL)
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        try:
            return self._guard.wait()
        finally:
            self._guard.wait()  # a signal that breaks the first wait is raised once; the guard's time is bounded

    def _tell(self, words: bytes) -> None:
        pipe = self._guard.stdin
        if pipe is not None and not pipe.closed:
            with suppress(BrokenPipeError):  # the guard has ended already
                pipe.write(words)


def _open_log(log: Path | None) -> AbstractContextManager[IO[bytes] | None]:
    """Open a log to append to; None lets the command write where we write."""
    return nullcontext() if log is None else log.open("ab")
