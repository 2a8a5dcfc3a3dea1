"""Writes a made-up book of events for measuring `relance replay`: `python -m tests.bench.replay_book > book.jsonl`.

By default 2,500 invoices of 600 customers over two years with a payment feed each working day; the same at each run.
"""

import json
import sys
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

Json = dict[str, Any]
START = date(2024, 1, 1)
DAYS = 730


def book(invoices: int = 2_500, customers: int = 600, *, feed: bool = True) -> list[Json]:
    """The events by time: each invoice issued, most of them paid, a third of them in time, some never."""
    random = Random(20_240_101)  # noqa: S311 - a book, not a secret
    events = [one for number in range(invoices) for one in _invoice(random, number, random.randrange(customers))]
    events += _feed() if feed else []
    return sorted(events, key=lambda one: (one["time"], one["id"]))


def _invoice(random: Random, number: int, customer: int) -> list[Json]:
    issued = START + timedelta(days=random.randrange(DAYS - 90))
    due = issued + timedelta(days=30)
    name = f"F-{number:05}"
    data = {"customer": _customer(customer), "invoice": _bill(name, due, random)}
    found = [_event(f"{name}-issued", "invoice.issued", data, issued, random)]
    late = random.choice((-10, -2, 8, 25, 40, 70, 90, None))
    if late is not None:
        paid = due + timedelta(days=late)
        paid_data = {"invoice_id": name, "paid_on": paid.isoformat()}
        found.append(_event(f"{name}-paid", "invoice.paid", paid_data, paid, random))
    return found


def _customer(number: int) -> Json:
    contact = {"id": "p1", "email": f"c{number}@example.com", "phone": f"+33612{number:06}"}
    return {"id": f"C-{number:04}", "name": f"Customer {number}", "country": "FR", "contacts": [contact]}


def _bill(name: str, due: date, random: Random) -> Json:
    total = f"{random.randrange(5_000, 500_000) / 100:.2f}"
    return {"id": name, "number": name, "due_on": due.isoformat(), "currency": "EUR", "total": total}


def _feed() -> list[Json]:
    days = [START + timedelta(days=at) for at in range(DAYS + 90)]
    return [
        _event(f"feed-{day}", "payments.synced", {"as_of": f"{day}T04:00:00Z"}, day)
        for day in days
        if day.weekday() < 5
    ]


def _event(name: str, kind: str, data: Json, on: date, random: Random | None = None) -> Json:
    at = datetime(on.year, on.month, on.day, 4, tzinfo=UTC)
    if random is not None:
        at += timedelta(seconds=random.randrange(4 * 3600, 12 * 3600))
    return {"specversion": "1.0", "id": name, "source": "bench", "type": kind, "time": at.isoformat(), "data": data}


if __name__ == "__main__":
    for event in book(feed="--no-feed" not in sys.argv):
        sys.stdout.write(json.dumps(event) + "\n")
