"""What an installation of real processes stands on: PostgreSQL, Redis, the simulator, and what leads to them.

with servers("--latency", "0.15") as it:
    settings = {"redis_url": it.redis.url, "public_url": it.url, **settings_of_providers(it.simulator)}
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from cli.parts import listen
from config.embedded.postgres import EmbeddedPostgres
from config.embedded.redis import EmbeddedRedis
from config.wiring import Services
from domain.customer import Seller
from domain.ids import SellerId
from store import sellers
from store.migrate import migrate
from tests.simulator_process import Simulator, run_simulator


@dataclass(frozen=True)
class Servers:
    """All that runs before any part of ours; the web edge is expected on `port`, where the simulator calls back."""

    home: Path
    postgres: EmbeddedPostgres
    redis: EmbeddedRedis
    simulator: Simulator
    port: int

    @property
    def url(self) -> str:
        """Where the web edge is to be."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def stores() -> Iterator[tuple[Path, EmbeddedPostgres, EmbeddedRedis]]:
    """Start the database, with the newest schema, and the broker; their home lies with them."""
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="relance-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        home.chmod(0o755)  # PostgreSQL, which may run as another user, keeps its data inside
        postgres = stack.enter_context(EmbeddedPostgres(home))
        redis = stack.enter_context(EmbeddedRedis(home))
        migrate(postgres.url)
        yield home, postgres, redis


@contextmanager
def servers(*simulator: str) -> Iterator[Servers]:
    """Start them, the simulator with these options."""
    with stores() as (home, postgres, redis), ExitStack() as stack:
        with listen("127.0.0.1", 0) as listener:
            port = listener.getsockname()[1]
        callbacks = f"http://127.0.0.1:{port}/callbacks"
        ways = ("--sendgrid-callback-url", f"{callbacks}/sendgrid", "--inbound-url", f"{callbacks}/twilio/inbound")
        yield Servers(home, postgres, redis, stack.enter_context(run_simulator(*simulator, *ways)), port)


def settings_of_providers(simulator: Simulator) -> dict[str, Any]:
    """Mail and text messages over the simulator."""
    return {
        "mail_from": "reminders@relance.example",
        "sendgrid_api_key": simulator.sendgrid_api_key,
        "sendgrid_webhook_key": simulator.sendgrid_public_key,
        "sendgrid_api_url": simulator.url,
        "twilio_account_sid": simulator.twilio_account_sid,
        "twilio_auth_token": simulator.twilio_auth_token,
        "twilio_api_url": simulator.url,
        "twilio_from": "+15005550006",
    }


def make_seller(services: Services, name: str) -> str:
    """Make a seller with a key; return the key."""
    key = f"rk_{name}".ljust(46, "k")
    with services.engine.begin() as connection:
        sellers.ensure(connection, Seller(SellerId(name)))
        sellers.add_key(connection, name, key, SellerId(name))
    return key


def is_up(url: str) -> bool:
    """Whether the web edge there is ready."""
    try:
        with urlopen(f"{url}/readyz", timeout=5) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except OSError:
        return False
