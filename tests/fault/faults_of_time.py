"""The change of clocks while reminders go out: 29 March 2026, 02:00 becomes 03:00 in Paris (01:00 UTC)."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from tests.fault.book import Cohort, Debtor, Kind, debtors
from tests.fault.installation import Installation
from tests.fault.judge import Breach, outside
from tests.fault.scene import Fault, Scene
from tests.fault.seen import Physical

NAME = "clock-change"
CHANGE_AT = datetime(2026, 3, 29, 1, tzinfo=UTC)
BEFORE = timedelta(seconds=60)
"""How long before the change business time starts: everything has to be up by then."""

_SPRING_LASTS = timedelta(minutes=1)
_SPREAD_S = 50.0


def change_clocks(scene: Scene) -> None:
    """Hours that open in the lacking hour, and hours that close in it, before the change and after."""
    mine = scene.cohort.debtors
    scene.sender.open(scene.cohort, [one for one in mine if one.kind is not Kind.ASLEEP])
    left = (CHANGE_AT - scene.it.services.clock.now()).total_seconds()
    scene.wait(max(left, 0.0) + 1)
    scene.sender.open(scene.cohort, [one for one in mine if one.kind is Kind.ASLEEP])
    scene.wait(_SPREAD_S)


def _customers(name: str, size: int, chance: random.Random) -> Sequence[Debtor]:
    share = size // 3
    return [
        *debtors(name, share, chance, (Kind.DUE,), policy="spring"),
        *debtors(name, share, chance, (Kind.DUE,), policy="winter"),
        *debtors(name, share, chance, (Kind.ASLEEP,), policy="winter"),
    ]


def _hours(it: Installation, cohort: Cohort, seen: Physical) -> Iterator[Breach]:
    change_at = it.origin + (CHANGE_AT - it.start_at)
    for one in cohort.debtors:
        if one.policy == "spring":
            yield from outside(one, seen, change_at, change_at + _SPRING_LASTS)
        else:
            yield from outside(one, seen, it.origin, change_at)


TIME = (
    Fault(
        NAME, "the clocks change", 60, 0, change_clocks, has_own_load=True, ends_itself=True,
        debtors=_customers, also=_hours,
    ),
)  # fmt: skip
