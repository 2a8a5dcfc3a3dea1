"""A worker is killed while a provider takes its message: the customer hears once, and a receipt says so."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from channels.sendgrid.callbacks import read_events
from channels.sendgrid.words import ATTEMPT_ARG
from config.clock import clock_text
from config.wiring import DEFAULT_SELLER, Services
from domain.ids import CustomerId
from domain.outcomes import Receipt
from store import log, overview, receipts
from store.log import LogRow
from tests.command import start_relance
from tests.factories import invoice_event
from tests.running import descendants
from tests.services import using_services
from tests.simulator_process import Simulator, eventually, run_simulator
from workers.receive import receive

TUESDAY_1000 = datetime(2026, 11, 24, 9, tzinfo=UTC)
QUEUES = "intake,due,settle,sweep,deliver.email"
PATIENCE_S = 30.0


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with run_simulator("--seed", "kill") as simulator:
        yield simulator


def test_a_worker_killed_in_the_middle_of_a_call_sends_nothing_twice(
    simulator: Simulator, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """The lease is made to run out by hand, so that nobody waits half a minute; all else takes its course."""
    settings = {
        "database_url": database_url,
        "redis_url": redis_url,
        "clock": clock_text(TUESDAY_1000, 1.0, datetime.now(UTC)),
        "sendgrid_api_key": simulator.sendgrid_api_key,
        "sendgrid_api_url": simulator.url,
        "mail_from": "reminders@example.com",
        "secret_key": "a secret that signs what tests sign",
        "log_level": "error",
    }
    simulator.switch(channel="email", latency_s=4.0, callbacks="never")
    with using_services(**settings) as services, running("scheduler", folder=tmp_path, settings=settings):
        receive(services, DEFAULT_SELLER, [invoice_event(invoice={"due_on": "2026-11-20"})], services.clock.now())
        with running("worker", "-Q", QUEUES, "-c", "1", folder=tmp_path, settings=settings) as worker:
            eventually(lambda: states(services) == ["calling"], PATIENCE_S)
            eventually(lambda: simulator.requests()["total"], PATIENCE_S)
            kill(worker)
        with running("worker", "-Q", QUEUES, "-c", "1", folder=tmp_path, settings=settings):
            eventually(simulator.messages, PATIENCE_S)
            assert states(services) == ["calling"]
            with services.engine.begin() as connection:
                connection.execute(sa.text("UPDATE attempts SET leased_until = clock_timestamp()"))
            eventually(lambda: states(services) == ["unconfirmed"], PATIENCE_S)
            with services.engine.begin() as connection:
                receipts.put(connection, "sendgrid", [delivered(rows(services)[0])], services.clock.now())
            eventually(lambda: states(services) == ["delivered"], PATIENCE_S)
            eventually(lambda: "step_later" in codes(services), PATIENCE_S)
    assert len(simulator.messages()) == 1


@contextmanager
def running(*words: str, folder: Path, settings: Mapping[str, str]) -> Iterator["subprocess.Popen[str]"]:
    process = start_relance(*words, folder=folder, settings=settings)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def kill(worker: "subprocess.Popen[str]") -> None:
    """Ends the worker and its children as a power cut would."""
    for pid in (worker.pid, *descendants(worker.pid)):
        os.kill(pid, signal.SIGKILL)


def rows(services: Services) -> list[LogRow]:
    with services.engine.connect() as connection:
        return log.read(connection)


def states(services: Services) -> list[str]:
    return [row.state for row in rows(services)]


def codes(services: Services) -> list[str]:
    """Why the customer hears nothing more for now."""
    with services.engine.connect() as connection:
        found = overview.account(connection, DEFAULT_SELLER, CustomerId("C-17"))
    assert found is not None
    assert found.plan is not None
    return [reason["code"] for reason in found.plan["reasons"]]


def delivered(row: LogRow) -> tuple[Receipt, bytes]:
    """SendGrid's report, which carries our attempt's id."""
    told = {"event": "delivered", "email": row.to, "timestamp": 1_795_000_000, ATTEMPT_ARG: row.attempt}
    raw = json.dumps([told]).encode()
    return read_events(raw)[0][0], raw
