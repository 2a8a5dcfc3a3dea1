"""Measures the whole line: `python -m tests.bench.line`.

    events over HTTP → folded → planned → claimed → sent → receipts → settled

Real processes: web, scheduler, workers, PostgreSQL, Redis; the provider's simulator takes 150 ms for each call. Told
are reminders a second from the first event posted to the last receipt settled, the processor time that each process
used for a reminder (the simulator's does not count and is told beside it), and how long after the 202 the provider
was called: in a flood, and at a steady 300 a second.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from statistics import quantiles

import sqlalchemy as sa

from tests.bench.cpu import Cpu
from tests.bench.figures import Figure, Size
from tests.bench.posting import bodies, mail_of, phone_of, post
from tests.bench.site import Site, site
from tests.simulator_process import eventually

WORKERS = ("worker", "-c", "4")
PARTS = ("web", "worker", "scheduler", "postgres", "redis")
BATCH = 500
STEADY_PER_S = 300
STEADY_BATCH = 30
LATENCY_S = 0.15
_PATIENCE_S = 600.0
_PERCENTS = (50, 95, 99)

Run = dict[str, float]
"""What one repetition came to, by the figure's name."""


def measure(size: Size) -> Iterator[Figure]:
    """A warm-up, then the flood again and again, then the steady stream, on one installation that grows."""
    with site("--latency", str(LATENCY_S), "--keep", "1000000") as it:
        it.add("worker", *WORKERS)
        it.wait_until_ready()
        line = Line(it)
        line.flood(size.of(1000, 10))
        floods = [line.flood(size.of(12_000, 20)) for _ in range(size.repetitions)]
        steady = [line.steady(size.of(6000, 60)) for _ in range(size.of(3, 1))]
    yield Figure("line.rate", "the whole line", "1/s", [run["rate"] for run in floods])
    yield Figure("line.cpu", "the whole line: processor time a reminder", "ms", [run["cpu"] for run in floods])
    for part in PARTS:
        yield Figure(f"line.cpu.{part}", f"of which {part}", "ms", [run[part] for run in floods])
    yield Figure("line.simulator", "the provider's simulator, beside it", "ms", [run["simulator"] for run in floods])
    for name, runs in (("flood", floods), ("steady", steady)):
        for percent in _PERCENTS:
            about = f"from the 202 to the provider's door, {name}: {percent} of 100 within"
            yield Figure(f"line.{name}.p{percent}", about, "s", [run[f"p{percent}"] for run in runs])


class Line:
    """One installation, and how many reminders it has made so far."""

    def __init__(self, it: Site) -> None:
        self._it = it
        self._key = it.seller("bench")
        self._made = 0
        roots = {name: running.pid for name, running in it.parts.items()}
        roots |= {"postgres": it.postgres.pid, "redis": it.redis.pid, "simulator": it.simulator.process.pid}
        self._cpu = Cpu({name: [pid] for name, pid in roots.items()})

    def flood(self, count: int) -> Run:
        """All events at once, in large batches."""
        numbers = range(self._made, self._made + count)
        posts = bodies(numbers, BATCH)
        self._cpu.restart()
        began = time.time()
        answers = post(self._it, self._key, posts)
        self._wait_for(count)
        seconds, spent = time.time() - began, self._cpu.spent()
        told = {number: answers[at // BATCH][1] for at, number in enumerate(numbers)}
        used = {part: seconds_of / count * 1000 for part, seconds_of in spent.items()}
        ours = sum(used[part] for part in PARTS)
        return {"rate": count / seconds, "cpu": ours, **used, **self._waits(told)}

    def steady(self, count: int) -> Run:
        """A small batch every tenth of a second."""
        numbers = range(self._made, self._made + count)
        posts = bodies(numbers, STEADY_BATCH)
        began = time.time()
        answers: list[tuple[float, float]] = []
        for at, body in enumerate(posts):
            time.sleep(max(0.0, began + at * STEADY_BATCH / STEADY_PER_S - time.time()))
            answers += post(self._it, self._key, [body], 1)
        self._wait_for(count)
        return self._waits({number: answers[at // STEADY_BATCH][1] for at, number in enumerate(numbers)})

    def _wait_for(self, count: int) -> None:
        """Wait until so many more messages are known to be delivered. The database is asked once all are out."""
        eventually(lambda: self._out() >= count, _PATIENCE_S, every_s=0.25)
        self._made += count
        eventually(lambda: self._delivered() >= self._made, _PATIENCE_S, every_s=0.25)

    def _out(self) -> int:
        """What the providers were called for; nothing before all that they call back with has been heard."""
        them = self._it.simulator.requests()
        return 0 if them["callbacks"]["pending"] else int(them["total"])

    def _delivered(self) -> int:
        with self._it.services.engine.connect() as connection:
            statement = sa.text("SELECT count(*) FROM attempts WHERE state = 'delivered'")
            return int(connection.execute(statement).scalar_one())

    def _waits(self, told: Mapping[int, float]) -> Run:
        """From the 202 to the provider's door; AssertionError if one went out twice. The simulator forgets them."""
        found = self._it.simulator.messages()
        self._it.simulator.ask("DELETE", "messages")
        called = {one["to"]: datetime.fromisoformat(one["accepted_at"]).timestamp() for one in found}
        if len(found) != len(told):
            raise AssertionError(f"{len(found)} messages went out for {len(told)} reminders")
        waits = [called[phone_of(n) if n % 2 else mail_of(n)] - at for n, at in told.items()]
        return {f"p{percent}": wait for percent, wait in zip(_PERCENTS, _percentiles(waits), strict=True)}


def _percentiles(values: Sequence[float]) -> list[float]:
    cuts = quantiles(values, n=100, method="inclusive")
    return [cuts[percent - 1] for percent in _PERCENTS]


if __name__ == "__main__":
    from tests.bench.report import say

    say(measure(Size()))
