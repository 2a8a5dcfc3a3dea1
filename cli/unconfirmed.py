"""`relance unconfirmed`: messages that may have been sent, and what a person who has looked says of them.

Providers are asked by themselves where they can be; who cannot be asked, or cannot tell, is left to a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from cli.columns import print_table
from cli.errors import BadInputError
from cli.known import an_id_in, check, only
from cli.services import opened_services
from cli.words import json_line, shortened
from config.wiring import Services
from domain.ids import telling
from store import asking
from store.asking import InDoubt
from store.engine import Connection
from workers.resolve import NOT_SENT, SENT, Resolution, resolve

app = typer.Typer(help="Messages that may have been sent.", rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Messages that may have been sent."""


@app.command("list")
def list_(
    seller: Annotated[str | None, typer.Option(help="Only this seller's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines, with whole addresses.")] = False,
) -> None:
    """List what is in doubt, the oldest first; times are the customers' own.

    Nothing more goes out to these customers until it is known. `a person` means: the provider cannot tell.
    """
    of = only(seller)
    with opened_services() as services, services.engine.connect() as connection:
        check(connection, of)
        found = asking.in_doubt(connection, of.seller)
    if as_json:
        for one in found:
            typer.echo(json_line(one.as_dict()))
    elif not found:
        typer.echo("Nothing is in doubt.", err=True)
    else:
        print_table(table_of(found))


@app.command("resolve")
def resolve_(
    name: Annotated[
        str,
        typer.Argument(
            metavar="ATTEMPT", help="As `unconfirmed list` shows it; its beginning is enough.", show_default=False
        ),
    ],
    is_sent: Annotated[bool, typer.Option("--sent", help="The provider has it.")] = False,
    is_not_sent: Annotated[bool, typer.Option("--not-sent", help="The provider never had it.")] = False,
) -> int:
    """Say what became of a message, after a look at the provider's own log.

    Sent: the reminder is done. Not sent: it is tried again, if its step is still the one to send and its hours are
    open. The exit code is 1 if the attempt is not in doubt.
    """
    if is_sent == is_not_sent:
        raise BadInputError("--sent or --not-sent: say one of them")
    with opened_services() as services:
        return _resolve(services, an_id_in("ATTEMPT", name), is_sent=is_sent)


def table_of(found: Sequence[InDoubt]) -> Table:
    """The attempts for people, with as much of their ids as tells them apart."""
    table = Table(
        "Attempt", "Called, there", "Customer", "Channel", "To", "Step", "Invoices", "Code", "Left to",
        box=None, pad_edge=False,
    )  # fmt: skip
    length = telling([one.id for one in found])
    for one in found:
        table.add_row(
            one.id[:length],
            f"{one.at:%a %d %b %H:%M}",
            f"{one.customer} {one.name}".rstrip(),
            one.channel,
            shortened(one.to),
            one.step,
            ", ".join(one.invoices),
            one.error_code or "",
            "a person" if one.ask_at is None else one.provider,
        )
    return table


def _resolve(services: Services, name: str, *, is_sent: bool) -> int:
    with services.engine.begin() as connection:
        found = asking.named(connection, name)
        if len(found) > 1:
            raise BadInputError(f"ATTEMPT: several attempts begin with {name!r}; give more of it")
        outcome = SENT if is_sent else NOT_SENT
        said = [Resolution(one.id, outcome, "person") for one in found]
        if not found or not resolve(connection, services, said, services.clock.now()):
            return _not_in_doubt(connection, name)
    one = found[0]
    who = f"{one.customer} ({one.name})" if one.name else one.customer
    typer.echo(f"{who}: {one.channel} {'sent' if is_sent else 'not sent'}")
    return 0


def _not_in_doubt(connection: Connection, name: str) -> int:
    """Says so, and what it is. Raises BadInputError if there is no such attempt."""
    states = asking.states_of(connection, name)
    if not states:
        raise BadInputError(f"ATTEMPT: there is no attempt {name!r}; `relance unconfirmed list` shows those in doubt")
    what = f": it is {states[0]}" if len(states) == 1 else ""
    typer.echo(f"no attempt {name!r} is in doubt{what}", err=True)
    return 1
