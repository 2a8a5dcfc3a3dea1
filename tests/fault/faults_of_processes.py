"""Faults of our own processes: killed, stopped, replaced, doubled, at random moments and at the worst ones."""

import signal
from collections.abc import Callable, Mapping

from tests.fault.book import Kind
from tests.fault.drains import Deploy, never_in_doubt
from tests.fault.installation import Part
from tests.fault.scene import Fault, Scene
from tests.fault.wire import Verdict

_SLOW = {"latency_s": [0.1, 0.6]}
_HELD_S = 35.0
_HELD_SHORT_S = 8.0


def _kill(part: Part) -> None:
    part.signal(signal.SIGKILL)


def _kill_at(moment: str, verdict: Verdict) -> Callable[[Scene], None]:
    def strike(scene: Scene) -> None:
        scene.strike_at(moment, verdict, _kill)
        scene.it.revive()
        if scene.is_short:
            scene.wait(0.5)  # what the dead worker had sent may not be committed yet
            scene.hurry()

    return strike


def kill_workers(scene: Scene) -> None:
    """A worker at a time, at any moment of its work."""
    scene.until(lambda: scene.called() > len(scene.cohort.debtors) // 20, "the first calls")
    for _ in range(2 if scene.is_short else 8):
        scene.wait(scene.chance.uniform(0.3, 1.5))
        scene.chance.choice(scene.it.workers).signal(signal.SIGKILL)


def kill_mid_batch(scene: Scene) -> None:
    """When the provider has taken some of a batch and holds others."""
    by = scene.strike_at("claim", Verdict.PASS)
    scene.until(lambda: scene.called() > 1, "a call")
    _kill(by)
    scene.it.revive()
    if scene.is_short:
        scene.hurry()


def stop_and_go_on(scene: Scene) -> None:
    """Stopped in the middle of its calls, until its leases are over; then it goes on where it was."""
    by = scene.strike_at("claim", Verdict.PASS)
    scene.until(lambda: scene.called() > 1, "a call", revive=False)
    by.signal(signal.SIGSTOP)
    scene.let_leases_run_out()
    by.signal(signal.SIGCONT)


def _hold_the_claim(wait: Callable[[Scene], None]) -> Callable[[Scene], None]:
    """The claim is committed, the customers pay, and only then does the worker hear of it."""

    def strike(scene: Scene) -> None:
        by = scene.strike_at("claim", Verdict.HOLD_ANSWER)
        scene.sender.end(scene.cohort, 0.5)
        wait(scene)
        by.line.release()

    return strike


def _past_the_lease(scene: Scene) -> None:
    if scene.is_short:
        scene.hurry()
    scene.wait(_HELD_SHORT_S if scene.is_short else _HELD_S)


def _for_a_moment(scene: Scene) -> None:
    scene.wait(scene.chance.uniform(1.0, 4.0))


def kill_scheduler(scene: Scene) -> None:
    """Killed, away for some seconds, killed again."""
    for _ in range(2):
        scene.wait(0.5)
        for part in list(scene.it.parts.values()):
            if part.name.startswith("scheduler"):
                part.signal(signal.SIGKILL)
    scene.wait(1.0)


def kill_web(scene: Scene) -> None:
    """While batches are posted: it is the load itself that is struck."""
    for _ in range(1 if scene.is_short else 4):
        scene.wait(scene.chance.uniform(0.2, 0.5))
        scene.it.kill("web")
        scene.wait(2.0 if scene.is_short else 4.0)


def two_schedulers(scene: Scene) -> None:
    """Two more of them."""
    for name in ("scheduler-2", "scheduler-3"):
        scene.it.add(name, "scheduler")
    scene.wait(8.0)
    for name in ("scheduler-2", "scheduler-3"):
        scene.it.remove(name)


_AHEAD_S = 60


def clocks_apart(scene: Scene) -> None:
    """Two workers are two minutes apart, and all others between: no two clocks of ours say the same.

    Whoever believes that a lease has run out went by another's clock.
    """
    skews = dict(zip((part.name for part in scene.it.workers), (_AHEAD_S, -60, 20, -20), strict=False))
    _restart_with(scene, {**skews, "scheduler-1": -40})
    try:
        scene.sender.open(scene.cohort)
        scene.sender.end(scene.cohort, 3.0)
        scene.until(lambda: scene.called() > len(scene.cohort.debtors) // 2, "half of the calls")
    finally:
        _restart_with(scene, dict.fromkeys((*skews, "scheduler-1"), 0))


def _restart_with(scene: Scene, skews: Mapping[str, int]) -> None:
    """By name, by how many seconds each machine's clock is ahead."""
    parts = [scene.it.parts[name] for name in skews]
    for part in parts:
        part.signal(signal.SIGTERM)
    for part in parts:
        scene.it.stop(part.name)
        part.extra["FAULT_SKEW_S"] = str(skews[part.name])
        scene.it.start(part)


_DEPLOY = Deploy()

PROCESSES = (
    Fault("kill-workers", "kill -9 of workers at random moments", 1000, 0, kill_workers, _SLOW),
    Fault("kill-claiming", "kill -9 before the claim is committed", 40, 0, _kill_at("claim", Verdict.LOSE)),
    Fault("kill-claimed", "kill -9 after `calling` is committed", 40, 12, _kill_at("claim", Verdict.LOSE_ANSWER)),
    Fault("kill-answered", "kill -9 after the provider's answer", 40, 12, _kill_at("record", Verdict.LOSE)),
    Fault("kill-closed", "kill -9 after the answers are recorded", 40, 0, _kill_at("record", Verdict.LOSE_ANSWER)),
    Fault("kill-mid-batch", "kill -9 in the middle of a batch", 60, 0, kill_mid_batch, {"latency_s": [0.0, 4.0]}),
    Fault("stop-worker", "SIGSTOP for longer than the lease", 60, 12, stop_and_go_on, {"latency_s": [1.0, 3.0]}),
    Fault(
        "held-claim", "a claim's answer comes after the lease", 40, 12, _hold_the_claim(_past_the_lease),
        kinds=(Kind.PAID, Kind.DUE), ends_itself=True,
    ),
    Fault(
        "held-briefly", "a claim's answer comes 1 to 4 s late", 40, 12, _hold_the_claim(_for_a_moment),
        kinds=(Kind.PAID, Kind.DUE), ends_itself=True,
    ),
    Fault("kill-scheduler", "kill -9 of the scheduler", 100, 0, kill_scheduler),
    Fault("kill-web", "kill -9 of web during batch POSTs", 200, 60, kill_web),
    Fault("two-schedulers", "three schedulers at once", 100, 0, two_schedulers),
    Fault(
        "clocks-apart", "workers' clocks two minutes apart", 60, 0, clocks_apart, {"latency_s": [1.0, 4.0]},
        ends_itself=True, has_own_load=True, also=never_in_doubt, ahead_s=_AHEAD_S,
    ),
    Fault(
        "deploy", "SIGTERM, drain, new workers", 200, 40, _DEPLOY, {"latency_s": [0.2, 2.0]}, also=_DEPLOY.also,
    ),
)  # fmt: skip
