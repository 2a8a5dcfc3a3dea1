"""Each part of the way of a reminder by itself, one after the other: `python -m tests.bench.parts`."""

from collections.abc import Iterator

from tests.bench import callbacks, delivery, preview, replay, steps
from tests.bench.alone import show
from tests.bench.figures import Figure, Size

PARTS = (steps, delivery, callbacks, preview, replay)


def measure(size: Size) -> Iterator[Figure]:
    """Claim, record and settle; delivery; callbacks; preview; replay."""
    for part in PARTS:
        yield from part.measure(size)


if __name__ == "__main__":
    show(measure)
