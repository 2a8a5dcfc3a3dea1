"""Run one command, and end it when the process that asked for it is gone.

A file of the standard library alone, started by path by `config.embedded.guarded` for every server and worker:

    holder ──pipe──▶ guard ──▶ the command, in a process group of its own

The pipe is the whole idea. However the holder ends (return, exception, SIGKILL), the kernel closes its end; the
guard sees that and stops the command. The guard in its turn is guarded by the kernel, on Linux, with a
parent-death signal. It never restarts anything.
"""

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>
_FAREWELL = b"stop"  # the holder is alive and stops us; without it the holder has vanished
_NOT_STARTED = 127  # what a shell answers for a command that could not be run


def _wake_on_signals() -> int:
    """Return a descriptor that becomes readable when a signal arrives; each byte is a signal's number."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # not SIG_IGN: the command would inherit that
    return read_end


def _die_with_guard(number: int) -> Callable[[], None] | None:
    """Return what the child calls before it becomes the command, so that the kernel stops it if we are killed."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(_SET_PARENT_DEATH_SIGNAL, number)


def _read_order() -> dict[str, Any]:
    """Read the order: one line of JSON. What comes after it is the farewell, or the end of the pipe."""
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(0, 65536)
        if not part:
            sys.exit(_NOT_STARTED)  # the holder is gone already
        line += part
    order: dict[str, Any] = json.loads(line)
    return order


def _start(order: dict[str, Any]) -> subprocess.Popen[bytes]:
    who: dict[str, Any] = {}
    if order["identity"] is not None:
        uid, gid = order["identity"]
        who = {"user": uid, "group": gid, "extra_groups": []}
    return subprocess.Popen(  # noqa: S603 - the command comes from our own code
        order["argv"],
        stdin=subprocess.DEVNULL,
        cwd=order["cwd"],
        process_group=0,
        # Safe here: this process has one thread, and it runs after the change of user, which clears the signal.
        preexec_fn=_die_with_guard(signal.Signals[order["stop"][0][0]]),  # noqa: PLW1509 - see above
        **who,
    )


def _wait(command: subprocess.Popen[bytes], wake: int) -> bool:
    """Wait for the command's end, a signal, or the holder; return whether the holder vanished."""
    while command.poll() is None:
        readable, _, _ = select.select([0, wake], [], [])
        if 0 in readable:
            return os.read(0, len(_FAREWELL)) != _FAREWELL
        if set(os.read(wake, 64)) != {signal.SIGCHLD}:
            return False
    return False


def _stop(command: subprocess.Popen[bytes], steps: list[tuple[str, float]]) -> None:
    """Send each signal and give it its seconds, then kill what is left of the group."""
    for name, seconds in steps:
        command.send_signal(signal.Signals[name])  # does nothing once the command has ended
        with contextlib.suppress(subprocess.TimeoutExpired):
            command.wait(seconds)
    # macOS answers "not permitted" for a group of which only the dead are left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(command.pid, signal.SIGKILL)
    command.wait()


def main() -> int:
    """Obey the order on standard input; return the command's exit code, 128 + n when signal n ended it."""
    order = _read_order()
    wake = _wake_on_signals()
    try:
        command = _start(order)
    except (OSError, subprocess.SubprocessError) as error:
        os.write(order["status"], f"!{error}".encode())
        return _NOT_STARTED
    os.write(order["status"], str(command.pid).encode())
    os.close(order["status"])
    vanished = _wait(command, wake)
    _stop(command, order["stop"])
    if vanished:
        for folder in order["sweep"]:
            shutil.rmtree(folder, ignore_errors=True)
    return command.returncode if command.returncode >= 0 else 128 - command.returncode


if __name__ == "__main__":
    sys.exit(main())
