"""Starts the tutorial's pipeline as real processes, posts invoices, and takes its time; the simulator is the judge.

`naive.threads` delivers with fifty threads and is the baseline; `naive.prefork` is what Celery does by default.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from celery import Celery

from cli.parts import listen
from config.embedded.guarded import Guarded
from config.embedded.postgres import EmbeddedPostgres
from config.embedded.redis import EmbeddedRedis
from tests.bench.cpu import Cpu
from tests.bench.figures import Figure, Size
from tests.bench.naive.models import Base, LogLine
from tests.fault.book import Debtor, Kind, opening
from tests.simulator_process import ROOT, Simulator, eventually, run_simulator
from tests.web_server import JSON

ABOUT = {"threads": "naive, delivery with 50 threads", "prefork": "naive, delivery with Celery's defaults"}
DELIVERY = {"threads": ("-P", "threads", "-c", "50"), "prefork": ("-P", "prefork", "-c", "2")}
LATENCY_S = 0.15
BATCH = 100
ACCEPTED = 202
WORDS = {
    "rate": "whole line",
    "cpu": "processor time of all",
    "web": "processor time of the web process",
    "steps": "processor time of the worker of steps",
    "delivery": "processor time of the delivery worker",
    "loop": "processor time of the loop",
    "postgres": "processor time of PostgreSQL",
    "redis": "processor time of Redis",
    "p50": "median from 202 to provider call",
    "p95": "95 of 100 from 202 to provider call",
}
LINES = {"email": 3, "sms": 4}
"""What the log holds of a reminder in the end: that it was sent, and each receipt."""
_CELERY = ("celery", "-A", "tests.bench.naive.tasks", "worker")
_STARTS_WITHIN_S = 60.0
_PER_REMINDER_S = 2.0
_LOOK_S = 0.5
_serials = count(10_000_000)

Run = dict[str, float]


def measure(size: Size) -> Iterator[Figure]:
    """Each way of delivery with an installation of its own; what is warming up is not told."""
    for name, many in (("threads", size.of(1_500, 20)), ("prefork", size.of(300, 20))):
        with _line(DELIVERY[name]) as line:
            line.play(size.of(100, 4))
            runs = [line.play(many) for _ in range(size.repetitions)]
        for figure in runs[0]:
            unit = "1/s" if figure == "rate" else "ms"
            about = f"{ABOUT[name]}: {WORDS[figure]}"
            yield Figure(f"naive.{name}.{figure}", about, unit, [one[figure] for one in runs])


@dataclass
class _Line:
    """What runs."""

    port: int
    simulator: Simulator
    engine: sa.Engine
    cpu: Cpu
    lines: int = 0

    def play(self, many: int) -> Run:
        """Let so many reminders go out, and return the rate, the milliseconds a reminder, and the waits."""
        debtors = [_debtor(number) for number in range(many)]
        self.lines += sum(LINES[one.first] for one in debtors)
        self.cpu.restart()
        began = time.time()
        told = self._post(debtors)
        self._wait(_STARTS_WITHIN_S + many * _PER_REMINDER_S)
        spent = {part: 1000 * seconds / many for part, seconds in self.cpu.spent().items()}
        waits = self._waits(told)
        cuts = statistics.quantiles(waits, n=20)
        return {
            "rate": many / (self._ask(sa.func.max(LogLine.at)).timestamp() - began),
            "cpu": sum(spent.values()),
            **spent,
            "p50": 1000 * statistics.median(waits),
            "p95": 1000 * cuts[18],
        }

    def _post(self, debtors: Sequence[Debtor]) -> dict[str, float]:
        """When each was answered with 202, by the address that its reminder goes to."""
        told: dict[str, float] = {}
        now = datetime.now(UTC)
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=_STARTS_WITHIN_S)) as web:
            for at in range(0, len(debtors), BATCH):
                batch = debtors[at : at + BATCH]
                body = json.dumps([event for one in batch for event in opening(one, now)])
                web.request("POST", "/v1/events", body, JSON)
                answer = web.getresponse()
                if answer.status != ACCEPTED:
                    raise AssertionError(f"the naive web answered {answer.status}: {answer.read()!r}")
                answer.read()
                told |= dict.fromkeys((one.address[one.first] for one in batch), time.time())
        return told

    def _wait(self, patience_s: float) -> None:
        """Until each reminder was sent and each of its receipts is in the log. Looking costs PostgreSQL something."""
        deadline = time.monotonic() + patience_s
        while (found := self._ask(sa.func.count())) != self.lines:
            if time.monotonic() > deadline:
                raise AssertionError(f"{found} of {self.lines} lines in the naive log after {patience_s:.0f} s")
            time.sleep(_LOOK_S)

    def _ask(self, what: sa.ColumnElement[Any]) -> Any:
        with self.engine.connect() as connection:
            return connection.execute(sa.select(what).select_from(LogLine)).scalar_one()

    def _waits(self, told: Mapping[str, float]) -> list[float]:
        """Seconds from the 202 to the provider's door; AssertionError unless each was called once."""
        calls = [one for one in self.simulator.requests(detail="1")["requests"] if one["to"] in told]
        if len(calls) != len(told) or {one["to"] for one in calls} != told.keys():
            raise AssertionError(f"{len(calls)} calls for {len(told)} reminders")
        return [datetime.fromisoformat(one["at"]).timestamp() - told[one["to"]] for one in calls]


def _debtor(number: int) -> Debtor:
    serial = next(_serials)
    channel = "sms" if number % 2 else "email"
    return Debtor(f"naive-{serial}", f"d{serial}@naive.example", f"+336{serial}", channel, Kind.DUE)


@contextmanager
def _line(delivery: Sequence[str]) -> Iterator[_Line]:
    """Start everything, and wait until it works."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="relance-")))
        home.chmod(0o755)  # PostgreSQL, which may run as another user, keeps its data inside
        postgres, broker = stack.enter_context(EmbeddedPostgres(home)), stack.enter_context(EmbeddedRedis(home))
        with listen("127.0.0.1", 0) as listener:
            port = listener.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        options = ("--latency", str(LATENCY_S), "--sendgrid-callback-url", f"{url}/callbacks/sendgrid")
        simulator = stack.enter_context(run_simulator(*options))
        engine = sa.create_engine(postgres.url)
        stack.callback(engine.dispose)
        Base.metadata.create_all(engine)
        env = os.environ | {
            "NAIVE_DATABASE": postgres.url,
            "NAIVE_BROKER": broker.url,
            "NAIVE_URL": url,
            "NAIVE_PROVIDER": simulator.url,
            "NAIVE_SENDGRID_KEY": simulator.sendgrid_api_key,
            "NAIVE_TWILIO_SID": simulator.twilio_account_sid,
            "NAIVE_TWILIO_TOKEN": simulator.twilio_auth_token,
        }

        def start(*words: str, pool: int) -> int:
            log = home / "logs" / f"{words[0]}-{pool}.log"
            running = Guarded([sys.executable, "-m", *words], log=log, env=env | {"NAIVE_POOL": str(pool)}, cwd=ROOT)
            stack.callback(running.stop)
            return running.pid

        web = start("uvicorn", "tests.bench.naive.web:app", "--port", str(port), "--no-access-log", pool=40)
        steps = start(*_CELERY, "-n", "steps@%h", "-Q", "celery", "-c", "2", pool=5)
        deliver = start(*_CELERY, "-n", "deliver@%h", "-Q", "deliver", *delivery, pool=50)
        loop = start("tests.bench.naive.loop", pool=1)
        with Celery(broker=broker.url) as workers:
            eventually(lambda: len(workers.control.ping(timeout=1.0)) == 2, _STARTS_WITHIN_S)
        groups = {"web": web, "steps": steps, "delivery": deliver, "loop": loop}
        servers = {"postgres": postgres.pid, "redis": broker.pid}
        yield _Line(port, simulator, engine, Cpu({name: [pid] for name, pid in (groups | servers).items()}))
