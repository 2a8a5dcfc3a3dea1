"""Whatever dies between two steps, nothing is sent twice, nothing stays in doubt for ever, and nothing is lost."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from channels.port import ChannelPort, Message
from config.clock import Clock
from domain.ids import AccountKey
from domain.levels import Channel
from domain.outcomes import Outcome
from store import accounts
from tests.factories import Json, contact_data, event, invoice_event
from tests.integration.test_settle import mail_event
from tests.pipeline import TUESDAY_0930, Pipeline
from tests.simulator_process import Simulator
from workers.claim import claim_due
from workers.deliver import call_all, deliver, record
from workers.sweep import sweep

LEASE_IS_OVER = "UPDATE attempts SET leased_until = leased_until - interval '1 hour'"


def late(number: int = 1, due_on: str = "2026-11-20", **customer: object) -> Json:
    invoice = {"id": f"F-{number}", "number": f"F-{number}", "due_on": due_on, "issued_on": "2026-10-20"}
    return invoice_event(customer={"id": f"C-{number}", **customer}, invoice=invoice, id=f"issue-{number}")


def keys_of(pipeline: Pipeline, *numbers: int) -> list[AccountKey]:
    return [pipeline.account(f"C-{number}").key for number in numbers]


def execute(pipeline: Pipeline, statement: str) -> None:
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text(statement))


@pytest.mark.parametrize("word", ["open", "a word nobody knows"])
def test_a_report_that_says_nothing_of_the_delivery_leaves_the_caller_its_fence(
    pipeline: Pipeline, simulator: Simulator, word: str
) -> None:
    """A provider's report may overtake its answer, and it may be about a person in copy, or say nothing."""
    pipeline.take(late())
    calls = claim_due(pipeline.services, keys_of(pipeline, 1), "deliver.email", pipeline.now)
    pipeline.settle("sendgrid", [mail_event(calls[0].claim.attempt, word)])
    record(pipeline.services, pipeline.runner.run(call_all(pipeline.services, calls)), pipeline.now)
    assert [row.state for row in pipeline.log()] == ["accepted"]


def test_a_report_that_says_nothing_does_not_hide_a_dead_caller_from_the_sweep(pipeline: Pipeline) -> None:
    pipeline.take(late())
    [call] = claim_due(pipeline.services, keys_of(pipeline, 1), "deliver.email", pipeline.now)
    pipeline.settle("sendgrid", [mail_event(call.claim.attempt, "processed", email="copy@example.com")])
    execute(pipeline, LEASE_IS_OVER)
    sweep(pipeline.services, pipeline.now)
    assert [row.state for row in pipeline.log()] == ["unconfirmed"]


@dataclass(frozen=True, slots=True)
class Ahead(Clock):
    """A machine whose wall clock is two minutes ahead."""

    def wall(self) -> datetime:
        return datetime.now(UTC) + timedelta(minutes=2)


def test_a_sweep_on_a_machine_whose_clock_is_ahead_takes_no_lease_away(pipeline: Pipeline) -> None:
    pipeline.take(late())
    claim_due(pipeline.services, keys_of(pipeline, 1), "deliver.email", pipeline.now)
    sweep(replace(pipeline.services, clock=Ahead()), pipeline.now)
    assert [row.state for row in pipeline.log()] == ["calling"]


def test_a_call_sheet_whose_worker_died_is_open_all_the_same(pipeline: Pipeline) -> None:
    """Its task was committed with the claim, and no provider will ever report on it: there is no doubt."""
    call_hours = pipeline.at(TUESDAY_0930 + timedelta(hours=1))
    call_hours.take(late(due_on="2026-11-12"))
    [call] = claim_due(call_hours.services, keys_of(call_hours, 1), "deliver.task", call_hours.now)
    assert call.message.channel is Channel.PHONE
    execute(call_hours, LEASE_IS_OVER)
    sweep(call_hours.services, call_hours.now)
    call_hours.deliver_due()
    assert [(row.channel, row.state) for row in call_hours.log()] == [("phone", "opened")]
    assert "delivery_running" not in call_hours.codes("C-1")
    assert len(call_hours.tasks()) == 1


class Breaks:
    """A channel with a bug that one recipient brings out."""

    def __init__(self, channel: ChannelPort, address: str) -> None:
        self._channel, self._address = channel, address

    @property
    def provider(self) -> str:
        return self._channel.provider

    async def send(self, message: Message) -> Outcome:
        if message.to == self._address:
            raise LookupError(message.to)
        return await self._channel.send(message)


def test_a_channel_that_breaks_over_one_message_costs_the_others_nothing(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    email = Breaks(pipeline.services.channels[Channel.EMAIL], "two@example.com")
    services = replace(pipeline.services, channels={**pipeline.services.channels, Channel.EMAIL: email})
    broken = Pipeline(services, pipeline.runner)
    broken.take(late(1), late(2, contacts=[contact_data(email="two@example.com")]), late(3))
    assert broken.deliver_due() == 3
    assert {row.customer: row.state for row in broken.log()} == {
        "C-1": "accepted",
        "C-2": "unconfirmed",
        "C-3": "accepted",
    }


def test_what_was_claimed_one_by_one_is_called_even_if_the_database_goes_away(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    """The second account breaks the batch; at the third one the database times out: the first is claimed already."""
    pipeline.take(late(1), late(2), late(3))
    third = keys_of(pipeline, 3)[0]
    execute(pipeline, "ALTER TABLE steps_had DROP CONSTRAINT fk_steps_had_reminder_id")
    execute(pipeline, "INSERT INTO steps_had VALUES ('default', 'F-2', 'first', 0, 'nobody')")
    execute(
        pipeline,
        "CREATE FUNCTION time_out() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'too slow' USING ERRCODE = '57014'; END $$",
    )
    execute(
        pipeline,
        "CREATE TRIGGER slow BEFORE INSERT ON attempts FOR EACH ROW"
        f" WHEN (NEW.account_id = {third}) EXECUTE FUNCTION time_out()",
    )
    deliver(pipeline.services, pipeline.runner, keys_of(pipeline, 1, 2, 3), "deliver.email")
    assert {row.customer: row.state for row in pipeline.log()} == {"C-1": "accepted"}


def test_an_answer_is_recorded_though_an_account_cannot_be_planned(pipeline: Pipeline, simulator: Simulator) -> None:
    """One account's facts cannot be read any more: what fifty calls came to must not be lost for it."""
    pipeline.take(late(1), late(2))
    calls = claim_due(pipeline.services, keys_of(pipeline, 1, 2), "deliver.email", pipeline.now)
    break_facts(pipeline, 2)
    record(pipeline.services, pipeline.runner.run(call_all(pipeline.services, calls)), pipeline.now)
    assert [row.state for row in pipeline.log()] == ["accepted", "accepted"]
    pipeline.deliver_due()
    assert "delivery_running" not in pipeline.codes("C-1")


def test_a_receipt_is_settled_though_its_account_cannot_be_planned(pipeline: Pipeline, simulator: Simulator) -> None:
    """An address that bounced is out of use at once, whatever else is broken."""
    pipeline.take(late())
    pipeline.deliver_due()
    break_facts(pipeline, 1)
    [row] = pipeline.log()
    bounce = mail_event(row.attempt, "bounce", type="bounce", status="5.1.1", email=row.to)
    assert pipeline.settle("sendgrid", [bounce]) == 1
    assert [row.state for row in pipeline.log()] == ["undelivered"]


def test_one_account_that_cannot_be_planned_stops_no_other(pipeline: Pipeline, simulator: Simulator) -> None:
    hold = {"reason": "wedding", "until": "2026-11-24T10:00:00+01:00"}
    pipeline.take(late(1), late(2), late(3))
    for number in (1, 2, 3):
        pipeline.take(event("customer.held", {"customer_id": f"C-{number}", **hold}, id=f"hold-{number}"))
    break_facts(pipeline, 2)
    execute(pipeline, "UPDATE accounts SET channel = NULL, due_at = now() - interval '30 years'")
    after = pipeline.at(TUESDAY_0930 + timedelta(minutes=31))
    after.deliver_due()
    assert {row.customer for row in after.log()} == {"C-1", "C-3"}


def break_facts(pipeline: Pipeline, number: int) -> None:
    key = keys_of(pipeline, number)[0]
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text("UPDATE facts SET body = '{}' WHERE account_id = :key"), {"key": key})


def test_an_event_is_taken_in_though_its_account_cannot_be_planned(pipeline: Pipeline, simulator: Simulator) -> None:
    """A payment that is set aside for its account's sake would be missing once the account is mended."""
    pipeline.take(late())
    break_facts(pipeline, 1)
    paid = event("invoice.paid", {"invoice_id": "F-1", "paid_on": "2026-11-24"}, id="paid")
    pipeline.take(paid)
    with pipeline.services.engine.connect() as connection:
        known = connection.execute(sa.text("SELECT count(*) FROM facts WHERE type = 'InvoicePaid'")).scalar_one()
    assert known == 1


@contextmanager
def busy(pipeline: Pipeline, key: AccountKey, for_s: float) -> Iterator[None]:
    """Somebody holds the account's lock for so long, counted from the beginning of the block."""
    is_held = threading.Event()

    def hold() -> None:
        with pipeline.services.engine.begin() as connection:
            accounts.lock(connection, [key])
            is_held.set()
            time.sleep(for_s)

    holder = threading.Thread(target=hold)
    holder.start()
    is_held.wait()
    yield
    holder.join()


def test_a_record_waits_for_a_busy_account(pipeline: Pipeline, simulator: Simulator) -> None:
    """Somebody holds an account for longer than we wait for a lock: the answers of a whole batch are not lost."""
    pipeline.take(late(1), late(2))
    calls = claim_due(pipeline.services, keys_of(pipeline, 1, 2), "deliver.email", pipeline.now)
    answered = pipeline.runner.run(call_all(pipeline.services, calls))
    with busy(pipeline, keys_of(pipeline, 1)[0], 6.0):
        record(pipeline.services, answered, pipeline.now)
    assert [row.state for row in pipeline.log()] == ["accepted", "accepted"]
