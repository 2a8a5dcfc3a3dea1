"""The pipeline on a fresh database, its providers being one simulator process for the whole run."""

import asyncio
from collections.abc import Iterator

import pytest

from config.wiring import Services
from tests.pipeline import TUESDAY_0930, Pipeline
from tests.services import make_services
from tests.simulator_process import Simulator, run_simulator


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[Simulator]:
    with run_simulator("--seed", "integration") as simulator:
        yield simulator


@pytest.fixture
def simulator(simulator_process: Simulator) -> Simulator:
    simulator_process.reset()
    return simulator_process


@pytest.fixture
def services(database_url: str, simulator: Simulator) -> Iterator[Services]:
    services = make_services(
        database_url,
        twilio_account_sid=simulator.twilio_account_sid,
        twilio_auth_token=simulator.twilio_auth_token,
        twilio_from="+33755000001",
        twilio_whatsapp_from="+33755000002",
        twilio_api_url=simulator.url,
        twilio_content_sids={f"fr.{tone}": "HX" + "0" * 32 for tone in ("upcoming", "courteous", "firm", "formal")},
        sendgrid_api_key=simulator.sendgrid_api_key,
        sendgrid_api_url=simulator.url,
        mail_from="reminders@example.com",
    )
    yield services
    services.engine.dispose()


@pytest.fixture
def pipeline(services: Services) -> Iterator[Pipeline]:
    """Every step at hand, at half past nine on a Tuesday in Paris."""
    with asyncio.Runner() as runner:
        yield Pipeline(services, runner).at(TUESDAY_0930)
        runner.run(services.transport.close())
