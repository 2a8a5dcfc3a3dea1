"""Runs one part of the bench by itself: `python -m tests.bench.steps`, or with `--few` only to see that it runs."""

import sys
from collections.abc import Callable, Iterator

from tests.bench.figures import Figure, Size
from tests.bench.report import say


def show(measure: Callable[[Size], Iterator[Figure]]) -> None:
    """Print each figure as soon as it is there."""
    say(measure(Size(few="--few" in sys.argv)))
