"""What a greater book costs: the same things with 10 thousand, 100 thousand, a million open invoices.

`python -m tests.bench.growth`; with numbers, of books of these sizes. At each size the same number of accounts is
due. What is claimed is recorded as accepted, so that the book stays as the pipeline leaves it.
"""

import gc
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, cycle

import sqlalchemy as sa

from cli.explain import look
from config.publishing import prepare
from config.wiring import DEFAULT_SELLER
from domain.ids import CustomerId
from store import finding, log, overview, tables
from tests.bench.alone import show
from tests.bench.book import due_over, fill, sample
from tests.bench.figures import Figure, Size
from tests.bench.ground import TUESDAY_1150, Ground, ground, rss_mb, running
from tests.bench.molds import REMINDED, WAITING
from tests.bench.steps import MAIL, accepted
from tests.factories import invoice_event
from tests.simulator_process import eventually
from web import metrics
from workers.claim import claim_due
from workers.deliver import record
from workers.due import due
from workers.intake import intake
from workers.receive import receive
from workers.sweep import sweep

SIZES = (10_000, 100_000, 1_000_000)
FEW_SIZES = (1_000, 2_000)
BATCH = 200
PAGE = 200
TIMES = 10
_serials = count(1)


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that is done on a book, and what it is called."""

    name: str
    about: str
    does: Callable[[], object]


def measure(size: Size, sizes: Sequence[int] = ()) -> Iterator[Figure]:
    """One book that grows."""
    with ground() as it:
        for invoices in sizes or (FEW_SIZES if size.few else SIZES):
            batch = size.of(BATCH, 20)
            fill(it, invoices, due=batch * (size.repetitions + 5))
            yield from _claims(it, size, invoices, batch)
            for asked in _asked(it):
                yield from _asks(it, size, invoices, asked)
            yield from _sizes(it, invoices)
            yield from _memory(it, invoices)


def _claims(it: Ground, size: Size, invoices: int, batch: int) -> Iterator[Figure]:
    """The first one warms up."""
    keys = due_over(it, "email")
    claims, cpu, records = [], [], []
    for turn in range(size.repetitions + 1):
        mine = keys[turn * batch : (turn + 1) * batch]
        with it.metering() as spent:
            calls = claim_due(it.services, mine, MAIL, TUESDAY_1150)
        if len(calls) != batch:
            raise AssertionError(f"{len(calls)} of {batch} that are due were claimed")
        claims.append(spent.wall_s * 1000)
        cpu.append((spent.ours_s + spent.postgres_s) * 1000)
        answered = [(call, accepted(call)) for call in calls]
        records.append(_ms(partial(record, it.services, answered, TUESDAY_1150)))
    yield Figure(f"growth.claim.open_{invoices}", f"claim of {batch} due accounts", "ms", claims[1:])
    yield Figure(f"growth.claim_cpu.open_{invoices}", "the same: CPU, ours and PostgreSQL's", "ms", cpu[1:])
    yield Figure(f"growth.record.open_{invoices}", f"record of {batch} answers", "ms", records[1:])


def _asked(it: Ground) -> Iterator[Asked]:
    """What people and ticks ask. Each is about a customer who is there already, now this one, now that."""
    services = it.services
    with services.engine.connect() as connection:
        rows = sample(connection, 20, WAITING) + sample(connection, 5, REMINDED)
        invoices = tables.invoices.c
        owed = sa.select(invoices.number).where(invoices.account_id.in_([row.key for row in rows]))
        numbers = list(connection.execute(owed).scalars())
    customers, named = cycle(rows), cycle(numbers)
    yield Asked("nudge_due", "the tick that gives out what is due", lambda: due(services, TUESDAY_1150))
    yield Asked("intake", "an event received and taken in", lambda: _take_in(it, next(customers).customer_id))
    yield Asked("sweep", "the tick that finds what was left behind", lambda: sweep(services, TUESDAY_1150))
    yield Asked("log", "relance log", lambda: _read(it, limit=1000))
    yield Asked("log_customer", "relance log --customer", lambda: _read(it, next(customers).customer_id))
    yield Asked("explain", "relance explain CUSTOMER", lambda: _explain(it, next(customers).customer_id))
    yield Asked("explain_number", "relance explain with an invoice's number", lambda: _explain(it, next(named)))
    yield Asked("page_log", "what the first page reads", lambda: _page(it))
    yield Asked("page_customer", "what a customer's page reads", lambda: _page(it, next(customers).customer_id))
    yield Asked("metrics", "GET /metrics", lambda: metrics._of_database(services))
    yield Asked("start", "what each process does at its start", lambda: prepare(services))


def _asks(it: Ground, size: Size, invoices: int, asked: Asked) -> Iterator[Figure]:
    """The mean of some at a time, for processor time is told in steps of 10 ms. The first ones warm up."""
    wall, cpu, times = [], [], size.of(TIMES, 1)
    for _ in range(size.repetitions + 1):
        with it.metering() as spent:
            for _ in range(times):
                asked.does()
        wall.append(spent.wall_s * 1000 / times)
        cpu.append((spent.ours_s + spent.postgres_s) * 1000 / times)
    yield Figure(f"growth.{asked.name}.open_{invoices}", asked.about, "ms", wall[1:])
    yield Figure(
        f"growth.{asked.name}_cpu.open_{invoices}", f"{asked.about}: CPU, ours and PostgreSQL's", "ms", cpu[1:]
    )


def _take_in(it: Ground, customer: CustomerId) -> None:
    """One more invoice of a customer, due in a month."""
    name = f"F-growth-{next(_serials)}"
    invoice = {"id": name, "number": name, "due_on": "2026-12-24", "issued_on": "2026-11-24"}
    contact = {"id": "p1", "role": "payer", "email": f"{customer.lower()}@bench.example"}
    raw = invoice_event(customer={"id": customer, "contacts": [contact]}, invoice=invoice, id=name)
    reply = receive(it.services, DEFAULT_SELLER, [raw], TUESDAY_1150)
    if intake(it.services, reply.inbox_ids, TUESDAY_1150) != 1:
        raise AssertionError(f"not taken in: {reply}")


def _read(it: Ground, customer: CustomerId | None = None, limit: int = 1000) -> None:
    with it.services.engine.connect() as connection:
        after = log.before_newest(connection, limit, customer=customer)
        log.page(connection, after, limit, customer=customer)


def _explain(it: Ground, name: str) -> None:
    if look(it.services, DEFAULT_SELLER, name, TUESDAY_1150) is None:
        raise AssertionError(f"nobody knows {name}")


def _page(it: Ground, customer: CustomerId | None = None) -> None:
    with it.services.engine.connect() as connection:
        log.read(connection, seller=DEFAULT_SELLER, customer=customer, limit=PAGE)
        if customer is None:
            finding.customers(connection, DEFAULT_SELLER, "", CustomerId(""), PAGE)
        else:
            overview.account(connection, DEFAULT_SELLER, customer)


def _sizes(it: Ground, invoices: int) -> Iterator[Figure]:
    """Bytes on disk for each open invoice, with what it has behind it."""
    names = [name for name in tables.metadata.tables if name not in ("sellers", "api_keys", "policies", "ticks")]
    whole = 0.0
    with it.services.engine.connect() as connection:
        for name in sorted(names):
            for what, ask in (("table", "pg_table_size"), ("indexes", "pg_indexes_size")):
                parts = sa.func.pg_partition_tree(name).table_valued("relid")  # none where there are no parts
                of_parts = sa.select(sa.func.sum(getattr(sa.func, ask)(parts.c.relid))).scalar_subquery()
                asked = sa.select(sa.func.coalesce(of_parts, getattr(sa.func, ask)(name)))
                took = float(connection.execute(asked).scalar_one()) / invoices
                whole += took
                yield Figure(f"growth.bytes.{name}.{what}.open_{invoices}", f"{name}: its {what}", "bytes", [took])
    yield Figure(f"growth.bytes.open_{invoices}", "all tables and indexes, for an open invoice", "bytes", [whole])


def _memory(it: Ground, invoices: int) -> Iterator[Figure]:
    """Real processes; they deliver what is left that is due."""
    with (
        running(it, "worker", "-c", "1") as worker,
        running(it, "web", "--port", "0") as web,
        running(it, "scheduler") as ticks,
    ):
        eventually(lambda: not due_over(it, "email") and not due_over(it, "sms"), 600.0)
        for name, process in (("worker", worker), ("web", web), ("scheduler", ticks)):
            about = f"memory of {name}: its greatest process"
            yield Figure(f"growth.memory.{name}.open_{invoices}", about, "MB", [rss_mb(process.pid)])


def _ms(does: Callable[[], object]) -> float:
    gc.collect()
    began = time.perf_counter()
    does()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    chosen = [int(word.replace("_", "")) for word in sys.argv[1:] if not word.startswith("-")]
    show(lambda size: measure(size, chosen))
