"""A worker that is told to end while its provider is slow: what it has begun ends well, and it begins no more."""

import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

from celery import Celery

from config.clock import clock_text
from config.wiring import DEFAULT_SELLER, Services
from store import log
from tests.command import start_relance
from tests.factories import Json, contact_data, invoice_event
from tests.servers import settings_of_providers
from tests.services import using_services
from tests.simulator_process import Simulator, eventually, run_simulator
from workers.deliver import ENDS_WITHIN_S, GOES_ON_S
from workers.due import due
from workers.intake import intake
from workers.nudges import Nudge
from workers.receive import receive

TUESDAY_1000 = datetime(2026, 11, 24, 9, tzinfo=UTC)
CUSTOMERS = 20
ANSWERS_AFTER_S = 5.0
AT_A_TIME = 10
"""Text messages that the line takes at once: half of what goes out in a second."""
PATIENCE_S = 60.0


def test_a_worker_told_to_end_begins_no_more_calls_and_records_those_it_has_begun(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """It has one task of which the line takes half at once; the other half is left to whoever comes next."""
    with run_simulator("--seed", "end") as simulator:
        settings = {
            "database_url": database_url,
            "redis_url": redis_url,
            "clock": clock_text(TUESDAY_1000, 1.0, datetime.now(UTC)),
            "secret_key": "a secret that signs what tests sign",
            "sms_per_s": f"{2 * AT_A_TIME}",
            "log_level": "error",
            **settings_of_providers(simulator),
        }
        simulator.switch(channel="sms", latency_s=ANSWERS_AFTER_S, callbacks="never")
        with using_services(**settings) as services:
            know_customers(services)
            nudges = due(services, services.clock.now())
            assert [len(nudge.ids) for nudge in nudges] == [CUSTOMERS]
            worker = start_relance("worker", "-Q", "deliver.sms", "-c", "1", folder=tmp_path, settings=settings)
            try:
                publish(nudges, redis_url)
                eventually(lambda: begun(simulator), PATIENCE_S)
                told_at, took_s = time.time(), end(worker)
                assert (worker.returncode, took_s < ENDS_WITHIN_S) == (0, True)
            finally:
                worker.kill()
            assert max(begun(simulator)) < told_at + GOES_ON_S
            assert states(services) == ["accepted"] * AT_A_TIME
            [nudge] = due(services, services.clock.now())
            assert len(nudge.ids) == CUSTOMERS - AT_A_TIME


def know_customers(services: Services) -> None:
    got = receive(services, DEFAULT_SELLER, [late(number) for number in range(CUSTOMERS)], services.clock.now())
    intake(services, got.inbox_ids, services.clock.now())


def late(number: int) -> Json:
    """Somebody who can only be written to by text message."""
    contact = contact_data(email=None, phone=f"+336123456{number:02}", whatsapp=False)
    invoice = {"id": f"F-{number}", "number": f"F-{number}", "due_on": "2026-11-20"}
    return invoice_event(customer={"id": f"C-{number}", "contacts": [contact]}, invoice=invoice, id=f"evt-{number}")


def publish(nudges: list[Nudge], redis_url: str) -> None:
    with Celery(broker=redis_url) as broker:
        for nudge in nudges:
            broker.send_task(nudge.kind, [list(nudge.ids)], queue=nudge.queue)


def begun(simulator: Simulator) -> list[float]:
    """When each call came to the provider."""
    calls = simulator.ask("GET", "requests", query={"detail": "1"})["requests"]
    return [datetime.fromisoformat(call["at"]).timestamp() for call in calls]


def end(worker: "subprocess.Popen[str]") -> float:
    """What a deploy does; how many seconds it took."""
    began = time.monotonic()
    worker.terminate()
    worker.communicate(timeout=PATIENCE_S)
    return time.monotonic() - began


def states(services: Services) -> list[str]:
    with services.engine.connect() as connection:
        return [row.state for row in log.read(connection)]
