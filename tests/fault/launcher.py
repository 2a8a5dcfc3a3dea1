"""Starts a part of ours as `relance` does, on a machine whose clock is wrong or whose templates have a broken file.

    python -P launcher.py worker -c 1

FAULT_SKEW_S: how many seconds this machine's clock is ahead. FAULT_TEMPLATES: the folder of templates. A process of
the fault run; it changes what the process believes of its machine and nothing else.
"""

import datetime as dt
import importlib
import os
import sys
import time
from pathlib import Path
from typing import Any

_CLOCKS = ("config.clock", "celery.app.base", "celery.worker.request", "celery.utils.time")
"""The modules that read the wall clock for us and for Celery's expiry."""


def _skew(seconds: float) -> None:
    ahead, read = dt.timedelta(seconds=seconds), time.time

    class Skewed(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return dt.datetime.now(tz) + ahead

    time.time = lambda: read() + seconds
    for name in _CLOCKS:
        vars(importlib.import_module(name))["datetime"] = Skewed


def main() -> int:
    """Set the stage, then run the command line; its exit code."""
    wiring: Any = importlib.import_module("config.wiring")
    if folder := os.environ.get("FAULT_TEMPLATES"):
        wiring.TEMPLATES = Path(folder)
    if seconds := float(os.environ.get("FAULT_SKEW_S") or 0):
        _skew(seconds)
    return int(importlib.import_module("cli.main").main())


if __name__ == "__main__":
    sys.exit(main())
