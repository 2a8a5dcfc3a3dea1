"""The Celery app: thin shells over the steps. `celery -A workers.app worker` and `relance worker` run it.

A task carries ids and nothing else; what it finds in the database decides. Services are built at the first task
of a process, which is after any fork.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import simplejson
import structlog
from celery import Celery, states
from celery.signals import setup_logging, task_postrun, task_prerun, worker_process_shutdown, worker_shutdown
from kombu.entity import Queue
from kombu.exceptions import OperationalError

from config import long_lived
from config.logs import set_up_logs
from config.wiring import DEFAULT_SELLER, Services, broker_url, build, read_settings
from domain.ids import AccountKey
from store import telling
from workers import due as due_step
from workers import signs
from workers.ask import ask
from workers.broker import FIRST, LAST, is_reachable, waiting
from workers.deliver import deliver
from workers.intake import intake
from workers.keep import keep
from workers.look_for import look_for
from workers.loop import LoopThread
from workers.nudges import QUEUES, Nudge, of_events
from workers.receive import receive
from workers.settle import settle
from workers.sweep import sweep

log = structlog.get_logger()

app = Celery("relance", set_as_current=True)
app.conf.update(
    broker_url=broker_url(),
    broker_connection_retry_on_startup=True,
    broker_channel_error_retry=True,  # a Redis that only reads, as after a fail-over, ended every worker
    broker_transport_options={
        "visibility_timeout": 300,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 2,
        "socket_timeout": 30,
    },
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_serializer="json",
    accept_content=["json"],
    task_queues=[Queue(name, routing_key=name) for name in QUEUES],
    task_default_queue="intake",
    task_create_missing_queues=False,
    worker_prefetch_multiplier=1,
    worker_direct=True,  # a queue for each worker, for its canary
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
)

BROKER_ANSWERS_IN_S = 0.5
"""How long a broker may take to answer before it counts as away. Its client would try again for seconds."""

_lock = threading.Lock()
_services: list[Services] = []
_loops: list[LoopThread] = []


def services() -> Services:
    """The parts of this process, built once."""
    with _lock:
        if not _services:
            _services.append(build())
            telling.follow(_services[0].engine)
            long_lived.begin_work()
        return _services[0]


def runner() -> LoopThread:
    """The event loop of this process, with the services' transport in it."""
    with _lock:
        if not _loops:
            _loops.append(LoopThread())
        return _loops[0]


def broker_answers() -> bool:
    """Whether the broker answers at once."""
    return is_reachable(app.conf.broker_url, BROKER_ANSWERS_IN_S)


def publish(nudges: Iterable[Nudge]) -> bool:
    """Sends nudges without waiting for a broker that is away: the sweep finds what they would have told."""
    wanted = list(nudges)
    if not wanted:
        return True
    if not broker_answers():
        log.warning("nudge.lost", error="unreachable")
        return False
    try:
        with app.producer_pool.acquire(block=True) as producer:
            for nudge in wanted:
                app.send_task(
                    nudge.kind,
                    [list(nudge.ids)],
                    queue=nudge.queue,
                    priority=LAST if nudge.is_bulk else FIRST,
                    producer=producer,
                    retry=False,
                )
    except OperationalError as error:
        log.warning("nudge.lost", error=type(error).__name__)
        return False
    return True


@app.task(name="event.intake")
def _intake(ids: list[int]) -> None:
    intake(services(), ids, services().clock.now())


@app.task(name="account.plan")
def _plan(keys: list[int]) -> None:
    _nudge_due("due")
    due_step.plan_again(services(), [AccountKey(key) for key in keys], services().clock.now())


@app.task(name="reminder.deliver", bind=True)
def _deliver(self: Any, keys: list[int]) -> None:
    queue = self.request.delivery_info["routing_key"]
    _nudge_due(queue)
    deliver(services(), runner(), [AccountKey(key) for key in keys], queue)


@app.task(name="receipt.settle")
def _settle(ids: list[int]) -> None:
    settle(services(), ids, services().clock.now())


@app.task(name="reply.look_for")
def _look_for(ids: list[int]) -> None:
    publish(of_events(look_for(services(), ids, services().clock.now())))


@app.task(name="tick.due")
def _due() -> None:
    _nudge_due()


def _nudge_due(only: str | None = None) -> None:
    """Fills the queues up to where they should be: each second, and when work has been taken from one.

    Not when events come in: the batches would be small, and each keeps a process waiting for its provider (measured).
    """
    found = waiting(app.conf.broker_url, QUEUES, BROKER_ANSWERS_IN_S)
    if found is None:
        log.warning("nudge.lost", error="unreachable")
        return
    publish(due_step.due(services(), services().clock.now(), found, only))


@app.task(name="tick.sweep")
def _sweep() -> None:
    publish(sweep(services(), services().clock.now(), waiting(app.conf.broker_url, QUEUES, BROKER_ANSWERS_IN_S)))


@app.task(name="tick.ask")
def _ask() -> None:
    ask(services(), runner(), services().clock.now())


@app.task(name="tick.keep")
def _keep() -> None:
    keep(services(), services().clock.now())


@app.task(name="events.receive")
def _receive(events: list[dict[str, Any]]) -> None:
    """Events from Python, for the default seller: no promise until this task has taken them in."""
    # What travelled as JSON text was read into binary floats; writing it again gives that very text back.
    exact = simplejson.loads(simplejson.dumps(events), use_decimal=True)
    reply = receive(services(), DEFAULT_SELLER, exact, services().clock.now())
    publish(of_events(reply.inbox_ids))


@app.task(name=signs.CANARY)
def _canary() -> None:
    """Nothing: that it has run is what is noted."""


@task_prerun.connect
def _name_job(task_id: str, **_: Any) -> None:
    structlog.contextvars.bind_contextvars(job=task_id)


@task_postrun.connect
def _note_sign(task: Any, state: str, **_: Any) -> None:
    structlog.contextvars.unbind_contextvars("job")
    kind, _dot, name = task.name.partition(".")
    if state == states.SUCCESS and (kind == "tick" or task.name == signs.CANARY):
        signs.note(services(), name, task.request.hostname)


@setup_logging.connect
def _keep_our_logs(**_: Any) -> None:
    """Celery leaves logging alone when something is connected here. Services are built later, at a task."""
    set_up_logs(read_settings().log_level)


@worker_process_shutdown.connect
@worker_shutdown.connect
def _close(**_: Any) -> None:
    while _loops:
        loop = _loops.pop()
        if _services:
            loop.run(_services[0].transport.close())
        loop.close()
    while _services:
        _services.pop().engine.dispose()
