"""What providers report later as not delivered: each class has its own way on, and is written down."""

from datetime import timedelta
from typing import Any

import pytest

from channels.twilio.callbacks import read_receipt
from domain.levels import Channel
from domain.outcomes import AttemptState, Receipt
from tests.factories import contact_data, event, invoice_event
from tests.pipeline import TUESDAY_0930, Pipeline
from tests.simulator_process import Simulator

PHONE = "+33612345678"
TWO_HOURS = timedelta(hours=2, minutes=1)


def sms_only(pipeline: Pipeline) -> None:
    """A text message to somebody who has nothing else."""
    text_first(pipeline, contacts=[contact_data(email=None, whatsapp=False)])


def text_first(pipeline: Pipeline, **customer: Any) -> None:
    invoice = {"id": "F-1", "number": "F-1", "due_on": "2026-11-20", "issued_on": "2026-10-20"}
    pipeline.take(invoice_event(customer={"preferred_channel": "sms", **customer}, invoice=invoice))
    assert pipeline.deliver_due() == 1


def fails(pipeline: Pipeline, code: str) -> None:
    """Twilio's callback about the last attempt."""
    row = pipeline.log()[-1]
    form = {"MessageSid": row.provider_id or "", "MessageStatus": "undelivered", "To": PHONE, "ErrorCode": code}
    assert pipeline.settle("twilio", [(read_receipt(form, row.attempt), b"raw")]) == 1


def states(pipeline: Pipeline) -> list[tuple[str, str, str | None]]:
    return [(row.channel, row.state, row.error_class) for row in pipeline.log()]


def test_a_phone_that_is_off_is_tried_twice_more_hours_later_and_then_the_next_channel(pipeline: Pipeline) -> None:
    text_first(pipeline)
    fails(pipeline, "30003")
    assert pipeline.at(TUESDAY_0930 + timedelta(hours=1, minutes=59)).deliver_due() == 0
    second = pipeline.at(TUESDAY_0930 + TWO_HOURS)
    assert second.deliver_due() == 1
    fails(second, "30003")
    third = pipeline.at(TUESDAY_0930 + timedelta(hours=6))
    assert third.deliver_due() == 1
    fails(third, "30003")
    assert third.deliver_due() == 1
    off = ("sms", "undelivered", "transient")
    assert states(third) == [off, off, off, ("email", "accepted", None)]
    assert len({row.reminder for row in third.log()}) == 1


def test_what_twilio_does_not_know_is_tried_once_more_and_a_person_is_asked_only_then(pipeline: Pipeline) -> None:
    sms_only(pipeline)
    fails(pipeline, "30008")
    assert pipeline.tasks() == []
    later = pipeline.at(TUESDAY_0930 + timedelta(minutes=61))
    assert later.deliver_due() == 1
    fails(later, "30008")
    assert later.deliver_due() == 0
    assert states(later) == [("sms", "undelivered", "transient")] * 2
    assert [task.kind for task in later.tasks()] == ["repair"]


@pytest.mark.parametrize(
    ("code", "kind"), [("30005", "permanent_address"), ("30007", "content"), ("30002", "misconfigured"), ("9", None)]
)
def test_what_will_not_pass_goes_to_the_next_channel_at_once(pipeline: Pipeline, code: str, kind: str | None) -> None:
    text_first(pipeline)
    fails(pipeline, code)
    assert pipeline.deliver_due() == 1
    assert states(pipeline) == [("sms", "undelivered", kind), ("email", "accepted", None)]


def test_operators_see_late_failures_among_what_calls_came_to(pipeline: Pipeline) -> None:
    text_first(pipeline)
    fails(pipeline, "30007")
    assert pipeline.services.lines[Channel.SMS].look().outcomes == {"accepted": 1, "late_content": 1}


def test_what_time_alone_has_ended_is_seen_too(pipeline: Pipeline) -> None:
    text_first(pipeline)
    fails(pipeline, "30036")
    assert pipeline.services.lines[Channel.SMS].look().outcomes == {"accepted": 1, "late_expired": 1}


def test_a_payment_wins_over_a_late_try(pipeline: Pipeline, simulator: Simulator) -> None:
    sms_only(pipeline)
    fails(pipeline, "30003")
    pipeline.take(event("invoice.paid", {"invoice_id": "F-1", "paid_on": "2026-11-24"}, id="paid"))
    later = pipeline.at(TUESDAY_0930 + TWO_HOURS)
    assert (later.deliver_due(), len(simulator.messages())) == (0, 1)


def test_a_late_try_waits_for_the_hours(pipeline: Pipeline, simulator: Simulator) -> None:
    """Two hours after four in the afternoon nobody is written to."""
    afternoon = pipeline.at(TUESDAY_0930 + timedelta(hours=7))
    sms_only(afternoon)
    fails(afternoon, "30003")
    assert afternoon.at(afternoon.now + TWO_HOURS).deliver_due() == 0
    assert afternoon.at(afternoon.now + timedelta(days=1)).deliver_due() == 1


def test_a_copy_that_fails_gives_the_message_no_class(pipeline: Pipeline) -> None:
    text_first(pipeline)
    row = pipeline.log()[0]
    form = {"MessageSid": "SM1", "MessageStatus": "undelivered", "To": "+33699999999", "ErrorCode": "30003"}
    pipeline.settle("twilio", [(read_receipt(form, row.attempt), b"raw")])
    assert states(pipeline) == [("sms", "accepted", None)]


def test_a_receipt_that_an_earlier_release_has_stored_falls_back_as_it_did(pipeline: Pipeline) -> None:
    text_first(pipeline)
    attempt = pipeline.log()[0].attempt
    old = Receipt("k", "undelivered", AttemptState.UNDELIVERED, attempt, None, "30003")
    pipeline.settle("twilio", [(old, b"raw")])
    assert pipeline.deliver_due() == 1
    assert states(pipeline) == [("sms", "undelivered", None), ("email", "accepted", None)]
