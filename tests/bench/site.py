"""A whole installation as real processes, with nothing between them: what `make bench` measures on.

with site() as it:
it.add("worker", "worker", "-c", "2")
it.wait_until_ready()
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from celery import Celery

from cli.installation import environment_of
from cli.parts import listen
from config.clock import clock_text
from config.embedded.guarded import Guarded
from config.embedded.postgres import EmbeddedPostgres
from config.embedded.redis import EmbeddedRedis
from config.wiring import Services
from domain.customer import Seller
from domain.ids import SellerId
from store import sellers
from store.migrate import migrate
from tests.command import environment
from tests.services import SECRET_KEY, make_services
from tests.simulator_process import Simulator, eventually, run_simulator

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
        key = f"rk_{name}".ljust(46, "k")
        with self.services.engine.begin() as connection:
            sellers.ensure(connection, Seller(SellerId(name)))
            sellers.add_key(connection, name, key, SellerId(name))
        return key

    def wait_until_ready(self) -> None:
        """Wait until the web edge answers and every worker takes tasks."""
        eventually(self._is_up, _STARTS_WITHIN_S)
        workers = sum(name.startswith("worker") for name in self.parts)
        with Celery(broker=self.redis.url) as app:
            eventually(lambda: len(app.control.ping(timeout=1.0)) >= workers, _STARTS_WITHIN_S)

    def _is_up(self) -> bool:
        try:
            with urlopen(f"{self.url}/readyz", timeout=5) as answer:  # noqa: S310 - our own address
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def site(*simulator: str, start_at: datetime = TUESDAY_1000, **settings: Any) -> Iterator[Site]:
    """Start PostgreSQL, Redis, the simulator with these options, web and scheduler; workers are the caller's.

    Settings are those of production, but that documents are not fetched: they lie on the public internet.
    """
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="relance-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        home.chmod(0o755)  # PostgreSQL, which may run as another user, keeps its data inside
        postgres = stack.enter_context(EmbeddedPostgres(home))
        redis = stack.enter_context(EmbeddedRedis(home))
        migrate(postgres.url)
        with listen("127.0.0.1", 0) as listener:
            port = listener.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        simulator_ = stack.enter_context(run_simulator(
            *simulator,
            "--sendgrid-callback-url", f"{url}/callbacks/sendgrid",
            "--inbound-url", f"{url}/callbacks/twilio/inbound",
        ))  # fmt: skip
        given: dict[str, Any] = {
            "redis_url": redis.url,
            "public_url": url,
            "secret_key": SECRET_KEY,
            "clock": clock_text(start_at, 1.0, datetime.now(UTC)),
            "mail_from": "reminders@relance.example",
            "sendgrid_api_key": simulator_.sendgrid_api_key,
            "sendgrid_webhook_key": simulator_.sendgrid_public_key,
            "sendgrid_api_url": simulator_.url,
            "twilio_account_sid": simulator_.twilio_account_sid,
            "twilio_auth_token": simulator_.twilio_auth_token,
            "twilio_api_url": simulator_.url,
            "twilio_from": "+15005550006",
            "email_per_s": 10_000.0,
            "sms_per_s": 10_000.0,
            "documents": "link",
            **settings,
        }
        services = make_services(postgres.url, **given)
        stack.callback(services.engine.dispose)
        it = Site(home, given | {"database_url": postgres.url}, simulator_, postgres, redis, services)
        stack.callback(_end_all, it)
        it.add("web", "web", "--port", str(port))
        it.add("scheduler", "scheduler")
        yield it


def _end_all(it: Site) -> None:
    for running in reversed(it.parts.values()):
        running.stop()
