"""`relance quarantine`: what could not be taken in; a person looks, has it taken in again, or drops it.

An event that broke intake holds everything to those whom it concerns until then: it may have been a payment.
"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from cli.columns import print_table
from cli.errors import BadInputError
from cli.known import an_id_in, check, only
from cli.own_events import nudge
from cli.services import opened_services
from cli.words import json_line
from config.wiring import Services
from store import quarantine
from store.engine import Unavailable, took_too_long
from store.quarantine import QuarantineRow
from workers.take_again import CONFLICT, Taken, drop, take_again

app = typer.Typer(help="What could not be taken in.", rich_markup_mode=None)

MOST_SHOWN = 70
"""Characters of a problem in the list; `show` has all of them."""

_LAST = 2**63 - 1
_Id = Annotated[
    int, typer.Argument(metavar="ID", min=1, max=_LAST, help="As `quarantine list` shows it.", show_default=False)
]
_Json = Annotated[bool, typer.Option("--json", help="JSON Lines.")]


@app.callback()
def _group() -> None:
    """What could not be taken in."""


@app.command("list")
def list_(
    is_all: Annotated[bool, typer.Option("--all", help="Retried and dropped ones too.")] = False,
    seller: Annotated[str | None, typer.Option(help="Only this seller's.")] = None,
    as_json: _Json = False,
) -> None:
    """List what waits for a person, the oldest first; times are UTC.

    `event`: the sender was told that it cannot be read. `conflict`: its id had come before with another body.
    `crash`: it broke intake three times, and nothing goes out to those whom it concerns. `callback`: a provider's
    report that cannot be read. `reply`: a message from a number that no customer has.
    """
    of = only(seller)
    with opened_services() as services, services.engine.connect() as connection:
        check(connection, of)
        found = quarantine.read(connection, is_all=is_all, seller=of.seller)
    if as_json:
        for one in found:
            typer.echo(json_line(one.as_dict()))
    elif not found:
        typer.echo("Nothing is in quarantine.", err=True)
    else:
        print_table(_table(found, is_all=is_all))


@app.command()
def show(row_id: _Id, as_json: _Json = False) -> None:
    """Print one thing whole: what is wrong with it, and how it came."""
    with opened_services() as services:
        one = _one(services, row_id)
    raw = one.raw.decode(errors="backslashreplace")
    for line in [json_line({**one.as_dict(), "raw": raw})] if as_json else _lines(one, raw):
        typer.echo(line)


@app.command()
def retry(
    row_id: Annotated[
        int | None,
        typer.Argument(metavar="[ID]", min=1, max=_LAST, help="As `quarantine list` shows it.", show_default=False),
    ] = None,
    is_all: Annotated[bool, typer.Option("--all", help="All that waits, except conflicts.")] = False,
) -> int:
    """Take in again what was set aside, by the rules of today.

    A conflict is taken in beside the event that had its id before, so that both count: one by one only. The exit code
    is 1 if anything is still wrong.
    """
    if (row_id is None) != is_all:
        raise BadInputError("ID or --all: say one of them")
    with opened_services() as services:
        return _retry(services, _waiting(services) if row_id is None else [_one(services, row_id).id])


@app.command("drop")
def drop_(row_id: _Id, reason: Annotated[str, typer.Option(help="Why; kept in the journal.")]) -> int:
    """Have one thing count for nothing. It is kept, with the reason.

    The exit code is 1 if it does not wait any more.
    """
    why = an_id_in("--reason", reason)
    with opened_services() as services:
        is_dropped = drop(services, _one(services, row_id).id, why, services.clock.now())
    typer.echo(f"{row_id}: {'dropped' if is_dropped else 'it does not wait any more'}", err=not is_dropped)
    return 0 if is_dropped else 1


def _one(services: Services, row_id: int) -> QuarantineRow:
    """What has this id, waiting or not. Raises BadInputError if nothing has."""
    with services.engine.connect() as connection:
        found = quarantine.one(connection, row_id)
    if found is None:
        raise BadInputError(f"ID: there is no {row_id} in quarantine; `relance quarantine list` shows what waits")
    return found


def _waiting(services: Services) -> list[int]:
    with services.engine.connect() as connection:
        return [one.id for one in quarantine.read(connection) if one.kind != CONFLICT]


def _retry(services: Services, ids: list[int]) -> int:
    is_wrong = False
    if not ids:
        typer.echo("Nothing waits that could be taken in again; conflicts are, one by one.", err=True)
    for row_id in ids:
        taken = _take_again(services, row_id)
        nudge(services, taken.inbox_ids)
        is_wrong = is_wrong or taken.problem is not None
        typer.echo(f"{row_id}: {taken.problem or 'taken in again'}", err=taken.problem is not None)
    return 1 if is_wrong else 0


def _take_again(services: Services, row_id: int) -> Taken:
    """One that takes too long keeps the others from nothing; a database that is away keeps all."""
    try:
        return take_again(services, row_id, services.clock.now())
    except Unavailable as error:
        if not took_too_long(error):
            raise
        return Taken("it took too long; try it again alone, when less is going on")


def _table(found: list[QuarantineRow], *, is_all: bool) -> Table:
    ended = ("Outcome",) if is_all else ()
    table = Table("ID", "Since", "Kind", "Seller", "About", *ended, "Problem", box=None, pad_edge=False)
    for one in found:
        problem = one.problem if len(one.problem) <= MOST_SHOWN else f"{one.problem[:MOST_SHOWN]}…"
        end = (one.outcome or "",) if is_all else ()
        table.add_row(
            str(one.id), f"{one.at:%Y-%m-%d %H:%M}", one.kind, one.seller, one.reference or "", *end, problem
        )
    return table


def _lines(one: QuarantineRow, raw: str) -> list[str]:
    head = " · ".join(part for part in (str(one.id), one.kind, one.seller, one.reference) if part)
    since = f"since {one.at:%Y-%m-%d %H:%M} UTC"
    ended = "" if one.closed_at is None else f"{one.outcome} {one.closed_at:%Y-%m-%d %H:%M} UTC"
    why = f"reason: {one.reason}" if one.reason else ""
    return [*(line for line in (f"{head} · {since}", ended, why, one.problem) if line), "", raw]
