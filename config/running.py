"""What a running `relance up` says of itself, so that `relance log` in another shell finds it.

`up` and `demo` announce; `config.settings` looks here when RELANCE_DATABASE_URL is not set. The file counts only
while its writer holds the home's lock: what a killed one left behind is ignored.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.embedded.lock import hold, is_held
from config.private_files import write_private

_FILE = "run.json"
_LOCK = "up.lock"


@dataclass(frozen=True, slots=True)
class Running:
    """An installation at work: where it answers, its process, and the settings it runs on, by field name."""

    url: str
    pid: int
    settings: Mapping[str, Any]


@contextmanager
def alone_in(home: Path) -> Iterator[None]:
    """Makes the home if it is new and holds it; what was announced is withdrawn at the end.

    Raises EmbeddedError in one line if another process holds it.
    """
    if not home.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / ".gitignore").write_text("*\n", encoding="utf-8")  # it may lie in somebody's repository
    lock = hold(home / _LOCK)
    try:
        yield
    finally:
        (home / _FILE).unlink(missing_ok=True)
        os.close(lock)


def announce(home: Path, running: Running) -> None:
    """Tells the owner's other shells. The file is theirs alone: it holds passwords and the keys of providers."""
    told = {"url": running.url, "pid": running.pid, "settings": dict(running.settings)}
    write_private(home / _FILE, json.dumps(told, indent=1) + "\n")


def find_running(home: Path) -> Running | None:
    """The installation that runs on this home, or None."""
    try:
        told = json.loads((home / _FILE).read_text(encoding="utf-8"))
        return Running(told["url"], told["pid"], told["settings"]) if is_held(home / _LOCK) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # none, another user's, or not one of ours
