"""No account sleeps through what may change its plan: a policy, a channel that is set up, a seller's defaults."""

import json
from dataclasses import replace
from functools import partial

import pytest
import sqlalchemy as sa

from channels.port import ChannelPort
from config.publishing import prepare
from config.wiring import DEFAULT_SELLER
from domain.ids import AccountKey, SellerId
from domain.levels import Channel
from store import waking
from tests.factories import Json, contact_data, event, invoice_event
from tests.pipeline import Pipeline
from tests.simulator_process import Simulator
from workers.claim import claim_due

FIRST = AccountKey(0)


def late(**customer: object) -> Json:
    return invoice_event(customer=dict(customer), invoice={"due_on": "2026-11-20", "issued_on": "2026-10-20"})


def test_a_channel_that_is_set_up_later_reaches_those_who_could_not_be_reached(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    """Their plan was "nobody can be reached, ask a person", and nothing would ever have changed it."""
    channels = pipeline.services.channels
    without: dict[Channel, ChannelPort] = {
        channel: port for channel, port in channels.items() if channel is not Channel.SMS
    }
    before = Pipeline(replace(pipeline.services, channels=without), pipeline.runner)
    before.take(late(contacts=[contact_data(email=None, whatsapp=False)]))
    assert before.deliver_due() == 0
    prepare(pipeline.services)
    assert pipeline.deliver_due() == 1
    assert [row.channel for row in pipeline.log()] == ["sms"]


def test_a_start_wakes_nobody_whose_plan_still_stands(pipeline: Pipeline) -> None:
    """A seller's own policy is in force for it: its accounts are not planned again at each start of each process."""
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text("UPDATE sellers SET policy = 'gentle'"))
    pipeline.take(late())
    before = pipeline.account()
    prepare(pipeline.services)
    assert before.plan is not None
    assert before.plan["policy"] == "gentle@1"
    assert pipeline.account() == before


def test_an_account_that_was_never_planned_is_planned_at_a_start(pipeline: Pipeline) -> None:
    """It is being planned just now, perhaps by what is no longer in force."""
    pipeline.take(late())
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text("UPDATE accounts SET plan = NULL, due_at = NULL"))
    prepare(pipeline.services)
    pipeline.deliver_due()
    assert [row.channel for row in pipeline.log()] == ["email"]


def test_a_sellers_accounts_can_be_woken_and_nobody_elses(pipeline: Pipeline) -> None:
    pipeline.take(late())
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text("UPDATE accounts SET due_at = NULL"))
        key = pipeline.account().key
        assert waking.wake_seller(connection, pipeline.now, 100, FIRST, seller=SellerId("somebody")) == []
        assert waking.wake_seller(connection, pipeline.now, 100, key, seller=DEFAULT_SELLER) == []
        assert waking.wake_seller(connection, pipeline.now, 100, FIRST, seller=DEFAULT_SELLER) == [key]
        assert waking.wake_seller(connection, pipeline.now, 100, FIRST, seller=DEFAULT_SELLER) == []


def test_outdated_plans_are_woken_a_few_at_a_time_and_no_others(pipeline: Pipeline) -> None:
    """Each for its own reason: its footing, its policy, its pinned version, or because nobody has planned it yet."""
    wake = partial(waking.wake_outdated, labels=["standard@2"], overtaken=["standard@1"], footing="now")
    plans = [
        {"footing": "now", "pinned": False, "policy": "standard@2"},
        {"footing": "before", "pinned": False, "policy": "standard@2"},
        {"footing": "now", "pinned": False, "policy": "gentle@1"},
        {"footing": "now", "pinned": True, "policy": "gentle@1"},
        {"footing": "now", "pinned": True, "policy": "standard@1"},
        {"footing": "now", "policy": "standard@2"},
        None,
        {"footing": "now", "pinned": False, "policy": "standard@2"},
    ]
    add = sa.text(
        "INSERT INTO accounts (id, seller, customer_id, plan) OVERRIDING SYSTEM VALUE VALUES (:id, 's', :id, :plan)"
    )
    with pipeline.services.engine.begin() as connection:
        for number, plan in enumerate(plans, start=1):
            connection.execute(add, {"id": number, "plan": json.dumps(plan) if plan else None})
        turns, last = [], FIRST
        while woken := wake(connection, pipeline.now, 2, last):
            turns.append(woken)
            last = woken[-1]
    assert turns == [[2, 3], [5, 6], [7]]


class Meanwhile:
    """A renderer that lets something happen while it renders."""

    def __init__(self, pipeline: Pipeline, event: Json) -> None:
        self._pipeline, self._event = pipeline, event

    def render(self, content: object) -> object:
        self._pipeline.receive(self._event)
        return self._pipeline.services.renderer.render(content)  # type: ignore[arg-type]


@pytest.mark.parametrize("type_name", ["invoice.paid", "customer.held"])
def test_what_is_answered_with_202_while_a_reminder_is_claimed_stops_it(
    pipeline: Pipeline, simulator: Simulator, type_name: str
) -> None:
    about: Json = {"invoice_id": "F-2026-0042", "paid_on": "2026-11-24", "customer_id": "C-17", "reason": "a fire"}
    renderer = Meanwhile(pipeline, event(type_name, about, id="meanwhile"))
    pipeline.take(late())
    services = replace(pipeline.services, renderer=renderer)  # type: ignore[arg-type]
    assert claim_due(services, [pipeline.account().key], "deliver.email", pipeline.now) == []
    assert pipeline.log() == []
