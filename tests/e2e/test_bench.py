"""`make bench` runs: with very little of its quick parts, which between them touch what the others are made of."""

import subprocess
import sys

from tests.bench.__main__ import PARTS
from tests.bench.figures import Figure
from tests.bench.report import machine_told, tables
from tests.bench.targets import targets_of
from tests.command import environment
from tests.simulator_process import ROOT

QUICK = ("planning", "rendering", "steps", "line")
"""Those that take seconds, and between them touch all that the others do."""
PATIENCE_S = 240


def test_the_smoke_form_measures_something_of_everything_quick() -> None:
    command = [sys.executable, "-m", "tests.bench", "--smoke", "--only", ",".join(QUICK)]
    ended = subprocess.run(  # noqa: S603 - our own module
        command, cwd=ROOT, env=environment({}), capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert {*QUICK} <= PARTS.keys()
    for figure in ("line.rate", "line.cpu.postgres", "claim.of_20.round_trips", "planning.fold_and_plan.three_due"):
        assert figure in ended.stdout


def test_a_target_is_told_with_what_was_wanted_and_whether_it_is_met() -> None:
    figures = [
        Figure("line.cpu", "the whole line", "ms", [1.0, 0.8, 3.0]),
        Figure("line.rate", "the whole line", "1/s", [1600.0]),
        Figure("naive.threads.rate", "the naive one", "1/s", [100.0]),
    ]
    targets = {one.about: one.is_met for one in targets_of(figures)}
    assert list(targets.values()) == [True, False]
    page = tables(machine_told(), figures, targets_of(figures))
    assert "| 1 ms | ≤ 0.9 | **not met** |" in page
    whole = tables(machine_told(), figures, targets_of(figures, with_unmeasured=True))
    assert "| replay | not measured | ≥ 2\u202f000 | **not met** |" in whole
    assert "| `line.cpu` | 1 ms | 0.8 – 3 |" in page
