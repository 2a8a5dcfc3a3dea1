"""`fold`: a customer's facts, in any order and any number, to the one account that they mean.

Called by every step that plans (intake, due, deliver, explain). Facts are deduplicated by event id, put in
the order of their stamps, and applied one by one: that is what makes order and repetition irrelevant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from domain import facts
from domain.about import about
from domain.account import Account, Hold, InvoiceState
from domain.addresses import address_key
from domain.agreements import Agreements
from domain.customer import Customer, Place, Seller, place_of
from domain.facts import Body, Fact
from domain.hours import start_of_day
from domain.ids import CustomerId, InvoiceId
from domain.ledger import Ledger
from domain.past import PastReminder, Suppressed
from domain.people import People
from domain.plan_names import names_of
from domain.segments import segmented
from domain.units import units_of

_MAY_BE_LEFT_OUT = (
    "kind",
    "language",
    "country",
    "region",
    "timezone",
    "preferred_channel",
    "segment",
    "policy",
    "contacts",
)
"""What an invoice need not say of its customer each time."""


def fold(
    customer_id: CustomerId,
    found: Iterable[Fact],
    seller: Seller,
    history: Sequence[PastReminder] = (),
    suppressed: Iterable[Suppressed] = (),
) -> Account:
    """The account of `customer_id`. Facts about invoices that now belong to another customer leave no trace."""
    ordered = in_order(found)
    ledgers = _first_known(ordered, seller.place.zone)
    names = names_of(ordered, ledgers, history)
    agreements = Agreements(customer_id, ledgers, names)
    customer: Customer | None = None
    held: facts.CustomerHeld | None = None
    people = People(customer_id)
    for fact in ordered:
        named, invoice_ids = about(fact.body)
        for invoice_id in invoice_ids:
            if invoice_id in ledgers:
                ledgers[invoice_id].apply(fact)
        if named == customer_id:
            customer = _customer_after(customer, fact.body)
            held = _held_after(held, fact.body)
        said = names.read(fact) if names.renamed else fact
        people.apply(said)
        agreements.apply(said)
    states = tuple(sorted(_states(ledgers, customer_id), key=lambda s: (s.due_on, s.invoice.id)))
    known = customer or Customer(id=customer_id, name=customer_id)
    return Account(
        seller=seller,
        customer=known,
        invoices=states,
        units=units_of(states, agreements.plans_now()),
        hold=None if held is None else _hold(held, place_of(known, seller)),
        history=tuple(sorted(names.said(history), key=lambda past: (past.at, past.id))),
        suppressed=frozenset((entry.channel, address_key(entry.address)) for entry in suppressed),
        closed_tasks=tuple(people.closed.values()),
        closed_at=tuple([people.closed_at[name] for name in people.closed]),
        unread=people.unread(),
        low_scores=people.low_scores(),
        wrote=tuple(sorted(people.wrote.items())),
        complaint=next(iter(people.complaints.values()), None),
        failed_method=people.failed_method,
        promises=tuple(agreements.promises.values()),
        segment=segmented(customer, states, agreements.plans, seller),
    )


def in_order(found: Iterable[Fact]) -> list[Fact]:
    """The facts, each event once, in the order of their stamps."""
    once: dict[str, Fact] = {}
    for fact in found:
        known = once.get(fact.stamp.event_id)
        if known is None or fact.received_at < known.received_at:
            once[fact.stamp.event_id] = fact
    return sorted(once.values(), key=lambda fact: fact.stamp)


def _first_known(ordered: Sequence[Fact], zone: ZoneInfo) -> dict[InvoiceId, Ledger]:
    """A ledger for every invoice that was ever stated, so that facts which came before it find it there."""
    ledgers: dict[InvoiceId, Ledger] = {}
    for fact in ordered:
        if isinstance(fact.body, facts.InvoiceIssued):
            invoice = fact.body.invoice
            ledger = ledgers.setdefault(invoice.id, Ledger(invoice, fact.received_at, zone))
            ledger.known_at = min(ledger.known_at, fact.received_at)
    return ledgers


def _states(ledgers: dict[InvoiceId, Ledger], customer_id: CustomerId) -> Iterable[InvoiceState]:
    return (ledger.state() for ledger in ledgers.values() if ledger.invoice.customer_id == customer_id)


def _customer_after(known: Customer | None, body: Body) -> Customer | None:
    match body:
        case facts.CustomerUpdated(customer=stated):
            return stated
        case facts.InvoiceIssued(customer=stated):
            return _merged(known, stated)
        case _:
            return known


def _merged(known: Customer | None, stated: Customer) -> Customer:
    """An invoice's customer adds to what is known: what it leaves out stays as it was.

    Its national numbers are those of the country that is known then.
    """
    if known is None:
        return stated
    left_out = {
        name: before
        for name in _MAY_BE_LEFT_OUT
        if not (said := getattr(stated, name)) and (before := getattr(known, name)) != said
    }
    merged = replace(stated, **left_out) if left_out else stated
    if merged.country is None:
        return merged
    contacts = tuple([contact.living_in(merged.country) for contact in merged.contacts])
    return merged if contacts == merged.contacts else replace(merged, contacts=contacts)


def _held_after(held: facts.CustomerHeld | None, body: Body) -> facts.CustomerHeld | None:
    match body:
        case facts.CustomerHeld():
            return body
        case facts.CustomerReleased():
            return None
        case _:
            return held


def _hold(held: facts.CustomerHeld, place: Place) -> Hold:
    """A bare date is over when it is over at the customer's."""
    if held.until_on is None:
        return Hold(held.reason, held.until)
    return Hold(held.reason, start_of_day(place, held.until_on + timedelta(days=1)))
