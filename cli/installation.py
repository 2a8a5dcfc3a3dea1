"""A whole installation on this machine: servers, simulators, web, worker, scheduler. Used by `up` and `demo`.

    alone in the home ─▶ PostgreSQL ─▶ Redis ─▶ migrations ─▶ simulators ─▶ (start) web, worker, scheduler

What the operator has set is used and not started; everything that is started ends with us, the last first.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import typer
from pydantic import SecretStr

from cli.parts import listen
from cli.pretend import start_simulators
from config.embedded.logs import last_words, log_size
from config.embedded.postgres import EmbeddedPostgres
from config.embedded.processes import Processes
from config.embedded.redis import EmbeddedRedis
from config.keys import login_token, new_key
from config.policy_files import policy_names
from config.private_files import read_or_make
from config.publishing import prepare
from config.running import Running, alone_in, announce
from config.wiring import DEFAULT_SELLER, Services, Settings, build, read_settings
from store import sellers
from store.migrate import migrate

HOST = "127.0.0.1"
PARTS: Mapping[str, tuple[str, ...]] = {
    "web": (),
    "worker": ("-c", "2"),
    "scheduler": (),
}
"""The processes of ours, each a verb of the command line, with its options."""

_FILES = frozenset({"policy", "rates", "templates"})
_READY_S = 90.0
_ASK_S = 5.0
_LINK_LASTS = timedelta(days=1)


class PartEndedError(Exception):
    """A part ended by itself; the message is one line that says which, with its last words."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything that runs, or is about to. `settings` are those that were given or chosen here, by field name."""

    home: Path
    url: str
    settings: Mapping[str, Any]
    services: Services
    processes: Processes
    servers: Mapping[str, EmbeddedPostgres | EmbeddedRedis]
    key: str
    key_id: str
    _since: dict[str, int] = field(default_factory=dict)

    @property
    def sign_in_url(self) -> str:
        """A link that opens the pages, for a day."""
        secret_key = self.services.settings.secret_key
        until = self.services.clock.wall() + _LINK_LASTS
        token = login_token("" if secret_key is None else secret_key.get_secret_value(), self.key_id, until)
        return f"{self.url}/login?token={token}"

    def start(self) -> None:
        """Starts web, worker and scheduler, and tells other shells of the owner where they are."""
        announce(self.home, Running(self.url, os.getpid(), self.settings))
        environment = environment_of(self.settings)
        port = self.url.rpartition(":")[2]
        for name, options in PARTS.items():
            own = ("--port", port) if name == "web" else options
            self._since[name] = log_size(self._log(name))
            self.processes.start(name, [sys.executable, "-P", "-m", "cli", name, *own], env=environment)

    def wait_until_ready(self) -> None:
        """Waits for the first 200 of /readyz. Raises PartEndedError, also if it does not come in time."""
        deadline = time.monotonic() + _READY_S
        while not _answers(f"{self.url}/readyz"):
            self.check()
            if time.monotonic() > deadline:
                raise PartEndedError(f"web was not ready within {_READY_S:.0f} s: {self._last_words('web')}")
            time.sleep(0.1)

    def check(self) -> None:
        """Raises PartEndedError if a process or a server has ended."""
        ended = self.processes.ended()
        if ended is not None:
            raise PartEndedError(f"{ended.name} ended with exit code {ended.code}: {self._last_words(ended.name)}")
        for name, server in self.servers.items():
            code = server.poll()
            if code is not None:
                raise PartEndedError(f"{name} ended with exit code {code}: {self._last_words(name)}")

    def _last_words(self, name: str) -> str:
        log = self._log(name)
        return last_words(log, self._since.get(name, 0)) if log.exists() else "it said nothing"

    def _log(self, name: str) -> Path:
        return self.home / "logs" / f"{name}.log"


@contextmanager
def installed(
    given: Settings, port: int, *, durable: bool = True, wanted: Callable[[], Mapping[str, Any]] = dict
) -> Iterator[Installation]:
    """Everything but our own parts is up, migrated and set; the block starts those. All of it ends with the block.

    `wanted` gives settings by field name that stand over all others; it is asked when the servers are up. Raises
    BadInputError if the port is taken, and EmbeddedError if a server cannot start or the home is in use.
    """
    home = given.home.absolute()
    with ExitStack() as stack:
        stack.enter_context(alone_in(home))
        with listen(HOST, port) as listener:
            url = f"http://{HOST}:{listener.getsockname()[1]}"
        servers: dict[str, EmbeddedPostgres | EmbeddedRedis] = {}
        chosen = given_settings(given) | {"home": str(home)}
        chosen |= _addresses(stack, given, home, servers, durable=durable)
        migrate(chosen["database_url"], lambda line: typer.echo(line, err=True))
        public_url = given.public_url if "public_url" in given.model_fields_set else url
        processes = stack.enter_context(Processes(home / "logs"))
        chosen |= {
            "public_url": public_url,
            "secret_key": _secret_key(given, home),
            **start_simulators(processes, home, given, public_url),
            **wanted(),
        }
        services = build(read_settings(chosen))
        stack.callback(services.engine.dispose)
        prepare(services)
        key, key_id = _development_key(services, home)
        yield Installation(home, url, chosen, services, processes, servers, key, key_id)


def given_settings(given: Settings) -> dict[str, Any]:
    """What the operator has set, by field name, secrets in plain words; it means the same in any folder."""
    found = {name: getattr(given, name) for name in given.model_fields_set}
    return {name: _anywhere(name, value) for name, value in found.items() if value is not None}


def _anywhere(name: str, value: Any) -> Any:
    """What is not there stays as it was typed, for the complaint; so does a shipped policy's name."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if name not in _FILES or (name == "policy" and value in policy_names()):
        return value
    is_there = os.path.exists(value)  # noqa: PTH110 - Path's raises for a name too long, and takes "" for this folder
    return str(Path(value).absolute()) if is_there else value


def environment_of(settings: Mapping[str, Any]) -> dict[str, str]:
    """The settings as variables for a process."""
    return {
        f"RELANCE_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.items()
    }


def _addresses(
    stack: ExitStack,
    given: Settings,
    home: Path,
    servers: dict[str, EmbeddedPostgres | EmbeddedRedis],
    *,
    durable: bool,
) -> dict[str, str]:
    """Where PostgreSQL and Redis are: the operator's, else ones of our own that are started here."""
    if given.database_url is not None:
        database_url = given.database_url.get_secret_value()
    else:
        postgres = stack.enter_context(EmbeddedPostgres(home, durable=durable))
        servers["postgres"], database_url = postgres, postgres.url
    if given.redis_url is not None:
        return {"database_url": database_url, "redis_url": given.redis_url.get_secret_value()}
    broker = stack.enter_context(EmbeddedRedis(home))
    servers["redis"] = broker
    return {"database_url": database_url, "redis_url": broker.url}


def _secret_key(given: Settings, home: Path) -> str:
    """The operator's, else one that is made once and kept, so that links and signatures outlive a restart."""
    if given.secret_key is not None:
        return given.secret_key.get_secret_value()
    return read_or_make(home / "secret-key", lambda: secrets.token_urlsafe(32))


def _development_key(services: Services, home: Path) -> tuple[str, str]:
    """The default seller's key, kept in the home and used again, and its id."""
    key = read_or_make(home / "dev-key", lambda: new_key()[1])
    with services.engine.begin() as connection:
        sellers.add_key(connection, new_key()[0], key, DEFAULT_SELLER)
        known = sellers.key_of(connection, key)
    if known is None:
        raise PartEndedError(f"the key in {home / 'dev-key'} was revoked; remove that file to have another one")
    return key, known.id


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=_ASK_S) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's word for well
    except (OSError, HTTPException):
        return False
