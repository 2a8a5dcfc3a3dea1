"""A worker that stood still between its claim and its call does not call: the customer may have paid meanwhile."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from channels.documents import LONGEST_S
from channels.http import CONNECT_S, READ_S
from channels.lines import Board, Line
from config.clock import Clock
from config.wiring import DEFAULT_SELLER
from domain.levels import Channel
from domain.line import FAULTS_IN_A_ROW, Share
from domain.outcomes import Outcome, OutcomeClass
from store.engine import Connection, Engine, make_engine
from tests.factories import event, invoice_event
from tests.integration.test_crash_safety import LEASE_IS_OVER, execute
from tests.no_sockets import no_sockets
from tests.pipeline import TUESDAY_0930, Pipeline
from tests.simulator_process import Simulator
from workers.calls import BEGIN_WITHIN_S, GOOD_FOR_S, LEASE_S, Call
from workers.claim import claim_due
from workers.deliver import RECORD_AGAIN_S, call_all, record, tell
from workers.look import AGAIN_AFTER_S, LOOKS, look
from workers.put_out_of_use import put_out_of_use
from workers.sweep import sweep


@pytest.fixture
def claimed(pipeline: Pipeline) -> list[Call]:
    """A claim of one call."""
    pipeline.take(invoice_event(invoice={"due_on": "2026-11-20"}))
    calls = claim_due(pipeline.services, [pipeline.account().key], "deliver.email", pipeline.now)
    assert len(calls) == 1
    return calls


@pytest.fixture
def late_calls(claimed: list[Call]) -> list[Call]:
    """A claim whose worker wakes up again when its calls should have begun long ago."""
    return [after(BEGIN_WITHIN_S, call) for call in claimed]


def after(seconds: float, call: Call) -> Call:
    """The same as its worker has it so much later."""
    return replace(call, begin_by=call.begin_by - seconds, last_by=call.last_by - seconds)


def wake_up(pipeline: Pipeline, calls: list[Call]) -> None:
    record(pipeline.services, pipeline.runner.run(call_all(pipeline.services, calls)), pipeline.now)


def test_a_call_that_would_begin_too_late_is_not_made_and_tried_again(
    pipeline: Pipeline, simulator: Simulator, late_calls: list[Call]
) -> None:
    wake_up(pipeline, late_calls)
    assert simulator.requests()["total"] == 0
    log = [(row.state, row.error_class, row.error_code) for row in pipeline.log()]
    assert log == [("refused", "not_begun", "too_late")]
    pipeline.at(pipeline.now + timedelta(seconds=5)).deliver_due()
    assert len(simulator.messages()) == 1


def test_who_paid_while_the_worker_stood_still_hears_nothing(
    pipeline: Pipeline, simulator: Simulator, late_calls: list[Call]
) -> None:
    pipeline.take(event("invoice.paid", {"invoice_id": "F-2026-0042", "paid_on": "2026-11-24"}, id="paid"))
    wake_up(pipeline, late_calls)
    pipeline.at(pipeline.now + timedelta(seconds=5)).deliver_due()
    assert simulator.messages() == []


@pytest.mark.parametrize("is_folded", [True, False])
def test_who_pays_before_a_claim_is_heard_of_hears_nothing(
    pipeline: Pipeline, simulator: Simulator, claimed: list[Call], is_folded: bool
) -> None:
    """The commit's answer comes late, but not too late for others: right before the call is looked again."""
    time.sleep(AGAIN_AFTER_S)
    paid = event("invoice.paid", {"invoice_id": "F-2026-0042", "paid_on": "2026-11-24"}, id="paid")
    (pipeline.take if is_folded else pipeline.receive)(paid)
    wake_up(pipeline, claimed)
    assert simulator.requests()["total"] == 0
    assert [row.error_code for row in pipeline.log()] == ["too_late"]


def test_who_has_no_news_is_called_though_the_claim_is_heard_of_late(
    pipeline: Pipeline, simulator: Simulator, claimed: list[Call]
) -> None:
    wake_up(pipeline, [after(LONGEST_S, call) for call in claimed])
    assert len(simulator.messages()) == 1


def test_right_after_the_claim_nobody_looks_again(
    pipeline: Pipeline, simulator: Simulator, claimed: list[Call]
) -> None:
    """It would cost every call of a flood."""
    elsewhere = replace(pipeline.services, engine=make_engine("postgresql://127.0.0.1:1/nothing"))
    calls = [after(-GOOD_FOR_S, call) for call in claimed]
    [(_, outcome)] = pipeline.runner.run(call_all(elsewhere, calls))
    assert (outcome.kind, len(simulator.messages())) == (OutcomeClass.ACCEPTED, 1)


def test_who_leaves_between_claim_and_call_gets_no_copy(pipeline: Pipeline, claimed: list[Call]) -> None:
    """Only the recipient was looked for; it goes out again without the copy."""
    [call] = [replace(one, message=replace(one.message, cc=("Luc@example.com",))) for one in claimed]
    assert look(pipeline.services, [call])[0].begin_by > time.monotonic()
    put_out_of_use(
        pipeline.services, DEFAULT_SELLER, Channel.EMAIL, "luc@example.com", "opt_out", pipeline.now, by_reader=True
    )
    assert look(pipeline.services, [call])[0].begin_by == -math.inf


@pytest.mark.parametrize(("slow_s", "calls", "looks"), [(0.2, 1, LOOKS), (0.5, 0, LOOKS)])
def test_a_slow_look_is_repeated_and_not_for_ever(
    pipeline: Pipeline, simulator: Simulator, claimed: list[Call], slow_s: float, calls: int, looks: int
) -> None:
    """What the last one leaves time for begins, and the rest is tried again: the database is busy, not away."""
    with slow(pipeline.services.engine, slow_s) as marks_read:
        answered = pipeline.runner.run(call_all(pipeline.services, [after(GOOD_FOR_S, call) for call in claimed]))
    record(pipeline.services, answered, pipeline.now)
    assert (len(simulator.messages()), len(marks_read)) == (calls, looks)
    pipeline.at(pipeline.now + timedelta(minutes=1)).deliver_due()
    assert len(simulator.messages()) == 1


@contextmanager
def slow(engine: Engine, seconds: float) -> Iterator[list[str]]:
    """Each question takes so long, of which a look has more than three; the last one of each is kept."""
    last: list[str] = []

    def wait(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        time.sleep(seconds)
        last.extend([statement] if "suppressions" in statement else [])

    sa.event.listen(engine, "before_cursor_execute", wait)
    try:
        yield last
    finally:
        sa.event.remove(engine, "before_cursor_execute", wait)


def test_a_fast_clock_leaves_the_last_minutes_of_a_window_their_part_of_a_second(pipeline: Pipeline) -> None:
    """Found in review: it was cut to whole seconds, so that all of them were over before they began."""
    at = TUESDAY_0930.replace(hour=10, minute=50)
    fast = replace(pipeline.services, clock=Clock(at, 1000.0, datetime.now(UTC)))
    pipeline.take(invoice_event(invoice={"due_on": "2026-11-20"}))
    key, before = pipeline.account().key, time.monotonic()
    [call] = claim_due(fast, [key], "deliver.email", at)
    assert call.message.validity_s == pytest.approx(0.6)
    assert before <= call.closes_by - call.message.validity_s <= time.monotonic()  # counted from when it was asked
    assert call.begin_by == call.closes_by


def test_what_was_swept_meanwhile_stays_in_doubt(
    pipeline: Pipeline, simulator: Simulator, late_calls: list[Call]
) -> None:
    execute(pipeline, LEASE_IS_OVER)
    sweep(pipeline.services, pipeline.now)
    wake_up(pipeline, late_calls)
    assert [row.state for row in pipeline.log()] == ["unconfirmed"]
    assert simulator.messages() == []


@pytest.mark.parametrize(("stood_still_s", "state"), [(0, "open"), (LEASE_S, "closed")])
def test_what_a_worker_that_stood_still_made_of_its_calls_shuts_no_line(
    late_calls: list[Call], stood_still_s: float, state: str
) -> None:
    line = Line(Board(None, time.monotonic), "twilio", "+15005550006", 100.0)
    calls = [replace(call, last_by=time.monotonic() + BEGIN_WITHIN_S - stood_still_s) for call in late_calls]
    no_answer = [(call, Outcome(OutcomeClass.UNCONFIRMED)) for call in calls * FAULTS_IN_A_ROW]
    tell(line, Share(len(no_answer)), no_answer, time.monotonic())
    assert line.look().state == state


def test_a_machine_without_sockets_blames_nobody_and_spends_no_try(pipeline: Pipeline, simulator: Simulator) -> None:
    """Its own breaker would open for a provider that is well, and each reminder lose its channel."""
    pipeline.take(invoice_event(invoice={"due_on": "2026-11-20"}))
    line = Line(Board(None, time.monotonic), "sendgrid", "compta@example.com", 100.0)
    services, key, start = pipeline.services, pipeline.account().key, pipeline.now
    for minute in range(FAULTS_IN_A_ROW):
        now = start + timedelta(minutes=minute)
        calls = claim_due(services, [key], "deliver.email", now)
        with no_sockets():
            answered = pipeline.runner.run(call_all(services, calls))
        record(services, answered, now)
        tell(line, Share(1), answered, time.monotonic())

    log = [(row.state, row.error_class, row.error_code) for row in pipeline.log()]
    assert log == [("refused", "not_begun", "no_socket")] * FAULTS_IN_A_ROW
    assert (line.look().faults, line.look().outcomes) == (0, {})
    pipeline.at(start + timedelta(hours=1)).deliver_due()
    assert [one["channel"] for one in simulator.messages()] == ["email"]


def test_a_call_begins_well_within_its_lease() -> None:
    """Documents are fetched before it; the longest call ends, and is recorded, while the attempt is still ours."""
    assert LONGEST_S + LOOKS * GOOD_FOR_S < BEGIN_WITHIN_S
    assert BEGIN_WITHIN_S + CONNECT_S + READ_S + sum(RECORD_AGAIN_S) < LEASE_S


def test_no_call_begins_after_its_window_has_closed(pipeline: Pipeline, simulator: Simulator) -> None:
    """Found in review: claimed two seconds before noon, a mail left after it."""
    pipeline.take(invoice_event(invoice={"due_on": "2026-11-20"}))
    late = pipeline.at(TUESDAY_0930 + timedelta(hours=2, minutes=29, seconds=59))
    calls = claim_due(late.services, [late.account().key], "deliver.email", late.now)
    assert len(calls) == 1
    time.sleep(1.1)  # no look moves it on
    answered = late.runner.run(call_all(late.services, calls))
    assert [outcome.code for _, outcome in answered] == ["too_late"]
    assert simulator.requests()["total"] == 0


def test_what_is_waited_for_after_a_claim_is_taken_from_how_long_a_text_is_good(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    """Found in review: it was good for as long after noon as its call had come after its claim."""
    pipeline.take(invoice_event(customer={"preferred_channel": "sms"}, invoice={"due_on": "2026-11-20"}))
    late = pipeline.at(TUESDAY_0930 + timedelta(hours=2, minutes=29, seconds=50))
    [call] = claim_due(late.services, [late.account().key], "deliver.sms", late.now)
    answered = late.runner.run(call_all(late.services, [replace(call, closes_by=time.monotonic() + 4.9)]))
    assert [outcome.kind for _, outcome in answered] == [OutcomeClass.ACCEPTED]
    assert [one["validity_period"] for one in simulator.messages()] == [4]
