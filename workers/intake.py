"""Takes events out of the inbox into their accounts and plans those: fold, plan, remember when to look again.

Called by the Celery task `event.intake` with inbox ids, by the sweep for forgotten ones, and by tests. An event
that breaks it is tried alone, and quarantined after three crashes; the others go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from config.wiring import Services
from domain.about import said_of
from domain.event import Event
from domain.facts import InvoiceIssued, PaymentsSynced, Stamp
from domain.ids import AccountKey, CustomerId, InvoiceId, SellerId
from store import accounts, facts, inbox, journal, quarantine, sellers
from store.accounts import AccountRow
from store.engine import Connection
from store.facts import NewFact
from store.inbox import InboxRow
from store.journal import Entry
from workers.blame import spare_the_others
from workers.folding import fold_accounts
from workers.instants import Now, latest, now_of
from workers.planning import plan_and_keep

MOST_FAILURES = 3

log = structlog.get_logger()

Name = tuple[SellerId, InvoiceId]
Owners = dict[Name, AccountKey | None]
Customers = dict[tuple[SellerId, CustomerId], AccountKey]


@dataclass(frozen=True, slots=True)
class Arrived:
    """An inbox row with the event it holds."""

    row: InboxRow
    event: Event

    @property
    def names(self) -> list[Name]:
        """The invoices that it speaks of."""
        return [(self.row.seller, invoice_id) for invoice_id in self.event.invoice_ids]

    @property
    def stamp(self) -> Stamp:
        """Where its fact stands among others: ids are unique within their source only."""
        time = self.event.time or self.row.received_at
        return Stamp(time, self.event.sequence, f"{self.event.id}@{self.event.source}")


def intake(services: Services, ids: Sequence[int], now: Now) -> int:
    """Folds these events and plans their accounts, in one transaction for all; returns how many were folded.

    What the database or this machine does is no event's fault: the sweep comes back to them.
    """

    def count_failure(inbox_id: int, error: Exception) -> None:
        _count_failure(services, inbox_id, error, latest(now))

    return sum(spare_the_others("intake.failed", ids, lambda some: _intake(services, some, now), count_failure))


def _intake(services: Services, ids: Sequence[int], now: Now) -> int:
    with services.engine.begin() as connection:
        accounts.open_accounts(connection, ids)
    with services.engine.begin() as connection:
        arrived = [Arrived(row, row.event) for row in inbox.take(connection, ids)]
        if arrived:
            _fold_in(connection, services, arrived, now)
            inbox.mark_folded(connection, [one.row.id for one in arrived])
    return len(arrived)


def _fold_in(connection: Connection, services: Services, arrived: Sequence[Arrived], now: Now) -> None:
    owners = accounts.lock_invoices(connection, [name for one in arrived for name in one.names])
    customers = accounts.find(
        connection,
        [(one.row.seller, one.event.customer_id) for one in arrived if one.event.customer_id is not None],
    )
    claimants = _claimants(arrived, owners, customers)
    touched = set(customers.values()).union(*claimants.values())
    rows = accounts.lock(connection, touched)
    _note_feeds(connection, arrived)
    facts.add(connection, [fact for one in arrived for fact in _new_facts(one, claimants, customers)])
    owners = _settle_ownership(connection, arrived, owners, claimants)
    _correct_ownership(connection, services, rows, owners, claimants)
    journal.write(connection, [_entry(one, owners, customers, now) for one in arrived])
    plan_and_keep(connection, services, rows, now)


def _claimants(arrived: Sequence[Arrived], owners: Owners, customers: Customers) -> dict[Name, set[AccountKey]]:
    """The accounts that may own each invoice: its owner so far, and the customers that statements now name."""
    found = {name: {owner} if owner is not None else set() for name, owner in owners.items()}
    for one in arrived:
        if isinstance(one.event.body, InvoiceIssued):
            found[one.names[0]].add(customers[one.row.seller, one.event.body.customer.id])
    return found


def _new_facts(one: Arrived, claimants: dict[Name, set[AccountKey]], customers: Customers) -> list[NewFact]:
    """The event's fact, once for each account it may concern and once for each invoice that nobody knows yet."""
    event, seller = one.event, one.row.seller
    told = (one.stamp, one.row.received_at, one.row.fact_type, one.row.fact)
    concerned = set().union(*(claimants[name] for name in one.names))
    if event.customer_id is not None:
        concerned.add(customers[seller, event.customer_id])
    found = [NewFact(seller, key, None, event.invoice_ids, *told) for key in sorted(concerned)]
    unknown = [name[1] for name in one.names if not claimants[name]]
    return found + [NewFact(seller, None, invoice_id, event.invoice_ids, *told) for invoice_id in unknown]


def _settle_ownership(
    connection: Connection, arrived: Sequence[Arrived], owners: Owners, claimants: dict[Name, set[AccountKey]]
) -> Owners:
    """Gives stated invoices an owner, with what had been waiting for them; every claimant knows all about them."""
    numbers = _numbers(connection, arrived, owners)
    if not numbers:
        return owners
    owned = {name: owners[name] or min(claimants[name]) for name in numbers}
    accounts.own_invoices(connection, [(*name, owned[name], number) for name, number in numbers.items()])
    facts.adopt(connection, list(numbers))
    others = [(owned[name], name[1], key) for name in numbers for key in claimants[name] if key != owned[name]]
    if others:
        _tell_all(connection, others)
    return {**owners, **owned}


def _numbers(connection: Connection, arrived: Sequence[Arrived], owners: Owners) -> dict[Name, str]:
    """What each stated invoice is called by its newest statement, which may have come before."""
    numbers = {
        one.names[0]: one.event.body.invoice.number
        for one in sorted(arrived, key=lambda one: one.stamp)
        if isinstance(one.event.body, InvoiceIssued)
    }
    known = {(owner, name[1]): name for name in numbers if (owner := owners[name]) is not None}
    newest = facts.newest_statements(connection, known) if known else {}
    return numbers | {known[where]: statement.invoice.number for where, statement in newest.items()}


def _tell_all(connection: Connection, others: Sequence[tuple[AccountKey, InvoiceId, AccountKey]]) -> None:
    """Copies what is known of these invoices from their owners to others: what names them, and what people said."""
    facts.copy_to(connection, others)
    known = facts.load(connection, {owner for owner, _, _ in others})
    said = {(owner, event, key) for owner, name, key in others for event in said_of(name, known[owner])}
    if said:
        facts.copy_said(connection, said)


def _correct_ownership(
    connection: Connection,
    services: Services,
    rows: Sequence[AccountRow],
    owners: Owners,
    claimants: dict[Name, set[AccountKey]],
) -> None:
    """Where several accounts claim an invoice, the newest statement decides, as `fold` has it."""
    contested = {name: keys for name, keys in claimants.items() if len(keys) > 1}
    if not contested:
        return
    rivals = set().union(*contested.values())
    folded = {
        row.key: one for row, one, _ in fold_accounts(connection, services, [r for r in rows if r.key in rivals])
    }
    wrong = []
    for (seller, invoice_id), keys in contested.items():
        for key in keys:
            state = folded[key].state_of(invoice_id)
            if state is not None and owners[seller, invoice_id] != key:
                wrong.append((seller, invoice_id, key, state.invoice.number))
    if wrong:
        accounts.own_invoices(connection, wrong)


def _note_feeds(connection: Connection, arrived: Sequence[Arrived]) -> None:
    """How far payment feeds are complete now; the next tick finds the accounts that had waited for it."""
    newest: dict[SellerId, datetime] = {}
    for one in arrived:
        if isinstance(one.event.body, PaymentsSynced):
            newest[one.row.seller] = max(newest.get(one.row.seller, one.event.body.as_of), one.event.body.as_of)
    for seller, as_of in sorted(newest.items()):
        sellers.synced(connection, seller, as_of)


def _entry(one: Arrived, owners: Owners, customers: Customers, now: Now) -> Entry:
    event = one.event
    key = next((owner for name in one.names if (owner := owners[name]) is not None), None)
    if event.customer_id is not None:
        key = customers[one.row.seller, event.customer_id]
    names = {"type": event.type, "id": event.id, "source": event.source, "invoices": list(event.invoice_ids)}
    at = one.row.received_at if key is None else now_of(now, key)
    return Entry(one.row.seller, at, "event.folded", names, key)


def _count_failure(services: Services, inbox_id: int, error: Exception, now: datetime) -> None:
    with services.engine.begin() as connection:
        failures = inbox.count_failure(connection, inbox_id)
        if failures >= MOST_FAILURES:
            _set_aside(connection, inbox_id, error, now)
            log.error("intake.quarantined", inbox_id=inbox_id, error=type(error).__name__)


def _set_aside(connection: Connection, inbox_id: int, error: Exception, now: datetime) -> None:
    """It waits for a person, and so does everything for those whom it concerns: it may have been a payment."""
    for row in inbox.take(connection, [inbox_id]):
        crash = quarantine.Quarantined(row.seller, "crash", str(row.id), repr(error), row.body.encode(), now)
        quarantine.set_aside(connection, [crash])
        inbox.set_aside(connection, row.id)
        concerned = inbox.accounts_about(connection, row.id)
        facts = {"type": row.type, "id": row.event_id, "source": row.source}
        about: list[AccountKey | None] = [*concerned] or [None]
        journal.write(connection, [Entry(row.seller, now, "event.quarantined", facts, key) for key in about])
        accounts.lock(connection, concerned)
        accounts.wake(connection, concerned, now)
