"""The scheduler: a loop that nudges `due` every second, `sweep` and `ask` every third, `keep` every hour.

Run by `relance scheduler`. No leader, nothing to lose. Run as many as you like: ticks are idempotent, and one that
nobody took up in time expires on the broker.
"""

from __future__ import annotations

import threading

from kombu.exceptions import OperationalError

from workers.app import app, broker_answers, log

TICK_S = 1.0
SWEEP_EVERY = 3
KEEP_EVERY = 3_600
EXPIRES_S = 300
"""After so long a tick is dropped, by the clock of the worker that takes it. Machines' clocks may stand minutes
apart: with a few seconds, the ticks of a scheduler that is behind would all be dropped, and nothing would go out."""


def schedule(stop: threading.Event) -> None:
    """Ticks until `stop` is set."""
    log.info("scheduler.ticking")
    tick = 0
    while not stop.is_set():
        _tick(with_sweep=tick % SWEEP_EVERY == 0, with_keep=tick % KEEP_EVERY == 0)
        tick += 1
        stop.wait(TICK_S)


def _tick(*, with_sweep: bool, with_keep: bool) -> None:
    if not broker_answers():
        log.warning("tick.lost", error="unreachable")
        return
    _send("tick.due", "due")
    if with_sweep:
        _send("tick.sweep", "sweep")
        _send("tick.ask", "sweep")
    if with_keep:
        _send("tick.keep", "sweep")


def _send(name: str, queue: str) -> None:
    try:
        app.send_task(name, queue=queue, expires=EXPIRES_S, retry=False)
    except OperationalError as error:
        log.warning("tick.lost", error=type(error).__name__)
