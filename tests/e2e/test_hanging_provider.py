"""A mail provider that hangs, and workers of their own for mail and SMS, as in `docker-compose.yml`."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from config.clock import clock_text
from config.wiring import DEFAULT_SELLER, Services
from store import log
from tests.command import start_relance
from tests.factories import Json, contact_data, invoice_event
from tests.servers import settings_of_providers
from tests.services import using_services
from tests.simulator_process import Simulator, eventually, run_simulator
from workers.intake import intake
from workers.receive import receive

TUESDAY_1000 = datetime(2026, 11, 24, 9, tzinfo=UTC)
HANGS_S = 30.0
AT_ONCE_S = 8.0
"""Less than a call waits for its answer, and far more than a nudge takes on a busy machine."""
PATIENCE_S = 45.0
WORKERS = {"plan": "due,settle,sweep", "email": "deliver.email", "mobile": "deliver.sms,deliver.whatsapp"}


def test_sms_goes_out_at_once_while_every_mail_hangs(database_url: str, redis_url: str, tmp_path: Path) -> None:
    with run_simulator("--seed", "hangs") as simulator, ExitStack() as stack:
        settings = settings_of(simulator, database_url, redis_url)
        services = stack.enter_context(using_services(**settings))
        stack.enter_context(all_running(tmp_path, settings))
        text_all(services, "warm", 1)
        eventually(lambda: simulator.messages(channel="sms"), PATIENCE_S)  # all have started
        simulator.switch(channel="email", latency_s=HANGS_S)
        issue(services, [issued(f"M-{number}", contact_data(phone=None)) for number in range(20)])
        eventually(lambda: len(states(services, "email")) == 20, PATIENCE_S)
        began = time.monotonic()
        text_all(services, "S", 5)
        eventually(lambda: len(simulator.messages(channel="sms")) == 6, PATIENCE_S)
        took_s = time.monotonic() - began
        assert states(services, "email") == ["calling"] * 20
        assert took_s < AT_ONCE_S


@contextmanager
def all_running(folder: Path, settings: Mapping[str, str]) -> Iterator[None]:
    """The scheduler and the workers, all told to stop at once."""
    workers = [("worker", "-Q", queues, "-c", "1", "-n", f"{name}@%h") for name, queues in WORKERS.items()]
    processes = [start_relance(*words, folder=folder, settings=settings) for words in [("scheduler",), *workers]]
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.communicate(timeout=PATIENCE_S)


def settings_of(simulator: Simulator, database_url: str, redis_url: str) -> dict[str, str]:
    return {
        "database_url": database_url,
        "redis_url": redis_url,
        "clock": clock_text(TUESDAY_1000, 1.0, datetime.now(UTC)),
        "secret_key": "a secret that signs what tests sign",
        **settings_of_providers(simulator),
    }


def text_all(services: Services, name: str, number: int) -> None:
    """Customers who can be reached by SMS alone."""
    phone = contact_data(email=None, whatsapp=False)
    issue(
        services, [issued(f"{name}-{at}", phone | {"phone": f"+3363998{len(name)}{at:03}"}) for at in range(number)]
    )


def issued(name: str, contact: Json) -> Json:
    if contact["email"]:
        contact = contact | {"email": f"{name.lower()}@example.com"}
    invoice = {"id": f"F-{name}", "number": f"F-{name}", "due_on": "2026-11-20"}
    return invoice_event(id=f"evt-{name}", customer={"id": f"C-{name}", "contacts": [contact]}, invoice=invoice)


def issue(services: Services, events: list[Json]) -> None:
    got = receive(services, DEFAULT_SELLER, events, services.clock.now())
    intake(services, got.inbox_ids, services.clock.now())


def states(services: Services, channel: str) -> list[str]:
    with services.engine.connect() as connection:
        return [row.state for row in log.read(connection) if row.channel == channel]
