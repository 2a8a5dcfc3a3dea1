"""`relance up`: an event goes in with the key that was printed, the reminder arrives, and nothing is left running."""

import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import psutil
import pytest

from tests.command import run_relance, start_relance
from tests.factories import invoice_event
from tests.running import descendants, is_running, soon
from tests.simulator_process import eventually

KEY_LINE = "Key for events: "
LAST_LINE = "Ctrl-C stops everything.\n"
TUESDAY_1000 = "2026-11-24T10:00:00+01:00"
"""Inside the windows of the shipped policies; a minute a second, so that nothing closes while the test runs."""


@dataclass(frozen=True, slots=True)
class Up:
    """A `relance up` that is ready, with all that it has said."""

    process: "subprocess.Popen[str]"
    home: Path
    url: str
    key: str
    was_ready_before_key: bool
    said: str

    @property
    def settings(self) -> dict[str, str]:
        """What another shell of the same owner sets: the home, and nothing else."""
        return {"home": str(self.home)}

    def post(self, event: dict[str, Any]) -> int:
        """Send one event with the printed key; the status of the answer."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/cloudevents+json"}
        request = Request(f"{self.url}/v1/events", json.dumps(event).encode(), headers)  # noqa: S310 - loopback
        with urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return int(answer.status)

    def received(self) -> list[dict[str, Any]]:
        """What the simulated SendGrid and Twilio delivered."""
        told = json.loads((self.home / "run.json").read_text(encoding="utf-8"))
        with urlopen(f"{told['settings']['sendgrid_api_url']}/_sim/messages?refused=false", timeout=10) as answer:  # noqa: S310 - loopback
            found: list[dict[str, Any]] = json.load(answer)
            return found

    def log(self) -> list[dict[str, Any]]:
        """The delivery log, read in another shell."""
        ended = run_relance("log", "--json", folder=self.home.parent, settings=self.settings)
        assert ended.returncode == 0, ended.stderr
        return [json.loads(line) for line in ended.stdout.splitlines()]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    with cleared(tmp_path), running_up(tmp_path, TUESDAY_1000) as up:
        yield up


@contextmanager
def cleared(folder: Path) -> Iterator[None]:
    """Takes away afterwards what `up` kept elsewhere: as root, the data lie where `nobody` may go."""
    try:
        yield
    finally:
        for link in (folder / "home").glob("postgres-*"):
            shutil.rmtree(link.resolve(), ignore_errors=True)


@contextmanager
def running_up(folder: Path, start: str, **settings: str) -> Iterator[Up]:
    """A `relance up` that is called in `folder` and keeps its data in `home` there; for it, it is `start` now."""
    home, port = folder / "home", free_port()
    clock = f"{start}*60@{datetime.now(UTC).isoformat()}"
    given = {"home": str(home), "clock": clock, **settings}
    process = start_relance("up", "--port", str(port), folder=folder, settings=given)
    try:
        yield until_ready(process, home, f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.communicate(timeout=60)


def until_ready(process: "subprocess.Popen[str]", home: Path, url: str) -> Up:
    assert process.stdout is not None
    key, was_ready, said = "", False, ""
    for line in process.stdout:
        said += line
        if line.startswith(KEY_LINE):
            key, was_ready = line.removeprefix(KEY_LINE).strip(), is_ready(url)
        if line == LAST_LINE:
            return Up(process, home, url, key, was_ready, said)
    raise AssertionError(f"up ended: {process.communicate()[1]}")


def is_ready(url: str) -> bool:
    try:
        with urlopen(f"{url}/readyz", timeout=5) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)
    except URLError:
        return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_an_event_becomes_a_delivered_and_logged_reminder_and_sigterm_leaves_nothing(up: Up) -> None:
    check_what_was_said(up)
    assert up.post(invoice_event(invoice={"due_on": "2026-11-20"})) == 202
    row = eventually(lambda: next((row for row in up.log() if row["state"] == "delivered"), None), 40.0)
    assert (row["channel"], row["to"], row["invoices"]) == ("email", "anne@example.com", ["F-2026-0042"])
    assert [(one["channel"], one["to"]) for one in up.received()] == [("email", "anne@example.com")]
    check_other_shells(up)
    check_that_it_stops(up)


def check_what_was_said(up: Up) -> None:
    assert not up.was_ready_before_key
    assert is_ready(up.url)
    assert (up.home / "dev-key").read_text(encoding="utf-8").strip() == up.key
    for private in ("dev-key", "secret-key", "run.json"):
        assert (up.home / private).stat().st_mode & 0o777 == 0o600
    sign_in = next(line.split()[-1] for line in up.said.splitlines() if "/login?token=" in line)
    with urlopen(sign_in, timeout=10) as page:  # noqa: S310 - loopback
        assert page.status == 200


def check_other_shells(up: Up) -> None:
    """Verbs find what runs by its home alone; a second `up` there says so in one line."""
    second = run_relance("up", folder=up.home.parent, settings=up.settings)
    assert second.returncode == 2
    assert f"{up.home} is in use by process {up.process.pid}" in second.stderr
    taken = run_relance(
        "up", "--port", up.url.rpartition(":")[2], folder=up.home.parent, settings={"home": f"{up.home}-2"}
    )
    assert (taken.returncode, taken.stderr.splitlines()[-1]) == (
        2,
        f"relance: cannot listen on {up.url.removeprefix('http://')}: Address already in use; choose another --port",
    )
    paid = {**invoice_event(id="evt-2"), "type": "invoice.paid"}
    paid["data"] = {"invoice_id": "F-2026-0042", "paid_on": "2026-11-24"}
    emitted = run_relance("emit", "-", folder=up.home.parent, stdin=json.dumps(paid).encode(), settings=up.settings)
    assert (emitted.returncode, emitted.stdout) == (0, "-: 1 accepted, 0 duplicate, 0 rejected\n")


def check_that_it_stops(up: Up) -> None:
    pids = descendants(up.process.pid)
    assert len(pids) > 6
    up.process.send_signal(signal.SIGTERM)
    up.process.communicate(timeout=60)
    assert up.process.returncode == 0
    assert soon(lambda: not any(is_running(pid) for pid in pids))
    assert not (up.home / "run.json").exists()


def test_when_a_part_dies_it_says_which_and_stops_the_others(up: Up) -> None:
    pids = descendants(up.process.pid)
    os.kill(next(pid for pid in pids if command_of(pid).endswith("-m cli scheduler")), signal.SIGKILL)
    _, told = up.process.communicate(timeout=60)
    assert up.process.returncode == 1
    assert told.splitlines()[-1].startswith("relance: scheduler ended with exit code 137: ")
    assert soon(lambda: not any(is_running(pid) for pid in pids))


def command_of(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.NoSuchProcess:  # it ended since it was listed
        return ""
