"""What tests of every folder may ask for: a real PostgreSQL and a real Redis, a fresh database, an empty Redis.

The servers start once per run, when the first test asks for them, and end with it, however it ends.
"""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
import redis

from config.embedded.postgres import EmbeddedPostgres
from config.embedded.redis import EmbeddedRedis

_MEMORY = Path("/dev/shm")  # noqa: S108 - only a folder of the kind that mkdtemp makes goes there
_ENOUGH = 1 << 30  # bytes
_TEMPLATE = "relance_template"
_numbers = count(1)

signal.signal(signal.SIGHUP, signal.SIG_DFL)
"""Whoever runs the tests under `nohup` has it ignored, and so would all that they start: `up` means that by it."""


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers of this test run."""

    postgres: EmbeddedPostgres
    redis: EmbeddedRedis


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Start PostgreSQL and Redis, fast and forgetful; data lie in memory where there is room: 5 times faster."""
    home = tmp_path_factory.mktemp("servers")
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH
    with (
        EmbeddedPostgres(home, durable=False, scratch=_MEMORY if roomy else None) as postgres,
        EmbeddedRedis(home) as broker,
    ):
        yield Servers(postgres, broker)


@pytest.fixture(scope="session")
def template_database(servers: Servers) -> str:
    """Migrate one database, which every test's database is a copy of; return its name."""
    from store.migrate import migrate  # noqa: PLC0415 - tests that need no tables do not need it either

    migrate(servers.postgres.create_database(_TEMPLATE))
    return _TEMPLATE


@contextmanager
def _database(servers: Servers, template: str) -> Iterator[str]:
    name = f"relance_{next(_numbers)}"
    yield servers.postgres.create_database(name, template=template)
    servers.postgres.drop_database(name)


@pytest.fixture
def database_url(servers: Servers, template_database: str) -> Iterator[str]:
    """Return the address of a migrated database that no other test sees."""
    with _database(servers, template_database) as url:
        yield url


@pytest.fixture(scope="module")
def shared_database_url(servers: Servers, template_database: str) -> Iterator[str]:
    """Return the address of a migrated database that only tests of one file see."""
    with _database(servers, template_database) as url:
        yield url


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """Return the address of a Redis that holds nothing."""
    with redis.Redis.from_url(servers.redis.url) as client:
        client.flushall()
    return servers.redis.url


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every RELANCE_* variable away for one test."""
    for name in [name for name in os.environ if name.startswith("RELANCE_")]:
        monkeypatch.delenv(name)
