"""Receipts come late, early, doubled and shuffled; the attempt's state is the same in the end."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa

from channels.sendgrid.callbacks import read_events
from channels.sendgrid.words import ATTEMPT_ARG
from channels.twilio.callbacks import read_receipt
from domain.outcomes import Outcome, OutcomeClass, Receipt
from store import receipts
from tests.factories import Json, invoice_event
from tests.pipeline import TUESDAY_0930, Pipeline
from tests.simulator_process import Simulator
from workers.claim import claim_due
from workers.deliver import call_all, record
from workers.settle import settle
from workers.sweep import FEW, sweep


def sent(pipeline: Pipeline, **customer: Any) -> str:
    """A reminder that a provider has accepted; returns the attempt's id."""
    invoice = {"id": "F-1", "number": "F-1", "due_on": "2026-11-20", "issued_on": "2026-10-20"}
    pipeline.take(invoice_event(customer=customer, invoice=invoice))
    pipeline.deliver_due()
    return pipeline.log()[0].attempt


def mail_event(attempt: str, word: str, second: int = 0, **more: object) -> tuple[Receipt, bytes]:
    """An event of SendGrid's webhook about an attempt."""
    raw = json.dumps(
        [
            {
                "event": word,
                "email": "anne@example.com",
                "timestamp": 1_795_000_000 + second,
                "sg_event_id": f"{word}-{second}",
                "sg_message_id": "m.filter",
                ATTEMPT_ARG: attempt,
                **more,
            }
        ]
    ).encode()
    return read_events(raw)[0][0], raw


def text_status(attempt: str, status: str, **more: str) -> tuple[Receipt, bytes]:
    """A status callback of Twilio's about an attempt."""
    form = {"MessageSid": "SM1", "MessageStatus": status, "To": "+33612345678", "From": "+33755000001", **more}
    return read_receipt(form, attempt), json.dumps(form).encode()


@pytest.mark.parametrize("order", list(permutations(["processed", "deferred", "delivered"])))
def test_receipts_in_any_order_lead_to_the_same_state(pipeline: Pipeline, order: tuple[str, ...]) -> None:
    attempt = sent(pipeline)
    for second, word in enumerate(order):
        pipeline.settle("sendgrid", [mail_event(attempt, word, second)])
    assert [row.state for row in pipeline.log()] == ["delivered"]


@pytest.mark.parametrize(
    "order", [("processed", "deferred", "delivered", "open"), ("open", "delivered", "deferred", "processed")]
)
def test_receipts_of_one_post_are_told_in_the_order_of_their_times(
    pipeline: Pipeline, order: tuple[str, ...]
) -> None:
    """They were told in the order of their keys, and each with the state of all of them: processed, delivered."""
    attempt = sent(pipeline)
    seconds = {"processed": 0, "deferred": 0, "delivered": 7, "open": 7}
    pipeline.settle(
        "sendgrid", [mail_event(attempt, word, seconds[word], sg_event_id=str(n)) for n, word in enumerate(order)]
    )
    told = [entry.facts for entry in pipeline.journal() if entry.event == "receipt.settled"]
    assert [(facts["word"], facts["state"]) for facts in told] == [
        ("processed", "accepted"), ("deferred", "deferred"), ("delivered", "delivered"), ("open", "delivered"),
    ]  # fmt: skip


def test_the_same_receipt_counts_once(pipeline: Pipeline) -> None:
    attempt = sent(pipeline)
    one = mail_event(attempt, "delivered")
    assert [pipeline.settle("sendgrid", [one, one]), pipeline.settle("sendgrid", [one])] == [1, 0]
    assert [entry.event for entry in pipeline.journal()].count("receipt.settled") == 1


def test_a_receipt_that_overtakes_our_own_record_is_parked_and_matched_later(pipeline: Pipeline) -> None:
    """Some reports carry the provider's id alone, and it is not known here before the answer is recorded."""
    pipeline.take(invoice_event(invoice={"id": "F-1", "number": "F-1", "due_on": "2026-11-20"}))
    calls = claim_due(pipeline.services, [pipeline.account().key], "deliver.email", pipeline.now)
    answered = pipeline.runner.run(call_all(pipeline.services, calls))
    early = replace(mail_event("", "delivered")[0], attempt_id=None, provider_id=answered[0][1].provider_id)
    with pipeline.services.engine.begin() as connection:
        [parked] = receipts.put(connection, "sendgrid", [(early, b"raw")], pipeline.now)
    assert settle(pipeline.services, [parked], pipeline.now) == 0
    record(pipeline.services, answered, pipeline.now)
    assert settle(pipeline.services, [parked], pipeline.now) == 1
    assert [row.state for row in pipeline.log()] == ["delivered"]


def test_a_receipt_proves_that_an_unconfirmed_attempt_was_accepted(pipeline: Pipeline, simulator: Simulator) -> None:
    simulator.switch(fault="cut", callbacks="never")
    attempt = sent(pipeline)
    assert [row.state for row in pipeline.log()] == ["unconfirmed"]
    pipeline.settle("sendgrid", [mail_event(attempt, "delivered")])
    assert [row.state for row in pipeline.log()] == ["delivered"]
    assert "delivery_running" not in pipeline.codes()
    assert pipeline.deliver_due() == 0


def test_a_bounce_falls_back_to_the_next_channel_and_never_uses_the_address_again(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    attempt = sent(pipeline)
    pipeline.settle("sendgrid", [mail_event(attempt, "bounce", type="bounce", reason="550 unknown", status="5.1.1")])
    assert pipeline.deliver_due() == 1
    assert [(row.channel, row.state) for row in pipeline.log()] == [
        ("email", "undelivered"),
        ("whatsapp", "accepted"),
    ]
    assert len({row.reminder for row in pipeline.log()}) == 1


def test_an_undelivered_text_message_falls_back_too(pipeline: Pipeline) -> None:
    attempt = sent(pipeline, preferred_channel="sms")
    pipeline.settle("twilio", [text_status(attempt, "undelivered", ErrorCode="30005")])
    pipeline.deliver_due()
    assert [(row.channel, row.state) for row in pipeline.log()] == [("sms", "undelivered"), ("email", "accepted")]


def test_a_bounce_long_after_the_next_reminder_opens_nothing_again(pipeline: Pipeline) -> None:
    attempt = sent(pipeline)
    call = pipeline.at(TUESDAY_0930 + timedelta(days=6, hours=2))
    assert call.deliver_due() == 1
    call.settle("sendgrid", [mail_event(attempt, "bounce", type="bounce", status="5.1.1")])
    assert call.deliver_due() == 0
    assert [(row.channel, row.state) for row in call.log()] == [("email", "undelivered"), ("phone", "opened")]


def test_a_copy_that_bounces_says_nothing_about_the_recipient(pipeline: Pipeline) -> None:
    attempt = sent(pipeline)
    pipeline.settle(
        "sendgrid", [mail_event(attempt, "bounce", type="bounce", status="5.1.1", email="luc@example.com")]
    )
    assert [row.state for row in pipeline.log()] == ["accepted"]


def test_an_unknown_word_is_kept_and_changes_nothing(pipeline: Pipeline) -> None:
    attempt = sent(pipeline)
    pipeline.settle("sendgrid", [mail_event(attempt, "teleported")])
    assert [row.state for row in pipeline.log()] == ["accepted"]
    words = [entry.facts["word"] for entry in pipeline.journal() if entry.event == "receipt.settled"]
    assert words == ["teleported"]


def test_a_later_callback_without_a_code_does_not_erase_one(pipeline: Pipeline) -> None:
    attempt = sent(pipeline, preferred_channel="sms")
    pipeline.settle("twilio", [text_status(attempt, "undelivered", ErrorCode="30003")])
    pipeline.settle("twilio", [text_status(attempt, "sent")])
    assert (pipeline.log()[0].state, pipeline.log()[0].error_code) == ("undelivered", "30003")


def test_the_sweep_takes_up_receipts_and_events_that_were_forgotten(pipeline: Pipeline) -> None:
    attempt = sent(pipeline)
    reply = pipeline.receive(later_invoice())
    with pipeline.services.engine.begin() as connection:
        [forgotten] = receipts.put(connection, "sendgrid", [mail_event(attempt, "delivered")], pipeline.now)
        connection.execute(sa.text("UPDATE receipts SET look_at = look_at - interval '1 minute'"))
        connection.execute(sa.text("UPDATE inbox SET stored_at = stored_at - interval '1 minute'"))
    found = {nudge.kind: nudge.ids for nudge in sweep(pipeline.services, pipeline.now)}
    assert found == {"event.intake": reply.inbox_ids, "receipt.settle": (forgotten,)}


def test_into_a_queue_that_is_behind_only_what_has_waited_for_long_is_told_again(pipeline: Pipeline) -> None:
    """Told again and again, what waits there already would keep others waiting."""
    reply = pipeline.receive(later_invoice())
    behind, ages = {"intake": FEW + 1}, ("30 seconds", "40 seconds")
    told = []
    for age in ages:
        with pipeline.services.engine.begin() as connection:
            older = sa.text("UPDATE inbox SET stored_at = stored_at - CAST(:age AS interval)")
            connection.execute(older, {"age": age})
        told.append([nudge.ids for nudge in sweep(pipeline.services, pipeline.now, behind)])
    assert told == [[], [reply.inbox_ids]]


def later_invoice() -> Json:
    return invoice_event(invoice={"id": "F-2", "number": "F-2", "due_on": "2027-01-20"}, id="later")


def test_one_receipt_that_breaks_settling_stops_no_other(pipeline: Pipeline) -> None:
    attempt = sent(pipeline)
    with pipeline.services.engine.begin() as connection:
        ids = receipts.put(
            connection, "sendgrid", [mail_event(attempt, "processed"), mail_event(attempt, "delivered")], pipeline.now
        )
        connection.execute(sa.text("UPDATE receipts SET body = '{}' WHERE body ->> 'word' = 'processed'"))
    assert settle(pipeline.services, ids, pipeline.now) == 1
    assert [row.state for row in pipeline.log()] == ["delivered"]


def test_a_proof_that_comes_while_a_later_call_is_under_way_is_the_last_word(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    """The later call fails: the reminder had arrived before it, and is not sent a third time."""
    simulator.switch(channel="email", fault="429", retry_after_s=1, times=1)
    first = sent(pipeline)
    later = pipeline.at(TUESDAY_0930 + timedelta(minutes=1)).rested()
    [call] = claim_due(later.services, [later.account().key], "deliver.email", later.now)
    later.settle("sendgrid", [mail_event(first, "delivered")])
    record(later.services, [(call, Outcome(OutcomeClass.TRANSIENT, code="refused"))], later.now)

    assert pipeline.at(TUESDAY_0930 + timedelta(minutes=30)).rested().deliver_due() == 0
    assert sorted(row.state for row in pipeline.log()) == ["delivered", "refused"]
    assert simulator.messages() == []
