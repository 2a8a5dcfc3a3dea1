"""Measures how long a seller's few reminders wait while another has very many due: `python -m tests.bench.fairness`.

Real processes: web, a worker for mails and one for the rest, scheduler, PostgreSQL, Redis, simulators. One seller
posts a book of overdue invoices; while its reminders go out, another posts ten, several times. Told is the time from
the 202 to the provider's door.
"""

import random
import statistics
import sys
import time
from datetime import UTC, datetime
from urllib.request import urlopen

from rich.console import Console

from tests.fault.book import Cohort, Kind, debtors
from tests.fault.installation import Installation, installation
from tests.fault.sender import Sender

TUESDAY_1000 = datetime(2026, 11, 24, 9, tzinfo=UTC)
FEW = 10
TURNS = 5
say = Console().print


def measure(size: int) -> None:
    """Print a line for each turn, and the median."""
    with installation(workers=0, schedulers=1, start_at=TUESDAY_1000, seed="fairness") as it:
        it.add("worker-intake", "worker", "-c", "1", "-Q", "intake,due,settle,optout,sweep", "-n", "worker-intake@%h")
        it.add("worker-email", "worker", "-c", "1", "-Q", "deliver.email", "-n", "worker-email@%h")
        it.wait_until_ready()
        sender, chance = Sender(it, "fairness"), random.Random(1)  # noqa: S311 - a book, not a secret
        big = cohort(it, "big", size, chance)
        began = time.monotonic()
        sender.open(big)
        until_folded(it)
        say(f"{size} invoices taken in and planned within {time.monotonic() - began:.0f} s")
        waits = [turn(it, sender, cohort(it, f"few-{number}", FEW, chance)) for number in range(TURNS)]
        left = size - len({one["to"] for one in it.simulator.messages() if "@big." in one["to"]})
        say(f"the last of {FEW}: median {statistics.median(waits):.1f} s, most {max(waits):.1f} s; {left} still wait")


def cohort(it: Installation, name: str, size: int, chance: random.Random) -> Cohort:
    """Customers of a seller of their own, all of them reached by mail."""
    return Cohort(name, it.seller(name), debtors(name, size, chance, (Kind.DUE,), "email"))


def until_folded(it: Installation) -> None:
    """Taking in is first come, first served, and not what is measured here."""
    while True:
        with urlopen(f"{it.url}/metrics", timeout=30) as answer:  # noqa: S310 - our own address
            if b"relance_events_waiting 0.0" in answer.read():
                return
        time.sleep(0.5)


def turn(it: Installation, sender: Sender, few: Cohort) -> float:
    """Seconds from the 202 to the last of the few at the provider's door."""
    sender.open(few)
    told = max(few.told.values())
    wanted = {one.email for one in few.debtors}
    while True:
        calls = [call for one in wanted for call in it.simulator.requests(to=one)["requests"]]
        if {call["to"] for call in calls} >= wanted:
            last = max(datetime.fromisoformat(call["at"]).timestamp() for call in calls)
            say(f"{FEW} of another seller: {last - told:.1f} s")
            return last - told
        time.sleep(0.2)


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
