"""Runs faults, one after the other or side by side, and judges each when it has healed.

Faults of one wave begin one after the other and heal together; each has its own customers, so each is judged alone.
"""

import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any

from tests.fault.book import Cohort, debtors
from tests.fault.installation import Installation
from tests.fault.judge import MARGIN_S, Breach, Verdict, is_settled, judge
from tests.fault.known import missing
from tests.fault.lag import Lag
from tests.fault.scene import Fault, NotStruckError, Scene
from tests.fault.seen import Physical, Told, physical, told
from tests.fault.sender import Sender

HEALS_WITHIN_S = 60.0
_ENDINGS_S, _ENDINGS_IN_SHORT_S = 4.0, 2.0
_LOOK_S = 1.0
_LOOKS = 10
_AFTERMATH_S = 2.0
_ON_THE_WAY = 2
"""A call passes two processes that may have to wait for their turn: the worker's and the simulator's."""
_numbers = count(1)


@dataclass
class Row:
    """A line of the table."""

    fault: str
    says: str
    verdict: Verdict
    healed_s: float | None
    seed: int

    @property
    def holds(self) -> bool:
        """Whether nothing was broken."""
        return not self.verdict.breaches

    def as_dict(self) -> dict[str, Any]:
        """The row for programs."""
        row = {"fault": self.fault, "says": self.says, "seed": self.seed, "healed_s": self.healed_s}
        return row | vars(self.verdict) | {"breaches": [asdict(breach) for breach in self.verdict.breaches]}


@dataclass
class _Act:
    """A fault that is going on."""

    fault: Fault
    scene: Scene
    loads: list[threading.Thread] = field(default_factory=list)
    problems: list[Breach] = field(default_factory=list)
    ended_at: float = 0.0
    healed_s: float | None = None


class Run:
    """A run with one seed on one installation."""

    def __init__(self, it: Installation, seed: int, *, is_short: bool) -> None:
        self._it = it
        self._seed = seed
        self._is_short = is_short
        self._chance = random.Random(seed)  # noqa: S311 - chance that can be repeated
        self._sender = Sender(it, str(seed))
        self._lag = Lag()
        self._heals_within_s = HEALS_WITHIN_S

    def wave(self, faults: Sequence[Fault]) -> Iterator[Row]:
        """Let these faults strike, wait until all is healed, and judge each."""
        acts: list[_Act] = []
        self._lag.restart()
        self._heals_within_s = HEALS_WITHIN_S + max(fault.ahead_s for fault in faults)
        for fault in faults:
            acts.append(self._begin(fault))
            if fault.strike is not None:
                self._look_at([act for act in acts if act.healed_s is None])
        self._heal(acts)
        self._let_through(acts)
        time.sleep(_AFTERMATH_S)  # whatever would be sent a second time
        self._it.simulator.settle()
        seen, said = self._at_one_moment([act.scene.cohort for act in acts])
        for act in acts:
            yield self._judge(act, seen, said[act.scene.cohort.name])

    def _at_one_moment(self, cohorts: Sequence[Cohort]) -> tuple[Physical, Mapping[str, Told]]:
        """What was received and what is told: what had waited may leave while the one is asked, before the other."""
        said = told(self._it, cohorts)
        for _ in range(_LOOKS):
            seen, before = physical(self._it), said
            said = told(self._it, cohorts)
            if said == before:
                break
        return seen, said

    def _begin(self, fault: Fault) -> _Act:
        act = _Act(fault, self._scene(fault))
        self._switch(fault, act.scene.cohort)
        if not fault.has_own_load:
            act.loads.append(self._start(act, lambda: self._sender.open(act.scene.cohort)))
        if not fault.ends_itself:
            within_s = _ENDINGS_IN_SHORT_S if self._is_short else _ENDINGS_S
            act.loads.append(self._start(act, lambda: self._sender.end(act.scene.cohort, within_s)))
        try:
            if fault.strike is not None:
                fault.strike(act.scene)
        except NotStruckError as error:
            act.problems.append(Breach("it did not strike", str(error)))
        finally:
            act.scene.script(None)
        act.ended_at = time.monotonic()
        self._it.revive()
        return act

    def _scene(self, fault: Fault) -> Scene:
        name = f"{fault.name}-{next(_numbers)}"
        size = fault.short_size if self._is_short else fault.size
        mine = (
            fault.debtors(name, size, self._chance)
            if fault.debtors is not None
            else debtors(name, size, self._chance, fault.kinds, fault.channels)
        )
        cohort = Cohort(name, self._it.seller(name), mine)
        return Scene(self._it, cohort, self._sender, self._chance, self._is_short)

    def _switch(self, fault: Fault, cohort: Cohort) -> None:
        switches = [
            {"recipient": address, **(fault.switch or {})}
            for one in cohort.debtors
            for channel, address in one.address.items()
            if fault.switch and fault.switch.get("channel", channel) == channel
        ]
        if switches:
            self._it.simulator.switch_all(*switches)

    def _start(self, act: _Act, do: Any) -> threading.Thread:
        def work() -> None:
            try:
                do()
            except Exception as error:  # noqa: BLE001 - whatever a sender meets is a breach of this fault's
                act.problems.append(Breach(f"a sender gave up: {error!r}", act.fault.name))

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread

    def _heal(self, acts: Sequence[_Act]) -> None:
        """Look again and again until each fault's reminders are final or explained, or it has had its time."""
        while open_ := [act for act in acts if act.healed_s is None and not self._is_over(act)]:
            self._it.revive()
            self._look_at(open_)
            time.sleep(_LOOK_S)

    def _let_through(self, acts: Sequence[_Act]) -> None:
        """The providers are well again, and breakers close: who had waited for that is to be called, or is lost."""
        for act in acts:
            act.scene.be_well()
        cohorts = [act.scene.cohort for act in acts if act.healed_s is not None]
        deadline = time.monotonic() + HEALS_WITHIN_S
        while cohorts and time.monotonic() < deadline:
            seen, said = physical(self._it), told(self._it, cohorts)
            cohorts = [one for one in cohorts if not _are_settled(one, seen, said[one.name].at_last())]
            self._it.revive()
            time.sleep(_LOOK_S)

    def _look_at(self, acts: Sequence[_Act]) -> None:
        if self._is_short:
            for act in acts:
                act.scene.nudge_again()
        loading = [act for act in acts if any(load.is_alive() for load in act.loads)]
        for act in loading:
            act.ended_at = time.monotonic()
        if over := [act for act in acts if act not in loading]:
            seen, said = physical(self._it), told(self._it, [act.scene.cohort for act in over])
            for act in over:
                cohort = act.scene.cohort
                if _are_settled(cohort, seen, said[cohort.name]) and not missing(self._it, cohort):
                    act.healed_s = time.monotonic() - act.ended_at

    def _is_over(self, act: _Act) -> bool:
        return time.monotonic() - act.ended_at > self._heals_within_s

    def _judge(self, act: _Act, seen: Physical, said: Told) -> Row:
        cohort = act.scene.cohort
        verdict = judge(
            cohort, seen, said.at_last(), missing(self._it, cohort), MARGIN_S + _ON_THE_WAY * self._lag.most_s
        )
        verdict.breaches[:0] = act.problems
        if act.healed_s is None or act.healed_s > self._heals_within_s:
            verdict.breaches.append(Breach(f"not healed within {self._heals_within_s:.0f} s", act.fault.name))
        if act.fault.also is not None:
            verdict.breaches += act.fault.also(self._it, cohort, seen)
        return Row(act.fault.name, act.fault.says, verdict, act.healed_s, self._seed)


def _are_settled(cohort: Cohort, seen: Physical, said: Told) -> bool:
    return all(is_settled(one, cohort, seen, said) for one in cohort.debtors)
