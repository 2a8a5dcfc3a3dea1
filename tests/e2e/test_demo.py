"""`relance demo`: all of the sample book comes out as its rules say, and nothing is left, however it ends."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.command import RELANCE, environment, start_relance
from tests.running import descendants, is_running, soon

REAL_ACCOUNT = {
    "twilio_account_sid": "AC00000000000000000000000000000000",
    "twilio_auth_token": "a-real-token",
    "database_url": "postgresql://somebody@127.0.0.1:1/precious",
    "policy": "/no/such/policy.yaml",
}
"""What an operator may have set; a demo must touch none of it."""


@pytest.mark.timeout(320)
def test_everything_expected_is_delivered_and_nothing_else(tmp_path: Path) -> None:
    ended = subprocess.run(  # noqa: S603 - our own command line
        [*RELANCE, "demo", "--exit"],
        cwd=tmp_path,
        env=environment(REAL_ACCOUNT) | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=310,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    lines = ended.stdout.splitlines()
    assert lines[-1].startswith("Everything is as expected. Went out: 15 email, 3 phone, 2 sms, 1 whatsapp. ")
    assert any(line.startswith("nothing to  Maçonnerie Diaz  ") for line in lines)
    assert any("/login?token=" in line for line in lines)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "moment"),
    [(signal.SIGTERM, "Starting "), (signal.SIGINT, "Tue 24 Nov ")],
    ids=["while it starts", "in the middle"],
)
def test_a_signal_leaves_nothing_behind(
    number: signal.Signals, moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = start_relance("demo", folder=tmp_path, settings={})
    assert process.stdout is not None
    assert next((line for line in process.stdout if line.startswith(moment)), None) is not None
    pids = descendants(process.pid)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (0, "Stopped. Nothing is left running.\n")
    # A server killed while it is being made takes its own children along by closing their pipes: some milliseconds.
    assert soon(lambda: not any(is_running(pid) for pid in pids))
    assert soon(lambda: list(tmp_path.iterdir()) == [])
