"""What `docs/runbook.md` says of a restore: what was sent after the backup would go out again; a hold prevents it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from config.wiring import Services
from store.engine import make_engine
from tests.conftest import Servers
from tests.factories import event, invoice_event
from tests.pipeline import TUESDAY_0930, Pipeline
from tests.simulator_process import Simulator

NEXT_STEP = TUESDAY_0930 + timedelta(days=7, hours=2)
"""Tuesday 1 December, half past eleven: the call's moment, ten days after the due date, is past."""


@pytest.fixture
def restored(pipeline: Pipeline, services: Services, servers: Servers) -> Iterator[Pipeline]:
    """The book as the backup has it, made before C-17 was written to; the message went out after it."""
    pipeline.take(invoice_event(invoice={"due_on": "2026-11-20"}))
    services.engine.dispose()
    name = services.engine.url.database
    assert name is not None
    copy = make_engine(servers.postgres.create_database("relance_restored", template=name))
    assert pipeline.deliver_due() == 1
    yield Pipeline(replace(pipeline.services, engine=copy), pipeline.runner)
    copy.dispose()
    servers.postgres.drop_database("relance_restored")


def test_what_was_sent_after_the_backup_is_sent_again_if_nobody_prevents_it(
    restored: Pipeline, simulator: Simulator
) -> None:
    """That is what a restore means. If ever this fails, the runbook may promise more."""
    assert restored.deliver_due() == 1
    assert len(simulator.messages()) == 2


def test_a_hold_until_the_next_step_keeps_the_customer_from_hearing_twice(
    restored: Pipeline, simulator: Simulator
) -> None:
    held = {"customer_id": "C-17", "reason": "written to before the restore", "until": "2026-11-30"}
    restored.take(event("customer.held", held, id="hold", time="2026-11-24T09:31:00+01:00"))
    assert restored.deliver_due() == 0
    later = restored.at(NEXT_STEP)
    assert later.deliver_due() == 1
    assert [row.channel for row in later.log()] == ["phone"]
    assert len(simulator.messages()) == 1


def test_events_that_are_sent_again_after_a_restore_count_once(restored: Pipeline, simulator: Simulator) -> None:
    """So the billing system may send more than was lost: a payment among it is known before anything goes out."""
    paid = event("invoice.paid", {"invoice_id": "F-2026-0042", "paid_on": "2026-11-24"}, id="paid")
    known = invoice_event(invoice={"due_on": "2026-11-20"})
    reply = restored.take(known, paid)
    assert (reply.accepted, reply.duplicate) == (1, 1)
    assert restored.deliver_due() == 0
    assert len(simulator.messages()) == 1
