"""The supervisor of `up` and `demo`: whatever happens, nothing is left running."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from config.embedded.guarded import EmbeddedError
from config.embedded.processes import Ended, Processes, StopRequested, stop_on_signals
from tests.running import is_running, soon

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)
POLITE = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("bye", time.monotonic_ns()), sys.exit(0)))
print("ready", flush=True)
time.sleep(60)
"""
PARENT = """
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid, flush=True)
time.sleep(60)
"""
HOLDER = """
import sys
from pathlib import Path
from config.embedded.processes import Processes, StopRequested, stop_on_signals
try:
    with stop_on_signals(), Processes(Path(sys.argv[1])) as processes:
        pids = [processes.start(name, [sys.executable, "-c", sys.argv[2]]) for name in ("one", "two")]
        print(*pids, flush=True)
        processes.wait()
except StopRequested as stopped:
    print(stopped)
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def start_holder(logs: Path, code: str, script: str = HOLDER) -> tuple["subprocess.Popen[str]", list[int]]:
    holder = subprocess.Popen(  # noqa: S603 - our own words
        [*python(script), str(logs), code], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    return holder, [int(pid) for pid in holder.stdout.readline().split()]


def test_processes_are_stopped_in_reverse_order_and_leave_their_words(tmp_path: Path) -> None:
    with Processes(tmp_path / "logs") as processes:
        pids = [processes.start(name, python(POLITE)) for name in ("first", "second")]
        logs = [tmp_path / "logs" / f"{name}.log" for name in ("first", "second")]
        assert processes.wait(lambda: all("ready" in log.read_text() for log in logs)) is None
    assert not any(map(is_running, pids))
    first_ended, second_ended = (int(log.read_text().split()[-1]) for log in logs)
    assert second_ended < first_ended


def test_a_process_gets_our_environment_and_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELANCE_OURS", "a")
    with Processes(tmp_path) as processes:
        code = "import os; print(os.environ['RELANCE_OURS'], os.environ['RELANCE_ITS'])"
        processes.start("child", python(code), env={"RELANCE_ITS": "b"})
        processes.wait()
    assert (tmp_path / "child.log").read_text() == "a b\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", 128 + signal.SIGKILL)],
)
def test_waiting_tells_who_ended_and_how(tmp_path: Path, code: str, expected: int) -> None:
    with Processes(tmp_path) as processes:
        processes.start("lasting", python("import time; time.sleep(60)"))
        processes.start("brief", python(code))
        assert processes.wait() == Ended("brief", expected)


def test_a_process_that_ignores_sigterm_is_killed_in_time(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        pid = processes.start("stubborn", python(STUBBORN), stop_s=0.2)
        processes.wait(lambda: "deaf" in (tmp_path / "stubborn.log").read_text())
        assert processes.stop("stubborn") == 128 + signal.SIGKILL
    assert not is_running(pid)


def test_children_of_a_process_go_with_it(tmp_path: Path) -> None:
    """A worker that dies must not leave its pool behind."""
    with Processes(tmp_path) as processes:
        pid = processes.start("parent", python(PARENT))
        processes.wait(lambda: (tmp_path / "parent.log").read_text().endswith("\n"))
        os.kill(pid, signal.SIGKILL)
        assert processes.wait() == Ended("parent", 128 + signal.SIGKILL)
    assert soon(lambda: not is_running(int((tmp_path / "parent.log").read_text())))


def test_an_exception_stops_everything(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError), Processes(tmp_path) as processes:  # noqa: PT012 - one has to run first
        pid = processes.start("child", python(PARENT))
        processes.start("wrong", ["/no/such/program"])
    assert not is_running(pid)


def test_a_program_that_is_not_there_is_an_error_in_one_line(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes, pytest.raises(EmbeddedError, match="No such file"):
        processes.start("child", ["/no/such/program"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_in_order(tmp_path: Path, number: signal.Signals) -> None:
    holder, pids = start_holder(tmp_path, POLITE)
    holder.send_signal(number)
    assert holder.communicate(timeout=20)[0] == f"{number.name}\n"
    assert holder.returncode == 0
    assert not any(map(is_running, pids))


def test_a_hang_up_that_was_to_be_ignored_stops_nothing(tmp_path: Path) -> None:
    """So `nohup` asks for it: the terminal may be closed."""
    deaf = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN){HOLDER}"
    holder, pids = start_holder(tmp_path, POLITE, deaf)
    holder.send_signal(signal.SIGHUP)
    holder.send_signal(signal.SIGTERM)
    assert holder.communicate(timeout=20)[0] == "SIGTERM\n"
    assert not any(map(is_running, pids))


def test_killing_us_stops_everything(tmp_path: Path) -> None:
    holder, pids = start_holder(tmp_path, "import time; time.sleep(60)")
    holder.kill()
    holder.communicate()
    assert soon(lambda: not any(map(is_running, pids)))


def test_a_second_signal_does_not_disturb_the_cleaning_up() -> None:
    before = signal.getsignal(signal.SIGINT)  # a shell has background jobs ignore it
    with pytest.raises(StopRequested), stop_on_signals(), ExitStack() as cleaning_up:  # noqa: PT012 - two signals
        cleaning_up.callback(signal.raise_signal, signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
