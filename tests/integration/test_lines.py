"""Lines: one rate and one breaker for all processes, in Redis; each process's own while Redis is away."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import redis

from channels.lines import Board, Line
from cli.explain import in_words, look
from config.wiring import DEFAULT_SELLER
from domain.levels import Channel
from domain.line import FAULTS_IN_A_ROW, Share
from domain.outcomes import Outcome, OutcomeClass
from domain.reasons import Code
from tests.factories import Json, contact_data, invoice_event
from tests.pipeline import TUESDAY_0930, Pipeline
from tests.services import using_services
from tests.simulator_process import Simulator
from tests.web_server import run_web
from workers.deliver import deliver
from workers.due import due

FINE = Outcome(OutcomeClass.ACCEPTED)
DEAD = Outcome(OutcomeClass.UNCONFIRMED)


def a_line(url: str | None, per_s: float = 10.0, sender: str = "one") -> Line:
    """A line as one process has it."""
    return Line(Board(url, time.monotonic), "sendgrid", sender, per_s)


def test_all_processes_share_one_rate(redis_url: str) -> None:
    here, there = a_line(redis_url), a_line(redis_url)
    assert (here.admit(3), there.admit(3).calls, here.admit(1).calls) == (Share(3), 2, 0)
    assert a_line(redis_url, sender="another").admit(9).calls == 5


def test_many_at_once_get_no_more_than_there_is(redis_url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda _: a_line(redis_url, 200.0).admit(5).calls, range(60)))
    assert 100 <= sum(given) <= 100 + 200 * 10  # what was full, and what came in while they asked


def test_all_processes_share_one_breaker_and_count_together(redis_url: str) -> None:
    here, there = a_line(redis_url), a_line(redis_url)
    half = FAULTS_IN_A_ROW // 2
    here.heard(Share(0), 0, [DEAD] * half)
    there.heard(Share(0), 0, [DEAD] * half)
    assert (here.look().state, here.look().faults, there.admit(1).calls) == ("open", FAULTS_IN_A_ROW, 0)
    assert there.look().outcomes == {"unconfirmed": FAULTS_IN_A_ROW}
    assert (here.room(1.0), a_line(redis_url, sender="another").room(1.0)) == (0, 10)


def test_a_look_tells_when_the_next_unit_may_go_and_takes_nothing(redis_url: str) -> None:
    line = a_line(redis_url)
    assert (line.look().wait_s, line.look().per_s, line.admit(9).calls) == (0, 10.0, 5)
    line.heard(Share(5), 405, [FINE] * 5)
    assert 38 < line.look().wait_s <= 40.1
    line.heard(Share(0), 0, [Outcome(OutcomeClass.TRANSIENT, rate_limited=True, retry_after_s=200)])
    assert 198 < line.look().wait_s <= 200


def test_without_redis_each_process_has_its_own() -> None:
    here, there = a_line("redis://127.0.0.1:1/0"), a_line(None)
    assert (here.admit(9).calls, here.admit(9).calls, there.admit(9).calls) == (5, 0, 5)
    here.heard(Share(0), 0, [DEAD] * FAULTS_IN_A_ROW)
    assert (here.look().state, here.look().outcomes) == ("open", {"unconfirmed": FAULTS_IN_A_ROW})


def test_what_another_release_has_kept_is_begun_anew(redis_url: str) -> None:
    line = a_line(redis_url)
    line.admit(5)
    with redis.Redis.from_url(redis_url) as client:
        for name in client.keys("relance:line:*"):
            client.set(name, '{"colour": "blue"}')
    assert line.admit(9).calls == 5


@pytest.fixture
def slow(database_url: str, redis_url: str, simulator: Simulator) -> Iterator[Pipeline]:
    """Two mails a second."""
    settings = {
        "sendgrid_api_key": simulator.sendgrid_api_key,
        "sendgrid_api_url": simulator.url,
        "mail_from": "reminders@example.com",
        "email_per_s": 2.0,
    }
    with using_services(database_url, redis_url, **settings) as services, asyncio.Runner() as runner:
        yield Pipeline(services, runner).at(TUESDAY_0930)
        runner.run(services.transport.close())


def late(number: int) -> Json:
    customer = {"id": f"C-{number}", "contacts": [contact_data(email=f"c{number}@example.com", phone=None)]}
    invoice = {"id": f"F-{number}", "number": f"F-{number}", "due_on": "2026-11-20", "issued_on": "2026-10-20"}
    return invoice_event(customer=customer, invoice=invoice, id=f"issue-{number}")


def test_a_delivery_leaves_what_its_line_has_no_room_for(slow: Pipeline) -> None:
    slow.take(*(late(number) for number in range(12)))
    [nudge] = due(slow.services, slow.now)
    assert (nudge.queue, len(nudge.ids)) == ("deliver.email", 2)
    keys = [slow.account(f"C-{number}").key for number in range(12)]
    began = time.monotonic()
    made = deliver(slow.services, slow.runner, keys, "deliver.email")
    assert made <= 2 * (time.monotonic() - began) + 2
    assert 2 <= made < 12
    assert len(slow.log()) == made
    assert slow.account("C-11").due_at is not None


def test_a_dead_provider_is_left_alone_and_the_others_go_on(pipeline: Pipeline, simulator: Simulator) -> None:
    """Ten in doubt, and not one more; `/readyz` says so."""
    simulator.switch(channel="email", fault="5xx-before")
    pipeline.take(*(late(number) for number in range(40)))
    for _ in range(3):
        for nudge in due(pipeline.services, pipeline.now):
            deliver(pipeline.services, pipeline.runner, list(nudge.ids), nudge.queue, in_flight=FAULTS_IN_A_ROW)  # type: ignore[arg-type]
    assert [row.state for row in pipeline.log()] == ["unconfirmed"] * FAULTS_IN_A_ROW
    uncalled = {f"C-{number}" for number in range(40)} - {row.customer for row in pipeline.log()}
    explained = look(pipeline.services, DEFAULT_SELLER, min(uncalled), pipeline.now)
    assert explained is not None
    assert explained.one.plan.reasons[-1].code is Code.PROVIDER_DOWN
    with run_web(pipeline.services) as web:
        told = web.get("/readyz").json
    assert (told["status"], told["checks"]["channels"]["email"], told["checks"]["channels"]["sms"]) == (
        "degraded",
        "open",
        "ok",
    )
    other = {"id": "C-40", "contacts": [contact_data(email=None, whatsapp=False)]}
    pipeline.take(invoice_event(customer=other, invoice={"due_on": "2026-11-20"}))
    assert pipeline.deliver_due() == 1
    assert simulator.messages()[-1]["channel"] == "sms"


def test_a_provider_that_asks_for_a_pause_is_not_said_to_be_down(pipeline: Pipeline) -> None:
    """It said 429, as every provider does on a busy day: nobody has to look for a fault."""
    pipeline.take(late(1))
    pipeline.services.lines[Channel.EMAIL].heard(
        Share(0), 0, [Outcome(OutcomeClass.TRANSIENT, rate_limited=True, retry_after_s=200)]
    )
    explained = look(pipeline.services, DEFAULT_SELLER, "C-1", pipeline.now)
    assert explained is not None
    last = explained.one.plan.reasons[-1]
    assert last.code is Code.PROVIDER_PAUSED
    assert last.facts["channel"] == "email"
    until = datetime.fromisoformat(str(last.facts["until"])) - pipeline.now
    assert timedelta(seconds=150) < until <= timedelta(seconds=200)
    [*_, said] = [line for line in in_words(explained, None) if "prestataire" in line]
    assert said.strip().startswith("Le prestataire des messages par e-mail demande une pause")


def test_while_a_provider_is_down_another_channel_comes_first_or_it_is_waited_for(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    other = {"id": "C-2", "contacts": [contact_data(whatsapp=False)]}
    pipeline.take(late(1), invoice_event(customer=other, invoice={"due_on": "2026-11-20"}))
    lines = pipeline.services.lines
    lines._seen = (time.monotonic() + 3_600, frozenset({Channel.EMAIL}))  # what an outage of ten minutes leads to
    assert pipeline.deliver_due() == 1
    assert [row.channel for row in pipeline.log()] == ["sms"]
    assert "provider_down" in pipeline.codes("C-1")
    assert not pipeline.tasks()
    lines._seen = (time.monotonic() + 3_600, frozenset())
    assert pipeline.at(pipeline.now + timedelta(minutes=6)).deliver_due() == 1
    assert {(one["channel"], one["to"]) for one in simulator.messages()} == {
        ("sms", "+33612345678"),
        ("email", "c1@example.com"),
    }


def test_a_cap_for_the_day_is_waited_for_and_the_others_go_over_another_channel(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    """Twilio's 63038: tried again after five minutes, it would only be refused again."""
    simulator.switch(channel="sms", fault="refuse", status=429, code=63038)
    pipeline.take(wants_sms(1))
    assert pipeline.deliver_due() == 1
    assert [(row.channel, row.error_class) for row in pipeline.log()] == [("sms", "rate_limited")]
    assert pipeline.services.lines[Channel.SMS].look().paused_s > 3_500
    pipeline.services.lines._seen = (-1.0, frozenset())  # a second later
    pipeline.take(wants_sms(2), wants_sms(3))
    assert pipeline.at(pipeline.now + timedelta(minutes=6)).deliver_due() == 2
    assert {(one["channel"], one["to"]) for one in simulator.messages()} == {
        ("email", "c2@example.com"),
        ("email", "c3@example.com"),
    }


def wants_sms(number: int) -> Json:
    contacts = [contact_data(email=f"c{number}@example.com", phone=f"+3361234567{number}")]
    customer = {"id": f"C-{number}", "preferred_channel": "sms", "contacts": contacts}
    invoice = {"id": f"F-{number}", "number": f"F-{number}", "due_on": "2026-11-20", "issued_on": "2026-10-20"}
    return invoice_event(customer=customer, invoice=invoice, id=f"issue-{number}")
