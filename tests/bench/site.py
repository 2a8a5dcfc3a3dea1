"""A whole installation as real processes, with nothing between them: what `make bench` measures on.

with site() as it:
it.add("worker", "worker", "-c", "2")
it.wait_until_ready()
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from celery import Celery

from cli.installation import environment_of
from config.clock import clock_text
from config.embedded.guarded import Guarded
from config.embedded.postgres import EmbeddedPostgres
from config.embedded.redis import EmbeddedRedis
from config.wiring import Services
from tests.command import environment
from tests.servers import is_up, make_seller, servers, settings_of_providers
from tests.services import SECRET_KEY, make_services
from tests.simulator_process import Simulator, eventually

TUESDAY_1000 = datetime(2026, 11, 24, 9, tzinfo=UTC)
"""Ten o'clock in Paris, inside every window."""
_STARTS_WITHIN_S = 60.0
_STOPS_WITHIN_S = 40.0


@dataclass
class Site:
    """Everything that runs."""

    home: Path
    settings: Mapping[str, Any]
    simulator: Simulator
    postgres: EmbeddedPostgres
    redis: EmbeddedRedis
    services: Services
    parts: dict[str, Guarded] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the web edge is."""
        return str(self.settings["public_url"])

    def add(self, name: str, *words: str) -> None:
        """Start `relance` with these words."""
        self.parts[name] = Guarded(
            [sys.executable, "-m", "cli", *words],
            log=self.home / "logs" / f"{name}.log",
            env=environment({}) | environment_of(self.settings),
            cwd=self.home,
            stop=(("SIGTERM", _STOPS_WITHIN_S),),
        )

    def seller(self, name: str) -> str:
        """Make a seller with a key; return the key."""
        return make_seller(self.services, name)

    def wait_until_ready(self) -> None:
        """Wait until the web edge answers and every worker takes tasks."""
        eventually(lambda: is_up(self.url), _STARTS_WITHIN_S)
        workers = sum(name.startswith("worker") for name in self.parts)
        with Celery(broker=self.redis.url) as app:
            eventually(lambda: len(app.control.ping(timeout=1.0)) >= workers, _STARTS_WITHIN_S)


@contextmanager
def site(*simulator: str, start_at: datetime = TUESDAY_1000, **settings: Any) -> Iterator[Site]:
    """Start PostgreSQL, Redis, the simulator with these options, web and scheduler; workers are the caller's.

    Settings are those of production, but that documents are not fetched: they lie on the public internet.
    """
    with servers(*simulator) as them, ExitStack() as stack:
        given: dict[str, Any] = {
            "redis_url": them.redis.url,
            "public_url": them.url,
            "secret_key": SECRET_KEY,
            "clock": clock_text(start_at, 1.0, datetime.now(UTC)),
            **settings_of_providers(them.simulator),
            "email_per_s": 10_000.0,
            "sms_per_s": 10_000.0,
            "documents": "link",
            **settings,
        }
        services = make_services(them.postgres.url, **given)
        stack.callback(services.engine.dispose)
        given["database_url"] = them.postgres.url
        it = Site(them.home, given, them.simulator, them.postgres, them.redis, services)
        stack.callback(_end_all, it)
        it.add("web", "web", "--port", str(them.port))
        it.add("scheduler", "scheduler")
        yield it


def _end_all(it: Site) -> None:
    for running in reversed(it.parts.values()):
        running.stop()
