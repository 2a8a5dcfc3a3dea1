"""What a wrong word, setting or file comes to: one line that says what and where. Called by `main` alone.

What is not told here is a fault of ours, and keeps its traceback.
"""

from __future__ import annotations

import errno

import typer

from config.clock import ClockError
from config.embedded.guarded import EmbeddedError
from config.looks import LooksError
from config.policy_files import PolicyFileError
from config.rates import RatesFileError
from config.wiring import SettingsError
from store.engine import DatabaseFault, told_in_a_line


class BadInputError(Exception):
    """What was given cannot be used; the message is one line that says what and where."""


def explain(error: Exception) -> str | None:
    """The line (a policy's faults: a line each) for an operator's mistake or trouble; None for a fault of ours."""
    match error:
        case (
            BadInputError()
            | SettingsError()
            | ClockError()
            | PolicyFileError()
            | RatesFileError()
            | LooksError()
            | EmbeddedError()
        ):
            return str(error)
        case typer.TyperException():
            context = getattr(error, "ctx", None)
            verb = "relance" if context is None else context.command_path
            return f"{error.format_message().rstrip('.')}; try `{verb} --help`"
        case DatabaseFault():
            return told_in_a_line(error)
        case OSError() if error.filename is not None:
            return f"{error.filename}: {error.strerror}"
        case OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EFBIG):
            return f"the output, or RELANCE_HOME, cannot be written: {error.strerror}"
        case _:
            return None
