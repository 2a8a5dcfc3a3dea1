"""The simulator as a process: what it publishes, how it ends, what it remembers."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from twilio.rest import Client

from tests.simulator_process import ROOT, Simulator, eventually, run_simulator

COMMAND = [sys.executable, "-m", "simulators"]


def start(*options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own module
        [*COMMAND, *options], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def send(simulator: Simulator, body: str) -> str:
    client = Client(simulator.twilio_account_sid, simulator.twilio_auth_token)
    client.api.base_url = simulator.url
    sid: str | None = client.messages.create(to="+33612345678", from_="+33700000001", body=body).sid
    client.http_client.session.close()
    return str(sid)


def test_the_port_file_says_all_that_a_client_must_know(tmp_path: Path) -> None:
    port_file = tmp_path / "simulator.json"
    process = start("--port-file", str(port_file))
    card = json.loads(eventually(lambda: port_file.read_text() if port_file.exists() else None))
    process.terminate()
    process.communicate(timeout=10)

    assert set(card) == {
        *("url", "pid", "seed", "twilio_account_sid", "twilio_auth_token"),
        *("sendgrid_api_key", "sendgrid_public_key"),
    }
    assert (card["pid"], port_file.stat().st_mode & 0o777) == (process.pid, 0o600)
    assert card["url"].startswith("http://127.0.0.1:")
    assert list(tmp_path.iterdir()) == [port_file]


def test_the_keys_are_published_over_http_too(simulator: Simulator) -> None:
    keys = simulator.ask("GET", "keys")

    assert keys["url"] == simulator.url
    assert keys["sendgrid_public_key"] == simulator.sendgrid_public_key


def test_credentials_may_be_chosen() -> None:
    with run_simulator("--twilio-account-sid", f"AC{'1' * 32}", "--sendgrid-api-key", "SG.mine") as simulator:
        assert (simulator.twilio_account_sid, simulator.sendgrid_api_key) == (f"AC{'1' * 32}", "SG.mine")


def test_the_same_seed_gives_the_same_ids_and_keys() -> None:
    runs = []
    for _ in range(2):
        with run_simulator("--seed", "17") as simulator:
            runs.append((send(simulator, "x"), simulator.sendgrid_public_key, simulator.twilio_auth_token))
    with run_simulator() as simulator:
        other = send(simulator, "x")

    assert runs[0] == runs[1]
    assert other != runs[0][0]


def test_only_the_newest_messages_are_kept() -> None:
    with run_simulator("--keep", "3") as simulator:
        for number in range(5):
            send(simulator, str(number))

        assert [message["text"] for message in simulator.messages()] == ["2", "3", "4"]
        assert simulator.requests()["total"] == 5
        simulator.ask("DELETE", "messages")
        assert (simulator.messages(), simulator.requests()["total"]) == ([], 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_without_a_word(number: signal.Signals) -> None:
    process = start()
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(number)
    _, complaints = process.communicate(timeout=5)

    assert (process.returncode, complaints) == (0, b"")


def test_the_end_of_its_input_ends_it() -> None:
    process = start("--until-eof")
    assert process.stdout is not None
    process.stdout.readline()
    _, complaints = process.communicate(timeout=5)

    assert (process.returncode, complaints) == (0, b"")


def test_the_end_of_its_parent_ends_it(tmp_path: Path) -> None:
    """A parent that starts it and is gone at once: kill -9 of `relance up` leaves no simulator behind."""
    port_file = tmp_path / "simulator.json"
    script = (
        "import os, subprocess, sys, time\n"
        "subprocess.Popen([*sys.argv[1:], '--parent-pid', str(os.getpid())], stdin=subprocess.DEVNULL)\n"
        f"while not os.path.exists({str(port_file)!r}): time.sleep(0.01)\n"
    )
    subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script, *COMMAND, "--port-file", str(port_file)], cwd=ROOT, check=True, timeout=20
    )
    pid = json.loads(port_file.read_text())["pid"]

    eventually(lambda: not is_running(pid))


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")  # one that ended and was not collected by its new parent is not running
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--host", "0.0.0.0"], b"must be a loopback address"),  # noqa: S104 - must be refused
        (["--host", "example.com"], b"must be a loopback address"),
        (["--latency", "fast"], b"must be seconds or LOW:HIGH"),
        (["--sendgrid-private-key", "AAAA"], b"--sendgrid-private-key: "),
    ],
)
def test_a_wrong_option_ends_it_with_2(options: list[str], reason: bytes) -> None:
    process = start(*options)
    _, complaints = process.communicate(timeout=10)

    assert process.returncode == 2
    assert reason in complaints


def test_a_taken_port_ends_it_with_2(simulator: Simulator) -> None:
    process = start("--port", simulator.url.rpartition(":")[2])
    _, complaints = process.communicate(timeout=10)

    assert process.returncode == 2
    assert complaints.startswith(b"simulators: ")
    assert complaints.count(b"\n") == 1
