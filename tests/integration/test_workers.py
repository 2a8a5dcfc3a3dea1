"""The worker's shell: a broker that is away costs nobody time, any kind of pool may deliver, a stop is never lost."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from channels.twilio.callbacks import read_inbound
from config.publishing import wake_seller
from config.wiring import DEFAULT_SELLER
from domain.levels import Channel
from store import history
from tests.factories import invoice_event
from tests.integration.test_crash_safety import busy, keys_of, late
from tests.integration.test_races import at_once
from tests.pipeline import Pipeline
from tests.simulator_process import Simulator
from workers.deliver import deliver
from workers.hear import hear
from workers.loop import LoopThread
from workers.scheduler import EXPIRES_S

PUBLISHING = """
import time
from workers.app import publish
from workers.nudges import Nudge
begun = time.monotonic()
told = publish([Nudge("event.intake", "intake", (1,))])
print(told, time.monotonic() - begun)
"""

IN_TURN = """
from workers.app import app, publish
from workers.broker import waiting
from workers.nudges import Nudge
assert publish([Nudge("event.intake", "intake", (1, 2), is_bulk=True), Nudge("event.intake", "intake", (3,))])
print(waiting(app.conf.broker_url, ["intake", "settle"]))
with app.connection_for_read() as connection:
    for _ in range(2):
        print(connection.default_channel.basic_get("intake", no_ack=True).decode()[0])
"""

RECEIVING = """
import redis
from config.publishing import prepare
from tests.factories import invoice_event
from workers.app import app, services
from workers.broker import LAST_LIST
from workers.nudges import BULK
prepare(services())
broker = redis.Redis.from_url(app.conf.broker_url)
for number in 1, BULK + 1:
    app.tasks["events.receive"]([invoice_event(id=f"evt-{number}-{at}") for at in range(number)])
    print(broker.llen("intake"), broker.llen("intake" + LAST_LIST))
"""

TICKING = """
from datetime import datetime
from config.logs import set_up_logs
from workers.app import app
from workers.scheduler import schedule
set_up_logs("error")
class Once:
    is_set = lambda self, seen=[]: bool(seen) or seen.append(1)
    wait = lambda self, seconds: None
schedule(Once())
with app.connection_for_read() as connection:
    for queue in "due", "sweep", "sweep", "sweep":
        told = connection.default_channel.basic_get(queue, no_ack=True).headers
        print(told["task"], (datetime.fromisoformat(told["expires"]) - datetime.now().astimezone()).total_seconds())
"""


@contextmanager
def refusing() -> Iterator[int]:
    """A port where nobody listens."""
    yield 1


@contextmanager
def silent() -> Iterator[int]:
    """A port that neither takes nor refuses a connection: its queue is full."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(2):
            one = sockets.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield int(listener.getsockname()[1])


@pytest.mark.parametrize("away", [refusing, silent])
def test_a_broker_that_is_away_costs_a_publisher_a_second_at_most(
    away: Callable[[], AbstractContextManager[int]],
) -> None:
    """Left alone, its client tries three times more, with pauses: six seconds for each nudge and each tick."""
    with away() as port:
        told = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", PUBLISHING],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "RELANCE_REDIS_URL": f"redis://127.0.0.1:{port}/0"},
            capture_output=True,
            text=True,
            check=True,
        )
    answer, seconds = told.stdout.split()[-2:]
    assert answer == "False"
    assert float(seconds) < 1.5


def said(script: str, redis_url: str, database_url: str = "") -> list[str]:
    """The lines that a process of ours prints, with this broker and, if it needs one, this database."""
    told = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "RELANCE_REDIS_URL": redis_url, "RELANCE_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return told.stdout.splitlines()


def test_whoever_brings_a_whole_book_lets_others_go_first(redis_url: str) -> None:
    assert said(IN_TURN, redis_url) == ["{'intake': 2, 'settle': 0}", "[[3]]", "[[1, 2]]"]


def test_whoever_sends_a_whole_book_from_python_lets_others_go_first(redis_url: str, database_url: str) -> None:
    assert said(RECEIVING, redis_url, database_url) == ["1 0", "1 1"]


def test_a_tick_that_nobody_takes_up_expires(redis_url: str) -> None:
    """Else a worker that comes back after an hour would make thousands of them, one after the other."""
    ticks = [line.split() for line in said(TICKING, redis_url)]
    assert {name for name, _ in ticks} == {"tick.due", "tick.sweep", "tick.ask", "tick.keep"}
    assert all(EXPIRES_S - 60 < float(seconds) <= EXPIRES_S for _, seconds in ticks)


def test_threads_of_one_worker_deliver_at_once(pipeline: Pipeline, simulator: Simulator) -> None:
    """A pool of threads is a kind of worker too, and the transport belongs to one event loop."""
    pipeline.take(*[late(number) for number in range(8)])
    loop = LoopThread()
    made = at_once(
        *[
            partial(deliver, pipeline.services, loop, keys_of(pipeline, number), "deliver.email")
            for number in range(8)
        ]
    )
    loop.run(pipeline.services.transport.close())
    loop.close()
    assert made == [1] * 8
    assert {row.state for row in pipeline.log()} == {"accepted"}


def test_a_stop_holds_though_the_account_is_busy(pipeline: Pipeline, simulator: Simulator) -> None:
    """Twilio does not tell a reply again: it must not depend on a lock that somebody else holds."""
    pipeline.take(late(preferred_channel="sms"))
    pipeline.deliver_due()
    form = {"MessageSid": "SM1", "From": "+33612345678", "To": "+33755000001", "Body": "STOP"}
    with busy(pipeline, keys_of(pipeline, 1)[0], 6.0):
        hear(pipeline.services, read_inbound(form), b"raw", pipeline.now)
    with pipeline.services.engine.connect() as connection:
        found = history.suppressed_among(connection, {(DEFAULT_SELLER, "+33612345678")})
    assert [[entry.channel for entry in entries] for entries in found.values()] == [[Channel.SMS]]


def test_a_seller_whose_defaults_change_has_its_accounts_planned_again(pipeline: Pipeline) -> None:
    pipeline.take(invoice_event())
    wake_seller(pipeline.services, DEFAULT_SELLER)
    due_at = pipeline.account().due_at
    assert due_at is not None
    assert due_at <= pipeline.now
