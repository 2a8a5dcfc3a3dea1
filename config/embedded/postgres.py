"""A PostgreSQL server of our own, from the wheel, for `up`, `demo`, `replay` and tests.

Called by cli and tests; production sets RELANCE_DATABASE_URL and never comes here. It listens on a Unix socket in
a private folder and on no port, so that nobody else on the machine can connect. It knows no table of ours.
"""

import os
import shutil
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from config.embedded.binaries import postgres_bin
from config.embedded.cluster import (
    ENVIRONMENT,
    Cluster,
    forget_killed_server,
    initialise,
    of_home,
    throw_away,
)
from config.embedded.databases import PORT, Databases
from config.embedded.guarded import EmbeddedError, Guarded
from config.embedded.identity import server_identity
from config.embedded.lock import hold
from config.embedded.logs import last_words, log_size

DATABASE = "relance"
_START_S = 60.0  # recovery after a crash may take a while
_STOP = (("SIGINT", 10.0), ("SIGQUIT", 6.0))  # fast, then immediate shutdown
_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "autovacuum_naptime": "30s",  # a new book is flooded within the first minute, and is planned for as if empty
    "max_locks_per_transaction": "256",  # a replay claims 500 accounts at once, and locks all their addresses
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",  # statements and details may hold addresses
    "log_error_verbosity": "terse",
    "jit": "off",  # it costs more than it saves on short statements
    "io_method": "sync",  # no extra processes for a small database
}
_CARELESS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class EmbeddedPostgres:
    """A running PostgreSQL with a database `relance`, empty or as an earlier run left it.

    `durable` keeps the data under `home` and syncs it; otherwise they are fast, and gone at the end. Logs are
    appended to `home/logs/postgres.log`. The server ends with us, even if we are killed. `scratch` is where
    throw-away data go instead of the temporary folder.
    """

    def __init__(self, home: Path, *, durable: bool = True, scratch: Path | None = None) -> None:
        self._home = home.absolute()
        self._durable = durable
        self._scratch = scratch
        self._log = self._home / "logs" / "postgres.log"
        self._lock: int | None = None
        self._cluster: Cluster | None = None
        self._server: Guarded | None = None

    def __enter__(self) -> Self:
        """Make the cluster if it is new, and start the server.

        Raises:
            EmbeddedError: it is in use, or cannot start; one line says why.
        """
        with ExitStack() as undo:
            undo.callback(self._close)
            try:
                self._prepare()
                self.start()
            except (OSError, subprocess.SubprocessError) as error:
                raise EmbeddedError(f"PostgreSQL cannot be set up: {error}") from error
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server and remove what was temporary."""
        self._close()

    def _prepare(self) -> None:
        self._log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        who = server_identity()
        if self._durable:
            self._lock = hold(self._home / "postgres.lock")
        self._cluster = of_home(self._home, who) if self._durable else throw_away(who, self._scratch)
        initialise(self._cluster, postgres_bin(who), who, self._log, durable=self._durable)

    def _close(self) -> None:
        self.stop()
        for folder in self._cluster.temporary if self._cluster else ():
            shutil.rmtree(folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
        self._lock = self._cluster = None

    def start(self) -> None:
        """Start the server (again, after `stop` or a crash: at the same address) and wait until it answers.

        Raises:
            EmbeddedError: it ended instead, or took longer than a minute.
        """
        cluster, who, since = self._running, server_identity(), log_size(self._log)
        forget_killed_server(cluster)
        settings = _SETTINGS | ({} if self._durable else _CARELESS)
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._server = Guarded(
            [postgres_bin(who) / "postgres", "-D", cluster.data, "-k", cluster.sockets, *options],
            log=self._log,
            env=ENVIRONMENT,
            cwd=Path("/"),
            identity=who.to_become,
            stop=_STOP,
            sweep=cluster.temporary,
            keep_open=() if self._lock is None else (self._lock,),
        )
        self._wait_until_it_answers(self._server, since)
        if not self._databases.has(DATABASE):
            self.create_database(DATABASE)

    def stop(self) -> None:
        """Stop the server if it runs; the cluster stays, for `start`."""
        if self._server is not None:
            self._server.stop()

    def _wait_until_it_answers(self, server: Guarded, since: int) -> None:
        deadline = time.monotonic() + _START_S
        while server.poll() is None and time.monotonic() < deadline:
            if self._databases.answer():
                return
            time.sleep(0.02)
        raise EmbeddedError(f"PostgreSQL did not start: {last_words(self._log, since)}")

    @property
    def _running(self) -> Cluster:
        if self._cluster is None:
            raise EmbeddedError("PostgreSQL is not running: use it inside `with`")
        return self._cluster

    @property
    def _databases(self) -> Databases:
        return Databases(self._running.sockets)

    def poll(self) -> int | None:
        """Return the server's exit code if it has ended, or None while it runs."""
        return self._server.poll() if self._server else None

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._server.pid if self._server else 0

    @property
    def url(self) -> str:
        """The address of the database `relance`, for SQLAlchemy."""
        return self._databases.url(DATABASE)

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Create a database as a copy of `template`, to which nobody may be connected; return its address."""
        self._databases.create(name, template)
        return self._databases.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, and its connections with it."""
        self._databases.drop(name)
