"""`relance explain`: what happened to a customer, what did not and why, what comes next and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.known import Only, an_id_in, check, not_in_the_book
from cli.services import opened_services
from cli.words import json_line
from config.wiring import DEFAULT_SELLER, Services
from domain.ids import SellerId
from domain.reasons import Code, Reason
from domain.segments import reason_of
from store import book, journal
from store.journal import Entry
from web import sentences
from web.words import LANGUAGES, labels, word
from workers.planned import Planned
from workers.planning import plan_accounts
from workers.preview import Foreseen, coming_for

AHEAD = timedelta(days=60)


class Lang(StrEnum):
    """The languages that sentences are written in."""

    FR = "fr"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Explained:
    """What there is to say of an account: its journal, its plan as of now, and what comes next."""

    one: Planned
    entries: list[Entry]
    coming: tuple[Foreseen, ...]


def explain(
    name: Annotated[str, typer.Argument(metavar="CUSTOMER-OR-INVOICE", help="An id; of an invoice, its number too.")],
    lang: Annotated[Lang | None, typer.Option(help="The seller's own, unless given.")] = None,
    seller: Annotated[str, typer.Option(help="Whose customer it is.")] = DEFAULT_SELLER,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines: codes and facts.")] = False,
) -> None:
    """Say why a customer is contacted or not, and what comes next."""
    seller_id, wanted = SellerId(an_id_in("--seller", seller)), an_id_in("CUSTOMER-OR-INVOICE", name)
    with opened_services() as services:
        with services.engine.connect() as connection:
            check(connection, Only(seller_id))
        found = look(services, seller_id, wanted, services.clock.now())
        if found is None:
            not_in_the_book(services, seller_id, wanted)
    for line in as_lines(found) if as_json else in_words(found, lang):
        typer.echo(line)


def look(services: Services, seller: SellerId, name: str, now: datetime) -> Explained | None:
    """Plans the account as of now, from facts of one instant; None if nobody has that name."""
    with book.reading(services.engine) as connection:
        row = book.named(connection, seller, name)
        if row is None:
            return None
        one = _with_health(services, plan_accounts(connection, services, [row], now)[0])
        entries = journal.of_account(connection, row.key)
    return Explained(one, entries, coming_for(one, one.policy, now, now + AHEAD))


def _with_health(services: Services, one: Planned) -> Planned:
    """A reminder due now waits while its provider is down or asks for a pause. No plan says so: it passes."""
    reminder = one.plan.reminder
    if reminder is None or reminder.send_at > one.now:
        return one
    channel = reminder.routes[0].channel
    line = services.lines.get(channel)
    look = None if line is None else line.look()
    if look is None or (look.state == "closed" and not look.paused_s):
        return one
    why = Reason(Code.PROVIDER_DOWN, {"channel": channel.value})
    if look.state == "closed":
        until = one.now + timedelta(seconds=look.paused_s)
        why = Reason(Code.PROVIDER_PAUSED, {"channel": channel.value, "until": until.isoformat(timespec="seconds")})
    told = one.plan.reasons if why in one.plan.reasons else (*one.plan.reasons, why)
    return replace(one, plan=replace(one.plan, reasons=told))


def as_lines(found: Explained) -> Iterator[str]:
    """For programs: a JSON object a line, its `kind` first."""
    who = {"seller": found.one.row.seller, "customer": found.one.row.customer_id}
    zone = found.one.account.place.zone
    for entry in found.entries:
        at = entry.at.astimezone(zone).isoformat(timespec="seconds")
        ids = {"reminder": entry.reminder, "attempt": entry.attempt}
        yield _line("happened", {**who, "at": at, "event": entry.event, **ids, "facts": dict(entry.facts)})
    for reason in found.one.plan.reasons:
        yield _line("reason", {**who, "policy": found.one.policy.label, **reason.as_dict()})
    if found.one.served.is_kept:
        newer = {"newest": found.one.served.newest}
        yield _line("reason", {**who, "policy": found.one.policy.label, "code": "policy_kept", "facts": newer})
    if not _is_segment_told(found):
        segment = reason_of(found.one.account.segment).as_dict() | {"code": "segment_unnamed"}
        yield _line("reason", {**who, "policy": found.one.policy.label, **segment})
    if _no_feed(found):
        yield _line("reason", {**who, "policy": found.one.policy.label, "code": "no_feed", "facts": {}})
    for coming in found.coming:
        yield _line("next", coming.as_dict())


def in_words(found: Explained, lang: Lang | None) -> Iterator[str]:
    """For people: times are the customer's own, invoices are named by their numbers."""
    account = found.one.account
    language = _language(lang, account.seller.language)
    zone, label = account.place.zone, labels(language)
    numbers = {str(state.invoice.id): state.invoice.number for state in account.invoices}
    names = sentences.names_of(account)
    yield f"{account.customer.name} ({found.one.row.customer_id}) · {label['policy']} {found.one.policy.label}"
    yield f"\n{label['journal']}"
    for told in (sentences.tell(entry, language, zone, numbers, names) for entry in found.entries):
        yield f"  {sentences.shown(told.at, language, zone)}  {told.text}"
        yield from (f"      {why}" for why in told.why)
    yield f"\n{label['stands']}"
    reasons = [reason.as_dict() for reason in found.one.plan.reasons]
    yield from (f"  {why}" for why in sentences.explain(reasons, language, zone, numbers, names))
    if found.one.served.is_kept:
        yield f"  {label['policy_kept']} {found.one.served.newest}."
    if not _is_segment_told(found):
        segment = sentences.explain([reason_of(account.segment).as_dict()], language, zone)[0]
        yield f"  {segment} {label['segment_unnamed']}"
    if _no_feed(found):
        yield f"  {label['no_feed']}"
    yield f"\n{label['next']}"
    yield from (f"  {_coming(coming, language, zone, numbers)}" for coming in found.coming)
    if not found.coming:
        yield f"  {label['nothing_next']}"


def _is_segment_told(found: Explained) -> bool:
    """Whether the plan speaks of the customer's segment: the policy has rules for it, and something is owed."""
    return any(reason.code is Code.SEGMENT for reason in found.one.plan.reasons)


def _no_feed(found: Explained) -> bool:
    """Whether the policy would wait for a payment feed, and none is known."""
    return found.one.policy.freshness_days is not None and found.one.account.seller.synced_as_of is None


def _coming(coming: Foreseen, language: str, zone: tzinfo, numbers: Mapping[str, str]) -> str:
    at = sentences.shown(coming.at, language, zone)
    invoices = ", ".join(numbers.get(each, each) for each in coming.invoices)
    words = (word(coming.channel, language), coming.step, word(coming.level, language), invoices)
    return "  ".join((at, *words, coming.policy))


def _language(lang: Lang | None, own: str) -> str:
    if lang is not None:
        return lang.value
    return own if own in LANGUAGES else Lang.EN.value


def _line(kind: str, values: dict[str, Any]) -> str:
    return json_line({"kind": kind, **values})
