"""The command line `relance`: every verb, and what the process answers its caller.

Exit codes: 0 done, 1 the answer is no, 2 bad usage or bad input, 130 interrupted. Each verb returns its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from cli.verbs import Verbs

BAD_INPUT = 2
INTERRUPTED = 130

app = typer.Typer(
    name="relance",
    cls=Verbs,
    help="Gets invoices paid without hurting the relationship.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def _without_a_verb(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(BAD_INPUT)


def main(words: Sequence[str] | None = None) -> int:
    """Runs the verb that the process (or `words`) says; returns the exit code."""
    try:
        return int(app(words, prog_name="relance", standalone_mode=False) or 0)
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        _drop_output()
        return 0
    except typer.Abort:
        return INTERRUPTED
    except Exception as error:
        from cli import errors  # noqa: PLC0415 - its words cost half a second, and mostly nothing goes wrong

        told = errors.explain(error)
        if told is None:
            raise
        # It may quote halves of letters, which a terminal in another encoding makes and none can show.
        typer.echo(f"relance: {told.encode(errors='backslashreplace').decode()}", err=True)
        if isinstance(error, OSError) and error.filename is None:
            _drop_output()
        return BAD_INPUT


def _drop_output() -> None:
    """What cannot be written of it goes nowhere: Python tries to write it at its end, and would complain."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
