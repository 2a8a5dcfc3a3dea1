"""`relance keep`: what is older than is kept leaves now; else the scheduler has it done each hour."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.services import opened_services
from cli.words import json_line
from workers.keep import Kept, would_leave
from workers.keep import keep as keep_now


def keep(
    is_dry: Annotated[bool, typer.Option("--dry-run", help="Only say how many of what would leave.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines: `kind` and `count`.")] = False,
) -> int:
    """Let go of what is older than is kept.

    It makes the journal's next months too. The scheduler has it done each hour. RELANCE_KEEP_MONTHS and
    RELANCE_KEEP_RAW_MONTHS say how long what is kept. The exit code is 1 if another one was at work.
    """
    with opened_services() as services:
        now = services.clock.now()
        kept = Kept(would_leave(services, now), to_the_end=True) if is_dry else keep_now(services, now)
    for name, number in kept.left.items():
        typer.echo(json_line({"kind": name, "count": number}) if as_json else f"{name}: {number}")
    if kept.to_the_end:
        return 0
    typer.echo("another one is at work: the rest is left to that", err=True)
    return 1
