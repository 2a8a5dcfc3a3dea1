"""Runs one part of the bench by itself: `python -m tests.bench.steps`, or with `--few` only to see that it runs."""

import sys
from collections.abc import Callable, Iterator

from tests.bench.figures import Figure, Size


def show(measure: Callable[[Size], Iterator[Figure]]) -> None:
    """Print each figure as soon as it is there: its median, least and most."""
    for one in measure(Size(few="--few" in sys.argv)):
        least, most = min(one.values), max(one.values)
        told = f"{one.name:44} {one.median:>12,.2f} {one.unit:6} ({least:,.2f} to {most:,.2f})  {one.about}\n"
        sys.stdout.write(told)
        sys.stdout.flush()
