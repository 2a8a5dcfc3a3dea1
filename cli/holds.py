"""`relance hold` and `relance release`: a person asks for silence towards a customer, and ends it.

They are events like those of the billing system, taken in by the same intake. From the moment that one is stored,
nothing more is claimed for the customer before it is counted.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import typer

from cli.errors import BadInputError
from cli.known import Only, check, check_seller
from cli.own_events import event_of, nudge
from cli.services import opened_services
from config.wiring import DEFAULT_SELLER, Services
from domain.event import EventError
from domain.fields import an_instant_or_day
from domain.hours import local_date
from domain.ids import CustomerId
from domain.read_event import read_event
from store import overview, sellers
from workers.receive import receive

_Customer = Annotated[str, typer.Argument(help="The customer's id, as in its events.", show_default=False)]
_Seller = Annotated[str, typer.Option(help="Whose customer.")]


def hold(
    customer: _Customer,
    reason: Annotated[str | None, typer.Option(help="Why; it is shown with the customer.")] = None,
    until: Annotated[
        str | None, typer.Option(help="A date (to its end at the customer's) or an instant; else until released.")
    ] = None,
    seller: _Seller = DEFAULT_SELLER,
) -> None:
    """Send nothing to a customer.

    Until an instant, or until `relance release`. What a provider already has cannot be called back.
    """
    with opened_services() as services:
        told = _to(until, services, seller)
        data = {"customer_id": customer, "reason": reason, "until": until}
        _say(services, seller, "customer.held", data, told)


def release(customer: _Customer, seller: _Seller = DEFAULT_SELLER) -> None:
    """End the hold on a customer.

    Reminders go on by the policy; steps that were missed meanwhile become one.
    """
    with opened_services() as services:
        _say(services, seller, "customer.released", {"customer_id": customer}, "released")


def _to(until: str | None, services: Services, seller: str) -> str:
    """How long it is held, in words. Raises BadInputError for what is over: a date, where the seller is."""
    if until is None:
        return "held until released"
    try:
        end = an_instant_or_day(until)
    except ValueError as wrong:
        raise BadInputError(f"--until: {wrong}") from None
    now = services.clock.now()
    if isinstance(end, datetime):
        is_over, told = end <= now, f"held until {end:%Y-%m-%d %H:%M} UTC"
    else:
        is_over, told = end < _today(services, seller, now), f"held to the end of {end}"
    if is_over:
        raise BadInputError(f"--until: {until} is over already")
    return told


def _today(services: Services, seller: str, now: datetime) -> date:
    seller_id = check_seller(services, seller)
    with services.engine.connect() as connection:
        return local_date(sellers.load(connection, [seller_id])[seller_id].seller.place, now)


def _say(services: Services, seller: str, kind: str, data: dict[str, Any], told: str) -> None:
    """Takes in the event, and prints what became of it. Raises BadInputError if nobody has heard of the customer."""
    seller_id, customer = check_seller(services, seller), CustomerId(data["customer_id"])
    event = event_of(kind, data, services.clock.now())
    try:
        read_event(event)
    except EventError as wrong:
        raise BadInputError(str(wrong)) from None
    with services.engine.connect() as connection:
        check(connection, Only(seller_id, customer))
        known = overview.account(connection, seller_id, customer)
    nudge(services, receive(services, seller_id, [event], services.clock.now()).inbox_ids)
    typer.echo(f"{customer} ({known.name}): {told}" if known is not None and known.name else f"{customer}: {told}")
