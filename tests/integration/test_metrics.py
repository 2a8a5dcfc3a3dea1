"""`/metrics`: each figure is made true and seen, in few round trips, with nothing of anybody in it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import redis
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from config.wiring import DEFAULT_SELLER, Services
from domain.keeping import MONTHS_AHEAD
from domain.levels import Channel
from domain.line import FAULTS_IN_A_ROW, Share
from domain.outcomes import Outcome, OutcomeClass
from store import quarantine, receipts, ticks
from store.engine import make_engine
from store.quarantine import Quarantined
from tests.factories import invoice_event
from tests.integration.test_settle import mail_event
from tests.pipeline import Pipeline
from tests.services import using_services
from tests.web_server import run_web
from workers.claim import claim_due
from workers.intake import intake
from workers.keep import keep
from workers.nudges import QUEUES
from workers.signs import note
from workers.sweep import sweep

LATE = {"id": "F-1", "number": "F-1", "due_on": "2026-11-20", "issued_on": "2026-10-20"}
DOCS = Path(__file__).parents[2] / "docs"
OF_PROCESS = re.compile("^process_")
OF_LINES = re.compile("^relance_(line|outcomes)_")


@dataclass(frozen=True, slots=True)
class Scrape:
    """What one scrape told: values by name and label, `relance_due_accounts{due}`."""

    text: str
    values: dict[str, float]

    def __getitem__(self, name: str) -> float:
        return self.values[name]


def read(text: str) -> Scrape:
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    return Scrape(text, {_name(one.name, one.labels): one.value for one in samples})


def _name(name: str, labels: dict[str, str]) -> str:
    return name + "".join(f"{{{value}}}" for value in labels.values())


def scrape(services: Services) -> Scrape:
    with run_web(services) as web:
        answer = web.get("/metrics")
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/plain")
        return read(answer.text)


@contextmanager
def counted(services: Services) -> Iterator[list[str]]:
    statements: list[str] = []

    def keep(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    sa.event.listen(services.engine, "before_cursor_execute", keep)
    yield statements
    sa.event.remove(services.engine, "before_cursor_execute", keep)


def run(services: Services, statement: str) -> None:
    with services.engine.begin() as connection:
        connection.exec_driver_sql(statement)


def test_an_account_that_is_due_is_counted_in_its_queue_until_it_is_claimed(pipeline: Pipeline) -> None:
    before = scrape(pipeline.services)
    assert (before["relance_due_accounts{deliver.email}"], before["relance_due_oldest_age_seconds{due}"]) == (0, 0)
    pipeline.take(invoice_event(invoice=LATE))
    pipeline.take(invoice_event(id="e2", customer={"id": "C-2"}, invoice=LATE | {"id": "F-2", "number": "F-2"}))
    run(pipeline.services, "UPDATE accounts SET channel = NULL WHERE customer_id = 'C-2'")
    later = scrape(pipeline.at(pipeline.now + timedelta(minutes=5)).services)
    assert (later["relance_due_accounts{deliver.email}"], later["relance_due_accounts{due}"]) == (1, 1)
    assert 300 <= later["relance_due_oldest_age_seconds{deliver.email}"] < 330
    pipeline.deliver_due()
    assert scrape(pipeline.services)["relance_due_accounts{deliver.email}"] == 0


def test_what_is_received_and_not_folded_is_counted_with_its_age(pipeline: Pipeline) -> None:
    """An event in quarantine waits for a person, and is counted there."""
    ids = pipeline.receive(invoice_event(invoice=LATE), invoice_event(id="evt-2", invoice=LATE)).inbox_ids
    run(pipeline.services, "UPDATE inbox SET stored_at = stored_at - interval '90 s' WHERE event_id = 'evt-0001'")
    found = scrape(pipeline.services)
    assert found["relance_events_waiting"] == 2
    assert 90 <= found["relance_events_oldest_age_seconds"] < 120
    run(pipeline.services, "UPDATE inbox SET quarantined_at = now() WHERE event_id = 'evt-0001'")
    assert scrape(pipeline.services)["relance_events_waiting"] == 1
    intake(pipeline.services, ids, pipeline.now)
    assert scrape(pipeline.services)["relance_events_waiting"] == 0


def test_a_receipt_is_counted_from_when_it_should_have_been_settled(pipeline: Pipeline) -> None:
    """One whose attempt nobody knows is parked, and waits for nothing until its time comes again."""
    with pipeline.services.engine.begin() as connection:
        receipts.put(connection, "sendgrid", [mail_event("nobody's", "delivered")], pipeline.now)
    assert scrape(pipeline.services)["relance_receipts_waiting"] == 0
    run(pipeline.services, "UPDATE receipts SET look_at = look_at - interval '63 s'")
    found = scrape(pipeline.services)
    assert found["relance_receipts_waiting"] == 1
    assert 55 <= found["relance_receipts_oldest_age_seconds"] < 90


def test_a_call_whose_worker_died_is_overdue_until_the_sweep_then_in_doubt_then_a_persons(pipeline: Pipeline) -> None:
    pipeline.take(invoice_event(invoice=LATE))
    claim_due(pipeline.services, [pipeline.account().key], "deliver.email", pipeline.now)
    calling = scrape(pipeline.services)
    assert (calling["relance_calls"], calling["relance_calls_overdue_seconds"]) == (1, 0)
    run(pipeline.services, "UPDATE attempts SET leased_until = leased_until - interval '50 s'")
    assert 15 <= scrape(pipeline.services)["relance_calls_overdue_seconds"] < 50
    sweep(pipeline.services, pipeline.now)
    run(pipeline.services, "UPDATE attempts SET stored_at = stored_at - interval '700 s'")
    asked = scrape(pipeline.services)
    assert (asked["relance_calls"], asked["relance_unconfirmed{provider}"]) == (0, 1)
    assert 700 <= asked["relance_unconfirmed_oldest_age_seconds{provider}"] < 730
    run(pipeline.services, "UPDATE attempts SET ask_at = NULL")
    left = scrape(pipeline.services)
    assert (left["relance_unconfirmed{provider}"], left["relance_unconfirmed{person}"]) == (0, 1)


def test_what_waits_for_people_is_counted_by_kind(pipeline: Pipeline) -> None:
    with pipeline.services.engine.begin() as connection:
        for number, kind in enumerate(("crash", "event", "event")):
            item = Quarantined(DEFAULT_SELLER, kind, str(number), "?", b"{}", pipeline.now)
            quarantine.set_aside(connection, [item])
    pipeline.take(invoice_event(invoice=LATE, customer={"contacts": []}))
    found = scrape(pipeline.services)
    assert [found[f"relance_quarantine{{{kind}}}"] for kind in ("crash", "event", "conflict", "callback")] == [
        1,
        2,
        0,
        0,
    ]
    assert (found["relance_tasks_open{repair}"], found["relance_tasks_open{phone}"]) == (1, 0)
    run(pipeline.services, "UPDATE tasks SET closed_at = now(), outcome = 'done'")
    assert scrape(pipeline.services)["relance_tasks_open{repair}"] == 0


def test_the_age_of_a_tick_and_the_skew_of_workers_are_told(pipeline: Pipeline) -> None:
    """A tick that never ran is infinitely old, so that an alert needs no second rule."""
    assert scrape(pipeline.services)["relance_tick_age_seconds{sweep}"] == float("inf")
    for worker in ("celery@a", "celery@b"):
        note(pipeline.services, "due", worker)
    with pipeline.services.engine.begin() as connection:
        ticks.note(connection, "canary", "celery@b", pipeline.services.clock.wall() + timedelta(seconds=40))
    found = scrape(pipeline.services)
    assert 0 <= found["relance_tick_age_seconds{due}"] < 30
    assert found["relance_workers_seen"] == 2
    assert -40 <= found["relance_clock_skew_seconds{workers}"] < -35
    assert abs(found["relance_clock_skew_seconds{web}"]) < 1
    run(pipeline.services, "UPDATE ticks SET at = at - interval '200 s'")
    later = scrape(pipeline.services)
    assert 200 <= later["relance_tick_age_seconds{due}"] < 230
    assert (later["relance_workers_seen"], later["relance_clock_skew_seconds{workers}"]) == (0, 0)


def test_a_worker_that_is_gone_is_forgotten_after_a_day(pipeline: Pipeline) -> None:
    note(pipeline.services, "due", "celery@gone")
    note(pipeline.services, "due", "celery@here")
    run(pipeline.services, "UPDATE ticks SET at = at - interval '25 hours'")
    note(pipeline.services, "due", "celery@here")
    with pipeline.services.engine.connect() as connection:
        assert [sign.worker for sign in ticks.read(connection)] == ["celery@here"]


def test_months_of_the_journal_that_are_made_ahead_are_counted(pipeline: Pipeline) -> None:
    keep(pipeline.services, pipeline.now)
    assert scrape(pipeline.services)["relance_journal_months_ahead"] == MONTHS_AHEAD
    assert (
        scrape(pipeline.at(pipeline.now + timedelta(days=45)).services)["relance_journal_months_ahead"] < MONTHS_AHEAD
    )


def test_queues_in_redis_are_measured_and_a_broker_that_is_away_is_told(database_url: str, redis_url: str) -> None:
    with using_services(database_url, redis_url) as services, redis.Redis.from_url(redis_url) as client:
        client.rpush("deliver.sms", "one", "two")
        found = scrape(services)
    assert (found["relance_queue_messages{deliver.sms}"], found["relance_queue_messages{intake}"]) == (2, 0)
    assert {name for name in found.values if name.startswith("relance_queue")} == {
        f"relance_queue_messages{{{queue}}}" for queue in QUEUES
    }
    assert found["relance_broker_up"] == 1
    with using_services(database_url, "redis://127.0.0.1:1/0") as services:
        away = scrape(services)
    assert (away["relance_broker_up"], away["relance_database_up"]) == (0, 1)
    assert not [name for name in away.values if name.startswith("relance_queue")]


def test_without_the_database_it_still_answers_and_says_so(pipeline: Pipeline) -> None:
    nowhere = replace(pipeline.services, engine=make_engine("postgresql://nobody@127.0.0.1:1/nothing"))
    found = scrape(nowhere)
    assert found["relance_database_up"] == 0
    ours = {name for name in found.values if not OF_PROCESS.match(name) and not OF_LINES.match(name)}
    assert ours == {"relance_database_up", "relance_broker_up"}


def test_a_scrape_takes_as_many_round_trips_for_many_accounts_as_for_none(pipeline: Pipeline) -> None:
    with counted(pipeline.services) as empty:
        scrape(pipeline.services)
    for number in range(8):
        invoice = LATE | {"id": f"F-{number}", "number": f"F-{number}"}
        pipeline.take(invoice_event(id=f"evt-{number}", customer={"id": f"C-{number}"}, invoice=invoice))
    pipeline.deliver_due()
    with counted(pipeline.services) as filled:
        scrape(pipeline.services)
    assert len(filled) == len(empty) <= 12


@pytest.mark.parametrize("private", ["anne@", "martin", "C-17", "F-1", "default", "+336"])
def test_it_names_nobody(pipeline: Pipeline, private: str) -> None:
    """Neither customers nor sellers: a label for each would be theirs, and a million of them Prometheus's end."""
    pipeline.take(invoice_event(invoice=LATE))
    pipeline.deliver_due()
    assert private.casefold() not in scrape(pipeline.services).text.casefold()


def test_a_dead_provider_is_told_with_what_came_of_its_calls(pipeline: Pipeline) -> None:
    line = pipeline.services.lines[Channel.SMS]
    assert scrape(pipeline.services)["relance_line_state{sms}{closed}"] == 1
    line.heard(Share(0), 0, [Outcome(OutcomeClass.UNCONFIRMED)] * FAULTS_IN_A_ROW)
    line.heard(Share(0), 0, [Outcome(OutcomeClass.TRANSIENT, rate_limited=True, retry_after_s=60)])
    found = scrape(pipeline.services)
    assert (found["relance_line_state{sms}{open}"], found["relance_line_state{sms}{closed}"]) == (1, 0)
    assert found["relance_line_state{email}{closed}"] == 1
    assert found["relance_line_faults{sms}"] == FAULTS_IN_A_ROW
    assert found["relance_outcomes_total{sms}{unconfirmed}"] == FAULTS_IN_A_ROW
    assert 50 < found["relance_line_paused_seconds{sms}"] <= 60
    assert 50 < found["relance_line_wait_seconds{sms}"] <= 60


def test_a_line_in_debt_tells_when_the_next_unit_may_go_and_how_fast_it_is_set(pipeline: Pipeline) -> None:
    """Nobody has asked it to pause, and its breaker is closed: it has sent more segments than it had room for."""
    line = pipeline.services.lines[Channel.SMS]
    before = scrape(pipeline.services)
    assert (before["relance_line_wait_seconds{sms}"], before["relance_line_rate{sms}"]) == (0, line.per_s)
    share = line.admit(1)
    line.heard(share, round(40 * line.per_s), [Outcome(OutcomeClass.ACCEPTED)])
    found = scrape(pipeline.services)
    assert 30 < found["relance_line_wait_seconds{sms}"] <= 40
    assert (found["relance_line_wait_seconds{email}"], found["relance_line_paused_seconds{sms}"]) == (0, 0)


def test_every_class_of_outcomes_is_told_from_the_start(pipeline: Pipeline) -> None:
    """The first of a kind is an increase only if the scrape before it said 0."""
    found = scrape(pipeline.services)
    told = {name: value for name, value in found.values.items() if name.startswith("relance_outcomes_total{sms}")}
    classes = [*OutcomeClass, "rate_limited"]
    assert told.items() >= {f"relance_outcomes_total{{sms}}{{{one}}}": 0 for one in classes}.items()


@pytest.mark.parametrize("page", ["alerts.yaml", "runbook.md", "operations.md"])
def test_every_metric_that_a_page_names_is_told(pipeline: Pipeline, page: str) -> None:
    """An alert on a name that is not there never fires."""
    told = {name.split("{")[0] for name in scrape(pipeline.services).values}
    told |= {"relance_queue_messages"}  # where there is a broker
    named = set(re.findall(r"\brelance_[a-z_]+\b", (DOCS / page).read_text(encoding="utf-8"))) - {"relance_attempt"}
    assert named - told == set()


def test_operations_tells_every_metric(pipeline: Pipeline) -> None:
    told = {name.split("{")[0] for name in scrape(pipeline.services).values if name.startswith("relance_")}
    page = (DOCS / "operations.md").read_text(encoding="utf-8")
    assert {name for name in told if f"`{name}`" not in page} == set()
