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
from store import book, overview, sellers
from workers.folding import fold_accounts
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
        end = None if until is None else _read(until)
        data = {"customer_id": customer, "reason": reason, "until": until}
        event = _event("customer.held", data, services.clock.now())
        if end is not None and _is_over(end, services, seller, customer):
            raise BadInputError(f"--until: {until} is over already")
        _say(services, seller, event, f"held {_to(end)}")


def release(customer: _Customer, seller: _Seller = DEFAULT_SELLER) -> None:
    """End the hold on a customer.

    Reminders go on by the policy; steps that were missed meanwhile become one.
    """
    with opened_services() as services:
        event = _event("customer.released", {"customer_id": customer}, services.clock.now())
        _say(services, seller, event, "released")


def _read(until: str) -> datetime | date:
    try:
        return an_instant_or_day(until)
    except ValueError as wrong:
        raise BadInputError(f"--until: {wrong}") from None


def _to(end: datetime | date | None) -> str:
    if end is None:
        return "until released"
    return f"until {end:%Y-%m-%d %H:%M} UTC" if isinstance(end, datetime) else f"to the end of {end}"


def _is_over(end: datetime | date, services: Services, seller: str, customer: str) -> bool:
    """Whether it is, where the customer is; where the seller is, if nothing of the customer's is counted yet."""
    now, seller_id = services.clock.now(), check_seller(services, seller)
    if isinstance(end, datetime):
        return end <= now
    with services.engine.connect() as connection:
        rows = book.batch(connection, 1, seller=seller_id, customer=CustomerId(customer))
        try:
            places = [account.place for _, account, _ in fold_accounts(connection, services, rows)]
        except Exception:  # noqa: BLE001 - an account that breaks planning may need nothing as much as a hold
            places = []
        place = places[0] if places else sellers.load(connection, [seller_id])[seller_id].seller.place
    return end < local_date(place, now)


def _event(kind: str, data: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Raises BadInputError for what no event can say."""
    event = event_of(kind, data, now)
    try:
        read_event(event)
    except EventError as wrong:
        raise BadInputError(str(wrong)) from None
    return event


def _say(services: Services, seller: str, event: dict[str, Any], told: str) -> None:
    """Takes in the event, and prints what became of it. Raises BadInputError if nobody has heard of the customer."""
    seller_id, customer = check_seller(services, seller), CustomerId(event["data"]["customer_id"])
    with services.engine.connect() as connection:
        check(connection, Only(seller_id, customer))
        known = overview.account(connection, seller_id, customer)
    nudge(services, receive(services, seller_id, [event], services.clock.now()).inbox_ids)
    typer.echo(f"{customer} ({known.name}): {told}" if known is not None and known.name else f"{customer}: {told}")
