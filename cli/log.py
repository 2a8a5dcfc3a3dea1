"""`relance log`: the delivery log, as a table for people or as JSON Lines for programs."""

from __future__ import annotations

import select
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import partial
from time import sleep
from typing import Annotated

import typer
from rich.table import Table

from cli.columns import print_table
from cli.errors import BadInputError
from cli.known import Only, check, only
from cli.patience import Reader
from cli.services import opened_services
from cli.words import json_line, shortened
from domain.fields import an_instant_or
from store import log as delivery_log
from store import log_changes
from store.engine import Connection
from store.log import LogRow
from store.log_changes import Mark

LOOK_S = 1.0
PAGE = 1_000
"""Rows that are read at a time: whatever the log holds, no more of it is in memory."""
MOST_SHOWN = 1_000
"""As many of the newest as are shown unless told otherwise; `--json` alone tells all."""
_LARGEST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose rows, called since when, and how many of them, the newest; None: all."""

    of: Only
    since: datetime | None
    count: int | None


def log(
    customer: Annotated[str | None, typer.Option(help="Only this customer's contacts.")] = None,
    seller: Annotated[str | None, typer.Option(help="Only this seller's.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only those called since a date (its start in UTC) or an instant.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on, with each new contact and new state.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, max=_LARGEST, help="How many, the newest; else 1000, or with --json all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, addresses as sent.")] = False,
) -> None:
    """Show the delivery log.

    If there are more than are shown, standard error says so. --follow begins with the newest too, 1000 unless --limit
    says how many; states that a contact goes through within a second are told as the last of them.
    """
    count = limit if limit is not None or (as_json and not follow) else MOST_SHOWN
    wanted = Wanted(only(seller, customer), _instant(since), count)
    with opened_services() as services:
        with services.engine.connect() as connection:
            check(connection, wanted.of)
        if follow:
            for row in followed(Reader(services.engine, _is_read), wanted):
                typer.echo(as_json_line(row) if as_json else one_line(row))
        else:
            _show(logged(Reader(services.engine), wanted), as_json=as_json)


def logged(read: Reader, wanted: Wanted) -> Iterator[LogRow]:
    """The wanted rows, oldest first. Between pages no transaction is open: who reads us may take his time."""
    seller, customer, since = wanted.of.seller, wanted.of.customer, wanted.since
    page = partial(delivery_log.page, seller=seller, customer=customer, since=since)
    after, left = None, _LARGEST if wanted.count is None else wanted.count
    if wanted.count is not None:
        newest = partial(delivery_log.before_newest, count=left, seller=seller, customer=customer, since=since)
        after = read(newest)
        if after is not None:
            typer.echo(f"There are more than the newest {left}: --limit and --since show them.", err=True)
    while left > 0:
        size = min(PAGE, left)
        rows = read(partial(page, after=after, limit=size))
        yield from rows
        if len(rows) < size:
            return
        after, left = rows[-1].place, left - size


def followed(read: Reader, wanted: Wanted) -> Iterator[LogRow]:
    """The wanted rows as they are now, then each again whenever its state has changed, and new ones.

    It ends when nobody reads our output any more. What changes while the first rows are read may be told twice.
    """
    mark = read(log_changes.start)
    yield from logged(read, wanted)
    while True:
        rows, mark = read(partial(_news, wanted=wanted, mark=mark))
        yield from rows
        if not mark.is_behind:
            if not _is_read():
                return
            sleep(LOOK_S)


def _news(connection: Connection, wanted: Wanted, mark: Mark) -> tuple[list[LogRow], Mark]:
    """What has changed since the mark, and the next one: both or neither, if the database goes away meanwhile."""
    said, further = log_changes.look(connection, mark)
    of = wanted.of
    rows = log_changes.rows(connection, said, seller=of.seller, customer=of.customer, since=wanted.since)
    return rows, further


def _is_read() -> bool:
    """Whether our output may be read: of a reader who has gone, as `head` goes, else only the next line tells."""
    output = select.poll()
    output.register(sys.stdout.fileno(), 0)
    return not output.poll(0)


def one_line(row: LogRow) -> str:
    """A row for people: the customer's own time, and no more of the address than tells it from others."""
    invoices = ", ".join(row.invoices)
    at = f"{row.at:%a %d %b %H:%M}"
    return f"{at}  {row.customer_name}  {row.channel}  {shortened(row.to)}  {row.step}  {invoices}  {row.state}"


def _instant(since: str | None) -> datetime | None:
    if since is None:
        return None
    try:
        return an_instant_or(lambda day: datetime.combine(day, time.min, UTC))(since)
    except ValueError as wrong:
        raise BadInputError(f"--since: {wrong}") from None


def _show(rows: Iterator[LogRow], *, as_json: bool) -> None:
    if as_json:
        for row in rows:
            typer.echo(as_json_line(row))
        return
    shown = list(rows)
    if shown:
        print_table(table_of(shown))
    else:
        typer.echo("Nothing has gone out yet.", err=True)


def as_json_line(row: LogRow) -> str:
    """A row for programs, as `log --json` and `replay --out` write it."""
    return json_line(row.as_dict())


def table_of(rows: list[LogRow]) -> Table:
    """The rows as a table; times are the customers' own."""
    table = Table("When, there", "Customer", "Channel", "To", "Step", "Invoices", "State", box=None, pad_edge=False)
    for row in rows:
        table.add_row(
            f"{row.at:%a %d %b %H:%M}",
            row.customer_name,
            row.channel,
            shortened(row.to),
            row.step,
            ", ".join(row.invoices),
            row.state,
        )
    return table
