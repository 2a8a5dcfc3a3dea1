"""What each process holds in memory, and whether it stays flat: many reminders through one installation.

`python -m tests.bench.memory`; by hand with a number, `python -m tests.bench.memory 1_000_000`.
"""

import sys
from collections.abc import Iterator

import psutil

from tests.bench.alone import show
from tests.bench.figures import Figure, Size
from tests.bench.ground import rss_mb
from tests.bench.line import Line
from tests.bench.site import site

POINTS = 5
PARTS = ("worker", "web", "scheduler")


def measure(size: Size, reminders: int = 0) -> Iterator[Figure]:
    """The worker after each fifth of the way; then each part, and how much the worker's last is to its first."""
    each = (reminders or size.of(10_000, 50)) // POINTS
    with site("--keep", "10000000") as it:
        it.add("worker", "worker", "-c", "1")
        it.wait_until_ready()
        line, sizes = Line(it), []
        pids = {name: it.parts[name].pid for name in PARTS}
        for point in range(1, POINTS + 1):
            line.flood(each)
            sizes.append(rss_mb(pids["worker"]))
            about = f"memory of a worker after {each * point} of {each * POINTS} reminders"
            yield Figure(f"memory.worker.at_{point}_of_{POINTS}", about, "MB", sizes[-1:])
        for name, pid in pids.items():
            about = f"memory of the {name} after {each * POINTS} reminders: its greatest process"
            yield Figure(f"memory.{name}", about, "MB", [rss_mb(pid)])
        parent = psutil.Process(pids["worker"]).memory_info().rss / 1e6
        yield Figure("memory.worker.parent", "memory of a worker's parent, which does no work", "MB", [parent])
        yield Figure("memory.worker.growth", "a worker's last size to its first", "", [sizes[-1] / sizes[0]])


if __name__ == "__main__":
    asked = [int(word.replace("_", "")) for word in sys.argv[1:] if not word.startswith("-")]
    show(lambda size: measure(size, *asked))
