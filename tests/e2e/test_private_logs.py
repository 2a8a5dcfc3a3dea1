"""Everything that the processes write is searched for what must not stand there, while everything breaks.

Real processes at debug level. The database breaks each step with an error that quotes the row, providers refuse with
the address in their words, strangers and billing systems send what cannot be read, tasks come with rubbish.
"""

import json
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from celery import Celery

from config.clock import clock_text
from config.keys import login_token
from config.wiring import Services
from tests.command import RELANCE, environment
from tests.factories import contact_data, event, invoice_event
from tests.services import KEY, KEY_ID, SECRET_KEY, using_services
from tests.simulator_process import Simulator, eventually, run_simulator
from tests.web_server import BATCH, BEARER, STRUCTURED, Web
from workers.nudges import QUEUES

TUESDAY_1000 = datetime(2026, 11, 24, 9, tzinfo=UTC)
PATIENCE_S = 30.0
STOPPED_WITHIN_S = 45.0
NAME, PERSON, EMAIL, PHONE = "Zephyrine Quatremer", "Ysaline Quatremer", "ysaline@quatremer.example", "+33698765432"
PAYMENT = "https://pay.example.com/?token=paytokenpaytoken"
WRONG_KEY = "rk_" + "w" * 43
LATE = {"due_on": "2026-11-20", "issued_on": "2026-10-20", "payment_url": PAYMENT}
BREAK = """
CREATE OR REPLACE FUNCTION break_it() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'cannot have %', NEW USING DETAIL = 'Failing row contains ' || NEW::text; END $$
"""


@dataclass(slots=True)
class Running:
    """The processes, and what they have said."""

    services: Services
    web: Web
    tasks: Celery
    folder: Path

    @property
    def said(self) -> str:
        """All that the processes have written."""
        return "\n".join((self.folder / verb).read_text(encoding="utf-8") for verb in ("web", "worker", "scheduler"))

    def until_said(self, words: str, times: int = 1) -> None:
        eventually(lambda: self.said.count(words) >= times, PATIENCE_S)

    def count(self, sql: str) -> int:
        with self.services.engine.connect() as connection:
            return int(connection.execute(sa.text(sql)).scalar_one())

    @contextmanager
    def broken(self, table: str, on: str) -> Iterator[None]:
        """While the block runs, whoever writes there crashes with an error that quotes the row."""
        with self.services.engine.begin() as connection:
            connection.execute(sa.text(BREAK))
            connection.execute(
                sa.text(f"CREATE TRIGGER breaks BEFORE {on} ON {table} FOR EACH ROW EXECUTE FUNCTION break_it()")
            )
        yield
        with self.services.engine.begin() as connection:
            connection.execute(sa.text(f"DROP TRIGGER breaks ON {table}"))


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with run_simulator("--seed", "private") as simulator:
        yield simulator


@contextmanager
def running(simulator: Simulator, database_url: str, redis_url: str, folder: Path) -> Iterator[Running]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    settings = {
        "database_url": database_url,
        "redis_url": redis_url,
        "clock": clock_text(TUESDAY_1000, 1.0, datetime.now(UTC)),
        "public_url": f"http://127.0.0.1:{port}",
        "twilio_account_sid": simulator.twilio_account_sid,
        "twilio_auth_token": simulator.twilio_auth_token,
        "twilio_from": "+33755000001",
        "twilio_api_url": simulator.url,
        "sendgrid_api_key": simulator.sendgrid_api_key,
        "sendgrid_api_url": simulator.url,
        "sendgrid_webhook_key": simulator.sendgrid_public_key,
        "mail_from": "reminders@example.com",
        "secret_key": SECRET_KEY,
        "log_level": "debug",
    }
    simulator.configure(sendgrid_callback_url=f"http://127.0.0.1:{port}/callbacks/sendgrid")
    words = (
        ("web", "--port", str(port)),
        ("worker", "-Q", ",".join(QUEUES), "-c", "1", "-l", "debug"),
        ("scheduler",),
    )
    with using_services(**{**settings, "log_level": "error"}) as services, ExitStack() as stack:
        stack.callback(services.engine.dispose)
        tasks = Celery("stranger", broker=redis_url)
        stack.callback(tasks.close)
        found = Running(services, Web(port), tasks, folder)
        started = [stack.enter_context(writing(folder / each[0], settings, *each)) for each in words]
        try:
            eventually(lambda: answers(found.web), PATIENCE_S)
            yield found
        finally:
            for process in started:
                process.terminate()
            for process in started:
                ended(process)


def ended(process: "subprocess.Popen[bytes]") -> None:
    """As containers are stopped. How a worker ends is judged in `test_told_to_end`; here it is what it says."""
    try:
        process.wait(STOPPED_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def writing(file: Path, settings: Mapping[str, str], *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A verb whose words all go to a file: a pipe that nobody empties would stop it."""
    with (
        file.open("wb") as told,
        subprocess.Popen(  # noqa: S603 - our own command line
            [*RELANCE, *words], cwd=file.parent, env=environment(settings), stdout=told, stderr=told
        ) as process,
    ):
        yield process


def answers(web: Web) -> bool:
    try:
        return web.get("/readyz").status == 200
    except OSError:
        return False


def customer(**changes: Any) -> dict[str, Any]:
    person = contact_data(name=PERSON, email=EMAIL, phone=PHONE)
    return {"name": NAME, "contacts": [person]} | changes


def test_nothing_private_is_written_whatever_breaks(
    simulator: Simulator, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    simulator.switch(recipient=EMAIL, fault="refuse", status=400)
    with running(simulator, database_url, redis_url, tmp_path) as all_of_it:
        speak_to_the_edge(all_of_it)
        break_each_step(all_of_it)
        send_rubbish(all_of_it)
    check(all_of_it.said, simulator)


def speak_to_the_edge(it: Running) -> None:
    """Good events and bad ones, strangers, links, forged reports, lines that are no HTTP."""
    web = it.web
    link = login_token(SECRET_KEY, KEY_ID, datetime(2100, 1, 1, tzinfo=UTC))
    with it.broken("inbox", "INSERT"):
        assert web.post("/v1/events", invoice_event(customer=customer()), STRUCTURED, BEARER).status == 500
    assert web.post("/v1/events", [{"id": EMAIL, "data": {"name": NAME}}, NAME, 7], BATCH, BEARER).status == 202
    assert web.post("/v1/events", {"x": NAME}, STRUCTURED, {"Authorization": f"Bearer {WRONG_KEY}"}).status == 401
    signed = {"webhook-id": EMAIL, "webhook-timestamp": "1", "webhook-signature": f"v1,{WRONG_KEY}"}
    assert web.post("/v1/events", {"x": NAME}, STRUCTURED, signed).status == 401
    assert web.get(f"/login?token={link}").status == 303
    assert web.get(f"/customers/{quote(EMAIL)}").status == 303
    assert web.get(f"/nothing/{quote(EMAIL)}?token={WRONG_KEY}").status == 404
    assert (
        web.post(f"/callbacks/twilio/status?attempt={quote(EMAIL)}", f"To={PHONE}".encode(), STRUCTURED).status == 403
    )
    for line in (
        f"GET /{EMAIL} NONSENSE\r\n\r\n",
        f"{NAME} {PHONE}\r\n\r\n",
        f"POST /v1/events HTTP/1.1\r\n{EMAIL}\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", web.port)) as stranger:
            stranger.sendall(line.encode())
            stranger.recv(1000)


def break_each_step(it: Running) -> None:
    """Intake, claim, recording, settling; a provider that quotes the address; a fallback that goes out."""
    with it.broken("accounts", "INSERT"):
        late = invoice_event(customer=customer(id="C-1"), invoice=LATE | {"id": "F-1", "number": "F-1"}, id="e-1")
        assert it.web.post("/v1/events", late, STRUCTURED, BEARER).status == 202
        eventually(lambda: it.count("SELECT count(*) FROM quarantine WHERE kind = 'crash'"), PATIENCE_S)
    with it.broken("attempts", "INSERT"):
        late = invoice_event(customer=customer(id="C-2"), invoice=LATE | {"id": "F-2", "number": "F-2"}, id="e-2")
        assert it.web.post("/v1/events", late, STRUCTURED, BEARER).status == 202
        it.until_said('"claim.failed"')
    with it.broken("receipts", "UPDATE"):
        late = invoice_event(customer=customer(id="C-3"), invoice=LATE | {"id": "F-3", "number": "F-3"}, id="e-3")
        assert it.web.post("/v1/events", late, STRUCTURED, BEARER).status == 202
        it.until_said('"settle.failed"')
    eventually(lambda: it.count("SELECT count(*) FROM receipts WHERE settled_at IS NOT NULL"), PATIENCE_S)


def send_rubbish(it: Running) -> None:
    """Tasks that nobody knows, with arguments that none takes, and events that crash where nobody catches it."""
    paid = event("invoice.paid", {"invoice_id": NAME, "paid_on": "2026-11-24"}, id="by-task")
    with it.broken("inbox", "INSERT"):
        for name, args in (
            ("no.such.task", [NAME, EMAIL]),
            ("event.intake", [NAME, EMAIL, PHONE]),
            ("event.intake", [[EMAIL]]),
            ("reminder.deliver", [[NAME]]),
            ("events.receive", [[paid]]),
            ("events.receive", [{"name": NAME}]),
        ):
            it.tasks.send_task(name, args, queue="intake", routing_key="intake")
        it.until_said('"task_name": "events.receive"', times=2)
    it.tasks.send_task("events.receive", [[paid]], queue="intake", routing_key="intake")
    eventually(lambda: it.count("SELECT count(*) FROM inbox WHERE event_id = 'by-task'"), PATIENCE_S)


def check(said: str, simulator: Simulator) -> None:
    """It broke as meant, it was said where, and nothing of it is private."""
    events = [json.loads(line)["event"] for line in said.splitlines() if line.startswith("{")]
    for expected in ("http.crashed", "intake.quarantined", "claim.failed", "settle.failed", "library.told"):
        assert expected in events
    assert "RaiseException" in said
    assert "Traceback" not in said
    secrets = [KEY, WRONG_KEY, SECRET_KEY, simulator.twilio_auth_token, simulator.sendgrid_api_key]
    persons = [NAME, PERSON, "Quatremer", "quatremer", PHONE, PHONE[1:], quote(EMAIL)]
    for private in (*secrets, *persons, "paytoken", "pay.example.com", "whsec_", f"{KEY_ID}."):
        found = [line for line in said.splitlines() if private in line]
        assert not found, (private, found[:3])
