"""A whole installation as real processes, with a line of its own from each of them to PostgreSQL and one to Redis.

    with installation(workers=4) as it:
        it.kill("worker-2")        # as a power cut would; it is started again at once
        it.redis_line.freeze()

Everything that is started ends with the block, also when we are killed: each process has a guard.
"""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psutil
import sqlalchemy as sa
from celery import Celery
from typer.testing import CliRunner

from cli.installation import environment_of
from cli.main import app
from config.clock import clock_text
from config.embedded.guarded import Guarded
from config.embedded.postgres import EmbeddedPostgres
from config.embedded.redis import EmbeddedRedis
from config.policy_files import load_policy
from config.publishing import publish_policy
from config.wiring import TEMPLATES, Services
from tests.command import environment
from tests.fault.wire import Exchange, Wire, pass_on
from tests.servers import is_up, make_seller, servers, settings_of_providers
from tests.services import make_services
from tests.simulator_process import Simulator, eventually

LAUNCHER = Path(__file__).with_name("launcher.py")
POLICIES = Path(__file__).with_name("policies")
SECRET_KEY = "a secret that signs what faults sign"
DRAIN_S = 40.0
_STARTS_WITHIN_S = 60.0


@dataclass
class Part:
    """One process of ours: how it is started, and its line to the database."""

    name: str
    words: tuple[str, ...]
    line: Wire
    extra: dict[str, str] = field(default_factory=dict)
    running: Guarded | None = None

    @property
    def pids(self) -> list[int]:
        """The process and those it started; none if it does not run."""
        if self.running is None or self.running.poll() is not None:
            return []
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.running.pid)
            return [process.pid, *(child.pid for child in process.children(recursive=True))]
        return []

    def signal(self, number: int) -> None:
        """Send it to the whole of it."""
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


@dataclass
class Installation:
    """Everything that runs."""

    home: Path
    settings: Mapping[str, Any]
    simulator: Simulator
    postgres: EmbeddedPostgres
    redis: EmbeddedRedis
    redis_line: Wire
    exchange: Exchange
    services: Services
    start_at: datetime
    origin: datetime
    parts: dict[str, Part] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the web edge is."""
        return str(self.settings["public_url"])

    @property
    def workers(self) -> list[Part]:
        """The parts that work."""
        return [part for part in self.parts.values() if part.name.startswith("worker")]

    def business_at(self, instant: datetime) -> datetime:
        """Business time at an instant of this machine."""
        return self.start_at + (instant - self.origin)

    def add(self, name: str, *words: str, **extra: str) -> Part:
        """Start a part; `extra` are variables of its own."""
        part = Part(name, words, self.exchange.connect(name, _socket_of(self.postgres.url), pass_on), dict(extra))
        self.parts[name] = part
        self.start(part)
        return part

    def start(self, part: Part) -> None:
        """Start it, or start it again."""
        address = {"database_url": f"postgresql+psycopg://relance@127.0.0.1:{part.line.port}/relance"}
        variables = environment({}) | environment_of({**self.settings, **address}) | part.extra
        part.running = Guarded(
            [sys.executable, "-P", LAUNCHER, *part.words],
            log=self.home / "logs" / f"{part.name}.log",
            env=variables,
            cwd=self.home,
            stop=(("SIGTERM", DRAIN_S),),
        )

    def kill(self, name: str) -> None:
        """SIGKILL, for it and its children. `revive` starts what is dead."""
        self.parts[name].signal(signal.SIGKILL)

    def stop(self, name: str) -> int:
        """SIGTERM, and wait until it has drained; its exit code."""
        running, self.parts[name].running = self.parts[name].running, None
        return 0 if running is None else running.stop()

    def remove(self, name: str) -> None:
        """Stop it for good."""
        self.stop(name)
        del self.parts[name]

    def revive(self) -> None:
        """Start again whatever has ended, as an orchestrator does."""
        for part in self.parts.values():
            if part.running is not None and part.running.poll() is not None:
                part.running.stop()
                self.start(part)

    def wait_until_ready(self) -> None:
        """Wait until the web edge answers and every worker takes tasks."""
        eventually(lambda: is_up(self.url), _STARTS_WITHIN_S)
        with Celery(broker=self.redis.url) as workers:
            eventually(lambda: len(workers.control.ping(timeout=1.0)) >= len(self.workers), _STARTS_WITHIN_S)

    def seller(self, name: str) -> str:
        """Make a seller with a key; return the key."""
        return make_seller(self.services, name)

    def read(self, *words: str) -> list[dict[str, Any]]:
        """What a verb of the command line says with --json. In this process: starting one takes seconds."""
        settings = {**self.settings, "database_url": self.postgres.url}
        ended = CliRunner().invoke(app, [*words, "--json"], env=environment_of(settings))
        if ended.exit_code != 0:
            raise AssertionError(f"relance {' '.join(words)}: {ended.output} {ended.exception!r}")
        return [json.loads(line) for line in ended.stdout.splitlines()]

    def execute(self, statement: str) -> None:
        """Do something to the database, as its administrator."""
        with self.services.engine.begin() as connection:
            connection.execute(sa.text(statement))


@contextmanager
def installation(*, workers: int, schedulers: int, start_at: datetime, seed: str) -> Iterator[Installation]:
    """Start everything; business time is `start_at` when the parts are about to start."""
    with servers("--seed", seed) as them, ExitStack() as stack:
        exchange = stack.enter_context(Exchange())
        redis_line = exchange.connect("redis", ("127.0.0.1", them.redis.port))
        origin = datetime.now(UTC)
        settings: dict[str, Any] = {
            "redis_url": them.redis.url.replace(f":{them.redis.port}/", f":{redis_line.port}/"),
            "public_url": them.url,
            "secret_key": SECRET_KEY,
            "policy": str(POLICIES / "fault.yaml"),
            "clock": clock_text(start_at, 1.0, origin),
            **settings_of_providers(them.simulator),
            "sms_per_s": 200.0,
        }
        services = make_services(them.postgres.url, **settings)
        stack.callback(services.engine.dispose)
        it = Installation(
            them.home, settings, them.simulator, them.postgres, them.redis,
            redis_line, exchange, services, start_at, origin,
        )  # fmt: skip
        stack.callback(_end_all, it)
        _start_all(it, workers, schedulers, them.port)
        yield it


def _start_all(it: Installation, workers: int, schedulers: int, port: int) -> None:
    templates = {"FAULT_TEMPLATES": str(_broken_templates(it.home))}
    it.add("web", "web", "--port", str(port))
    for number in range(1, workers + 1):
        it.add(f"worker-{number}", "worker", "-c", "1", "-n", f"worker-{number}@%h", **templates)
    for number in range(1, schedulers + 1):
        it.add(f"scheduler-{number}", "scheduler")
    for policy in sorted(POLICIES.glob("*.yaml")):
        publish_policy(it.services, load_policy(str(policy)))
    it.wait_until_ready()


def _broken_templates(home: Path) -> Path:
    """The shipped ones, but that English mails quote a name that nobody knows. Nobody else reads English here."""
    folder = home / "templates"
    shutil.copytree(TEMPLATES, folder)
    (folder / "en" / "email" / "courteous.j2").write_text(
        '{% extends "en/mail.j2" %}{% block opening %}{{ nobody.knows.this }}{% endblock %}', encoding="utf-8"
    )
    return folder


def _end_all(it: Installation) -> None:
    """The workers first, all at once: a process that is stopped cannot drain."""
    it.redis_line.thaw()
    for part in it.parts.values():
        part.line.release()
        part.line.thaw()
        part.signal(signal.SIGCONT)
    for part in it.workers:
        part.signal(signal.SIGTERM)
    deadline = time.monotonic() + DRAIN_S
    for part in it.parts.values():
        if part.running is not None:
            while part.running.poll() is None and part in it.workers and time.monotonic() < deadline:
                time.sleep(0.1)
            part.running.stop()


def _socket_of(url: str) -> Path:
    """PostgreSQL's socket file, out of the address."""
    query = parse_qs(urlsplit(url).query)
    return Path(query["host"][0]) / f".s.PGSQL.{query['port'][0]}"
