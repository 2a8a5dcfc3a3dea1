"""Where one part is measured: PostgreSQL, Redis and the simulator run, and the parts of one process are ours.

    with ground("--latency", "0.15") as it:
        with it.metering() as spent:
            ...
        spent.ours_s, spent.postgres_s, spent.round_trips

Data are durable, as in production: what a commit costs belongs to the figures.
"""

import asyncio
import gc
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa

from cli.installation import environment_of
from config.embedded.guarded import Guarded
from config.embedded.postgres import EmbeddedPostgres
from config.embedded.redis import EmbeddedRedis
from config.wiring import Services
from tests.command import environment
from tests.pipeline import Pipeline, clock_setting
from tests.servers import settings_of_providers, stores
from tests.services import SECRET_KEY, make_services
from tests.simulator_process import Simulator, run_simulator

TUESDAY_1150 = datetime(2026, 11, 24, 10, 50, tzinfo=UTC)
"""Ten to twelve in Paris: whatever waited for this window may leave, for it is spread over three quarters of it."""
PUBLIC_URL = "http://127.0.0.1:8080"
_STOPS_WITHIN_S = 40.0


@dataclass
class Spent:
    """What a stretch of work took: seconds of wall and of CPU, and how often the database was asked."""

    wall_s: float = 0.0
    ours_s: float = 0.0
    postgres_s: float = 0.0
    round_trips: int = 0


@dataclass
class Ground:
    """What runs, and the parts of our process at `TUESDAY_1150`."""

    home: Path
    postgres: EmbeddedPostgres
    redis: EmbeddedRedis
    simulator: Simulator
    services: Services
    pipeline: Pipeline
    settings: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def metering(self) -> Iterator[Spent]:
        """Measure what is done inside. Round trips are statements, begins and ends of transactions."""
        spent = Spent()

        def count(*_: object) -> None:
            spent.round_trips += 1

        engine = self.services.engine
        told = ("before_cursor_execute", "begin", "commit", "rollback")
        for name in told:
            sa.event.listen(engine, name, count)
        gc.collect()
        postgres, began, ours = cpu_of_tree(self.postgres.pid), time.perf_counter(), time.process_time()
        try:
            yield spent
        finally:
            spent.ours_s = time.process_time() - ours
            spent.wall_s = time.perf_counter() - began
            spent.postgres_s = cpu_of_tree(self.postgres.pid) - postgres
            for name in told:
                sa.event.remove(engine, name, count)


def cpu_of_tree(pid: int) -> float:
    """CPU seconds of a process, of those that it started, and of those of them that have ended."""
    used = 0.0
    root = psutil.Process(pid)
    for process in (root, *root.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        used += times.user + times.system + times.children_user + times.children_system
    return used


@contextmanager
def running(it: Ground, *words: str) -> Iterator[Guarded]:
    """`relance` with these words as a process of its own, at `TUESDAY_1150`."""
    addresses = {"database_url": it.postgres.url, "redis_url": it.redis.url}
    clock = {"clock": clock_setting(TUESDAY_1150), "secret_key": SECRET_KEY, "documents": "link"}
    started = Guarded(
        [sys.executable, "-m", "cli", *words],
        log=it.home / "logs" / f"{words[0]}.log",
        env=environment({}) | environment_of(it.settings | addresses | clock),
        cwd=it.home,
        stop=(("SIGTERM", _STOPS_WITHIN_S),),
    )
    try:
        yield started
    finally:
        started.stop()


def rss_mb(pid: int) -> float:
    """What the greatest of a process and those that it started holds in memory, shared pages too."""
    root = psutil.Process(pid)
    return float(max(one.memory_info().rss for one in (root, *root.children(recursive=True)))) / 1e6


@contextmanager
def ground(*simulator: str, **settings: Any) -> Iterator[Ground]:
    """Start the servers, and the simulator with these options; `settings` are those of `Settings`."""
    with stores() as (home, postgres, redis), ExitStack() as stack:
        simulator_ = stack.enter_context(run_simulator(*simulator))
        given = settings_for(simulator_) | settings
        services = make_services(postgres.url, redis.url, **given)
        stack.callback(services.engine.dispose)
        runner = stack.enter_context(asyncio.Runner())
        stack.callback(lambda: runner.run(services.transport.close()))
        pipeline = Pipeline(services, runner)
        yield Ground(home, postgres, redis, simulator_, services, pipeline, given)


def settings_for(simulator: Simulator) -> dict[str, Any]:
    """Mail and text messages over the simulator, with lines that never hold anybody up."""
    return {
        "public_url": PUBLIC_URL,
        **settings_of_providers(simulator),
        "email_per_s": 10_000.0,
        "sms_per_s": 10_000.0,
        "clock": clock_setting(TUESDAY_1150),
    }
