"""One holder per home folder.

Called by `EmbeddedPostgres`. The lock is the kernel's (flock), shared with the guard, so that it is free exactly
when the server is gone. The process id inside only tells who holds it; nothing is decided by a file's existence.
"""

import fcntl
import os
import time
from pathlib import Path

from config.embedded.guarded import EmbeddedError

_PATIENCE_S = 20.0  # longer than the guard gives a server to stop


def hold(path: Path) -> int:
    """Take the lock and return its descriptor; closing it (everywhere it was inherited) gives the lock back.

    If the last holder was killed, waits until its guard has stopped the server.

    Raises:
        EmbeddedError: a living process holds it.
    """
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + _PATIENCE_S
    while not _try(lock):
        holder = os.pread(lock, 32, 0).decode()
        if _is_alive(holder) or time.monotonic() > deadline:
            os.close(lock)
            raise EmbeddedError(f"{path.parent} is in use by process {holder}: stop it, or set another RELANCE_HOME")
        time.sleep(0.05)
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def is_held(path: Path) -> bool:
    """Tell whether somebody holds the lock, without keeping it. A lock that was never made is free."""
    try:
        lock = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not _try(lock)
    finally:
        os.close(lock)


def _try(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_alive(holder: str) -> bool:
    try:
        os.kill(int(holder), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError):  # another user's process; a holder that has not signed yet
        return True
    return True
