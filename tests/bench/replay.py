"""`relance replay` of two years: how many reminders a second of a virtual clock. `python -m tests.bench.replay`.

A reminder is a line of its output: an attempt that left, or a call, letter or meeting that was opened for a person.
`replay.rate` divides them by the seconds in which the clock runs, from the first event to the last answer of all
processes. Making the throw-away database is not counted, nor is what the other processes do meanwhile: they load.
`replay.verb` divides them by the seconds of the whole command, as its user waits for it: also the start of Python,
reading the events, making the database, reading what went out and writing it.
Processor time is that of the clock's run, with the start of the other processes.
"""

import io
import json
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from cli.timed_events import Script, read_script
from config.embedded.postgres import EmbeddedPostgres
from config.publishing import prepare
from config.wiring import DEFAULT_SELLER, build_for_replay
from domain.customer import Seller
from store import log as delivery_log
from store.migrate import migrate
from tests.bench.alone import show
from tests.bench.figures import Figure, Size
from tests.bench.ground import Spent, cpu_of_tree
from tests.bench.replay_book import book
from tests.command import run_relance
from workers.several import players, replay_with

AFTER_THE_LAST = timedelta(days=90)
_ALL = 10_000_000


def measure(size: Size) -> Iterator[Figure]:
    """2,500 invoices of 600 customers over two years, with a payment feed each working day."""
    invoices = size.of(2_500, 20)
    lines = "".join(json.dumps(one) + "\n" for one in book(invoices, max(invoices // 4, 1), feed=not size.few))
    script = read_script(io.BytesIO(lines.encode()), Seller(DEFAULT_SELLER))
    turns = [_once(script) for _ in range(min(size.repetitions, 3))]
    about = f"replay of two years of {invoices} invoices"
    yield Figure("replay.rate", f"{about}: reminders a second", "1/s", [sent / s.wall_s for sent, s in turns])
    yield Figure("replay.verb", f"{about}: reminders a second of the whole command", "1/s", [_whole(lines)])
    yield Figure("replay.reminders", f"{about}: reminders sent", "", [float(sent) for sent, _ in turns])
    ours = [s.ours_s / sent * 1e6 for sent, s in turns]
    yield Figure("replay.cpu_ours", f"{about}: our CPU for a reminder", "us", ours)
    postgres = [s.postgres_s / sent * 1e6 for sent, s in turns]
    yield Figure("replay.cpu_postgres", f"{about}: PostgreSQL's CPU for a reminder", "us", postgres)


def _once(script: Script) -> tuple[int, Spent]:
    with (
        players(os.cpu_count() or 1, len(script.events)) as others,
        TemporaryDirectory(prefix="relance-replay-") as home,
        EmbeddedPostgres(Path(home), durable=False) as database,
    ):
        build = partial(build_for_replay, database.url, "standard", approvals_given=True)
        services = build()
        try:
            migrate(database.url)
            prepare(services)
            began, ours, postgres = time.perf_counter(), _cpu_s(), cpu_of_tree(database.pid)
            until = script.events[-1].at + AFTER_THE_LAST
            replay_with(others, build, services, script.events, until, lambda _: None)
            spent = Spent(time.perf_counter() - began, _cpu_s() - ours, cpu_of_tree(database.pid) - postgres)
            with services.engine.connect() as connection:
                return len(delivery_log.read(connection, limit=_ALL)), spent
        finally:
            services.engine.dispose()


def _whole(lines: str) -> float:
    """Reminders a second of the command, as its user waits for it."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "events.jsonl").write_text(lines)
        words = ("replay", "events.jsonl", "--policy", "standard", "--out", "contacts.jsonl")
        began = time.perf_counter()
        ended = run_relance(*words, folder=Path(folder), settings={})
        wall_s = time.perf_counter() - began
        if ended.returncode != 0:
            raise RuntimeError(ended.stderr)
        return len((Path(folder) / "contacts.jsonl").read_text().splitlines()) / wall_s


def _cpu_s() -> float:
    """Ours, with the processes that have ended: each plays a part."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    show(measure)
