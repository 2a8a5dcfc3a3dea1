"""What breaks for one message of a batch after its claim costs the others nothing."""

from dataclasses import replace

import pytest

from channels.port import Code
from tests.factories import Json, invoice_event
from tests.integration.test_crash_safety import LEASE_IS_OVER, execute
from tests.pipeline import Pipeline
from tests.simulator_process import Simulator
from workers.calls import Call
from workers.claim import claim_due
from workers.deliver import call_all, record
from workers.sweep import sweep

MANY = 5


def late(number: int) -> Json:
    invoice = {"id": f"F-{number}", "number": f"F-{number}", "due_on": "2026-11-20"}
    return invoice_event(customer={"id": f"C-{number}"}, invoice=invoice, id=f"issued-{number}")


@pytest.fixture
def calls(pipeline: Pipeline) -> list[Call]:
    pipeline.take(*map(late, range(MANY)))
    keys = [pipeline.account(f"C-{number}").key for number in range(MANY)]
    found = claim_due(pipeline.services, keys, "deliver.email", pipeline.now)
    assert len(found) == MANY
    return found


def states(pipeline: Pipeline) -> list[str]:
    execute(pipeline, LEASE_IS_OVER)
    sweep(pipeline.services, pipeline.now)
    return sorted(row.state for row in pipeline.log())


def test_an_answer_that_cannot_be_written_leaves_itself_in_doubt_and_no_other(
    pipeline: Pipeline, calls: list[Call]
) -> None:
    answered = pipeline.runner.run(call_all(pipeline.services, calls))
    answered[1] = (answered[1][0], replace(answered[1][1], segments=40_000))  # the column ends before
    record(pipeline.services, answered, pipeline.now)
    assert states(pipeline) == ["accepted"] * (MANY - 1) + ["unconfirmed"]


def test_a_code_that_cannot_be_drawn_keeps_its_own_mail_back_and_no_other(
    pipeline: Pipeline, simulator: Simulator, calls: list[Call]
) -> None:
    too_much = Code(payload=b"x" * 10_000, numbers=("F-1",))
    rendered = replace(calls[1].message.rendered, codes=(too_much,))
    calls[1] = replace(calls[1], message=replace(calls[1].message, rendered=rendered))
    record(pipeline.services, pipeline.runner.run(call_all(pipeline.services, calls)), pipeline.now)
    assert len(simulator.messages()) == MANY - 1
    assert states(pipeline) == ["accepted"] * (MANY - 1) + ["refused"]
