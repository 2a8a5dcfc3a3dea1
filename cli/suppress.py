"""`relance suppress`: an address is used no more on a channel, or again, because a person says so."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.errors import BadInputError
from cli.known import an_id_in, check_seller
from cli.services import opened_services
from cli.words import json_line, shortened
from config.wiring import DEFAULT_SELLER, Services
from domain.addresses import as_e164, is_email
from domain.fields import shown
from domain.ids import SellerId
from domain.levels import Channel
from store import history, sellers
from workers.put_out_of_use import lift, put_out_of_use

CHANNELS = (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.PHONE)


def suppress(
    address: Annotated[str | None, typer.Argument(help="An e-mail address or a phone number.")] = None,
    channel: Annotated[str | None, typer.Option(help=f"One of {', '.join(CHANNELS)}.")] = None,
    reason: Annotated[str, typer.Option(help="Why; shown with the address.")] = "by_hand",
    is_lifted: Annotated[bool, typer.Option("--lift", help="Use it again, whatever the reason was.")] = False,
    is_list: Annotated[bool, typer.Option("--list", help="List the seller's suppressed addresses.")] = False,
    seller: Annotated[str, typer.Option(help="Whose customers.")] = DEFAULT_SELLER,
    as_json: Annotated[bool, typer.Option("--json", help="With --list: JSON Lines, with whole addresses.")] = False,
) -> int:
    """Put an address out of use on a channel, or in use again.

    It holds for every call that has not begun, whatever later events say of the customer, until it is lifted. The
    exit code is 1 if there was nothing to lift.
    """
    if is_list == (address is not None):
        raise BadInputError("ADDRESS or --list: say one of them")
    if is_list and (is_lifted or channel is not None):
        raise BadInputError("--list: takes neither --channel nor --lift; it shows all that is out of use")
    with opened_services() as services:
        seller_id = check_seller(services, seller)
        if address is None:
            _list(services, seller_id, as_json=as_json)
            return 0
        chosen, known = _channel(channel), an_id_in("--reason", reason)
        exact = _address(services, seller_id, chosen, address)
        if is_lifted:
            return _lift(services, seller_id, chosen, exact)
        stands = put_out_of_use(services, seller_id, chosen, exact, known, services.clock.now())
        typer.echo(f"{shortened(exact)}: not used for {chosen} ({stands})")
        return 0


def _lift(services: Services, seller: SellerId, channel: Channel, address: str) -> int:
    if lift(services, seller, channel, address, services.clock.now()):
        typer.echo(f"{shortened(address)}: used for {channel} again")
        return 0
    typer.echo(f"{shortened(address)}: was not suppressed for {channel}", err=True)
    return 1


def _channel(word: str | None) -> Channel:
    if word not in CHANNELS:
        told = "is missing" if word is None else f"{shown(word)} has no addresses to suppress"
        raise BadInputError(f"--channel {told}: one of {', '.join(CHANNELS)}")
    return Channel(word)


def _address(services: Services, seller: SellerId, channel: Channel, typed: str) -> str:
    """The address as customers have it; a national number is one of the seller's country."""
    if channel is Channel.EMAIL:
        if not is_email(typed):
            raise BadInputError(f"ADDRESS: {shown(typed)} is not an e-mail address")
        return typed
    with services.engine.connect() as connection:
        country = sellers.load(connection, [seller])[seller].seller.country
    number = as_e164(typed, country)
    if number is None:
        raise BadInputError(f"ADDRESS: {shown(typed)} is not a phone number")
    return number


def _list(services: Services, seller: SellerId, *, as_json: bool) -> None:
    with services.engine.connect() as connection:
        found = history.suppressions_of(connection, seller)
    for one in found:
        if as_json:
            typer.echo(json_line(one.as_dict()))
        else:
            typer.echo(f"{one.since_at:%Y-%m-%d}  {one.channel:9} {shortened(one.address)}  {one.reason}")
    if not found and not as_json:
        typer.echo("No address is suppressed.", err=True)
