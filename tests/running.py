"""Whether something still runs, and whether something becomes true soon; for tests that stop and kill processes."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import psutil

PATIENCE_S = 15.0


def is_running(pid: int) -> bool:
    """Tell whether a process runs; one that is dead but not yet collected by its parent does not."""
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except ProcessLookupError:
        return False
    except PermissionError:  # it runs, as another user
        return True
    except FileNotFoundError:  # a system without /proc, or it ended just now
        return not Path("/proc/self").exists()
    return status.rsplit(")", 1)[1].split()[0] != "Z"


def descendants(pid: int) -> set[int]:
    """Return every process that this one started, and those that they started."""
    return {child.pid for child in psutil.Process(pid).children(recursive=True)}


def soon(holds: Callable[[], bool]) -> bool:
    """Tell whether `holds()` becomes true within fifteen seconds."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return holds()
