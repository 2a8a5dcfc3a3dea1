"""Runs the provider simulators as a process of their own; for every test that needs a Twilio or a SendGrid.

with run_simulator("--latency", "0.05") as simulator:
    simulator.switch(recipient="+33612345678", fault="429", times=2)
    ...
    assert [m["text"] for m in simulator.messages(to="+33612345678")] == ["Hello"]
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[1]
PATIENCE_S = 15.0

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Simulator:
    """A running simulator: where it is, its pretend credentials, and its `/_sim` verbs."""

    url: str
    twilio_account_sid: str
    twilio_auth_token: str
    sendgrid_api_key: str
    sendgrid_public_key: str
    seed: str
    process: subprocess.Popen[bytes]

    def messages(self, **query: str) -> list[dict[str, Any]]:
        """Return what was accepted, in order; narrowed by to, channel, refused ("true" or "false")."""
        found: list[dict[str, Any]] = self.ask("GET", "messages", query=query)
        return found

    def requests(self, **query: str) -> dict[str, Any]:
        """Return the counts of all requests; with `to`, each of them."""
        found: dict[str, Any] = self.ask("GET", "requests", query=query)
        return found

    def switch(self, **fields: object) -> None:
        """Set one switch."""
        self.ask("POST", "switches", fields)

    def switch_all(self, *switches: dict[str, object]) -> None:
        """Set several switches; the last is the newest."""
        self.ask("POST", "switches", list(switches))

    def configure(self, **fields: object) -> None:
        """Change settings: sendgrid_callback_url, inbound_url, suppressed, opted_out, whatsapp_open."""
        self.ask("POST", "config", fields)

    def inbound(self, **fields: object) -> dict[str, Any]:
        """Let a person write to us; `from` is given as from_."""
        named = {name.rstrip("_"): value for name, value in fields.items()}
        found: dict[str, Any] = self.ask("POST", "inbound", named)
        return found

    def settle(self) -> None:
        """Wait until no call back is on its way, so that what has not come never will."""
        eventually(lambda: self.requests()["callbacks"]["pending"] == 0)

    def reset(self) -> None:
        """Forget switches, messages, requests and settings."""
        self.ask("DELETE", "switches")
        self.ask("DELETE", "messages")
        nobody: dict[str, list[str]] = {"suppressed": [], "opted_out": [], "whatsapp_open": []}
        self.configure(sendgrid_callback_url=None, inbound_url=None, **nobody)

    def ask(self, method: str, path: str, body: object = None, query: dict[str, str] | None = None) -> Any:
        """Call `/_sim/<path>` and return its JSON; AssertionError with the answer when it is refused."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/_sim/{path}?{urlencode(query or {})}", data=data, method=method)  # noqa: S310 - loopback
        try:
            with urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310 - loopback
                return json.load(answer)
        except HTTPError as refused:
            with refused:
                raise AssertionError(refused.read().decode()) from None


@contextmanager
def run_simulator(*options: str) -> Iterator[Simulator]:
    """Start `python -m simulators` with these options, and end it afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder) / "simulator.json"
        command = [sys.executable, "-m", "simulators", "--port-file", str(port_file), "--until-eof", *options]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)  # noqa: S603 - our own module
        try:
            card = eventually(lambda: _read_card(port_file, process))
            card.pop("pid")
            yield Simulator(process=process, **card)
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE_S)


def _read_card(port_file: Path, process: subprocess.Popen[bytes]) -> dict[str, Any] | None:
    if process.poll() is not None:
        raise AssertionError(f"the simulator ended with {process.returncode}")
    found: dict[str, Any] | None = json.loads(port_file.read_text()) if port_file.exists() else None
    return found


def eventually(look: Callable[[], Found | None], patience_s: float = PATIENCE_S, every_s: float = 0.01) -> Found:
    """Return the first true value that `look` gives; AssertionError when there is none in time."""
    deadline = time.monotonic() + patience_s
    while True:
        if found := look():
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"nothing within {patience_s} s; the last look gave {found!r}")
        time.sleep(every_s)
