"""Measures the way in: `receive`, `POST /v1/events`, and `workers.intake`: `python -m tests.bench.intake [--few]`.

A database that syncs its commits, a web process of its own, real sockets. Of three events two are an `invoice.issued`
of a new customer, one is a payment. CPU is that of process trees; the load generator's is not counted.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from rich.console import Console

from config import long_lived
from config.wiring import DEFAULT_SELLER, Services
from domain.exact_json import read_json
from domain.ids import AccountKey
from store import accounts
from tests.bench.cpu import Cpu
from tests.bench.figures import Figure, Size
from tests.bench.site import Site, site
from tests.factories import Json, customer_data, event, invoice_event
from tests.services import KEY
from workers.intake import intake
from workers.nudges import BATCH
from workers.planning import plan_and_keep
from workers.receive import receive

OF_500 = 500
MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)
CONNECTIONS = 3
_ACCEPTED = 202


@dataclass
class Bench:
    """An installation without workers, and how many customers it has heard of."""

    site: Site
    cpu: Cpu
    next_number: int = 0

    @property
    def services(self) -> Services:
        """The parts in this process, on the same database."""
        return self.site.services

    def events(self, many: int) -> list[Json]:
        """So many events that nobody has seen: invoices of new customers, and a payment after each second one."""
        found: list[Json] = []
        while len(found) < many:
            self.next_number += 1
            found.append(issued(self.next_number))
            if self.next_number % 2 == 0 and len(found) < many:
                found.append(paid(self.next_number))
        return found


@dataclass(frozen=True, slots=True)
class Spent:
    """What a stretch of work took: seconds by the wall, of CPU here, in the web process and in PostgreSQL."""

    wall_s: float
    here_s: float
    web_s: float
    postgres_s: float


def measure(size: Size) -> Iterator[Figure]:
    """Each way in, several times."""
    with site(start_at=MONDAY) as found:
        found.wait_until_ready()
        cpu = Cpu({"web": [found.parts["web"].pid], "postgres": [found.postgres.pid]})
        it = Bench(found, cpu)
        long_lived.begin_work()
        yield from _received(it, size)
        yield from _posted(it, size)
        yield from _folded(it, size)


def _received(it: Bench, size: Size) -> Iterator[Figure]:
    """`receive` as a function, from the body's bytes."""
    many, spent = size.of(6, 1), []
    for _ in range(size.repetitions):
        bodies = [json.dumps(it.events(OF_500)).encode() for _ in range(many)]
        spent.append(timed(it, partial(_receive, it, bodies)))
    yield from _figures("intake.receive.of_500", "read and stored, a batch of 500", spent, many * OF_500, here=True)


def _receive(it: Bench, bodies: Sequence[bytes]) -> None:
    for body in bodies:
        events = read_json(body)
        assert isinstance(events, list)
        reply = receive(it.services, DEFAULT_SELLER, events, MONDAY)
        assert reply.accepted == len(events), reply


def _posted(it: Bench, size: Size) -> Iterator[Figure]:
    """Over HTTP, committed when it is answered."""
    for each, name, many in ((OF_500, "of_500", size.of(60, 3)), (1, "single", size.of(600, 10))):
        spent = []
        for _ in range(size.repetitions):
            media = "application/cloudevents-batch+json"
            requests = [_request(it.events(each), media) for _ in range(many)]
            spent.append(timed(it, partial(post, it.site.url, requests)))
        about = f"POST /v1/events, {each} an event a request" if each == 1 else f"POST /v1/events, batches of {each}"
        yield from _figures(f"intake.http.{name}", about, spent, many * each, web=True)


def _folded(it: Bench, size: Size) -> Iterator[Figure]:
    """`workers.intake` with events that have been received, and planning the same accounts once more by itself."""
    many, folding, planning, trips = size.of(10, 1), [], [], []
    for _ in range(size.repetitions):
        waiting = [_invoices(it, BATCH) for _ in range(many)]
        with counted(it.services) as executed:
            folding.append(timed(it, partial(_fold, it, waiting)))
        trips.append(sum(executed) / (many * BATCH))
        with it.services.engine.connect() as connection:
            newest = connection.execute(
                sa.text("SELECT id FROM accounts ORDER BY id DESC LIMIT :n"), {"n": many * BATCH}
            )
            keys = [AccountKey(key) for key in newest.scalars()]
        batches = [keys[at : at + BATCH] for at in range(0, len(keys), BATCH)]
        planning.append(timed(it, partial(_plan, it, batches)))
    about = f"out of the inbox, folded and planned, {BATCH} new customers at a time"
    yield from _figures("intake.fold", about, folding, many * BATCH, here=True)
    yield Figure("intake.fold.statements", f"{about}: statements an event", "", trips)
    again = f"planned once more, {BATCH} at a time: what of that is fold and plan"
    yield from _figures("intake.plan", again, planning, many * BATCH, here=True)


def _invoices(it: Bench, many: int) -> tuple[int, ...]:
    """Inbox ids of so many invoices, each of a new customer."""
    found = []
    for _ in range(many):
        it.next_number += 1
        found.append(issued(it.next_number))
    return receive(it.services, DEFAULT_SELLER, found, MONDAY).inbox_ids


def _fold(it: Bench, waiting: Sequence[Sequence[int]]) -> None:
    for ids in waiting:
        assert intake(it.services, ids, MONDAY) == len(ids)


def _plan(it: Bench, batches: Sequence[Sequence[AccountKey]]) -> None:
    for keys in batches:
        with it.services.engine.begin() as connection:
            plan_and_keep(connection, it.services, accounts.lock(connection, keys), MONDAY)


@contextmanager
def counted(services: Services) -> Iterator[list[int]]:
    """How many statements this process sends while the block runs, one for each."""
    found: list[int] = []

    def count(*_: Any) -> None:
        found.append(1)

    sa.event.listen(services.engine, "before_cursor_execute", count)
    try:
        yield found
    finally:
        sa.event.remove(services.engine, "before_cursor_execute", count)


def issued(number: int) -> Json:
    """An invoice of a customer of its own."""
    name = f"{number:08}"
    customer = customer_data(id=f"C-{name}")
    (contact,) = customer["contacts"]
    own = {"id": f"C-{name}", "contacts": [contact | {"phone": f"+336{10_000_000 + number % 80_000_000}"}]}
    invoice = {"id": f"F-{name}", "number": f"F-{name}", "total": f"{100 + number % 9000}.{number % 100:02}"}
    return invoice_event(id=f"issued-{name}", customer=own, invoice=invoice)


def paid(number: int) -> Json:
    """A part of it paid."""
    name = f"{number:08}"
    data = {
        "invoice_id": f"F-{name}",
        "payment_id": f"P-{name}",
        "amount": "50.00",
        "currency": "EUR",
        "paid_on": "2026-11-20",
    }
    return event("payment.received", data, id=f"paid-{name}", time="2026-11-20T10:00:00+01:00")


def _request(events: Sequence[Json], media: str) -> tuple[bytes, dict[str, str]]:
    return json.dumps(events).encode(), {"Content-Type": media, "Authorization": f"Bearer {KEY}"}


def post(url: str, requests: Sequence[tuple[bytes, dict[str, str]]], connections: int = CONNECTIONS) -> None:
    """Post all of them over so many connections that stay open; AssertionError unless each is a 202."""
    address, waiting, answers = urlsplit(url), iter(requests), []

    def run() -> None:
        connection = HTTPConnection(str(address.hostname), address.port, timeout=60)
        while (one := taken()) is not None:
            connection.request("POST", "/v1/events", *one)
            answer = connection.getresponse()
            answers.append((answer.status, json.loads(answer.read())))
        connection.close()

    lock = threading.Lock()

    def taken() -> tuple[bytes, dict[str, str]] | None:
        with lock:
            return next(waiting, None)

    threads = [threading.Thread(target=run) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wrong = [answer for answer in answers if answer[0] != _ACCEPTED or answer[1]["rejected"]]
    assert len(answers) == len(requests), len(answers)
    assert not wrong, wrong[:1]


def timed(it: Bench, work: Callable[[], object]) -> Spent:
    """What this work takes."""
    it.cpu.restart()
    began, began_here = time.monotonic(), time.process_time()
    work()
    wall_s, here_s, spent = time.monotonic() - began, time.process_time() - began_here, it.cpu.spent()
    return Spent(wall_s, here_s, spent["web"], spent["postgres"])


def _figures(
    name: str, about: str, spent: Sequence[Spent], events: int, *, here: bool = False, web: bool = False
) -> Iterator[Figure]:
    yield Figure(f"{name}.rate", f"{about}: events", "1/s", [events / one.wall_s for one in spent])
    if here:
        yield Figure(
            f"{name}.python", f"{about}: Python's CPU an event", "us", [one.here_s / events * 1e6 for one in spent]
        )
    if web:
        yield Figure(
            f"{name}.web",
            f"{about}: the web process's CPU an event",
            "us",
            [one.web_s / events * 1e6 for one in spent],
        )
    about = f"{about}: PostgreSQL's CPU an event"
    yield Figure(f"{name}.postgres", about, "us", [one.postgres_s / events * 1e6 for one in spent])


if __name__ == "__main__":
    say = Console().print
    for figure in measure(Size(repetitions=3, few="--few" in sys.argv)):
        values = ", ".join(f"{value:,.1f}" for value in figure.values)
        say(f"{figure.name:36} {figure.median:12,.1f} {figure.unit:4} ({values})")
