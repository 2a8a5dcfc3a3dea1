"""The pages: the delivery log, a reminder with what was sent, a customer with what is owed and what comes next.

Read-only. Every query is about the visitor's own seller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response

from domain.ids import AttemptId, CustomerId, ReminderId, SellerId
from store import book, finding, journal, log, overview, sellers, worklist
from store.engine import Connection
from store.overview import AccountView
from store.retention import Place
from web.as_sent import as_sent
from web.invoice_numbers import numbers_in
from web.owed import MOST_SHOWN, numbers_owed, owed_now, planned_now
from web.paging import first, place_in
from web.parts import PartsHere
from web.refusals import Refusal
from web.sentences import explain, names_of, tell
from web.sessions import VisitorHere
from web.views import Language, show

router = APIRouter()

NEWEST = 200
"""Rows of the log, and tasks, on one page."""
LINES = 500
"""Of a customer's journal."""
PAGE = 100
"""Customers on one page."""
MOST_TASKS = 1_001
"""Open tasks are counted up to here beside the log, which is loaded again every five seconds."""
MOST_COUNTED = 10_001
MOST_TEXT = 200
_NAMELESS: Mapping[str, str] = MappingProxyType({})
"""Where nobody's contacts were read: none is told."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """An account for people: its next reminder as the plan's JSON has it, the reasons as sentences, the next look."""

    account: AccountView
    reminder: dict[str, Any] | None
    why: tuple[str, ...]
    again_at: datetime | None


@router.get("/")
def get_log(
    parts: PartsHere,
    visitor: VisitorHere,
    language: Language,
    customer: str = "",
    refresh: str = "on",
    before: str = "",
) -> Response:
    """The newest contacts, or those before a place in the log; of all customers or of those that a text means."""
    seller, place = visitor.seller, _place(before)
    with parts.services.engine.connect() as connection:
        known = overview.account(connection, seller, CustomerId(customer)) if customer else None
        text, one = (_text(customer), None) if known is None else ("", known.customer_id)
        found = log.read(connection, seller=seller, customer=one, text=text, before=place, limit=NEWEST + 1)
        numbers = numbers_in(connection, seller, (), found)
        to_do = worklist.how_many(connection, seller, MOST_TASKS)
    rows, older = first(found[::-1], NEWEST)
    values: dict[str, Any] = {"customer": one or text, "refresh": refresh == "on", "before": before, "older": older}
    values |= {"to_do": min(to_do, MOST_TASKS - 1), "is_more": to_do == MOST_TASKS}
    return show("log.html", language, rows=rows, numbers=numbers, **values)


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
    told = [tell(entry, language, zone, numbers, _NAMELESS) for entry in entries]
    sent = [as_sent(row, entries) for row in rows]
    return show("reminder.html", language, sent=sent, first=rows[0], told=told, zone=zone, numbers=numbers)


@router.get("/customers")
def get_customers(
    parts: PartsHere, visitor: VisitorHere, language: Language, q: str = "", after: str = ""
) -> Response:
    """The customers that a text means, or all, with what comes next: so that one sees too why nothing does."""
    seller, text = visitor.seller, _text(q)
    with parts.services.engine.connect() as connection:
        zone = _zone(connection, seller)
        known = finding.customers(connection, seller, text, CustomerId(after), PAGE + 1)
        count = finding.how_many(connection, seller, text, MOST_COUNTED) if after or len(known) > PAGE else len(known)
        numbers = numbers_in(connection, seller, (one.plan or {} for one in known))
    outlooks = [_outlook(account, language, zone, numbers, _NAMELESS) for account in known[:PAGE]]
    last = known[PAGE - 1].customer_id if len(known) > PAGE else None
    counted: dict[str, Any] = {"count": min(count, MOST_COUNTED - 1), "is_more": count == MOST_COUNTED}
    return show("customers.html", language, outlooks=outlooks, zone=zone, q=text, after=after, last=last, **counted)


@router.get("/customers/{customer_id:path}")
def get_customer(customer_id: str, parts: PartsHere, visitor: VisitorHere, language: Language) -> Response:
    """One customer: what is owed, what comes next and why, open tasks, contacts made, the journal."""
    customer = CustomerId(customer_id)
    with book.reading(parts.services.engine) as connection:
        account = overview.account(connection, visitor.seller, customer)
        if account is None:
            raise Refusal(404, "no such customer")
        zone = _zone(connection, visitor.seller)
        planned = planned_now(connection, parts.services, account, parts.services.clock.now())
        owed = owed_now(planned)
        entries, earlier = first(journal.of_account(connection, account.key, LINES + 1)[::-1], LINES)
        tasks, later = first(
            worklist.read(connection, seller=visitor.seller, customer=customer, limit=NEWEST + 1), NEWEST
        )
        rows, older = first(
            log.read(connection, seller=visitor.seller, customer=customer, limit=NEWEST + 1)[::-1], NEWEST
        )
        facts = [account.plan or {}, *(entry.facts for entry in entries)]
        numbers = numbers_in(connection, visitor.seller, facts, rows, tasks) | numbers_owed(owed)
    names = {} if planned is None else names_of(planned.account)
    told = [tell(entry, language, zone, numbers, names) for entry in entries]
    outlook = _outlook(account, language, zone, numbers, names)
    values: dict[str, Any] = {"told": told, "tasks": tasks, "rows": rows, "numbers": numbers, "zone": zone}
    cut: dict[str, Any] = {
        "most": MOST_SHOWN,
        "newest": NEWEST,
        "lines": LINES,
        "older": older,
        "earlier": earlier,
        "later": later,
    }
    return show("customer.html", language, outlook=outlook, owed=owed, **values, **cut)


def _text(asked: str) -> str:
    """What somebody looks for."""
    return asked.strip()[:MOST_TEXT]


def _place(asked: str) -> Place | None:
    """A place in the log (`LogRow.place`)."""
    found = place_in(asked, "before")
    return None if found is None else (found[0], AttemptId(found[1]))


def _outlook(
    account: AccountView, language: str, zone: ZoneInfo, numbers: Mapping[str, str], names: Mapping[str, str]
) -> Outlook:
    plan = account.plan or {}
    why = explain(plan.get("reasons"), language, zone, numbers, names)
    return Outlook(account, plan.get("reminder"), why, account.due_at)


def _zone(connection: Connection, seller: SellerId) -> ZoneInfo:
    return ZoneInfo(sellers.load(connection, [seller])[seller].seller.timezone)
