"""Whether a worker works: a canary goes to that very worker over the broker, and through its pool to the database.

Run as a worker's health check, `python -m workers.canary [NODE [WITHIN_S]]`, beside it and with its settings.
A ping would be answered by the worker's main process while its pool hangs or its consumer has gone deaf.
"""

from __future__ import annotations

import sys
import time

from celery.utils.nodenames import default_nodename, worker_direct
from kombu.exceptions import OperationalError

from config.wiring import Services
from store import ticks
from store.engine import Unavailable
from workers.app import app, broker_answers, services
from workers.signs import ALIVE_WITHIN_S, CANARY

_FIRST_WITHIN_S = 5.0
_LOOK_EVERY_S = 0.2


def main(words: list[str]) -> int:
    """0 if the worker lives, 1 if not. What is away for everybody is no worker's fault, and no reason to end one."""
    worker = default_nodename(words[0] if words else "")
    within_s = float(words[1]) if len(words) > 1 else ALIVE_WITHIN_S
    if not send(worker):
        sys.stdout.write("the broker is away or takes nothing: nothing can be said of the worker\n")
        return 0
    try:
        is_well = is_alive(services(), worker, within_s)
    except Unavailable:
        sys.stdout.write("the database is away: nothing can be said of the worker\n")
        return 0
    sys.stdout.write(f"{worker} {'works' if is_well else 'has run no canary lately'}\n")
    return 0 if is_well else 1


def send(worker: str) -> bool:
    """Sends a canary to this worker alone; False if the broker takes none. It expires before many can pile up."""
    if not broker_answers():
        return False
    try:
        app.send_task(CANARY, queue=worker_direct(worker), expires=ALIVE_WITHIN_S, retry=False)
    except OperationalError:  # it answers, and only reads, is full, or misses its replicas
        return False
    return True


def is_alive(services: Services, worker: str, within_s: float) -> bool:
    """Whether this worker ran a canary that lately; one that has only just begun is given time for its first."""
    deadline = time.monotonic() + _FIRST_WITHIN_S
    while not _ran(services, worker, within_s):
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_EVERY_S)
    return True


def _ran(services: Services, worker: str, within_s: float) -> bool:
    with services.engine.connect() as connection:
        signs = ticks.read(connection)
    return any(sign.worker == worker and sign.name == "canary" and sign.age_s <= within_s for sign in signs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
