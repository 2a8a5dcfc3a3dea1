"""What our own processes say broke in them, and nothing struck there: a bug, also where everything healed.

A database that is away is expected; so is the event that is made to break intake.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.fault.judge import Breach, Verdict

_EXPECTED = frozenset(
    {"OperationalError", "InterfaceError", "TimeoutError", "ConnectionError", "unreachable"}  # what is struck is away
    | {"RestartFreqExceeded"}  # Celery's word for a broker that it has to ask again and again
    | {"ExceptionWithTraceback", "SystemExit", "WorkerLostError"}  # a worker is told to end, or was killed
)
_POISON = "ProgrammingError"


def verdict_on(logs: Path) -> Verdict:
    """A breach for each kind of crash, with how often it was told."""
    found = Counter(crash for log in sorted(logs.glob("*.log")) for crash in _crashes(log))
    return Verdict(0, breaches=[Breach(f"{event}: {error}", f"{times} ×") for (event, error), times in found.items()])


def _crashes(log: Path) -> Iterator[tuple[str, str]]:
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        told = _read(line)
        event, error = str(told.get("event")), told.get("error")
        if error and error not in _EXPECTED and not (event.startswith("intake.") and error == _POISON):
            yield event, str(error)


def _read(line: str) -> dict[str, object]:
    """The fields of a line of ours; none of any other."""
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
