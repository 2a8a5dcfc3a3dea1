"""A provider that refuses us, and not the customer: a revoked key, a sender that may not send there."""

from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from channels.render import Renderer
from config.publishing import prepare
from config.wiring import DEFAULT_SELLER, TEMPLATES
from domain.levels import PERSON_CHANNELS, Channel
from store import history
from tests.factories import contact_data, invoice_event
from tests.integration.test_late_failures import states, text_first
from tests.pipeline import TUESDAY_0930, Pipeline
from tests.simulator_process import Simulator
from workers import refused_here

REFUSED = ("sms", "refused", "misconfigured")
LATE = {"id": "F-1", "number": "F-1", "due_on": "2026-11-20", "issued_on": "2026-10-20"}
ALONE = {"contacts": [contact_data(email=None, whatsapp=False)]}


def after(pipeline: Pipeline, minutes: int) -> Pipeline:
    return pipeline.at(TUESDAY_0930 + timedelta(minutes=minutes))


@pytest.mark.parametrize(("status", "code"), [(401, 20003), (403, 20003), (400, 21606)])
def test_a_customer_with_one_channel_is_written_to_once_the_set_up_is_mended(
    pipeline: Pipeline, simulator: Simulator, status: int, code: int
) -> None:
    simulator.switch(channel="sms", fault="refuse", status=status, code=code, times=1)
    text_first(pipeline, **ALONE)
    assert (states(pipeline), pipeline.tasks()) == ([REFUSED], [])
    assert after(pipeline, 9).deliver_due() == 0
    assert after(pipeline, 11).deliver_due() == 1
    assert states(pipeline) == [REFUSED, ("sms", "accepted", None)]


def test_refused_three_times_it_goes_out_over_the_next_channel(pipeline: Pipeline, simulator: Simulator) -> None:
    simulator.switch(channel="sms", fault="refuse", status=400, code=21606)
    text_first(pipeline)
    assert [after(pipeline, 11).deliver_due(), after(pipeline, 22).deliver_due()] == [1, 2]
    assert states(pipeline) == [REFUSED, REFUSED, REFUSED, ("email", "accepted", None)]
    assert pipeline.tasks() == []


def test_where_there_is_no_next_channel_a_person_is_told_that_our_set_up_is_wrong(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    simulator.switch(channel="sms", fault="refuse", status=400, code=21606)
    text_first(pipeline, **ALONE)
    after(pipeline, 11).deliver_due()
    after(pipeline, 22).deliver_due()
    assert states(pipeline) == [REFUSED, REFUSED, REFUSED]
    assert [(task.kind, task.step) for task in pipeline.tasks()] == [("fix", "set_up_wrong")]
    after(pipeline, 60).deliver_due()
    later = after(pipeline, 24 * 60)
    later.take(
        invoice_event(invoice={"id": "F-2", "number": "F-2", "due_on": "2027-01-20"}, customer=ALONE, id="two")
    )
    assert [task.kind for task in later.tasks()] == ["fix"]


def test_it_spends_none_of_the_five_tries_and_they_spend_none_of_its_three(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    text_only = {"channel": "sms", "fault": "refuse", "status": 400}
    simulator.switch(**text_only, code=21606, times=2)
    text_first(pipeline, **ALONE)
    after(pipeline, 11).deliver_due()
    simulator.switch(**text_only, code=30001, times=4)
    for minute in range(22, 90, 2):
        after(pipeline, minute).deliver_due()
    passing = ("sms", "refused", "transient")
    assert states(pipeline) == [REFUSED, REFUSED, passing, passing, passing, passing, ("sms", "accepted", None)]


def test_a_provider_that_stays_out_of_reach_is_told_as_that_and_not_as_a_contact_to_repair(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    """Found in review: whoever could not be written to for a minute was a contact to repair."""
    simulator.switch(channel="sms", fault="refuse", status=400, code=30001)
    text_first(pipeline, **ALONE)
    for minute in range(2, 60, 2):
        after(pipeline, minute).deliver_due()
    assert states(pipeline) == [("sms", "refused", "transient")] * 5
    assert [(task.kind, task.step) for task in pipeline.tasks()] == [("fix", "provider_out_of_reach")]
    later = after(pipeline, 24 * 60)
    later.take(
        invoice_event(invoice={"id": "F-2", "number": "F-2", "due_on": "2027-01-20"}, customer=ALONE, id="two")
    )
    assert [task.kind for task in later.tasks()] == ["fix"]


def test_without_any_channel_that_is_to_be_fixed_until_one_is_set_up(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    people = {way: channel for way, channel in pipeline.services.channels.items() if way in PERSON_CHANNELS}
    without = Pipeline(replace(pipeline.services, channels=people), pipeline.runner)
    without.take(invoice_event(invoice=LATE))
    assert without.deliver_due() == 0
    assert [(task.kind, task.step) for task in without.tasks()] == [("fix", "not_set_up")]
    prepare(pipeline.services)
    assert (pipeline.deliver_due(), pipeline.tasks()) == (1, [])


@pytest.mark.parametrize("code", [21408, 21612])
def test_what_is_wrong_for_his_country_alone_spends_the_channel_and_spares_the_address(
    pipeline: Pipeline, simulator: Simulator, code: int
) -> None:
    """Found in review: 21612 put the number out of use for ever, and 21408 closed the line for all others."""
    simulator.switch(channel="sms", fault="refuse", status=400, code=code, times=1)
    pipeline.take(invoice_event(customer={"preferred_channel": "sms"}, invoice=LATE))
    assert pipeline.deliver_due() == 2
    assert states(pipeline) == [REFUSED, ("email", "accepted", None)]
    with pipeline.services.engine.connect() as connection:
        assert history.suppressions_of(connection, DEFAULT_SELLER) == []
    line = pipeline.services.lines[Channel.SMS].look()
    assert (line.faults, line.outcomes) == (0, {"misconfigured": 1})


def test_operators_are_told_once_of_a_country_that_is_not_enabled(
    pipeline: Pipeline, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task for each customer of that country would hide the one thing that there is to do."""
    told = structlog.testing.CapturingLogger()
    monkeypatch.setattr(refused_here, "log", told)
    refused_here.say_once.cache_clear()
    simulator.switch(channel="sms", fault="refuse", status=400, code=21408)
    for number, phone in enumerate(("+33612345671", "+33612345672", "+4915123456789")):
        customer = {"id": f"C-{number}", "preferred_channel": "sms", "contacts": [contact_data(phone=phone)]}
        invoice = LATE | {"id": f"F-{number}", "number": f"F-{number}"}
        pipeline.take(invoice_event(customer=customer, invoice=invoice, id=f"e-{number}"))
    pipeline.deliver_due()
    assert sorted(one.kwargs["country"] for one in told.calls) == ["DE", "FR"]
    assert told.calls[0].args == ("send.refused_here",)
    assert told.calls[0].kwargs | {"country": ""} == {
        "provider": "twilio",
        "channel": "sms",
        "code": "21408",
        "country": "",
    }
    assert pipeline.tasks() == []


def test_where_he_has_no_other_channel_he_is_written_to_once_his_country_is_enabled(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    """Found in review: an operator who mended it the next day found the reminders of his whole book lost."""
    simulator.switch(channel="sms", fault="refuse", status=400, code=21408)
    text_first(pipeline, **ALONE)
    for minutes in (11, 75, 320):
        assert after(pipeline, minutes).deliver_due() == 1
    assert (states(pipeline), pipeline.tasks()) == ([REFUSED] * 4, [])
    line = pipeline.services.lines[Channel.SMS].look()
    assert (line.faults, line.outcomes) == (0, {"misconfigured": 4})
    simulator.reset()
    assert after(pipeline.rested(), 30 * 60).deliver_due() == 1
    assert (states(pipeline)[4:], pipeline.tasks()) == ([("sms", "accepted", None)], [])


def test_where_it_is_not_mended_for_two_days_a_person_is_told_of_our_sender(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    simulator.switch(channel="sms", fault="refuse", status=400, code=21612)
    text_first(pipeline, **ALONE)
    for minutes in (11, 75, 320, 30 * 60, 55 * 60):
        assert pipeline.tasks() == []
        assert after(pipeline, minutes).deliver_due() == 1
    assert states(pipeline) == [REFUSED] * 6
    assert [(task.kind, task.step) for task in pipeline.tasks()] == [("fix", "set_up_wrong")]


def test_a_whatsapp_text_that_is_not_approved_takes_the_next_channel_at_once_and_blames_no_line(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    """Found in review: it waited three times ten minutes, and opened the breaker of a provider that was not asked."""
    bare = Renderer(TEMPLATES, {"fr.thanks": "HX" + "0" * 32})
    pipeline = Pipeline(replace(pipeline.services, renderer=bare), pipeline.runner)
    pipeline.take(invoice_event(customer={"preferred_channel": "whatsapp"}, invoice=LATE))
    assert pipeline.deliver_due() == 2
    assert states(pipeline)[0] == ("whatsapp", "refused", "misconfigured")
    assert [message["channel"] for message in simulator.messages()] == [states(pipeline)[1][0]]
    line = pipeline.services.lines[Channel.WHATSAPP].look()
    assert (line.faults, line.outcomes) == (0, {"misconfigured": 1})
