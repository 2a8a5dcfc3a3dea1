"""Measures how long a seller's ten reminders wait while another has very many due: `python -m tests.bench.fairness`.

One seller posts a book of overdue invoices; while its reminders go out, another posts ten, several times. Told is the
time from the 202 to the provider's door. Both in turn: while the book is still being taken in, and when only its
reminders are left.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import count
from urllib.request import urlopen

from tests.bench.figures import Figure, Size
from tests.bench.posting import bodies, mail_of, post
from tests.bench.site import Site, site
from tests.simulator_process import eventually

FEW = 10
BATCH = 500
_PATIENCE_S = 600.0
_fewer = count(50_000_000, 1000)


def measure(size: Size) -> Iterator[Figure]:
    """The last of the few, in each turn; and how many of the many still waited then."""
    many = size.of(100_000, 200)
    with site("--latency", "0.15", "--keep", "1000000") as it:
        it.add("worker-intake", "worker", "-c", "1", "-Q", "intake,due,settle,optout,sweep", "-n", "intake@%h")
        it.add("worker-email", "worker", "-c", "1", "-Q", "deliver.email", "-n", "email@%h")
        it.wait_until_ready()
        big, little = it.seller("big"), it.seller("little")
        for body in bodies(range(0, 2 * many, 2), BATCH):
            post(it, big, [body], 1)
        early = [_turn(it, little) for _ in range(size.of(3, 1))]
        eventually(lambda: _is_folded(it), _PATIENCE_S, every_s=0.5)
        late = [_turn(it, little) for _ in range(size.repetitions)]
        left = many + FEW * (len(early) + len(late)) - len(it.simulator.messages())
    if left <= 0:
        raise AssertionError("all of the many were gone before the last of the few: beside nobody, anybody is quick")
    beside = f"beside {many} of another seller"
    yield Figure("fairness.first_of_all", f"the last of {FEW}, {beside} that came in before them", "s", early)
    yield Figure("fairness.last_of_ten", f"the last of {FEW}, {beside} that are due", "s", late)
    yield Figure("fairness.left", "how many of the many still waited then", "", [float(left)])


def _is_folded(it: Site) -> bool:
    with urlopen(f"{it.url}/metrics", timeout=30) as answer:  # noqa: S310 - our own address
        return b"relance_events_waiting 0.0" in answer.read()


def _turn(it: Site, key: str) -> float:
    """Seconds from the 202 to the last of the few at the provider's door."""
    first = next(_fewer)
    numbers = range(first, first + 2 * FEW, 2)
    ((_, told),) = post(it, key, bodies(numbers, FEW), 1)
    addresses = [mail_of(number) for number in numbers]
    doors = eventually(lambda: _doors(it, addresses), _PATIENCE_S, every_s=0.2)
    return max(doors) - told


def _doors(it: Site, addresses: Sequence[str]) -> list[float] | None:
    """When each was called; None while one was not."""
    calls = [it.simulator.requests(to=one)["requests"] for one in addresses]
    if not all(calls):
        return None
    return [datetime.fromisoformat(one[0]["at"]).timestamp() for one in calls]


if __name__ == "__main__":
    from tests.bench.report import say

    say(measure(Size()))
