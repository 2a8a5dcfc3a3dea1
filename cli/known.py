"""Whether what a verb's words name is known: a seller, customer or invoice that nobody has heard of is bad input.

Called by every verb that takes one, so that a slip of the pen is never answered as if there were nothing to show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import typer

from cli.errors import BadInputError
from config.wiring import DEFAULT_SELLER, Services
from domain.customer import Seller
from domain.fields import shown
from domain.ids import CustomerId, SellerId
from domain.read_customer import an_id
from store import book, sellers
from store.engine import Connection

FEW = 10
"""As many sellers as are named to whom none of them was meant."""


@dataclass(frozen=True, slots=True)
class Only:
    """Whose things are asked for; None: everybody's."""

    seller: SellerId | None = None
    customer: CustomerId | None = None


def only(seller: str | None, customer: str | None = None) -> Only:
    """What `--seller` and `--customer` say, as they were typed. Raises BadInputError for what no id can be."""
    return Only(
        None if seller is None else SellerId(an_id_in("--seller", seller)),
        None if customer is None else CustomerId(an_id_in("--customer", customer)),
    )


def check(connection: Connection, of: Only) -> None:
    """Raises BadInputError for a seller or customer that nobody has heard of. The default seller is there always."""
    if of.seller not in (None, DEFAULT_SELLER) and not sellers.load(connection, [of.seller]):
        few = _few_sellers(connection)
        raise BadInputError(f"--seller: there is no seller {of.seller!r}{few}; `relance seller set` makes one")
    if of.customer is None or book.batch(connection, 1, seller=of.seller, customer=of.customer):
        return
    if not book.is_to_come(connection, of.customer, of.seller):
        whose = "" if of.seller is None else f" of the seller {of.seller}"
        raise BadInputError(f"there is no customer {of.customer!r}{whose}")


def check_seller(services: Services, typed: str) -> SellerId:
    """The seller for whom something is to be written; the default one is made if it is new. Raises BadInputError."""
    seller = SellerId(an_id_in("--seller", typed))
    with services.engine.begin() as connection:
        sellers.ensure(connection, Seller(DEFAULT_SELLER))
        check(connection, Only(seller))
    return seller


def not_in_the_book(services: Services, seller: SellerId, name: str) -> NoReturn:
    """Ends with 1 if only events that do not count yet name it; BadInputError if none does."""
    with services.engine.connect() as connection:
        is_mentioned = book.is_mentioned(connection, seller, name)
    if not is_mentioned:
        raise BadInputError(f"the seller {seller} has no customer and no invoice {name!r}")
    not_counted(name)


def not_counted(name: str) -> NoReturn:
    """Ends with 1: what is known of it is nothing to plan from yet."""
    waits = "it waits for a worker, for its invoice, or for a person (`relance quarantine list`)"
    typer.echo(f"{name}: an event that names it is not counted yet: {waits}", err=True)
    raise typer.Exit(1)


def an_id_in(option: str, value: str) -> str:
    """An id as it was typed; BadInputError for what no id can be. A terminal in another encoding halves letters."""
    try:
        value.encode()
        return an_id(value)
    except UnicodeEncodeError:
        raise BadInputError(f"{option}: {shown(value)} is not UTF-8") from None
    except ValueError as wrong:
        raise BadInputError(f"{option}: {wrong}") from None


def _few_sellers(connection: Connection) -> str:
    names = {*sellers.names(connection, FEW + 1), DEFAULT_SELLER}
    return f", only {', '.join(map(repr, sorted(names)))}" if len(names) <= FEW else ""
