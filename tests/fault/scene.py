"""What a fault may touch while its load runs: the installation, its own customers, and moments that it waits for."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.fault.book import MIX, Cohort, Debtor, Kind
from tests.fault.installation import Installation, Part
from tests.fault.judge import Breach
from tests.fault.seen import Physical
from tests.fault.sender import Sender
from tests.fault.spoken import Transaction
from tests.fault.wire import Script, Verdict, Wire, pass_on
from workers.calls import LEASE_S

_MOMENT_S = 45.0
_LOOK_S = 0.05


class NotStruckError(AssertionError):
    """The moment that a fault waited for did not come: it has proved nothing."""


@dataclass
class Scene:
    """One fault at work. `is_short`: leases and repeated nudges are made to run out by hand."""

    it: Installation
    cohort: Cohort
    sender: Sender
    chance: random.Random
    is_short: bool

    def wait(self, seconds: float) -> None:
        """Let time pass; whatever ended is started again meanwhile."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.it.revive()
            time.sleep(min(_LOOK_S, max(0.0, deadline - time.monotonic())))

    def until(self, comes: Callable[[], object], what: str, revive: bool = True) -> None:
        """Wait for a moment. Raises NotStruckError if it does not come."""
        deadline = time.monotonic() + _MOMENT_S
        while not comes():
            if time.monotonic() > deadline:
                raise NotStruckError(f"{self.cohort.name}: {what} did not come within {_MOMENT_S:.0f} s")
            if revive:
                self.it.revive()
            time.sleep(_LOOK_S)

    def script(self, script: Script | None) -> None:
        """Have all lines to the database ask this script; None: nothing goes wrong on them any more."""
        for part in self.it.parts.values():
            part.line.script = script or pass_on

    def strike_at(self, moment: str, verdict: Verdict, act: Callable[[Part], None] = lambda _: None) -> Part:
        """Wait for a moment that `Watch` knows, at which `act` is done; whose it was. Nothing goes wrong after it."""
        watch = Watch(self, moment, verdict, act)
        self.script(watch)
        self.until(watch.struck.is_set, f"the {moment}")
        self.script(None)
        if watch.by is None:
            raise NotStruckError(f"{self.cohort.name}: nobody knows whose {moment} it was")
        return watch.by

    def be_well(self) -> None:
        """The providers are well again: what has failed for these customers so far fails no more."""
        for one in self.cohort.debtors:
            for address in one.address.values():
                self.it.simulator.ask("DELETE", "switches", query={"recipient": address})

    def called(self) -> int:
        """How many of the customers have been called so far."""
        calls = self.it.simulator.ask("GET", "requests", query={"detail": "1"})["requests"]
        mine = {address for one in self.cohort.debtors for address in one.address.values()}
        return len({call["to"] for call in calls} & mine)

    def let_leases_run_out(self) -> None:
        """Wait as long as a lease lasts and more; in the short form, make them run out."""
        if self.is_short:
            self.hurry()
            self.wait(4.0)
        else:
            self.wait(LEASE_S + 5)

    def hurry(self) -> None:
        """Make the leases of calls whose caller is dead, and the pauses before nudges are repeated, run out now."""
        mine = f"seller = '{self.cohort.name}'"
        self.it.execute(f"UPDATE attempts SET leased_until = clock_timestamp() WHERE state = 'calling' AND {mine}")  # noqa: S608 - a name of ours
        self.nudge_again()

    def nudge_again(self) -> None:
        """Make the pauses before nudges are repeated run out now: in the short form, whatever Redis has lost."""
        mine = f"seller = '{self.cohort.name}'"
        self.it.execute(f"UPDATE accounts SET nudged_at = NULL WHERE nudged_at IS NOT NULL AND {mine}")  # noqa: S608 - a name of ours

    def ask_now(self) -> None:
        """Make the time come at which providers are asked about what is in doubt."""
        mine = f"state = 'unconfirmed' AND ask_at IS NOT NULL AND seller = '{self.cohort.name}'"
        self.it.execute(f"UPDATE attempts SET ask_at = clock_timestamp() WHERE {mine}")  # noqa: S608 - a name of ours


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault. `strike` returns when the fault is over; without one, the provider alone is at fault.

    Its load is made by `strike` if it has its own, and so are the payments and holds if it ends itself. `also` judges
    what other faults need not keep.
    `ahead_s` is how far a machine's clock is ahead in it: what that one plans for now is due so much later to others.
    `switch` is set for each of its customers. `size` and `short_size` are how many, 0: not in the short form.
    """

    name: str
    says: str
    size: int
    short_size: int = 0
    strike: Callable[[Scene], None] | None = None
    switch: Mapping[str, Any] | None = None
    kinds: Sequence[Kind] = MIX
    channels: str = "both"
    ends_itself: bool = False
    has_own_load: bool = False
    debtors: Callable[[str, int, random.Random], Sequence[Debtor]] | None = None
    also: Callable[[Installation, Cohort, Physical], Iterator[Breach]] | None = None
    ahead_s: float = 0.0


class Watch:
    """A script that knows which worker has claimed a fault's customers, and acts at one moment of its work, once.

    claim   the COMMIT after which calls begin
    record  the COMMIT that writes down what the calls came to
    """

    def __init__(self, scene: Scene, moment: str, verdict: Verdict, act: Callable[[Part], None]) -> None:
        self.struck = threading.Event()
        self.by: Part | None = None
        self._parts = {part.line: part for part in scene.it.parts.values()}
        self._mark = f"F-{scene.cohort.name}-".encode()
        self._moment = moment
        self._verdict = verdict
        self._act = act

    def __call__(self, wire: Wire, committed: Transaction) -> Verdict:
        """Say what becomes of this COMMIT."""
        part = self._parts.get(wire)
        if part is None or self.struck.is_set():
            return Verdict.PASS
        if committed.did("INSERT INTO attempts"):
            is_mine = self._mark in committed.raw
            self.by = part if is_mine else None if self.by is part else self.by
            return self._strike(part) if is_mine and self._moment == "claim" else Verdict.PASS
        if self._moment == "record" and part is self.by and committed.did("UPDATE attempts", "segments"):
            return self._strike(part)
        return Verdict.PASS

    def _strike(self, part: Part) -> Verdict:
        self.struck.set()
        self.by = part
        self._act(part)
        return self._verdict
