"""The command line `relance`: every verb, and what the process answers its caller.

Exit codes: 0 done, 1 the answer is no, 2 bad usage or bad input, 130 interrupted. Each verb returns its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from cli import (
    demo,
    emit,
    errors,
    explain,
    holds,
    keys,
    log,
    parts,
    policies,
    preview,
    quarantine,
    replay,
    sellers,
    suppress,
    tasks,
    templates,
    unconfirmed,
    up,
)

BAD_INPUT = 2
INTERRUPTED = 130

app = typer.Typer(
    name="relance",
    help="Gets invoices paid without hurting the relationship.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(up.up)
app.command()(demo.demo)
app.command()(parts.migrate)
app.command()(parts.web)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(parts.worker)
app.command()(parts.scheduler)
app.command()(emit.emit)
app.command()(replay.replay)
app.command()(log.log)
app.command()(explain.explain)
app.command()(preview.preview)
app.command()(holds.hold)
app.command()(holds.release)
app.command()(suppress.suppress)
app.add_typer(keys.app, name="key")
app.add_typer(sellers.app, name="seller")
app.add_typer(policies.app, name="policy")
app.add_typer(tasks.app, name="task")
app.add_typer(templates.app, name="template")
app.add_typer(unconfirmed.app, name="unconfirmed")
app.add_typer(quarantine.app, name="quarantine")


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
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except typer.Abort:
        return INTERRUPTED
    except Exception as error:
        told = errors.explain(error)
        if told is None:
            raise
        # It may quote halves of letters, which a terminal in another encoding makes and none can show.
        typer.echo(f"relance: {told.encode(errors='backslashreplace').decode()}", err=True)
        return BAD_INPUT
