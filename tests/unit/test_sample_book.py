"""The demo's book is what it says: large and varied enough, the same every time, and right by the rules alone.

What each customer is expected to get is planned here without a database, a clock or a queue; the demo then shows
that the parts come to the same.
"""

from collections import defaultdict
from datetime import timedelta

import pytest

from cli.demo import START
from cli.sample_book import BATCH, Book, Contact, SampleCustomer, Silence, sample_book
from cli.sample_customers import sample_customers
from config.policy_files import load_policy
from domain.account import Account
from domain.contacted import keys_of
from domain.customer import Seller
from domain.event import Event
from domain.facts import Fact, Stamp
from domain.fold import fold
from domain.ids import CustomerId, SellerId
from domain.plan import plan
from domain.read_event import read_event

CUSTOMERS = sample_customers(START.date())
BOOK = sample_book(CUSTOMERS, START)
DEMO_LASTS = timedelta(hours=24)


def all_events(book: Book) -> list[Event]:
    raws = [*book.ahead, *(raw for batch in book.batches for raw in batch), *book.later]
    return [read_event(raw) for raw in raws]


def accounts_in_the_end(book: Book) -> dict[str, Account]:
    """Every account when all of the book has arrived, at the demo's start."""
    owner = {one.invoice_id(at): one.id for one in book.customers for at in range(len(one.bills))}
    found: dict[str, list[Fact]] = defaultdict(list)
    for event in all_events(book):
        assert event.time is not None
        customer = event.customer_id or owner[event.invoice_ids[0]]
        found[customer].append(Fact(Stamp(event.time, event.sequence, event.id), START, event.body))
    seller = Seller(SellerId("default"))
    return {one.id: fold(CustomerId(one.id), found[one.id], seller) for one in book.customers}


def test_it_is_large_enough_and_every_event_is_valid_and_has_an_id_of_its_own() -> None:
    events = all_events(BOOK)
    assert len(BOOK.customers) >= 25
    assert sum(event.type == "invoice.issued" for event in events) >= 60
    assert len({event.id for event in events}) == len(events)


def test_it_shows_every_state_zone_channel_and_currency() -> None:
    types = {event.type for event in all_events(BOOK)}
    assert types >= {
        "payment.received", "payment.reversed", "invoice.paid", "invoice.cancelled", "credit_note.issued",
        "invoice.disputed", "promise.made", "payment_plan.agreed", "customer.held", "terms.extended",
        "einvoice.status_changed",
    }  # fmt: skip
    assert len({one.customer["timezone"] for one in BOOK.customers}) >= 7
    assert {one.customer["language"] for one in BOOK.customers} == {"fr", "en"}
    assert {bill.currency for one in BOOK.customers for bill in one.bills} >= {"EUR", "USD", "GBP", "JPY"}
    channels = {one.expected.channel for one in BOOK.customers if isinstance(one.expected, Contact)}
    assert channels == {"email", "sms", "whatsapp", "phone"}


def test_nobody_is_two_customers() -> None:
    """One person's budget would keep one of them silent, and the demo would wait for it in vain."""
    people = [keys_of(account.customer.contacts) for account in accounts_in_the_end(BOOK).values()]
    assert len(frozenset().union(*people)) == sum(map(len, people)) > len(people) // 2


def test_it_is_the_same_every_time() -> None:
    assert sample_book(sample_customers(START.date()), START) == BOOK


def test_batches_are_small_and_a_customer_is_never_split_between_two() -> None:
    """Else a reminder could leave between an invoice and its payment, and the demo would be right by luck only."""
    homes: dict[str, set[int]] = defaultdict(set)
    for number, batch in enumerate(BOOK.batches):
        assert len(batch) < 2 * BATCH
        for raw in batch:
            homes[raw["id"].split("-")[1]].add(number)
    assert {len(numbers) for numbers in homes.values()} == {1}


def test_the_demo_starts_on_a_tuesday_morning_in_paris() -> None:
    assert START.isoformat() == "2026-11-24T09:30:00+01:00"
    assert START.strftime("%A") == "Tuesday"


@pytest.mark.parametrize("customer", CUSTOMERS, ids=lambda one: one.name)
def test_the_rules_alone_give_what_is_expected(customer: SampleCustomer) -> None:
    planned = plan(accounts_in_the_end(BOOK)[customer.id], load_policy("standard").policy, START)
    soon = planned.reminder if planned.again_at is not None and planned.again_at < START + DEMO_LASTS else None
    match customer.expected:
        case Contact(channel, bills, to):
            assert soon is not None
            units = {member.unit_id.partition("#")[0] for member in soon.members}
            assert (soon.routes[0].channel.value, soon.routes[0].to) == (channel, to)
            assert units == {customer.invoice_id(bill) for bill in bills}
        case Silence(code, task):
            assert soon is None
            assert code in [reason.code.value for reason in planned.reasons]
            assert {one.kind for one in planned.tasks} == ({task} if task else set())
