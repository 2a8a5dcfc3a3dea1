"""`relance preview`: what will go out from today's book, and what another policy would change in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from cli.errors import BadInputError
from cli.known import Only, check, not_counted, only
from cli.services import opened_services
from cli.words import json_line
from config.policy_files import load_policy
from config.wiring import Services
from store import book
from workers.compare import Change, changes
from workers.preview import Foreseen, Outlook, published
from workers.preview import preview as previewed


def preview(
    days: Annotated[int, typer.Option(min=1, max=366, help="How far to look ahead.")] = 14,
    customer: Annotated[str | None, typer.Option(help="Only this customer's.")] = None,
    seller: Annotated[str | None, typer.Option(help="Only this seller's.")] = None,
    policy: Annotated[
        str | None, typer.Option(metavar="FILE", help="The difference that publishing this policy would make.")
    ] = None,
    move: Annotated[
        bool, typer.Option("--move", help="With --policy: as if running ladders went over to it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines.")] = False,
) -> None:
    """Show what will go out from today's book."""
    if move and policy is None:
        raise BadInputError("--move: what should they move to? Give --policy FILE too")
    other = None if policy is None else load_policy(policy).policy
    of = only(seller, customer)
    with opened_services() as services:
        _check(services, of)
        instead = None if other is None else published(services, other, moves=move)
        looks = list(previewed(services, services.clock.now(), days, instead, of.seller, of.customer))
    if instead is not None and not as_json:
        too = ", running ladders too" if move else ""
        typer.echo(f"{instead.policy.label} in the place of {instead.name!r} as it is in force{too}:", err=True)
    for line in _coming(looks, as_json=as_json) if instead is None else _difference(looks, as_json=as_json):
        typer.echo(line)
    if not as_json and not any(look.coming or look.other for look in looks):
        typer.echo(f"Nothing goes out within {days} days.", err=True)


def _check(services: Services, of: Only) -> None:
    """Ends with 1 if the customer is not counted yet: that nothing goes out to it would be no answer."""
    with book.reading(services.engine) as connection:
        check(connection, of)
        if of.customer is not None and not book.batch(connection, 1, seller=of.seller, customer=of.customer):
            not_counted(of.customer)


def _coming(looks: Iterable[Outlook], *, as_json: bool) -> Iterator[str]:
    coming = sorted((one for look in looks for one in look.coming), key=lambda one: (one.at, one.customer))
    yield from (json_line(one.as_dict()) if as_json else one_line(one) for one in coming)


def _difference(looks: Iterable[Outlook], *, as_json: bool) -> Iterator[str]:
    """What changes, customer by customer; for people, with counts at the end."""
    found = [change for look in looks for change in changes(look.coming, look.other)]
    for change in found:
        if change.sign != "=":
            yield json_line(_change(change)) if as_json else _change_line(change)
    if not as_json:
        yield from _counts(found)


def one_line(one: Foreseen) -> str:
    """A reminder for people: the customer's own time."""
    who = f"{one.name} ({one.customer})"
    invoices = ", ".join(one.invoices)
    return f"{one.at:%a %d %b %Y %H:%M}  {who}  {one.channel}  {one.step}  {one.level}  {invoices}"


def _change_line(change: Change) -> str:
    told = " → ".join(one_line(one) for one in (change.before, change.after) if one is not None)
    return f"{change.sign} {told}"


def _change(change: Change) -> dict[str, object]:
    before, after = (None if one is None else one.as_dict() for one in (change.before, change.after))
    return {"change": change.sign, "before": before, "after": after}


def _counts(found: list[Change]) -> Iterator[str]:
    """How much changes, and how many reminders of each channel there are before and after."""
    signs = Counter(change.sign for change in found)
    yield f"+{signs['+']} -{signs['-']} ~{signs['~']}, {signs['=']} unchanged"
    before = Counter(change.before.channel for change in found if change.before is not None)
    after = Counter(change.after.channel for change in found if change.after is not None)
    for channel in sorted(before | after):
        yield f"{channel}: {before[channel]} → {after[channel]}"
