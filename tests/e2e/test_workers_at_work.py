"""Workers as containers run them: two of one kind share the work, and one that hangs is found out."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import redis

from config.clock import clock_text
from config.wiring import DEFAULT_SELLER, Services
from store import log, ticks
from store.log import LogRow
from tests.command import environment, start_relance
from tests.factories import invoice_event
from tests.running import descendants
from tests.services import using_services
from tests.simulator_process import eventually, run_simulator
from workers.intake import intake
from workers.receive import receive

TUESDAY_1000 = datetime(2026, 11, 24, 9, tzinfo=UTC)
QUEUES = "intake,due,settle,sweep,deliver.email"
CUSTOMERS = 4
PATIENCE_S = 45.0
ROOT = Path(__file__).parents[2]


@contextmanager
def running(*words: str, folder: Path, settings: Mapping[str, str]) -> Iterator[list[str]]:
    """A verb until the block ends; then what it wrote to standard error, line by line."""
    process, said = start_relance(*words, folder=folder, settings=settings), list[str]()
    try:
        yield said
    finally:
        process.terminate()
        said += process.communicate(timeout=PATIENCE_S)[1].splitlines()


def test_two_workers_of_one_kind_share_the_work_and_each_says_what_it_did(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """What `--scale` does. Customers come one by one, and a call takes so long that one worker alone is busy."""
    with run_simulator("--seed", "scale") as simulator:
        settings = {
            "database_url": database_url,
            "redis_url": redis_url,
            "clock": clock_text(TUESDAY_1000, 1.0, datetime.now(UTC)),
            "sendgrid_api_key": simulator.sendgrid_api_key,
            "sendgrid_api_url": simulator.url,
            "mail_from": "reminders@example.com",
            "secret_key": "a secret that signs what tests sign",
        }
        simulator.switch(channel="email", latency_s=2.0, callbacks="never")
        options = ("worker", "-Q", QUEUES, "-c", "1")
        with (
            using_services(**settings) as services,
            running("scheduler", folder=tmp_path, settings=settings),
            running(*options, "-n", "one@%h", folder=tmp_path, settings=settings) as one,
            running(*options, "-n", "two@%h", folder=tmp_path, settings=settings) as two,
        ):
            eventually(lambda: len(workers_seen(services)) == 2, PATIENCE_S)
            for number in range(CUSTOMERS):
                invoice = {"id": f"F-{number}", "number": f"F-{number}", "due_on": "2026-11-20"}
                issued = invoice_event(customer={"id": f"C-{number}"}, invoice=invoice, id=f"evt-{number}")
                got = receive(services, DEFAULT_SELLER, [issued], services.clock.now())
                intake(services, got.inbox_ids, services.clock.now())
                time.sleep(1.0)
            eventually(lambda: len(simulator.messages()) >= CUSTOMERS, PATIENCE_S)
            eventually(lambda: {row.state for row in read(services)} == {"accepted"}, PATIENCE_S)
            eventually(lambda: "keep" in ticks_seen(services), PATIENCE_S)
            attempts = [row.attempt for row in read(services)]
            assert len(simulator.messages()) == CUSTOMERS
    calls = [attempts_told(said, "attempt.calling") for said in (one, two)]
    assert min(len(each) for each in calls) > 0
    assert sorted(calls[0] + calls[1]) == sorted(attempts)
    assert calls == [attempts_told(said, "attempt.answered") for said in (one, two)]


def workers_seen(services: Services) -> set[str]:
    with services.engine.connect() as connection:
        return {sign.worker for sign in ticks.read(connection)}


def ticks_seen(services: Services) -> set[str]:
    with services.engine.connect() as connection:
        return {sign.name for sign in ticks.read(connection)}


def read(services: Services) -> list[LogRow]:
    with services.engine.connect() as connection:
        return log.read(connection)


def attempts_told(said: list[str], event: str) -> list[str]:
    """The attempts of which a worker's log speaks so, each in a job."""
    lines = [json.loads(line) for line in said if line.startswith("{")]
    found = [line for line in lines if line["event"] == event]
    assert all(line["job"] and line["account"] and line["reminder"] for line in found)
    return [line["attempt"] for line in found]


def test_a_worker_whose_pool_hangs_is_found_out(database_url: str, redis_url: str, tmp_path: Path) -> None:
    """Its main process lives on and would answer a ping. A moment counts as long here, so that nobody waits."""
    settings = {"database_url": database_url, "redis_url": redis_url, "log_level": "error"}
    name = f"hung@{socket.gethostname()}"
    with using_services(**settings):
        worker = start_relance("worker", "-Q", "sweep", "-c", "1", "-n", name, folder=tmp_path, settings=settings)
        try:
            assert check(name, settings) == (0, f"{name} works\n")
            tell_pool(worker, signal.SIGSTOP)
            time.sleep(2)
            assert check(name, settings, "1") == (1, f"{name} has run no canary lately\n")
            tell_pool(worker, signal.SIGCONT)
            assert check(name, settings, "1") == (0, f"{name} works\n")
        finally:
            tell_pool(worker, signal.SIGCONT)
            worker.terminate()
            worker.communicate(timeout=PATIENCE_S)
        assert check(name, {**settings, "redis_url": "redis://127.0.0.1:1/0"})[0] == 0


def test_a_worker_says_by_its_exit_code_whether_it_was_told_to_end(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """Bytes in its queue that are no message are the end of a Celery worker; whoever started it has to know."""
    settings = {"database_url": database_url, "redis_url": redis_url, "log_level": "error"}
    name, ended = f"fed@{socket.gethostname()}", []
    with using_services(**settings), redis.Redis.from_url(redis_url) as client:
        for is_told in (True, False):
            worker = start_relance("worker", "-Q", "sweep", "-c", "1", "-n", name, folder=tmp_path, settings=settings)
            try:
                assert check(name, settings) == (0, f"{name} works\n")
                if is_told:
                    worker.terminate()
                else:
                    client.lpush("sweep", "no message")
                worker.communicate(timeout=PATIENCE_S)
                ended.append(worker.returncode)
            finally:
                worker.kill()
    assert ended == [0, 1]


def tell_pool(worker: "subprocess.Popen[str]", what: signal.Signals) -> None:
    for pid in descendants(worker.pid):
        os.kill(pid, what)


def check(name: str, settings: Mapping[str, str], *within: str) -> tuple[int, str]:
    """The health check as docker-compose.yml runs it, for a worker with a name of its own."""
    ended = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", "workers.canary", name, *within],
        cwd=ROOT,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return ended.returncode, ended.stdout
