"""A web server in a thread that keeps what is posted to it: the client's side of provider callbacks."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from tests.simulator_process import eventually


@dataclass(frozen=True, slots=True)
class Posted:
    """One call as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The body as a form."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(slots=True)
class Receiver:
    """What came, oldest first; `answers` are the statuses of the next calls, then 204."""

    url: str
    posted: list[Posted] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def came(self, number: int) -> list[Posted]:
        """Wait for so many calls, and return all that came."""
        return eventually(lambda: list(self.posted) if len(self.posted) >= number else None)

    def statuses(self, number: int) -> list[str]:
        """Wait for so many of Twilio's status callbacks, and return the statuses as they came."""
        return [posted.form["MessageStatus"] for posted in self.came(number)]

    def events(self, number: int) -> list[dict[str, Any]]:
        """Wait for so many of SendGrid's events, and return all that came, in whatever batches."""

        def found() -> list[dict[str, Any]] | None:
            whole = [event for posted in list(self.posted) for event in json.loads(posted.body)]
            return whole if len(whole) >= number else None

        return eventually(found)


@contextmanager
def run_receiver() -> Iterator[Receiver]:
    """Listen on a free loopback port."""
    receiver = Receiver(url="")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(receiver))
    server.daemon_threads = True
    server.block_on_close = False
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler_for(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.posted.append(Posted(self.path, dict(self.headers), body))
            self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    return Handler
