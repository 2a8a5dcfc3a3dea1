"""Delivery by itself: 200 calls in flight through the real SDKs to a provider that takes its time.

`python -m tests.bench.delivery`. The best that can be is 200 ÷ latency; told is how much of it is reached.
"""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from tests.bench.alone import show
from tests.bench.book import due_over, fill
from tests.bench.figures import Figure, Size
from tests.bench.ground import TUESDAY_1150, Ground, Spent, ground
from workers.calls import Call
from workers.claim import claim_due
from workers.deliver import call_all
from workers.loop import LoopThread

IN_FLIGHT = 200
BATCHES = 4
LATENCIES_MS = (50, 150, 300)
CLAIMED = 200


def measure(size: Size) -> Iterator[Figure]:
    """Mails and text messages apart: the two SDKs have little in common."""
    for latency_ms in LATENCIES_MS[:1] if size.few else LATENCIES_MS:
        with ground("--latency", str(latency_ms / 1000)) as it:
            it.simulator.switch(callbacks="never")  # nobody listens: it would be busy with trying again
            fill(it, 1_000, due=size.of(1_000, 20))
            it.pipeline.runner.run(it.services.transport.close())  # one pool serves one loop
            loop = LoopThread()
            for channel in ("email", "sms"):
                yield from _of_channel(it, loop, size, channel, latency_ms)
            loop.run(it.services.transport.close())
            loop.close()


def _of_channel(it: Ground, loop: LoopThread, size: Size, channel: str, latency_ms: int) -> Iterator[Figure]:
    keys = due_over(it, channel)
    calls = [
        replace(call, begin_by=math.inf)  # claimed before the clock runs
        for at in range(0, len(keys), CLAIMED)
        for call in claim_due(it.services, keys[at : at + CLAIMED], f"deliver.{channel}", TUESDAY_1150)
    ]
    in_flight = min(IN_FLIGHT, len(calls))
    _call(it, loop, calls[:in_flight], in_flight)  # connections are made
    calls *= size.of(4, 1)  # the last ones of a run have the line for themselves: let there be many before them
    found = [_call(it, loop, calls, in_flight) for _ in range(size.repetitions)]
    name, many = f"delivery.{channel}.at_{latency_ms}_ms", len(calls)
    about = f"{in_flight} calls in flight, {channel}, provider's latency {latency_ms} ms"
    best = in_flight / latency_ms * 1000
    yield Figure(f"{name}.rate", about, "1/s", [many / s.wall_s for s in found])
    yield Figure(
        f"{name}.share", f"{about}: share of in-flight ÷ latency", "", [many / s.wall_s / best for s in found]
    )
    yield Figure(f"{name}.cpu", f"{about}: CPU for one", "us", [s.ours_s / many * 1e6 for s in found])


def _call(it: Ground, loop: LoopThread, calls: Sequence[Call], in_flight: int) -> Spent:
    """What calling all of them took. The same message may go out again: the provider counts it, and nobody reads.

    Four batches side by side over one loop, as four threads of a worker have them: one waits while others call.
    """
    each = max(1, in_flight // BATCHES)
    batches = [calls[at : at + each] for at in range(0, len(calls), each)]
    with ThreadPoolExecutor(BATCHES) as pool, it.metering() as spent:
        for answered in pool.map(lambda batch: loop.run(call_all(it.services, batch)), batches):
            if any(outcome.kind.value != "accepted" for _, outcome in answered):
                raise AssertionError(f"the provider did not take a message: {answered[0][1]}")
    return spent


if __name__ == "__main__":
    show(measure)
