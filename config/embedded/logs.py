"""What a server said last, for the one line that tells why it did not start.

Called by the embedded servers. It only reads.
"""

from pathlib import Path

_GRAVE = ("PANIC", "FATAL", "ERROR", "error:")


def log_size(log: Path) -> int:
    """Return how long a log is now, in bytes: the mark to read from later."""
    return log.stat().st_size if log.exists() else 0


def last_words(log: Path, since: int) -> str:
    """Return the last grave line written after `since`, or else the last line; always one line that names the log."""
    with log.open("rb") as file:
        file.seek(since)
        lines = [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    grave = [line for line in lines if any(word in line for word in _GRAVE)]
    said = (grave or lines or ["it said nothing"])[-1]
    return f"{said.strip()} (see {log})"
