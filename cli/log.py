"""`relance log`: the delivery log, as a table for people or as JSON Lines for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.known import Only, check, only
from cli.words import shortened
from config.wiring import Services, build
from store import log as delivery_log
from store.log import LogRow

LOOK_S = 1.0


def log(
    customer: Annotated[str | None, typer.Option(help="Only this customer's contacts.")] = None,
    seller: Annotated[str | None, typer.Option(help="Only this seller's.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on, with each new contact and new state.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many, the newest.")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, addresses as sent.")] = False,
) -> None:
    """Show the delivery log."""
    of = only(seller, customer)
    services = build()
    try:
        with services.engine.connect() as connection:
            check(connection, of)
        if follow:
            for row in changes(services, of, limit):
                typer.echo(as_json_line(row) if as_json else one_line(row))
        else:
            _show(_read(services, of, limit), as_json=as_json)
    finally:
        services.engine.dispose()


def changes(services: Services, of: Only, limit: int) -> Iterator[LogRow]:
    """Each row once as it is now, then again whenever its state changes, for ever."""
    shown: dict[str, str] = {}
    while True:
        rows = _read(services, of, limit)
        yield from (row for row in rows if shown.get(row.attempt) != row.state)
        shown = {row.attempt: row.state for row in rows}
        time.sleep(LOOK_S)


def one_line(row: LogRow) -> str:
    """A row for people: the customer's own time, and no more of the address than tells it from others."""
    invoices = ", ".join(row.invoices)
    at = f"{row.at:%a %d %b %H:%M}"
    return f"{at}  {row.customer_name}  {row.channel}  {shortened(row.to)}  {row.step}  {invoices}  {row.state}"


def _read(services: Services, of: Only, limit: int) -> list[LogRow]:
    with services.engine.connect() as connection:
        return delivery_log.read(connection, seller=of.seller, customer=of.customer, limit=limit)


def _show(rows: list[LogRow], *, as_json: bool) -> None:
    if as_json:
        for row in rows:
            typer.echo(as_json_line(row))
    elif not rows:
        typer.echo("Nothing has gone out yet.", err=True)
    else:
        Console(markup=False, highlight=False).print(table_of(rows))


def as_json_line(row: LogRow) -> str:
    """A row for programs, as `log --json` and `replay --out` write it."""
    return json.dumps(row.as_dict(), ensure_ascii=False)


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
