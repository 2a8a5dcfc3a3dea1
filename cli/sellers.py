"""`relance seller`: who is owed, and the defaults of its customers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from cli.errors import BadInputError
from cli.known import an_id_in
from cli.services import opened_services
from cli.words import json_line
from config.publishing import wake_seller
from config.wiring import DEFAULT_SELLER
from domain.customer import Seller
from domain.fields import line
from domain.ids import SellerId
from domain.places import a_country, a_language, a_region, a_zone
from store import policies, sellers
from store.engine import Connection
from store.sellers import SellerRow

app = typer.Typer(help="The companies that are owed.", rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """The companies that are owed."""


@app.command("set")
def set_(
    seller: Annotated[str, typer.Option(help="Which seller; a new one is made.")] = DEFAULT_SELLER,
    name: Annotated[str | None, typer.Option(help="The name that customers read.")] = None,
    language: Annotated[str | None, typer.Option(help="Of customers without one: fr, en.")] = None,
    country: Annotated[str | None, typer.Option(help="Of customers without one: FR.")] = None,
    region: Annotated[str | None, typer.Option(help="Of customers without a country: FR-67; empty: none.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Of customers without one: Europe/Paris.")] = None,
    policy: Annotated[str | None, typer.Option(help="A stored policy's name; empty: the installation's.")] = None,
) -> None:
    """Make a seller, or change its name, defaults and policy."""
    seller_id = SellerId(an_id_in("--seller", seller))
    wanted = {"name": name, "language": language, "country": country, "timezone": timezone, "policy": policy}
    with opened_services() as services:
        with services.engine.begin() as connection:
            sellers.ensure(connection, Seller(seller_id))
            was = sellers.load(connection, [seller_id])[seller_id].seller
            home = country or was.country
            read = {"region": _read("--region", region, lambda value: a_region(value, home) if value else "")}
            read |= {option: _read(f"--{option}", value, _READERS[option]) for option, value in wanted.items()}
            changes = {option: value or None for option, value in read.items() if value is not None}
            if policy:
                _check_policy(connection, policy)
            if was.region and not was.region.startswith(f"{home}-"):
                changes.setdefault("region", None)
            if changes:
                sellers.change(connection, seller_id, changes)
            kept = sellers.load(connection, [seller_id])[seller_id]
        if changes:
            wake_seller(services, seller_id)
    typer.echo(_one_line(kept, services.policies.default))


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="JSON Lines.")] = False) -> None:
    """List the sellers with the defaults of their customers, in the order of their ids.

    As JSON a `policy` of null is the installation's, and `synced_as_of` is how far the payment feed is complete.
    """
    with opened_services() as services, services.engine.connect() as connection:
        found = sellers.everyone(connection)
    for one in found:
        told = json_line(one.as_dict()) if as_json else _one_line(one, services.policies.default)
        typer.echo(told)
    if not found and not as_json:
        typer.echo("There is no seller yet; `relance seller set` makes one.", err=True)


def _one_line(row: SellerRow, default_policy: str) -> str:
    one = row.seller
    place = f"{one.country}{f' {one.region}' if one.region else ''}, {one.timezone}"
    return f"{one.id}: {one.name}, {one.language}, {place}, policy {row.policy or default_policy}"


def _a_name(value: object) -> str:
    name = line(200)(value)
    if not name.strip():
        raise ValueError("is blank; customers read it")
    return name


_Reader = Callable[[object], str]
_READERS: dict[str, _Reader] = {
    "name": _a_name,
    "language": a_language,
    "country": a_country,
    "timezone": a_zone,
    "policy": str,
}


def _read(option: str, value: str | None, reader: _Reader) -> str | None:
    try:
        return None if value is None else reader(value)
    except ValueError as wrong:
        raise BadInputError(f"{option}: {wrong}") from None


def _check_policy(connection: Connection, name: str) -> None:
    known = policies.newest_versions(connection)
    if name not in known:
        raise BadInputError(
            f"--policy: there is no stored policy {name!r}; stored are {', '.join(sorted(known)) or 'none'}"
        )
