"""A worker that stood still between its claim and its call does not call: the customer may have paid meanwhile."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from channels.lines import Board, Line
from domain.line import FAULTS_IN_A_ROW, Share
from domain.outcomes import Outcome, OutcomeClass
from tests.factories import event, invoice_event
from tests.integration.test_crash_safety import LEASE_IS_OVER, execute
from tests.pipeline import Pipeline
from tests.simulator_process import Simulator
from workers.calls import LEASE_S, Call
from workers.claim import BEGIN_WITHIN_S, claim_due
from workers.deliver import call_all, record, tell
from workers.sweep import sweep


@pytest.fixture
def late_calls(pipeline: Pipeline) -> list[Call]:
    """A claim whose worker wakes up again when its calls should have begun long ago."""
    pipeline.take(invoice_event(invoice={"due_on": "2026-11-20"}))
    calls = claim_due(pipeline.services, [pipeline.account().key], "deliver.email", pipeline.now)
    assert len(calls) == 1
    return [replace(call, begin_by=call.begin_by - BEGIN_WITHIN_S) for call in calls]


def wake_up(pipeline: Pipeline, calls: list[Call]) -> None:
    record(pipeline.services, pipeline.runner.run(call_all(pipeline.services, calls)), pipeline.now)


def test_a_call_that_would_begin_too_late_is_not_made_and_tried_again(
    pipeline: Pipeline, simulator: Simulator, late_calls: list[Call]
) -> None:
    wake_up(pipeline, late_calls)
    assert simulator.requests()["total"] == 0
    assert [(row.state, row.error_code) for row in pipeline.log()] == [("refused", "too_late")]
    pipeline.at(pipeline.now + timedelta(seconds=5)).deliver_due()
    assert len(simulator.messages()) == 1


def test_who_paid_while_the_worker_stood_still_hears_nothing(
    pipeline: Pipeline, simulator: Simulator, late_calls: list[Call]
) -> None:
    pipeline.take(event("invoice.paid", {"invoice_id": "F-2026-0042", "paid_on": "2026-11-24"}, id="paid"))
    wake_up(pipeline, late_calls)
    pipeline.at(pipeline.now + timedelta(seconds=5)).deliver_due()
    assert simulator.messages() == []


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
    calls = [replace(call, begin_by=time.monotonic() + BEGIN_WITHIN_S - stood_still_s) for call in late_calls]
    no_answer = [(call, Outcome(OutcomeClass.UNCONFIRMED)) for call in calls * FAULTS_IN_A_ROW]
    tell(line, Share(len(no_answer)), no_answer, time.monotonic())
    assert line.look().state == state


def test_a_call_begins_well_within_its_lease() -> None:
    """The longest call takes 13 s: it ends, and is recorded, while the attempt is still ours."""
    assert BEGIN_WITHIN_S + 13 < LEASE_S
