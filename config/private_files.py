"""Small files that only their owner may read: keys, and what a running installation says of itself.

Called by `config.running` and the command line. What stands in them is their callers' business.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Writes the file as a whole or not at all, for its owner alone (0600). Its folder exists."""
    number, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600 from the first moment
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def read_or_make(path: Path, make: Callable[[], str]) -> str:
    """The one line in the file; a new one from `make`, kept there, if the file is missing or empty."""
    found = path.read_text(encoding="utf-8").strip() if path.exists() else ""
    if not found:
        found = make()
        write_private(path, f"{found}\n")
    return found
