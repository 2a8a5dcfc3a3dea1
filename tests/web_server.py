"""The web edge as others meet it: under uvicorn, on a loopback port, over real HTTP.

with run_web(services) as web:
    assert web.post("/v1/events", event, JSON, BEARER).status == 202
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

from config.wiring import Services
from tests.services import KEY
from web.app import create_app
from web.nudger import Publish
from web.server import make_server
from workers.nudges import Nudge

PATIENCE_S = 15.0
BEARER = {"Authorization": f"Bearer {KEY}"}
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True, slots=True)
class Web:
    """A running edge, and what it told its broker."""

    port: int
    nudges: list[Nudge] = field(default_factory=list)

    def get(self, path: str, *headers: Mapping[str, str]) -> Answer:
        return self.ask("GET", path, None, *headers)

    def post(self, path: str, body: object, *headers: Mapping[str, str]) -> Answer:
        """Post bytes as they are, anything else as JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", path, raw, *headers)

    def ask(self, method: str, path: str, body: object, *headers: Mapping[str, str]) -> Answer:
        """One request over a connection of its own; an iterable body is sent in chunks without a length."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, {k: v for each in headers for k, v in each.items()})  # type: ignore[arg-type] # what http.client takes is what tests give
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()


@contextmanager
def run_web(services: Services, publish: Publish | None = None) -> Iterator[Web]:
    """Serve on a free port; nudges go to `publish`, or are kept for the test to see."""
    nudges: list[Nudge] = []

    def keep(told: Any) -> bool:
        nudges.extend(told)
        return True

    server = make_server(create_app(services, publish or keep), "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield Web(server.servers[0].sockets[0].getsockname()[1], nudges)
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
