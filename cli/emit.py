"""`relance emit`: events from a file of JSON Lines, straight into the installation's database.

The same intake as over HTTP: what is wrong is named and left out, what is right goes in, and what was in already
counts as a duplicate, so that a file may be emitted again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.progress import Progress

from cli.event_lines import Line, in_batches, opened
from cli.known import check_seller
from cli.services import opened_services
from config.wiring import DEFAULT_SELLER, Services
from domain.ids import SellerId
from workers.receive import receive

_MOST_NAMED = 20
"""A file of the wrong kind is wrong in every line; the first ones tell enough."""


@dataclass(slots=True)
class Tally:
    """What became of the lines so far."""

    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0

    def __str__(self) -> str:
        return f"{self.accepted} accepted, {self.duplicate} duplicate, {self.rejected} rejected"


def emit(
    file: Annotated[str, typer.Argument(help="JSON Lines, one CloudEvent each; - is standard input.")],
    seller: Annotated[str, typer.Option(help="Whose events these are.")] = DEFAULT_SELLER,
) -> int:
    """Take in events from a file.

    Bad lines are named and left out; the exit code is 2 if there were any.
    """
    shown = "-" if file == "-" else file
    with opened_services() as services, opened(file) as source, _progress(file) as advance:
        tally = _take_in(services, check_seller(services, seller), source, shown, advance)
    typer.echo(f"{shown}: {tally}")
    return 2 if tally.rejected else 0


def _take_in(
    services: Services, seller: SellerId, source: BinaryIO, shown: str, advance: Callable[[int], None]
) -> Tally:
    from workers.app import publish  # noqa: PLC0415 - reads the broker's address when it is imported
    from workers.nudges import of_events  # noqa: PLC0415 - belongs to the line above

    tally = Tally()
    nudging = services.settings.redis_url is not None
    for batch in in_batches(source):
        good = [line for line in batch if line.problem is None]
        reply = receive(services, seller, [line.event for line in good], services.clock.now())
        tally.accepted += reply.accepted
        # A broker that is away costs seconds to find out: once is enough, and the sweep finds the rest.
        nudging = nudging and publish(of_events(reply.inbox_ids, tally.accepted))
        wrong = [(line.number, line.problem) for line in batch if line.problem is not None]
        wrong += [(good[one.index].number, one.error) for one in reply.rejected]
        for number, problem in sorted(wrong):
            _name(f"{shown}:{number}: {problem}", tally)
        tally.duplicate += reply.duplicate
        advance(_size(batch))
    return tally


def _name(complaint: str, tally: Tally) -> None:
    tally.rejected += 1
    if tally.rejected <= _MOST_NAMED:
        typer.echo(complaint, err=True)
    elif tally.rejected == _MOST_NAMED + 1:
        typer.echo("more lines are wrong; only their number follows", err=True)


def _size(batch: list[Line]) -> int:
    return sum(line.size for line in batch)


@contextmanager
def _progress(file: str) -> Iterator[Callable[[int], None]]:
    """A bar on standard error while it is a terminal; what comes back advances it by a number of bytes."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    total = None if file == "-" else Path(file).stat().st_size
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("events", total=total)
        yield lambda size: bar.advance(task, size)
