"""Measures what planning an account costs without its database, in CPU time: `python -m tests.bench.planning`.

Alone are `fold` and `plan`; the whole has what stands around them whenever an account is planned: its facts and
reminders read from the text of their rows, and the plan written as it is kept and journaled. What is kept by date and
policy is warm, as in a worker after its first batch.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from time import process_time
from typing import Any

from rich.console import Console

from config.policy_files import load_policy
from config.rates import load_rates
from domain import facts
from domain.account import Account
from domain.customer import Customer
from domain.facts import Fact, Stamp
from domain.fold import fold
from domain.ids import AccountKey, CustomerId, InvoiceId
from domain.past import PastReminder
from domain.pinning import Served
from domain.plan import plan
from domain.planned import Plan
from store.accounts import AccountRow
from store.fact_codec import body_from_row, body_to_row, members_from_row, members_to_row
from store.sellers import SellerRow
from tests.bench.figures import Figure, Size
from tests.domain_factories import a_customer, a_fact, a_member, a_past_reminder, a_seller, days, issued, late_morning
from workers import planned, planning

POLICY = load_policy("standard").policy
OWNER = SellerRow(a_seller(rates=load_rates(None)["FR"]), policy=None)
ROUNDS = 3
"""A value is the best of so many: what else the machine does is only ever added."""


@dataclass(frozen=True, slots=True)
class Book:
    """A customer's facts and reminders, and when it is planned."""

    customer: CustomerId
    found: Sequence[Fact]
    now: datetime
    history: Sequence[PastReminder] = ()

    def folded(self) -> Account:
        """Its account."""
        return fold(self.customer, self.found, OWNER.seller, self.history)


def measure(size: Size) -> Iterator[Figure]:
    """What each of them costs, for each kind of customer."""
    for kind, (about, make) in KINDS.items():
        books = [make(a_customer(id=CustomerId(f"C-{number}"))) for number in range(size.of(300, 10))]
        accounts = [(book.folded(), book.now) for book in books]
        rows = [(book, _rows(book)) for book in books]
        stages: dict[str, Callable[[], object]] = {
            "planning.fold": partial(_each, Book.folded, books),
            "planning.plan": partial(_each, lambda one: plan(one[0], POLICY, one[1]), accounts),
            "planning.fold_and_plan": partial(_each, lambda one: plan(one.folded(), POLICY, one.now), books),
            "account.decode_fold_plan_save": partial(_each, lambda one: _whole(*one), rows),
        }
        for name, stage in stages.items():
            values = [_best(stage, len(books)) for _ in range(size.repetitions)]
            yield Figure(f"{name}.{kind}", f"CPU an account, {about}", "us", values)


def _each(what: Callable[[Any], object], of: Sequence[object]) -> None:
    for one in of:
        what(one)


def _best(stage: Callable[[], object], accounts: int) -> float:
    """Microseconds an account."""
    taken = []
    for _ in range(ROUNDS):
        began = process_time()
        stage()
        taken.append(process_time() - began)
    return min(taken) / accounts * 1e6


def _one_due(customer: Customer) -> Book:
    return Book(customer.id, _invoices(customer, 0), late_morning(2))


def _one_again(customer: Customer) -> Book:
    """The first step was had, the call is due."""
    past = a_past_reminder(late_morning(2), "first", a_member(f"{customer.id}-0"), policy=POLICY.label)
    return Book(customer.id, _invoices(customer, 0), late_morning(12), (past,))


def _three_due(customer: Customer) -> Book:
    return Book(customer.id, _invoices(customer, 0, -1, -3), late_morning(2))


def _three_ahead(customer: Customer) -> Book:
    return Book(customer.id, _invoices(customer, 28, 30, 40), late_morning(2))


def _old_customer(customer: Customer) -> Book:
    dues = (0, -1, *range(-610, -10, 10))
    bills = _invoices(customer, *dues)
    paid = [
        a_fact(facts.InvoicePaid(InvoiceId(f"{customer.id}-{number}"), days(due + 5)), 100 + number)
        for number, due in enumerate(dues)
        if number > 1
    ]
    return Book(customer.id, [*bills, *paid], late_morning(2))


KINDS: dict[str, tuple[str, Callable[[Customer], Book]]] = {
    "one_due": ("one invoice, a step due", _one_due),
    "one_again": ("one invoice, a step due, one reminder before", _one_again),
    "three_due": ("three invoices, a step due", _three_due),
    "three_ahead": ("three invoices, the first step in three weeks", _three_ahead),
    "old_customer": ("60 invoices paid and two open, a step due", _old_customer),
}


def _invoices(customer: Customer, *dues: int) -> list[Fact]:
    """An invoice for each, due so many days after the factories' day."""
    return [
        a_fact(issued(f"{customer.id}-{number}", customer, due_on=days(due)), number)
        for number, due in enumerate(dues)
    ]


Row = tuple[str, str, Stamp, datetime]


def _rows(book: Book) -> tuple[list[Row], list[tuple[PastReminder, object]]]:
    """Facts and reminders with the text of their rows."""
    found = [(*body_to_row(fact.body), fact.stamp, fact.received_at) for fact in book.found]
    return found, [(past, json.dumps(members_to_row(past.members))) for past in book.history]


def _whole(book: Book, rows: tuple[list[Row], list[tuple[PastReminder, str]]]) -> object:
    """From its rows to what is kept of its plan."""
    found = [
        Fact(Stamp(stamp.time, stamp.sequence, stamp.event_id), received_at, body_from_row(name, body))
        for name, body, stamp, received_at in rows[0]
    ]
    history = [replace(past, members=members_from_row(members)) for past, members in rows[1]]
    account = replace(book, found=found, history=history).folded()
    return _kept(account, plan(account, POLICY, book.now), book.now)


def _kept(account: Account, answer: Plan, now: datetime) -> object:
    row = AccountRow(AccountKey(1), account.seller.id, account.customer.id, "")
    served = Served(POLICY, POLICY.label, is_pinned=False)
    one = planned.Planned(row, account, OWNER, served, answer, len(account.history), "", now, {})
    told = planned.plan_as_json(one)
    return planned.saved_plan(one, told), planning._internal_tasks(one), json.dumps(told)


if __name__ == "__main__":
    for figure in measure(Size()):
        line = f"{figure.name:45} {figure.median:8.1f} us ({min(figure.values):.1f}-{max(figure.values):.1f})"
        Console().print(f"{line}  {figure.about}", highlight=False, soft_wrap=True)
