"""The bench's processor accounts: a tree of processes is told whole, with what has ended and what still runs."""

import subprocess
import sys

import psutil
import pytest

from tests.bench.cpu import Cpu

BURN = "import sys, time; began = time.process_time()\nwhile time.process_time() - began < {seconds}: pass\n{then}"
WAIT = "print(flush=True); sys.stdin.read()"


def test_what_children_have_used_counts_when_they_run_and_when_they_have_ended() -> None:
    """Two tenths of a child that has ended, three of one that runs, and none of before the count."""
    ended = BURN.format(seconds=0.2, then="")
    running = BURN.format(seconds=0.3, then=WAIT)
    parent = f"import subprocess, sys\ninput()\nsubprocess.run([sys.executable, '-c', {ended!r}])\n"
    parent += f"subprocess.run([sys.executable, '-c', {running!r}])"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", parent], stdin=pipe, stdout=pipe) as process:  # noqa: S603 - our own words
        assert process.stdin
        assert process.stdout
        cpu = Cpu({"tree": [process.pid], "nobody": []})
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        spent = cpu.spent()
        assert 0.45 < spent["tree"] < 1.5
        assert spent["nobody"] == 0
        cpu.restart()
        assert cpu.spent()["tree"] < 0.1
        process.stdin.close()
        process.wait()
        with pytest.raises(psutil.NoSuchProcess):
            cpu.spent()
