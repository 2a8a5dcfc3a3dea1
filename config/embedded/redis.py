"""A Redis server of our own, for `up`, `demo`, `replay` and tests.

Called by cli and tests; production sets RELANCE_REDIS_URL and never comes here. It listens on the loopback address
with a generated password and writes nothing to disk: a Redis message of ours is a nudge that may be lost.
"""

import secrets
import socket
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.embedded.binaries import redis_server
from config.embedded.guarded import EmbeddedError, Guarded
from config.embedded.logs import last_words, log_size

_ATTEMPTS = 5  # somebody else may take the port between our look and the server's start
_START_S = 10.0
_STOP = (("SIGTERM", 5.0),)
_SETTINGS = """
bind 127.0.0.1
port {port}
requirepass {password}
daemonize no
save ""
appendonly no
"""


class EmbeddedRedis:
    """A running, empty Redis. Logs are appended to `home/logs/redis.log`. It ends with us, even if we are killed."""

    def __init__(self, home: Path) -> None:
        self._log = home.absolute() / "logs" / "redis.log"
        self._password = secrets.token_urlsafe(24)
        self._folder: TemporaryDirectory[str] | None = None
        self._server: Guarded | None = None
        self.port = 0

    def __enter__(self) -> Self:
        """Start the server.

        Raises:
            EmbeddedError: there is no Redis on this machine, or it cannot start; one line says why.
        """
        with ExitStack() as undo:
            undo.callback(self._close)
            try:
                self._log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._folder = TemporaryDirectory(prefix="relance-")
                self.start()
            except OSError as error:
                raise EmbeddedError(f"Redis cannot be set up: {error}") from error
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server; its data are gone."""
        self._close()

    def _close(self) -> None:
        self.stop()
        if self._folder is not None:
            self._folder.cleanup()

    def start(self) -> None:
        """Start the server (again, after `stop` or a crash: at the same address, empty) and wait for its answer.

        Raises:
            EmbeddedError: it ended instead, or took longer than ten seconds.
        """
        for _ in range(_ATTEMPTS):
            since = log_size(self._log)
            port = self.port or _free_port()
            self._server = self._launch(port)
            if self._answers(self._server, port):
                self.port = port
                return
            self._server.stop()
        raise EmbeddedError(f"Redis did not start: {last_words(self._log, since)}")

    def stop(self) -> None:
        """Stop the server if it runs."""
        if self._server is not None:
            self._server.stop()

    def _launch(self, port: int) -> Guarded:
        if self._folder is None:
            raise EmbeddedError("Redis is not running: use it inside `with`")
        folder = Path(self._folder.name)
        settings = folder / "redis.conf"
        settings.touch(mode=0o600)  # a password on the command line could be read by everyone
        settings.write_text(_SETTINGS.format(port=port, password=self._password))
        return Guarded([redis_server(), settings], log=self._log, cwd=folder, stop=_STOP, sweep=[folder])

    def _answers(self, server: Guarded, port: int) -> bool:
        """Wait for the first answer; False if the server ended or took too long."""
        deadline = time.monotonic() + _START_S
        at_once = Retry(NoBackoff(), 0)  # by default the client itself tries again for seconds
        with redis.Redis(port=port, password=self._password, socket_timeout=1, retry=at_once) as client:
            while server.poll() is None and time.monotonic() < deadline:
                try:
                    return bool(client.ping())
                except redis.RedisError:
                    time.sleep(0.01)
        return False

    def poll(self) -> int | None:
        """Return the server's exit code if it has ended, or None while it runs."""
        return self._server.poll() if self._server else None

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._server.pid if self._server else 0

    @property
    def url(self) -> str:
        """The address of database 0."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
