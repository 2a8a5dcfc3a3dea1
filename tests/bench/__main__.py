"""`python -m tests.bench`: measures everything, says which targets are met, and writes docs/benchmarks.md and .json.

    make bench                              all of it, five repetitions: half an hour on two cores
    make bench ARGS="--only line,naive"     some parts; nothing is written
    make bench ARGS=--smoke                 only shows that it runs; nothing is written

A target that is not met is told and is no failure: noise is real, and a figure is a figure. What breaks is; the other
parts are measured nevertheless.
"""

import argparse
import sys
from collections.abc import Callable, Iterator

from rich.console import Console

from tests.bench import (
    callbacks,
    delivery,
    empty,
    fairness,
    growth,
    hosts,
    intake,
    line,
    memory,
    naive,
    planning,
    preview,
    rendering,
    replay,
    smoothing,
    steps,
)
from tests.bench.figures import Figure, Size
from tests.bench.report import say, say_target, write
from tests.bench.targets import targets_of

PARTS: dict[str, Callable[[Size], Iterator[Figure]]] = {
    "empty": empty.measure,
    "naive": naive.measure,
    "line": line.measure,
    "planning": planning.measure,
    "rendering": rendering.measure,
    "intake": intake.measure,
    "steps": steps.measure,
    "delivery": delivery.measure,
    "callbacks": callbacks.measure,
    "replay": replay.measure,
    "preview": preview.measure,
    "smoothing": smoothing.measure,
    "hosts": hosts.measure,
    "fairness": fairness.measure,
    "growth": growth.measure,
    "memory": memory.measure,
}


def main() -> int:
    """Run what is asked for; 0 unless something broke."""
    parser = argparse.ArgumentParser(prog="make bench", description=str(__doc__).partition("\n")[0])
    parser.add_argument("--only", metavar="PARTS", help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--repeat", type=int, default=5, help="how often each is measured (5)")
    parser.add_argument("--smoke", action="store_true", help="with very little, to see that it runs")
    given = parser.parse_args()
    chosen = given.only.split(",") if given.only else list(PARTS)
    if unknown := [name for name in chosen if name not in PARTS]:
        parser.error(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    size = Size(1, few=True) if given.smoke else Size(given.repeat)
    figures: list[Figure] = []
    broken = []
    for name in chosen:
        Console().print(f"== {name}")
        try:
            figures += say(PARTS[name](size))
        except Exception:  # noqa: BLE001 - an hour's other figures are worth more than an early end
            Console().print_exception()
            broken.append(name)
        if not given.only and not given.smoke:  # after each part: the next one may break
            write(figures, targets_of(figures, with_unmeasured=True))
    for target in [] if given.smoke else targets_of(figures):
        say_target(target)
    if broken:
        Console().print(f"broke: {', '.join(broken)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
