"""What is in doubt is asked of the provider: one message, whatever went wrong, and never two."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from twilio.rest import Client

from channels.http import Transport
from channels.twilio.sending import TwilioChannel
from config.wiring import Services
from domain.asking import ASKS_AFTER_S
from domain.levels import Channel
from store import asking
from tests.factories import contact_data, event, invoice_event
from tests.integration.test_settle import mail_event, text_status
from tests.pipeline import TUESDAY_0930, Pipeline
from tests.simulator_process import Simulator
from workers.ask import LEASE_S, ask, ask_all, record
from workers.claim import claim_due
from workers.loop import LoopThread
from workers.sweep import sweep

PHONE = "+33612345678"
DUE_NOW = "UPDATE attempts SET ask_at = clock_timestamp() WHERE ask_at IS NOT NULL"

WAITS_FOR_A_LOCK = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"


def late(number: int = 1, **customer: Any) -> dict[str, Any]:
    invoice = {"id": f"F-{number}", "number": f"F-{number}", "due_on": "2026-11-20", "issued_on": "2026-10-20"}
    told = {"id": f"C-{number}", "preferred_channel": "sms", "contacts": [contact_data()], **customer}
    return invoice_event(customer=told, invoice=invoice, id=f"issue-{number}")


def execute(pipeline: Pipeline, statement: str) -> None:
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text(statement))


def texted(pipeline: Pipeline, simulator: Simulator, **switch: Any) -> None:
    """A text message is sent while the provider does what the switch says, and calls nobody back."""
    simulator.switch(recipient=PHONE, callbacks="never", **switch)
    pipeline.take(late())
    pipeline.deliver_due()


def asked(pipeline: Pipeline, times: int = 1) -> int:
    """Asks so many times, each time when its moment has come."""
    count = 0
    for _ in range(times):
        execute(pipeline, DUE_NOW)
        count += ask(pipeline.services, pipeline.runner, pipeline.now)
    return count


def states(pipeline: Pipeline) -> list[tuple[str, str]]:
    return [(row.channel, row.state) for row in pipeline.log()]


def ask_in_s(pipeline: Pipeline) -> list[float | None]:
    statement = "SELECT extract(epoch FROM ask_at - clock_timestamp()) FROM attempts ORDER BY called_at, id"
    with pipeline.services.engine.connect() as connection:
        return [None if s is None else float(s) for s in connection.execute(sa.text(statement)).scalars()]


@pytest.mark.parametrize("fault", [{"fault": "5xx-after", "times": 1}, {"fault": "cut", "times": 1}])
def test_what_was_accepted_in_spite_of_its_answer_is_found_and_not_sent_again(
    pipeline: Pipeline, simulator: Simulator, fault: dict[str, Any]
) -> None:
    texted(pipeline, simulator, **fault)
    assert states(pipeline) == [("sms", "unconfirmed")]
    assert pipeline.deliver_due() == 0
    assert asked(pipeline) == 1
    assert states(pipeline) == [("sms", "delivered")]
    assert "delivery_running" not in pipeline.codes("C-1")
    assert ask_in_s(pipeline) == [None]
    assert pipeline.deliver_due() == 0
    assert len(simulator.messages(to=PHONE)) == 1
    assert pipeline.log()[0].provider_id == simulator.messages(to=PHONE)[0]["id"]


@pytest.mark.parametrize("fault", ["5xx-before", "cut-before"])
def test_what_was_never_accepted_is_sent_again_after_the_last_asking(
    pipeline: Pipeline, simulator: Simulator, fault: str
) -> None:
    texted(pipeline, simulator, fault=fault, times=1)
    assert states(pipeline) == [("sms", "unconfirmed")]
    assert asked(pipeline, times=2) == 2
    assert states(pipeline) == [("sms", "unconfirmed")]
    assert pipeline.deliver_due() == 0
    assert asked(pipeline) == 1
    assert states(pipeline) == [("sms", "refused")]
    again = pipeline.at(pipeline.now + timedelta(minutes=1))
    assert again.deliver_due() == 1
    assert states(pipeline) == [("sms", "refused"), ("sms", "accepted")]
    assert len(simulator.messages(to=PHONE)) == 1
    told = [entry.facts for entry in pipeline.journal("C-1") if entry.event == "attempt.resolved"]
    assert told == [{"channel": "sms", "state": "refused", "by_whom": "provider"}]


def test_the_askings_lie_half_a_minute_two_and_ten_minutes_after_the_call(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    texted(pipeline, simulator, fault="5xx-before", times=1)
    pauses = ask_in_s(pipeline)
    for _ in range(2):
        asked(pipeline)
        pauses += ask_in_s(pipeline)
    assert pauses == [pytest.approx(30, abs=5), pytest.approx(90, abs=5), pytest.approx(480, abs=5)]


def test_what_is_paid_while_it_was_in_doubt_is_not_sent_again(pipeline: Pipeline, simulator: Simulator) -> None:
    texted(pipeline, simulator, fault="5xx-before", times=1)
    pipeline.take(event("invoice.paid", {"invoice_id": "F-1", "paid_on": "2026-11-24"}, id="paid"))
    asked(pipeline, times=3)
    assert pipeline.at(pipeline.now + timedelta(minutes=1)).deliver_due() == 0
    assert simulator.messages(to=PHONE) == []


def test_a_dead_worker_leaves_a_doubt_that_is_asked_about_too(pipeline: Pipeline, simulator: Simulator) -> None:
    pipeline.take(late())
    claim_due(pipeline.services, [pipeline.account("C-1").key], "deliver.sms", pipeline.now)
    execute(pipeline, "UPDATE attempts SET leased_until = leased_until - interval '1 hour'")
    sweep(pipeline.services, pipeline.now)
    assert asked(pipeline, times=3) == 3
    assert states(pipeline) == [("sms", "refused")]


def taken_now(pipeline: Pipeline, lease_s: float = LEASE_S) -> list[asking.ToAsk]:
    execute(pipeline, DUE_NOW)
    with pipeline.services.engine.begin() as connection:
        return asking.take(connection, 10, lease_s)


def test_a_provider_that_does_not_answer_says_nothing(pipeline: Pipeline, simulator: Simulator) -> None:
    texted(pipeline, simulator, fault="5xx-before", times=1)
    for _ in range(4):
        record(pipeline.services, [(one, None) for one in taken_now(pipeline)], pipeline.now)
    assert states(pipeline) == [("sms", "unconfirmed")]
    assert ask_in_s(pipeline) == [pytest.approx(300, abs=5)]


def test_a_mail_in_doubt_is_left_to_a_person(pipeline: Pipeline, simulator: Simulator) -> None:
    """SendGrid cannot be asked."""
    simulator.switch(fault="5xx-before", times=1)
    pipeline.take(late(preferred_channel="email"))
    pipeline.deliver_due()
    assert asked(pipeline) == 1
    assert states(pipeline) == [("email", "unconfirmed")]
    assert ask_in_s(pipeline) == [None]
    assert pipeline.at(pipeline.now + timedelta(days=3)).deliver_due() == 0


def test_two_messages_alike_are_left_to_a_person(pipeline: Pipeline, simulator: Simulator) -> None:
    """Another program has sent the same words to the same number: nobody can tell which one is ours."""
    texted(pipeline, simulator, fault="5xx-after", times=1)
    [first] = simulator.messages(to=PHONE)
    call_twilio(simulator, first["text"])
    asked(pipeline, times=3)
    assert states(pipeline) == [("sms", "unconfirmed")]
    assert ask_in_s(pipeline) == [None]


def call_twilio(simulator: Simulator, text: str) -> None:
    client = Client(simulator.twilio_account_sid, simulator.twilio_auth_token)
    client.api.base_url = simulator.url
    client.messages.create(to=PHONE, from_="+33755000001", body=text)
    client.http_client.session.close()


def another_process(pipeline: Pipeline) -> Services:
    """The same parts with a connection pool of their own, as each worker process has it."""
    transport, twilio = Transport(), pipeline.services.twilio
    assert twilio is not None
    channels = {**pipeline.services.channels, Channel.SMS: TwilioChannel(twilio, transport)}
    return replace(pipeline.services, transport=transport, channels=channels)


def test_workers_that_ask_at_once_do_no_harm(pipeline: Pipeline, simulator: Simulator) -> None:
    """Each of them takes what no other has taken: every message is resolved once."""
    simulator.switch(callbacks="never", fault="5xx-before")
    for number in range(1, 9):
        contact = contact_data(email=None, phone=f"+3361234560{number}", whatsapp=False)
        pipeline.take(late(number, contacts=[contact]))
    pipeline.deliver_due()
    workers = [(another_process(pipeline), LoopThread()) for _ in range(3)]
    for _ in ASKS_AFTER_S:
        execute(pipeline, DUE_NOW)
        with ThreadPoolExecutor(len(workers)) as pool:
            counts = pool.map(lambda worker: ask(worker[0], worker[1], pipeline.now), workers)
        assert sum(counts) == 8
    for services, loop in workers:
        loop.run(services.transport.close())
        loop.close()
    assert {row.state for row in pipeline.log()} == {"refused"}
    entries = [entry.event for number in range(1, 9) for entry in pipeline.journal(f"C-{number}")]
    assert entries.count("attempt.resolved") == 8


def test_an_asker_whose_lease_ran_out_changes_nothing(pipeline: Pipeline, simulator: Simulator) -> None:
    texted(pipeline, simulator, fault="5xx-before", times=1)
    asked(pipeline, times=2)
    slow = taken_now(pipeline, lease_s=0.0)
    answers = pipeline.runner.run(ask_all(pipeline.services, slow))
    pipeline.settle("twilio", [text_status(slow[0].id, "sent")])
    record(pipeline.services, answers, pipeline.now)
    assert states(pipeline) == [("sms", "sent")]


def test_an_asker_waits_for_accounts_before_it_holds_attempts(pipeline: Pipeline, simulator: Simulator) -> None:
    """As all others do: one that settles a receipt holds the account, and waits for the attempt next."""
    texted(pipeline, simulator, fault="5xx-before", times=1)
    asked(pipeline, times=2)
    answers = pipeline.runner.run(ask_all(pipeline.services, taken_now(pipeline)))
    with ThreadPoolExecutor(1) as pool:
        with pipeline.services.engine.begin() as settling:
            settling.execute(sa.text("SELECT id FROM accounts FOR UPDATE"))
            recorded = pool.submit(record, pipeline.services, answers, pipeline.now)
            while not settling.execute(sa.text(WAITS_FOR_A_LOCK)).scalar_one():
                assert not recorded.done()
            settling.execute(sa.text("SELECT id FROM attempts FOR UPDATE NOWAIT"))
        recorded.result()
    assert states(pipeline) == [("sms", "refused")]


# --- Receipts that do not come ---------------------------------------------------------------------------------


def test_a_lost_receipt_is_asked_for_by_the_messages_id(pipeline: Pipeline, simulator: Simulator) -> None:
    texted(pipeline, simulator)
    assert states(pipeline) == [("sms", "accepted")]
    [deadline] = ask_in_s(pipeline)
    assert deadline == pytest.approx(2.5 * 3600 + 900, abs=30)  # the window closes at noon
    asked(pipeline)
    assert states(pipeline) == [("sms", "delivered")]
    assert ask_in_s(pipeline) == [None]
    assert asked(pipeline) == 0


def test_a_failure_that_was_not_told_falls_back_all_the_same(pipeline: Pipeline, simulator: Simulator) -> None:
    texted(pipeline, simulator, fault="undelivered", code=30005)
    asked(pipeline)
    pipeline.deliver_due()
    assert states(pipeline) == [("sms", "undelivered"), ("email", "accepted")]


def test_a_receipt_keeps_the_deadline_and_the_last_one_ends_it(pipeline: Pipeline, simulator: Simulator) -> None:
    texted(pipeline, simulator)
    before = ask_in_s(pipeline)
    pipeline.settle("twilio", [text_status(pipeline.log()[0].attempt, "sent")])
    assert ask_in_s(pipeline) == [pytest.approx(before[0], abs=10)]
    pipeline.settle("twilio", [text_status(pipeline.log()[0].attempt, "delivered")])
    assert ask_in_s(pipeline) == [None]


def mailed(pipeline: Pipeline) -> str:
    pipeline.take(late(preferred_channel="email"))
    pipeline.deliver_due()
    assert ask_in_s(pipeline) == [pytest.approx(72 * 3600 + 900, abs=30)]
    return pipeline.log()[0].attempt


def test_a_mail_of_which_nothing_is_heard_is_left_alone_where_nothing_is_heard_at_all(pipeline: Pipeline) -> None:
    mailed(pipeline)
    assert asked(pipeline) == 1
    assert states(pipeline) == [("email", "accepted")]
    assert ask_in_s(pipeline) == [None]


def test_a_mail_of_which_nothing_is_heard_while_others_are_told_of_has_expired(pipeline: Pipeline) -> None:
    attempt = mailed(pipeline)
    pipeline.settle("sendgrid", [mail_event("another", "delivered")])
    asked(pipeline)
    assert states(pipeline) == [("email", "expired")]
    pipeline.deliver_due()
    assert states(pipeline) == [("email", "expired"), ("whatsapp", "accepted")]
    pipeline.settle("sendgrid", [mail_event(attempt, "delivered")])
    assert states(pipeline)[0] == ("email", "delivered")


def test_what_expires_or_bounces_after_the_ladder_went_on_is_work_for_a_person(pipeline: Pipeline) -> None:
    attempt = mailed(pipeline)
    call = pipeline.at(TUESDAY_0930 + timedelta(days=6, hours=2))
    assert call.deliver_due() == 1
    bounce = mail_event(attempt, "bounce", type="bounce", status="5.1.1")
    call.settle("sendgrid", [bounce])
    repairs = [(task.kind, task.step, task.units) for task in call.tasks() if task.kind == "repair"]
    assert repairs == [("repair", "first", ("F-1",))]
    assert [entry.event for entry in call.journal("C-1")].count("task.opened") == 1
    call.settle("sendgrid", [mail_event(attempt, "dropped", second=9)])
    assert len([task for task in call.tasks() if task.kind == "repair"]) == 1
    call.take(event("invoice.paid", {"invoice_id": "F-1", "paid_on": "2026-11-30"}, id="paid"))
    assert call.tasks() == []
