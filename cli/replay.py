"""`relance replay`: what a policy would have sent, given events and all the time in the world.

The very functions that the workers run, on a virtual clock, in a database that is thrown away. Nothing leaves.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.progress import Progress

from cli.errors import BadInputError
from cli.event_lines import opened
from cli.log import as_json_line
from cli.timed_events import Script, read_script
from config.embedded.postgres import EmbeddedPostgres
from config.policy_files import load_policy
from config.publishing import prepare
from config.wiring import DEFAULT_SELLER, Services, build_for_replay
from domain.customer import Seller
from domain.fields import an_instant_or
from domain.hours import start_of_day
from store import log as delivery_log
from store.log import LogRow
from store.migrate import migrate
from workers.replay import Complaint, few_collections
from workers.several import PartError, players, replay_with

AFTER_THE_LAST = timedelta(days=90)
_MOST_NAMED = 20
_ALL = 10_000_000


def replay(
    events: Annotated[str, typer.Argument(help="JSON Lines, one CloudEvent each; - is standard input.")],
    policy: Annotated[str, typer.Option(help="A shipped policy's name, or a file.")],
    until: Annotated[
        str | None,
        typer.Option(help="The last day (the seller's), or an instant; else 90 days after the end."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write; standard output if not given.")] = None,
    approve: Annotated[
        bool, typer.Option("--approve/--no-approve", help="Whether steps that ask for approval have it at once.")
    ] = True,
) -> int:
    """Show what a policy would send for a file of events.

    Each event is taken in when a virtual clock reaches its `time`, equal times in file order; one without a time
    comes with the one before it. Work for people opens and gets no outcome. The output has a line of JSON for each
    contact, as `log --json` writes it, and is the same for the same input. Bad lines are named and left out; the
    exit code is 2 if there were any.
    """
    with few_collections():
        return _replay(events, policy, until, out, approve=approve)


def _replay(events: str, policy: str, until: str | None, out: Path | None, *, approve: bool) -> int:
    seller = Seller(DEFAULT_SELLER)
    with opened(events) as source:
        script = read_script(source, seller)
    end = _end(until, script, seller)
    load_policy(policy)
    _check_target(out)
    rows, refused = _rows(policy, script, end, approve=approve)
    with _target(out) as target:
        target.writelines(f"{as_json_line(row)}\n" for row in rows)
    complaints = sorted([*script.complaints, *refused])
    for line, problem in complaints[:_MOST_NAMED]:
        typer.echo(f"{events}:{line}: {problem}", err=True)
    if len(complaints) > _MOST_NAMED:
        typer.echo(f"{len(complaints) - _MOST_NAMED} more lines are wrong", err=True)
    return 2 if complaints else 0


def _rows(policy: str, script: Script, end: datetime, *, approve: bool) -> tuple[list[LogRow], list[Complaint]]:
    """The contacts by instant, seller, customer and attempt, and the events that were refused on the way."""
    with (
        players(os.cpu_count() or 1, len(script.events)) as others,
        TemporaryDirectory(prefix="relance-replay-") as home,
        EmbeddedPostgres(Path(home), durable=False) as database,
    ):
        build = partial(build_for_replay, database.url, policy, approvals_given=approve)
        services = build()
        try:
            migrate(database.url)
            prepare(services)
            with _progress(script, end) as advance:
                refused = replay_with(others, build, services, script.events, end, advance)
            return _contacts(services), refused
        except PartError as error:
            raise BadInputError(str(error)) from None
        finally:
            services.engine.dispose()


def _contacts(services: Services) -> list[LogRow]:
    with services.engine.connect() as connection:
        rows = delivery_log.read(connection, limit=_ALL)
    return sorted(rows, key=lambda row: (row.at, row.seller, row.customer, row.attempt))


def _end(until: str | None, script: Script, seller: Seller) -> datetime:
    """The instant before which everything runs."""
    if until is None:
        last = script.events[-1].at if script.events else datetime.combine(date.min, time(), seller.place.zone)
        return last + AFTER_THE_LAST
    try:
        return an_instant_or(lambda day: start_of_day(seller.place, day + timedelta(days=1)))(until)
    except ValueError as wrong:
        raise BadInputError(f"--until: {wrong}") from None


def _check_target(out: Path | None) -> None:
    """Says early that nothing can be written there. What stands there is kept until there is something to write."""
    if out is None:
        return
    if out.is_dir() or not out.parent.is_dir():
        raise BadInputError(f"--out: {out} is {'a folder' if out.is_dir() else 'in a folder that is not there'}")
    try:
        if out.is_file():
            out.open("ab").close()
        elif not out.exists():
            TemporaryFile(dir=out.parent).close()  # by writing: of a disk that only reads, modes tell nothing
    except OSError as error:
        raise BadInputError(f"--out: {out}: {error.strerror}") from None


@contextmanager
def _target(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
    else:
        with out.open("w", encoding="utf-8", newline="\n") as opened:
            yield opened


@contextmanager
def _progress(script: Script, end: datetime) -> Iterator[Callable[[datetime], None]]:
    """A bar on standard error while it is a terminal: how far the virtual clock is."""
    console = Console(stderr=True)
    if not console.is_terminal or not script.events:
        yield lambda _: None
        return
    start = script.events[0].at
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("replay", total=(end - start).total_seconds())
        yield lambda at: bar.update(task, completed=(at - start).total_seconds())
