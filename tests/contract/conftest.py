"""One simulator process for all contract tests, wiped before each test, and the real SDK clients that talk to it."""

from collections.abc import Iterator

import pytest
from sendgrid import SendGridAPIClient
from twilio.rest import Client

from tests.simulator_process import Simulator, run_simulator
from tests.webhook_receiver import Receiver, run_receiver


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[Simulator]:
    with run_simulator("--max-mail-bytes", "20000", "--seed", "contract") as simulator:
        yield simulator


@pytest.fixture
def simulator(simulator_process: Simulator) -> Simulator:
    simulator_process.reset()
    return simulator_process


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as receiver:
        yield receiver


@pytest.fixture
def twilio_client(simulator: Simulator) -> Iterator[Client]:
    client = Client(simulator.twilio_account_sid, simulator.twilio_auth_token)
    client.api.base_url = simulator.url
    yield client
    client.http_client.session.close()


@pytest.fixture
def sendgrid_client(simulator: Simulator) -> SendGridAPIClient:
    return SendGridAPIClient(simulator.sendgrid_api_key, host=simulator.url)
