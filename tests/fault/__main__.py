"""`python -m tests.fault`: all faults once, or random ones for long. Exit code 1 on any breach, 130 if stopped."""

import argparse
import random
import secrets
import sys
import time
from collections.abc import Iterator, Sequence

from config.embedded.processes import StopRequested, stop_on_signals
from tests.fault.crashes import verdict_on
from tests.fault.faults_of_processes import PROCESSES
from tests.fault.faults_of_providers import PROVIDERS
from tests.fault.faults_of_servers import SERVERS
from tests.fault.faults_of_time import BEFORE, CHANGE_AT, TIME
from tests.fault.installation import installation
from tests.fault.run import Row, Run
from tests.fault.scene import Fault
from tests.fault.table import keep, show

ALL = (*TIME, *PROVIDERS, *PROCESSES, *SERVERS)
WORKERS, WORKERS_IN_SHORT = 4, 3
STOPPED = 130
"""As of whoever is stopped by Ctrl-C."""


def waves(faults: Sequence[Fault], *, is_short: bool = False) -> list[list[Fault]]:
    """What may heal side by side: all of a provider's, for they strike their own customers only; in short, all."""
    if is_short:
        return [list(faults)]
    side_by_side = [fault for fault in faults if fault in PROVIDERS]
    first = [[fault] for fault in faults if fault in TIME]
    alone = [[fault] for fault in faults if fault not in (*PROVIDERS, *TIME)]
    return [wave for wave in (*first, side_by_side, *alone) if wave]


def strike(seed: int, faults: Sequence[Fault], *, minutes: float = 0, is_short: bool = False) -> Iterator[Row]:
    """Run faults on an installation of their own: each once, then random ones until the time is over."""
    began = time.monotonic()
    deadline = began + minutes * 60
    workers = WORKERS_IN_SHORT if is_short else WORKERS
    with installation(workers=workers, schedulers=1, start_at=CHANGE_AT - BEFORE, seed=str(seed)) as it:
        sys.stdout.write(f"up after {time.monotonic() - began:.0f} s\n")
        run = Run(it, seed, is_short=is_short)
        for wave in waves(faults, is_short=is_short):
            yield from run.wave(wave)
        chance = random.Random(f"{seed}:soak")  # noqa: S311 - chance that can be repeated
        often = [fault for fault in faults if fault not in TIME]
        while often and time.monotonic() < deadline:
            yield from run.wave(chance.sample(often, min(2, len(often))))
        yield Row("our logs", "nothing else broke in our processes", verdict_on(it.home / "logs"), 0.0, seed)


def main() -> int:
    """Read the command line, run, print."""
    names = [fault.name for fault in ALL]
    parser = argparse.ArgumentParser(prog="python -m tests.fault", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="repeats a run's chances")
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--minutes", type=float, default=0, help="go on with random faults for so long: the soak")
    parser.add_argument("--short", action="store_true", help="few customers, and leases made to run out by hand")
    given = parser.parse_args()
    faults = [fault for fault in ALL if fault.name in (given.only or names)]
    faults = [fault for fault in faults if fault.short_size or not given.short]
    rows: list[Row] = []
    sys.stdout.write(f"seed {given.seed}, {len(faults)} faults\n")
    try:
        with stop_on_signals():
            for row in strike(given.seed, faults, minutes=given.minutes, is_short=given.short):
                keep(row)
                rows.append(row)
                sys.stdout.write(f"{row.fault}: {'holds' if row.holds else 'BREACH'}\n")
                sys.stdout.flush()
    except StopRequested:
        show(rows, given.seed)
        sys.stdout.write(f"stopped: {len(rows)} rows are not all of it, and prove nothing\n")
        return STOPPED
    show(rows, given.seed)
    return 0 if rows and all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
