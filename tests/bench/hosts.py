"""Three hosts against one database and one Redis: `python -m tests.bench.hosts`.

Each worker has a name and a way to PostgreSQL of its own over TCP, as on another machine; they share nothing but the
two servers. Told is how the work was divided. AssertionError if a message went out twice, or not at all.
"""

import random
import re
from collections.abc import Iterator

from tests.bench.figures import Figure, Size
from tests.bench.site import TUESDAY_1000
from tests.fault.book import Cohort, Kind, debtors
from tests.fault.installation import Installation, installation
from tests.fault.sender import Sender
from tests.simulator_process import eventually

HOSTS = 3
_CALLS = re.compile(r'"calls": (\d+), .*"event": "deliver.recorded"')
_PATIENCE_S = 300.0


def measure(size: Size) -> Iterator[Figure]:
    """How the calls were divided among the hosts: the least share, and the largest."""
    count = size.of(3000, 60)
    with installation(workers=0, schedulers=2, start_at=TUESDAY_1000, seed="hosts") as it:
        for number in range(1, HOSTS + 1):
            it.add(f"worker-{number}", "worker", "-c", "1", "-n", f"worker@host-{number}")
        it.wait_until_ready()
        sender = Sender(it, "hosts")
        book = debtors("hosts", count, random.Random(1), (Kind.DUE,))  # noqa: S311 - a book, not a secret
        sender.open(Cohort("hosts", it.seller("hosts"), book))
        eventually(lambda: len(it.simulator.messages()) >= count, _PATIENCE_S, every_s=1.0)
        it.simulator.settle()
        messages = it.simulator.messages()
        if len(messages) != count or len({one["to"] for one in messages}) != count:
            raise AssertionError(f"{len(messages)} messages for {count} reminders")
        calls = [_calls(it, f"worker-{number}") for number in range(1, HOSTS + 1)]
    for word, found in (("least", min(calls)), ("most", max(calls))):
        yield Figure(f"hosts.{word}", f"the {word} that one of {HOSTS} hosts sent, of all", "", [found / sum(calls)])


def _calls(it: Installation, name: str) -> int:
    text = (it.home / "logs" / f"{name}.log").read_text()
    return sum(int(found) for found in _CALLS.findall(text))


if __name__ == "__main__":
    from tests.bench.report import say

    say(measure(Size()))
