"""What goes out is what planning says now: once, over the first usable channel, inside the customer's hours."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from channels.render import Renderer
from channels.sendgrid.sending import SendGridChannel
from config.wiring import DEFAULT_SELLER
from domain.ids import AccountKey
from domain.levels import Channel
from store import history
from tests.factories import Json, contact_data, event, invoice_event
from tests.pipeline import TUESDAY_0930, Pipeline
from tests.simulator_process import Simulator
from workers.claim import claim_due
from workers.deliver import call_all, deliver, record
from workers.sweep import sweep


def late(number: int = 1, due_on: str = "2026-11-20", customer: Json | None = None) -> Json:
    invoice = {"id": f"F-{number}", "number": f"F-{number}", "due_on": due_on, "issued_on": "2026-10-20"}
    return invoice_event(customer=customer, invoice=invoice, id=f"issue-{number}")


def paid(number: int = 1) -> Json:
    return event("invoice.paid", {"invoice_id": f"F-{number}", "paid_on": "2026-11-24"}, id=f"paid-{number}")


def received(simulator: Simulator) -> list[tuple[str, str]]:
    """What people physically got: (channel, address)."""
    return [(one["channel"], one["to"]) for one in simulator.messages() if not one["refused"]]


def key_of(pipeline: Pipeline, customer: str = "C-17") -> AccountKey:
    return pipeline.account(customer).key


def test_a_late_invoice_is_reminded_of_once_over_the_first_channel(pipeline: Pipeline, simulator: Simulator) -> None:
    pipeline.take(late())
    assert pipeline.deliver_due() == 1
    assert pipeline.deliver_due() == 0
    assert received(simulator) == [("email", "anne@example.com")]
    [row] = pipeline.log()
    assert (row.state, row.step, row.channel, row.policy) == ("accepted", "first", "email", "standard@1")
    assert row.at.isoformat().startswith("2026-11-24T09:30:")
    assert row.at.utcoffset() == timedelta(hours=1)


def test_several_invoices_of_one_customer_are_one_message(pipeline: Pipeline, simulator: Simulator) -> None:
    pipeline.take(late(1), late(2, "2026-11-21"), late(3, "2026-11-22"))
    pipeline.deliver_due()
    assert len(received(simulator)) == 1
    assert pipeline.log()[0].invoices == ("F-1", "F-2", "F-3")


def test_an_invoice_paid_meanwhile_drops_out_of_the_message(pipeline: Pipeline, simulator: Simulator) -> None:
    pipeline.take(late(1), late(2, "2026-11-21"))
    pipeline.take(paid(1))
    pipeline.deliver_due()
    assert pipeline.log()[0].invoices == ("F-2",)
    assert "F-1" not in simulator.messages()[0]["text"]


def test_nothing_goes_out_while_an_event_waits_to_be_folded(pipeline: Pipeline, simulator: Simulator) -> None:
    """The payment has been answered with 202: from then on nothing may be sent, folded or not."""
    pipeline.take(late())
    pipeline.receive(paid())
    assert deliver(pipeline.services, pipeline.runner, [key_of(pipeline)], "deliver.email") == 0
    assert received(simulator) == []


def test_a_lost_nudge_and_a_doubled_one_change_nothing(pipeline: Pipeline, simulator: Simulator) -> None:
    pipeline.take(late())
    key = key_of(pipeline)
    assert deliver(pipeline.services, pipeline.runner, [key, key], "deliver.email") == 1
    assert deliver(pipeline.services, pipeline.runner, [key], "deliver.email") == 0
    assert len(received(simulator)) == 1


def test_a_worker_of_another_channel_leaves_the_reminder_alone(pipeline: Pipeline, simulator: Simulator) -> None:
    pipeline.take(late())
    assert deliver(pipeline.services, pipeline.runner, [key_of(pipeline)], "deliver.sms") == 0
    assert pipeline.deliver_due() == 1


@pytest.mark.parametrize("hour", [19, 23, 3])
def test_nothing_goes_out_at_night(pipeline: Pipeline, simulator: Simulator, hour: int) -> None:
    night = pipeline.at(TUESDAY_0930.replace(hour=hour))
    night.take(late())
    assert night.deliver_due() == 0
    assert received(simulator) == []
    due_at = night.account().due_at
    assert due_at is not None
    assert due_at > night.now


def test_a_reminder_planned_for_a_window_is_not_sent_after_it_has_closed(pipeline: Pipeline) -> None:
    """The nudge was late: planning now moves the reminder to the afternoon."""
    pipeline.take(late())
    noon = pipeline.at(TUESDAY_0930.replace(hour=11, minute=30))
    assert deliver(noon.services, noon.runner, [key_of(noon)], "deliver.email") == 0
    assert "outside_hours" in noon.codes()


def test_the_call_sheet_of_a_phone_step_is_a_task(pipeline: Pipeline, simulator: Simulator) -> None:
    call_hours = pipeline.at(TUESDAY_0930.replace(hour=10, minute=30))
    call_hours.take(late(due_on="2026-11-12"))
    call_hours.deliver_due()
    assert received(simulator) == []
    [task] = call_hours.tasks()
    assert (task.kind, task.step, task.customer) == ("phone", "call", "C-17")
    assert "F-1" in task.body
    assert [(row.channel, row.state) for row in call_hours.log()] == [("phone", "opened")]


def test_without_a_usable_address_a_person_is_asked_to_repair_the_contact(pipeline: Pipeline) -> None:
    pipeline.take(late(customer={"contacts": [contact_data(email="nonsense", phone="12", whatsapp=False)]}))
    assert pipeline.deliver_due() == 0
    assert [(task.kind, task.step) for task in pipeline.tasks()] == [("repair", "first")]
    assert "no_usable_channel" in pipeline.codes()


def test_whatsapp_goes_out_by_its_approved_template(pipeline: Pipeline, simulator: Simulator) -> None:
    pipeline.take(late(customer={"preferred_channel": "whatsapp"}))
    pipeline.deliver_due()
    [sent] = simulator.messages()
    assert (sent["channel"], sent["content_sid"], sent["text"]) == ("whatsapp", "HX" + "0" * 32, None)
    assert "F-1" in str(sent["content_variables"])


@pytest.mark.parametrize(
    ("switch", "error_class", "next_channel"),
    [
        ({"fault": "refuse", "status": 400, "code": 21610}, "opt_out", "email"),
        ({"fault": "refuse", "status": 400, "code": 21211}, "permanent_address", "email"),
    ],
)
def test_a_definite_refusal_falls_back_to_the_next_channel(
    pipeline: Pipeline, simulator: Simulator, switch: Json, error_class: str, next_channel: str
) -> None:
    simulator.switch(channel="sms", **switch)
    pipeline.take(late(customer={"preferred_channel": "sms"}))
    assert pipeline.deliver_due() == 2
    assert [(row.channel, row.state, row.error_class) for row in pipeline.log()] == [
        ("sms", "refused", error_class),
        (next_channel, "accepted", None),
    ]
    assert received(simulator) == [("email", "anne@example.com")]


def test_a_busy_provider_is_tried_again_and_the_customer_hears_once(pipeline: Pipeline, simulator: Simulator) -> None:
    simulator.switch(channel="email", fault="429", retry_after_s=20, times=1)
    pipeline.take(late())
    assert pipeline.deliver_due() == 1
    later = pipeline.at(TUESDAY_0930 + timedelta(seconds=30))
    assert later.deliver_due() == 0
    later = later.rested()
    assert later.deliver_due() == 1
    assert [(row.channel, row.state, row.error_class) for row in later.log()] == [
        ("email", "refused", "rate_limited"),
        ("email", "accepted", None),
    ]
    assert len(received(simulator)) == 1
    assert len({row.reminder for row in later.log()}) == 1


def test_a_provider_that_is_busy_and_names_no_pause_is_tried_less_and_less_often(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    """Found in review: earlier answers were looked up under another word: each pause was like the first."""
    simulator.switch(channel="email", fault="429", retry_after_s=0, times=9)
    pipeline.take(late())
    longest = timedelta()
    assert pipeline.deliver_due() == 1
    for number in range(1, 9):
        later = pipeline.at(TUESDAY_0930 + number * timedelta(minutes=11)).rested()
        assert later.deliver_due() == 1
        with later.services.engine.connect() as connection:
            retry_at = connection.execute(sa.text("SELECT retry_at FROM reminders")).scalar_one()
        longest = max(longest, retry_at - later.now)
    assert longest > timedelta(minutes=1)


def test_a_retry_stops_when_the_invoice_is_paid(pipeline: Pipeline, simulator: Simulator) -> None:
    simulator.switch(channel="email", fault="429", retry_after_s=20, times=1)
    pipeline.take(late())
    pipeline.deliver_due()
    pipeline.take(paid())
    later = pipeline.at(TUESDAY_0930 + timedelta(seconds=30))
    assert later.deliver_due() == 0
    assert received(simulator) == []
    assert later.codes() == ["nothing_owed"]


@pytest.mark.parametrize("fault", ["5xx-after", "cut", "5xx-before"])
def test_in_doubt_nothing_is_sent_again(pipeline: Pipeline, simulator: Simulator, fault: str) -> None:
    """A 5xx or a cut answer may have been sent: no retry, no fallback until it is known."""
    simulator.switch(channel="email", fault=fault, callbacks="never")
    pipeline.take(late())
    assert pipeline.deliver_due() == 1
    tomorrow = pipeline.at(TUESDAY_0930 + timedelta(days=1))
    assert tomorrow.deliver_due() == 0
    assert [row.state for row in tomorrow.log()] == ["unconfirmed"]
    assert len(received(simulator)) <= 1


def test_a_caller_that_died_leaves_an_attempt_in_doubt_and_comes_too_late(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    """Between the commit of `calling` and the record, the lease runs out: the late answer meets a broken fence."""
    pipeline.take(late())
    calls = claim_due(pipeline.services, [key_of(pipeline)], "deliver.email", pipeline.now)
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text("UPDATE attempts SET leased_until = leased_until - interval '1 hour'"))
    sweep(pipeline.services, pipeline.now)
    assert [row.state for row in pipeline.log()] == ["unconfirmed"]
    record(pipeline.services, pipeline.runner.run(call_all(pipeline.services, calls)), pipeline.now)
    assert [row.state for row in pipeline.log()] == ["unconfirmed"]
    assert pipeline.deliver_due() == 0


def test_calling_is_committed_before_the_provider_is_called(pipeline: Pipeline, simulator: Simulator) -> None:
    pipeline.take(late())
    [call] = claim_due(pipeline.services, [key_of(pipeline)], "deliver.email", pipeline.now)
    assert [row.state for row in pipeline.log()] == ["calling"]
    assert received(simulator) == []
    assert call.message.to == "anne@example.com"


def test_the_validity_of_a_text_message_ends_with_the_window(pipeline: Pipeline, simulator: Simulator) -> None:
    pipeline.take(late(customer={"preferred_channel": "sms"}))
    pipeline.deliver_due()
    validity: Any = simulator.messages()[0]["validity_period"]
    assert 2.4 * 3600 < int(validity) <= 2.5 * 3600


def test_one_account_that_breaks_its_claim_stops_no_other(pipeline: Pipeline, simulator: Simulator) -> None:
    """The database refuses a step that was had already: that account is put off, its neighbour goes out."""
    pipeline.take(late(1), late(2, customer={"id": "C-18"}))
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE steps_had DROP CONSTRAINT fk_steps_had_reminder_id"))
        connection.execute(sa.text("INSERT INTO steps_had VALUES ('default', 'F-1', 'first', 0, 'nobody')"))
    assert pipeline.deliver_due() == 1
    assert [row.customer for row in pipeline.log()] == ["C-18"]
    put_off_until = pipeline.account("C-17").due_at
    assert put_off_until is not None
    assert put_off_until > pipeline.now + timedelta(minutes=50)


def test_a_broken_template_is_put_off_with_its_reason(
    pipeline: Pipeline, simulator: Simulator, tmp_path: Path
) -> None:
    broken = tmp_path / "fr" / "email"
    broken.mkdir(parents=True)
    (broken / "courteous.j2").write_text("{{ nobody.knows }}")
    renderer = Renderer(tmp_path, {})
    poisoned = Pipeline(replace(pipeline.services, renderer=renderer), pipeline.runner)
    poisoned.take(late())
    assert poisoned.deliver_due() == 0
    assert "template_broken" in poisoned.codes()
    assert received(simulator) == []


def test_five_failures_spend_a_channel_and_the_next_one_has_its_own_five(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    """Being told to slow down spends no try; a provider that is switched off does."""
    assert pipeline.services.sendgrid is not None
    off = replace(pipeline.services.sendgrid, api_url="http://127.0.0.1:1")
    channels = {**pipeline.services.channels, Channel.EMAIL: SendGridChannel(off, pipeline.services.transport)}
    simulator.switch(channel="whatsapp", fault="429", retry_after_s=1, times=3)
    without_mail = Pipeline(replace(pipeline.services, channels=channels), pipeline.runner)
    without_mail.take(late())
    for minute in range(1, 60):
        without_mail.at(TUESDAY_0930 + timedelta(minutes=minute)).deliver_due()
    states = [(row.channel, row.error_class) for row in without_mail.log()]
    assert states == [("email", "transient")] * 5 + [("whatsapp", "rate_limited")] * 3 + [("whatsapp", None)]


def test_a_suppressed_address_stays_so_however_it_is_spelled(pipeline: Pipeline, simulator: Simulator) -> None:
    with pipeline.services.engine.begin() as connection:
        history.suppress(connection, [(DEFAULT_SELLER, "email", "ANNE@example.com", "hard_bounce", pipeline.now)])
    pipeline.take(late())
    pipeline.deliver_due()
    assert [channel for channel, _ in received(simulator)] == ["whatsapp"]
