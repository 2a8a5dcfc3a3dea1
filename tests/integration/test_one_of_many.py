"""What breaks for one message of a batch after its claim costs the others nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from channels.port import Code
from tests.factories import Json, invoice_event
from tests.integration.test_crash_safety import LEASE_IS_OVER, execute
from tests.pipeline import Pipeline
from tests.simulator_process import Simulator
from workers.calls import Call
from workers.claim import claim_due
from workers.deliver import call_all, record
from workers.intake import intake
from workers.planning import PUT_OFF
from workers.sweep import sweep

MANY = 5
SOON = timedelta(minutes=1)


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


TAKES_TOO_LONG = """
    CREATE FUNCTION takes_too_long() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'canceling statement due to statement timeout' USING ERRCODE = '57014'; END $$;
    CREATE TRIGGER takes_too_long BEFORE {doing} ON {table} FOR EACH ROW
        WHEN ({when}) EXECUTE FUNCTION takes_too_long()
"""


def test_an_account_that_takes_too_long_to_claim_is_put_off_and_no_other(pipeline: Pipeline) -> None:
    pipeline.take(*map(late, range(MANY)))
    slow = pipeline.account("C-1").key
    execute(pipeline, TAKES_TOO_LONG.format(doing="INSERT", table="attempts", when=f"NEW.account_id = {slow}"))
    assert pipeline.deliver_due() == MANY - 1
    assert sorted(row.customer for row in pipeline.log()) == ["C-0", "C-2", "C-3", "C-4"]
    assert pipeline.account("C-1").due_at == pytest.approx(pipeline.now + PUT_OFF, abs=SOON)


def test_an_event_that_takes_too_long_to_fold_is_set_aside_in_the_end_and_no_other(pipeline: Pipeline) -> None:
    when = "NEW.invoice_ids[1] = 'F-1'"
    execute(pipeline, TAKES_TOO_LONG.format(doing="INSERT", table="facts", when=when))
    reply = pipeline.receive(*map(late, range(MANY)))
    folded = [intake(pipeline.services, reply.inbox_ids, pipeline.now)]
    while waiting := unfolded_events(pipeline):
        folded.append(intake(pipeline.services, [*waiting, *late_ones(pipeline, len(folded))], pipeline.now))
    assert folded == [MANY - 1, 1, 1]
    assert pipeline.deliver_due() == MANY + 1


def unfolded_events(pipeline: Pipeline) -> list[int]:
    with pipeline.services.engine.connect() as connection:
        statement = "SELECT id FROM inbox WHERE folded_at IS NULL AND quarantined_at IS NULL"
        return list(connection.execute(sa.text(statement)).scalars())


def late_ones(pipeline: Pipeline, turn: int) -> Sequence[int]:
    """Another event beside it: alone, nobody could say whose fault it is."""
    return pipeline.receive(late(MANY + turn)).inbox_ids
