"""`relance replay` of two years: how many reminders a second of a virtual clock. `python -m tests.bench.replay`.

On a throw-away database, as the verb itself does it; starting that is not counted.
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
from workers.several import replay_in

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
    yield Figure("replay.reminders", f"{about}: reminders sent", "", [float(sent) for sent, _ in turns])
    ours = [s.ours_s / sent * 1e6 for sent, s in turns]
    yield Figure("replay.cpu_ours", f"{about}: our CPU for a reminder", "us", ours)
    postgres = [s.postgres_s / sent * 1e6 for sent, s in turns]
    yield Figure("replay.cpu_postgres", f"{about}: PostgreSQL's CPU for a reminder", "us", postgres)


def _once(script: Script) -> tuple[int, Spent]:
    with (
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
            replay_in(os.cpu_count() or 1, build, services, script.events, until, lambda _: None)
            spent = Spent(time.perf_counter() - began, _cpu_s() - ours, cpu_of_tree(database.pid) - postgres)
            with services.engine.connect() as connection:
                return len(delivery_log.read(connection, limit=_ALL)), spent
        finally:
            services.engine.dispose()


def _cpu_s() -> float:
    """Ours, with the processes that have ended: each plays a part."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    show(measure)
