"""Whether the demo has come out as its book expects. Called by `demo`; pure, so that a test can ask it anything.

It is judged twice: by the delivery log and the plans, and by what the simulators physically received.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.sample_book import Contact, SampleCustomer, Silence
from domain.outcomes import OutcomeClass
from store.log import LogRow
from store.overview import AccountView
from store.worklist import TaskRow

DELIVERED = frozenset({"delivered", "read", "opened"})
"""Where an attempt ends well: at the customer's, or as a task before a person."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the database says at one moment."""

    rows: Sequence[LogRow]
    accounts: Mapping[str, AccountView]
    tasks: Sequence[TaskRow]

    @property
    def contacts(self) -> list[LogRow]:
        """The attempts that were begun: what a closing window kept back reached nobody."""
        return [row for row in self.rows if row.error_class != OutcomeClass.NOT_BEGUN]

    def contacts_of(self, customer: str) -> list[LogRow]:
        """The customer's."""
        return [row for row in self.contacts if row.customer == customer]

    def codes_of(self, customer: str) -> list[str]:
        """The reasons of the customer's present plan."""
        account = self.accounts.get(customer)
        plan = account.plan if account is not None else None
        return [str(reason["code"]) for reason in plan["reasons"]] if plan else []


def problems_of(customers: Sequence[SampleCustomer], seen: Seen) -> list[str]:
    """What is not (or not yet) as expected, a line for each customer."""
    return [line for customer in customers for line in _problems(customer, seen)]


def strays_of(customers: Sequence[SampleCustomer], received: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where what people received differs from what was expected: too little, too much, or at a wrong address."""
    expected = Counter(
        customer.expected.to
        for customer in customers
        if isinstance(customer.expected, Contact) and customer.expected.channel != "phone"
    )
    arrived = Counter(str(message["to"]).removeprefix("whatsapp:") for message in received)
    return [
        f"{address}: {arrived[address]} messages arrived, {expected[address]} expected"
        for address in sorted(expected | arrived)
        if expected[address] != arrived[address]
    ]


def _problems(customer: SampleCustomer, seen: Seen) -> Iterator[str]:
    rows = seen.contacts_of(customer.id)
    match customer.expected:
        case Contact(channel, bills):
            wanted = f"{customer.id} {customer.name}: one {channel} about {len(bills)} expected"
            if len(rows) != 1:
                made = "; ".join(f"{row.channel} {row.state} {row.error_code or ''}".rstrip() for row in rows)
                codes = ", ".join(seen.codes_of(customer.id))
                yield f"{wanted}, {len(rows)} contacts made ({made or 'none'}); the plan says {codes}"
                return
            row = rows[0]
            invoices = {customer.invoice_id(bill) for bill in bills}
            if (row.channel, set(row.invoices), row.state in DELIVERED) != (channel, invoices, True):
                yield f"{wanted}, but it is {row.channel} about {', '.join(row.invoices)}, {row.state}"
        case Silence(code, task):
            wanted = f"{customer.id} {customer.name}: nothing expected because of {code}"
            if rows:
                yield f"{wanted}, but {rows[0].channel} went out ({rows[0].state})"
            elif code not in seen.codes_of(customer.id):
                yield f"{wanted}, but the plan says {', '.join(seen.codes_of(customer.id)) or 'nothing yet'}"
            elif task is not None and not any((t.customer, t.kind) == (customer.id, task) for t in seen.tasks):
                yield f"{wanted}, but there is no {task} task"
