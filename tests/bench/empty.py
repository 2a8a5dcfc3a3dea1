"""Measures an empty Celery task from end to end, which a whole reminder shall beat: `python -m tests.bench.empty`.

Celery's defaults on two cores (prefork -c 2, acknowledgements emulated), and the same without the emulation. One
process publishes while the workers work. Told are tasks a second, from the first published to the last executed, and
processor time a task.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
from celery import Celery

from config.embedded.guarded import Guarded
from config.embedded.redis import EmbeddedRedis
from tests.bench.cpu import Cpu
from tests.bench.figures import Figure, Size
from tests.simulator_process import ROOT, eventually

APP = "tests.bench.empty_app"
ABOUT = {"acks": "empty Celery task, Celery's defaults", "no_acks": "empty Celery task, ack_emulation off"}
PARTS = {"cpu": "in all", "workers": "workers", "publisher": "publisher", "redis": "Redis"}
_STARTS_WITHIN_S = 60.0
_ENDS_WITHIN_S = 600.0

Run = dict[str, float]
"""The rate, and the milliseconds of each of PARTS a task."""


def measure(size: Size) -> Iterator[Figure]:
    """Both settings in turn, again and again, so that a loud moment meets both."""
    runs = [{name: run(size.of(20_000, 200), name) for name in ABOUT} for _ in range(size.repetitions)]
    for name, about in ABOUT.items():
        yield Figure(f"empty.{name}.rate", about, "1/s", [one[name]["rate"] for one in runs])
        for part, words in PARTS.items():
            yield Figure(f"empty.{name}.{part}", f"{about}: {words}", "ms", [one[name][part] for one in runs])


def run(tasks: int, name: str) -> Run:
    """On a Redis and with workers of its own."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedRedis(Path(folder)) as broker:
        env = os.environ | {"BENCH_BROKER": broker.url, "BENCH_ACKS": "on" if name == "acks" else "off"}
        command = [sys.executable, "-m", "celery", "-A", APP, "worker", "-P", "prefork", "-c", "2"]
        worker = Guarded(command, log=Path(folder) / "worker.log", env=env, cwd=ROOT)
        try:
            with Celery(broker=broker.url) as celery, redis.Redis.from_url(broker.url) as client:
                eventually(lambda: celery.control.ping(timeout=1.0), _STARTS_WITHIN_S)
                cpu = Cpu({"workers": [worker.pid], "redis": [broker.pid]})
                found = _run(tasks, celery, client, cpu, env)
                _check_emulation(client, tasks, is_on=name == "acks")
                return found
        finally:
            worker.stop()


def _run(tasks: int, celery: Celery, client: "redis.Redis", cpu: Cpu, env: dict[str, str]) -> Run:
    published = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", APP, str(tasks)], cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE
    )
    told = json.loads(published.stdout)
    eventually(lambda: client.llen("celery") == 0, _ENDS_WITHIN_S)  # asking the worker is not free: not before
    eventually(lambda: _executed(celery) == tasks, _ENDS_WITHIN_S)
    seconds = time.time() - told["began"]
    used = cpu.spent() | {"publisher": told["cpu_s"]}
    spent = {part: 1000 * one / tasks for part, one in used.items()}
    return {"rate": tasks / seconds, "cpu": sum(spent.values())} | spent


def _executed(celery: Celery) -> int:
    """How many tasks the worker's processes have begun. The worker itself counts, so that counting costs no task."""
    answers: dict[str, Any] = celery.control.inspect(timeout=5.0, limit=1).stats() or {}
    return sum(count for one in answers.values() for count in one["total"].values())


def _check_emulation(client: "redis.Redis", tasks: int, *, is_on: bool) -> None:
    """The emulation writes each message into a hash until it is acknowledged, and nothing else here uses a hash."""
    kept = client.info("commandstats").get("cmdstat_hset", {"calls": 0})["calls"]
    if kept != (tasks if is_on else 0):
        raise AssertionError(f"{kept} of {tasks} messages were kept until acknowledged")


if __name__ == "__main__":
    for figure in measure(Size(repetitions=1, few="--few" in sys.argv)):
        sys.stdout.write(f"{figure.name:30} {figure.median:10.3f} {figure.unit}\n")
