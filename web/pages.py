"""The pages: the delivery log, a reminder with what was sent, a customer with what is owed and what comes next.

Read-only. Every query is about the visitor's own seller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response

from domain.ids import CustomerId, ReminderId, SellerId
from store import book, journal, log, overview, sellers, worklist
from store.engine import Connection
from store.overview import AccountView
from web.as_sent import as_sent
from web.invoice_numbers import numbers_in
from web.owed import MOST_SHOWN, numbers_owed, owed_now
from web.parts import PartsHere
from web.refusals import Refusal
from web.sentences import explain, tell
from web.sessions import VisitorHere
from web.views import Language, show

router = APIRouter()

NEWEST = 200


@dataclass(frozen=True, slots=True)
class Outlook:
    """An account for people: its next reminder as the plan's JSON has it, the reasons as sentences, the next look."""

    account: AccountView
    reminder: dict[str, Any] | None
    why: tuple[str, ...]
    again_at: datetime | None


@router.get("/")
def get_log(
    parts: PartsHere, visitor: VisitorHere, language: Language, customer: str = "", refresh: str = "on"
) -> Response:
    """The newest contacts, of all customers or of one."""
    seller = visitor.seller
    with parts.services.engine.connect() as connection:
        chosen = CustomerId(customer) if customer else None
        rows = log.read(connection, seller=seller, customer=chosen, limit=NEWEST)
        known = overview.accounts_of(connection, seller)
        numbers = numbers_in(connection, seller, (), rows)
    rows.reverse()
    is_fresh = refresh == "on"
    values: dict[str, Any] = {"numbers": numbers, "accounts": known, "customer": customer, "refresh": is_fresh}
    return show("log.html", language, rows=rows, **values)


@router.get("/reminders/{reminder_id}")
def get_reminder(reminder_id: str, parts: PartsHere, visitor: VisitorHere, language: Language) -> Response:
    """One reminder: each message exactly as it was sent, and its journal."""
    reminder = ReminderId(reminder_id)
    with parts.services.engine.connect() as connection:
        rows = log.read(connection, seller=visitor.seller, reminder=reminder)
        if not rows:
            raise Refusal(404, "no such reminder")
        zone = _zone(connection, visitor.seller)
        entries = journal.of_reminder(connection, reminder)
        numbers = numbers_in(connection, visitor.seller, (entry.facts for entry in entries), rows)
    told = [tell(entry, language, zone, numbers) for entry in entries]
    sent = [as_sent(row, entries) for row in rows]
    return show("reminder.html", language, sent=sent, first=rows[0], told=told, zone=zone, numbers=numbers)


@router.get("/customers")
def get_customers(parts: PartsHere, visitor: VisitorHere, language: Language) -> Response:
    """Every customer with what comes next, so that one sees too why nothing does."""
    with parts.services.engine.connect() as connection:
        zone = _zone(connection, visitor.seller)
        known = overview.accounts_of(connection, visitor.seller)
        numbers = numbers_in(connection, visitor.seller, (one.plan or {} for one in known))
    outlooks = [_outlook(account, language, zone, numbers) for account in known]
    return show("customers.html", language, outlooks=outlooks, zone=zone)


@router.get("/customers/{customer_id:path}")
def get_customer(customer_id: str, parts: PartsHere, visitor: VisitorHere, language: Language) -> Response:
    """One customer: what is owed, what comes next and why, open tasks, contacts made, the journal."""
    customer = CustomerId(customer_id)
    with book.reading(parts.services.engine) as connection:
        account = overview.account(connection, visitor.seller, customer)
        if account is None:
            raise Refusal(404, "no such customer")
        zone = _zone(connection, visitor.seller)
        owed = owed_now(connection, parts.services, account, parts.services.clock.now())
        entries = journal.of_account(connection, account.key)
        tasks = worklist.read(connection, seller=visitor.seller, customer=customer, limit=NEWEST)
        rows = log.read(connection, seller=visitor.seller, customer=customer, limit=NEWEST)
        facts = [account.plan or {}, *(entry.facts for entry in entries)]
        numbers = numbers_in(connection, visitor.seller, facts, rows, tasks) | numbers_owed(owed)
    rows.reverse()
    told = [tell(entry, language, zone, numbers) for entry in reversed(entries)]
    outlook = _outlook(account, language, zone, numbers)
    values: dict[str, Any] = {"told": told, "tasks": tasks, "rows": rows, "numbers": numbers, "zone": zone}
    return show("customer.html", language, outlook=outlook, owed=owed, most=MOST_SHOWN, **values)


def _outlook(account: AccountView, language: str, zone: ZoneInfo, numbers: Mapping[str, str]) -> Outlook:
    plan = account.plan or {}
    why = explain(plan.get("reasons"), language, zone, numbers)
    return Outlook(account, plan.get("reminder"), why, account.due_at)


def _zone(connection: Connection, seller: SellerId) -> ZoneInfo:
    return ZoneInfo(sellers.load(connection, [seller])[seller].seller.timezone)
