"""Whoever wrote to us over WhatsApp lately gets the words of the approved text freely, once his reply was read."""

from datetime import datetime, timedelta

import pytest
import structlog

from tests.factories import event
from tests.integration.test_replies import MOBILE, folding, heard, late, tasks_of
from tests.pipeline import TUESDAY_0930, Pipeline
from tests.simulator_process import Simulator
from workers import refused_here

NIGHT = TUESDAY_0930 + timedelta(hours=16)


@pytest.fixture
def leaves_at(pipeline: Pipeline) -> datetime:
    """When the bakery is to be written to over WhatsApp: it was over SMS, and nothing stands in the way."""
    pipeline.take(late(1))
    assert pipeline.deliver_due() == 1
    at = pipeline.at(NIGHT)
    with at.services.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM steps_had")
        connection.exec_driver_sql("UPDATE reminders SET state = 'withdrawn'")
    customer = {**late(1)["data"]["customer"], "preferred_channel": "whatsapp"}
    at.take(event("customer.updated", {"customer": customer}, id="prefers", time=NIGHT.isoformat()))
    plan = at.account().plan
    assert plan is not None
    assert plan["reminder"]["channel"] == "whatsapp"
    return datetime.fromisoformat(plan["reminder"]["at"])


def answered(pipeline: Pipeline, at: datetime) -> None:
    """The customer wrote to us over WhatsApp, and a person has read it."""
    then = pipeline.at(at)
    folding(then)(heard(then, "Bonjour, à demain", sender=f"whatsapp:{MOBILE}"))
    [task] = tasks_of(then)
    data = {"customer_id": "C-17", "task_id": task.id, "kind": "reply", "units": list(task.units)}
    then.take(event("task.closed", {**data, "outcome": "done", "next_on": "2026-11-24"}, id="read"))


@pytest.mark.parametrize(("hours", "is_free"), [(1, True), (23.8, True), (23.9, False)])
def test_it_is_free_text_for_almost_a_day_and_the_approved_text_after(
    pipeline: Pipeline, leaves_at: datetime, simulator: Simulator, hours: float, is_free: bool
) -> None:
    simulator.configure(whatsapp_open=[f"whatsapp:{MOBILE}"])
    answered(pipeline, leaves_at - timedelta(hours=hours))
    assert pipeline.at(leaves_at + timedelta(seconds=5)).deliver_due() == 1
    sent = simulator.messages()[-1]
    assert (sent["channel"], sent["content_sid"] is None) == ("whatsapp", is_free)
    assert ("F-1" in (sent["text"] or "")) is is_free


def test_where_the_window_has_closed_after_all_the_next_channel_is_used(
    pipeline: Pipeline, leaves_at: datetime, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody is told that our set-up is wrong: found in review."""
    told = structlog.testing.CapturingLogger()
    monkeypatch.setattr(refused_here, "log", told)
    refused_here.say_once.cache_clear()
    simulator.switch(recipient=f"whatsapp:{MOBILE}", fault="refuse", status=400, code=63016)
    answered(pipeline, leaves_at - timedelta(hours=1))
    assert pipeline.at(leaves_at + timedelta(seconds=5)).deliver_due() == 2
    rows = {row.channel: (row.state, row.error_class) for row in pipeline.log()}
    assert (rows["whatsapp"], rows["email"]) == (("refused", "content"), ("accepted", None))
    assert told.calls == []
