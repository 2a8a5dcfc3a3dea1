"""`GET /metrics`: how the whole installation stands, in Prometheus's text format. Totals only.

Everything is read at the scrape from the database and Redis, so that it does not matter which process is asked, and
none has to be asked twice. Each family is one function, listed in `_OF_DATABASE` or `_OF_REST`. Without the database
the answer is still 200, and says so. Keep it inside: there is no login, and a proxy must not pass it on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import structlog
from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from channels.lines import LineView
from config.wiring import Services
from domain.after import FAILURES
from domain.levels import Channel
from domain.outcomes import OutcomeClass
from domain.task_outcomes import OUTCOMES_OF
from store import figures, months, ticks
from store.engine import Connection, DatabaseFault
from store.figures import Waiting
from web.parts import PartsHere
from workers import broker
from workers.nudges import QUEUES, queue_of
from workers.signs import ALIVE_WITHIN_S

router = APIRouter()

log = structlog.get_logger()

BROKER_WITHIN_S = 1.0
NEVER = float("inf")
TICKS = ("due", "sweep", "ask", "keep")
LINE_STATES = ("closed", "half_open", "open")
_LATE = (*OutcomeClass, *FAILURES)
OUTCOMES = (*OutcomeClass, "rate_limited", *(f"late_{why.value}" for why in _LATE))
"""All are told from the start, as 0: of a series that begins with 1, Prometheus sees no increase."""
QUARANTINED = ("crash", "event", "conflict", "callback", "reply")

Families = Iterator[Metric]


@router.get("/metrics")
async def get_metrics(parts: PartsHere) -> Response:
    """200 always: what cannot be read now is missing, and `relance_database_up` and `relance_broker_up` say why."""
    return await parts.door.look("metrics", _figures, parts.services)


def _figures(services: Services) -> Response:
    registry = CollectorRegistry()
    registry.register(_Read(_families(services)))
    ProcessCollector(registry=registry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Read(Collector):
    """Families that were read before."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def _families(services: Services) -> list[Metric]:
    return [*_of_database(services), *(family for each in _OF_REST for family in each(services))]


def _of_database(services: Services) -> list[Metric]:
    """All that the database knows, or only that it does not answer."""
    found: list[Metric] = []
    try:
        with services.engine.connect() as connection:
            figures.be_quick(connection)
            for family in _OF_DATABASE:
                found += family(services, connection)
    except DatabaseFault as error:
        log.warning("metrics.not_read", error=type(error).__name__)
        found = []
    return [*found, _one("relance_database_up", "Whether the database could be read just now.", float(bool(found)))]


def _due(services: Services, connection: Connection) -> Families:
    now = services.clock.now()
    counts, ages = dict.fromkeys(_queues_of_accounts(), 0.0), dict.fromkeys(_queues_of_accounts(), 0.0)
    for channel, found in figures.due_accounts(connection, now).items():
        queue = "due" if channel is None else queue_of(Channel(channel))
        counts[queue] += found.count
        ages[queue] = max(ages[queue], services.clock.wall_seconds(now - found.since))
    yield _by("queue", "relance_due_accounts", "Accounts whose time has come and that nobody has taken.", counts)
    about = "How long the account that was due first has waited, on the wall."
    yield _by("queue", "relance_due_oldest_age_seconds", about, ages)


def _queues_of_accounts() -> list[str]:
    return ["due", *(queue for queue in QUEUES if queue.startswith("deliver."))]


def _events(_services: Services, connection: Connection) -> Families:
    found = figures.unfolded_events(connection)
    yield _one("relance_events_waiting", "Events that were taken in and are not folded yet.", found.count)
    yield _one("relance_events_oldest_age_seconds", "How long the oldest of them has waited.", found.oldest_s)


def _receipts(_services: Services, connection: Connection) -> Families:
    found = figures.due_receipts(connection)
    yield _one("relance_receipts_waiting", "Receipts to be settled by now.", found.count)
    yield _one("relance_receipts_oldest_age_seconds", "How long the oldest of them is overdue.", found.oldest_s)


def _calls(_services: Services, connection: Connection) -> Families:
    found = figures.calls(connection)
    yield _one("relance_calls", "Attempts that are being made, or whose worker died a moment ago.", found.count)
    about = "How long ago the oldest lease ran out that nobody has swept up."
    yield _one("relance_calls_overdue_seconds", about, found.oldest_s)


def _unconfirmed(_services: Services, connection: Connection) -> Families:
    found = figures.unconfirmed(connection)
    by_whom = {"provider": found.get(False, Waiting()), "person": found.get(True, Waiting())}
    counts = {whom: waiting.count for whom, waiting in by_whom.items()}
    ages = {whom: waiting.oldest_s for whom, waiting in by_whom.items()}
    yield _by("left_to", "relance_unconfirmed", "Messages that may have been sent, by who has to tell.", counts)
    yield _by("left_to", "relance_unconfirmed_oldest_age_seconds", "How long ago the oldest was called.", ages)


def _quarantine(_services: Services, connection: Connection) -> Families:
    counts = dict.fromkeys(QUARANTINED, 0) | figures.quarantined(connection)
    yield _by("kind", "relance_quarantine", "What was set aside and waits for a person.", counts)


def _tasks(_services: Services, connection: Connection) -> Families:
    counts = {str(kind): 0 for kind in OUTCOMES_OF} | figures.open_tasks(connection)
    yield _by("kind", "relance_tasks_open", "Work that waits for people.", counts)


def _ticks(services: Services, connection: Connection) -> Families:
    signs = ticks.read(connection)
    ages = {name: min((sign.age_s for sign in signs if sign.name == name), default=NEVER) for name in TICKS}
    lately = [sign for sign in signs if sign.age_s <= ALIVE_WITHIN_S]
    skews = {"web": (figures.database_now(connection) - services.clock.wall()).total_seconds()}
    skews["workers"] = max((sign.skew_s for sign in lately), key=abs, default=0.0)
    yield _by("tick", "relance_tick_age_seconds", "How long ago a tick last ran to its end; +Inf: not today.", ages)
    about = "Workers that ran a tick or their health check's canary lately."
    yield _one("relance_workers_seen", about, len({sign.worker for sign in lately}))
    about = "The database's clock minus that of this web process, and of the worker that is furthest off."
    yield _by("process", "relance_clock_skew_seconds", about, skews)


def _months(services: Services, connection: Connection) -> Families:
    about = "How many months after this one have their part of the journal made for them already."
    yield _one("relance_journal_months_ahead", about, months.ahead(connection, services.clock.now()))


def _broker(services: Services) -> Families:
    url = services.settings.redis_url
    lengths = broker.waiting(None if url is None else url.get_secret_value(), QUEUES, BROKER_WITHIN_S)
    if lengths is not None:
        yield _by("queue", "relance_queue_messages", "Nudges that wait in Redis, of up to 200 ids each.", lengths)
    yield _one("relance_broker_up", "Whether Redis answers.", float(lengths is not None))


def _lines(services: Services) -> Families:
    looks = {
        channel.value: services.lines[channel].look() for channel in services.lines if channel in services.available
    }
    about = "Whether the circuit breaker of this provider and its sender is in this state."
    states = GaugeMetricFamily("relance_line_state", about, labels=("channel", "state"))
    about = "Calls by what came of them, since Redis was last emptied."
    outcomes = CounterMetricFamily("relance_outcomes", about, labels=("channel", "outcome"))
    for channel, look in looks.items():
        for state in LINE_STATES:
            states.add_metric((channel, state), float(look.state == state))
        for outcome, count in {**dict.fromkeys(OUTCOMES, 0), **look.outcomes}.items():
            outcomes.add_metric((channel, outcome), count)
    yield states
    yield outcomes
    for name, about, figure in _LINE_FIGURES:
        yield _by("channel", name, about, {channel: figure(look) for channel, look in looks.items()})


_LINE_FIGURES: tuple[tuple[str, str, Callable[[LineView], float]], ...] = (
    ("relance_line_faults", "Faults in a row: refused, in doubt, or misconfigured.", lambda look: look.faults),
    (
        "relance_line_paused_seconds",
        "How long a busy provider still wants to be left alone.",
        lambda look: look.paused_s,
    ),
    (
        "relance_line_wait_seconds",
        "Until the next unit may go: a pause, the breaker, or the rate; 0: now.",
        lambda look: look.wait_s,
    ),
    ("relance_line_rate", "Units a second that it is set to: messages, for SMS segments.", lambda look: look.per_s),
)


_OF_DATABASE: tuple[Callable[[Services, Connection], Families], ...] = (
    _due,
    _events,
    _receipts,
    _calls,
    _unconfirmed,
    _quarantine,
    _tasks,
    _ticks,
    _months,
)
_OF_REST: tuple[Callable[[Services], Families], ...] = (_broker, _lines)


def _one(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def _by(label: str, name: str, about: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=(label,))
    for one, value in values.items():
        family.add_metric((one,), value)
    return family
