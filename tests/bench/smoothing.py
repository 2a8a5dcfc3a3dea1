"""Measures how evenly reminders leave: `python -m tests.bench.smoothing`.

What a provider sees when a sender's rate is 40 segments a second and a book wants out at once, judged by the
simulator; and how a morning's reminders are spread over the window for which they have waited.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from config.policy_files import load_policy
from domain.facts import InvoiceIssued
from domain.fold import fold
from domain.ids import ContactId, CustomerId, InvoiceId
from domain.leave import SPREAD_SHARE
from domain.line import BURST_S
from domain.plan import plan
from simulators.segments import count_segments
from tests.bench.figures import Figure, Size
from tests.bench.posting import bodies, post
from tests.bench.site import site
from tests.domain_factories import a_contact, a_customer, a_fact, a_seller, an_invoice, days, paris
from tests.simulator_process import eventually

PER_S = 40.0
SPAN_S = 5.0
_PATIENCE_S = 300.0


def measure(size: Size) -> Iterator[Figure]:
    """The rate at the provider's door, then the spread."""
    count = size.of(1000, 120)
    doors = sorted(_at_the_door(count))
    allowed = PER_S * (SPAN_S + BURST_S)
    first, last, sent = doors[0][0], doors[-1][0], sum(segments for _, segments in doors)
    about = f"{count} text messages at {PER_S:g} segments a second: segments at the provider's door"
    yield Figure("smoothing.rate", about, "1/s", [sent / (last - first + BURST_S)])
    most = max(sum(segments for at, segments in doors if start <= at < start + SPAN_S) for start, _ in doors)
    about = f"most of them within {SPAN_S:g} s, as a share of what the sender may"
    yield Figure("smoothing.most_at_once", about, "", [most / allowed])
    busiest = _busiest_minute(size.of(20_000, 500))
    yield Figure("smoothing.spread", "a morning's busiest minute, as a multiple of the even share", "", [busiest])


def _at_the_door(count: int) -> list[tuple[float, int]]:
    """When each text message was taken by the simulator, in seconds since 1970, and its segments."""
    with site("--keep", "100000", sms_per_s=PER_S) as it:
        it.add("worker", "worker", "-c", "2")
        it.wait_until_ready()
        key = it.seller("bench")
        post(it, key, bodies(range(1, 2 * count, 2), 200))
        eventually(lambda: len(it.simulator.messages()) >= count, _PATIENCE_S, every_s=1.0)
        return [
            (datetime.fromisoformat(one["accepted_at"]).timestamp(), count_segments(one["text"]))
            for one in it.simulator.messages()
        ]


def _busiest_minute(count: int) -> float:
    """Customers whose first reminder fell due at night, planned at six: the minute in which most of them leave."""
    policy = load_policy("standard").policy
    now = paris(days(2), 6)
    minutes: Counter[datetime] = Counter()
    for number in range(count):
        name = CustomerId(f"C-{number}")
        contact = a_contact(id=ContactId(name), email=f"{name}@example.com", phone=None)
        issued = InvoiceIssued(
            a_customer(id=name, contacts=(contact,)), an_invoice(InvoiceId(f"F-{number}"), customer_id=name)
        )
        reminder = plan(fold(name, [a_fact(issued)], a_seller(), [], []), policy, now).reminder
        if reminder is None:
            raise AssertionError(f"nothing is planned for {name}")
        minutes[reminder.send_at.replace(second=0, microsecond=0)] += 1
    spread = timedelta(hours=3) * SPREAD_SHARE  # the window is 9 to 12
    return max(minutes.values()) / (count / (spread / timedelta(minutes=1)))


if __name__ == "__main__":
    from tests.bench.report import say

    say(measure(Size()))
