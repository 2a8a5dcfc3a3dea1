"""Workers that are told to end as a deploy tells them, and what has to become of them and of their calls."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.fault.book import Cohort
from tests.fault.installation import Installation
from tests.fault.judge import Breach
from tests.fault.scene import Scene
from tests.fault.seen import Physical
from tests.fault.wire import Verdict

COMPOSE = Path(__file__).parents[2] / "docker-compose.yml"


@dataclass(frozen=True, slots=True)
class _End:
    """How one worker ended."""

    name: str
    code: int
    took_s: float


class Deploy:
    """Each worker is told to end, ends what it has begun, and a new one takes its place.

    The first one has just claimed, so that it has calls before it.
    """

    def __init__(self) -> None:
        self._ends: dict[str, list[_End]] = {}

    def __call__(self, scene: Scene) -> None:
        """Strike."""
        by = scene.strike_at("claim", Verdict.PASS)
        workers = sorted(scene.it.workers, key=lambda part: part is not by)
        ends = self._ends[scene.cohort.name] = []
        for part in workers[: 1 if scene.is_short else None]:
            began = time.monotonic()
            ends.append(_End(part.name, scene.it.stop(part.name), time.monotonic() - began))
            scene.it.start(part)

    def also(self, it: Installation, cohort: Cohort, seen: Physical) -> Iterator[Breach]:
        """Judge: each ended well and in time, and no call was ever in doubt, however that was resolved."""
        grace_s = _grace_s()
        for end in self._ends.pop(cohort.name, []):
            if end.code != 0 or end.took_s >= grace_s:
                yield Breach(f"a worker ended with {end.code} after {end.took_s:.0f} of {grace_s} s", end.name)
        yield from never_in_doubt(it, cohort, seen)


def never_in_doubt(it: Installation, cohort: Cohort, _seen: Physical) -> Iterator[Breach]:
    """Judge a fault in which nobody died, and every answer came: no call was ever in doubt."""
    for row in it.read("log", "--seller", cohort.name):
        if row["error_class"] == "unconfirmed":
            yield Breach(f"in doubt, though its worker was well; now {row['state']}", row["customer"])


def _grace_s() -> int:
    """What docker-compose.yml gives every worker."""
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    graces = [one["stop_grace_period"] for name, one in services.items() if name.startswith("worker")]
    return min(int(grace.removesuffix("s")) for grace in graces)
