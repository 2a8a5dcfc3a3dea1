"""A contact counts on the day on which it was made, not on the day on which it was first tried."""

from datetime import timedelta

from store import history
from tests.factories import invoice_event
from tests.pipeline import TUESDAY_0930, Pipeline
from tests.simulator_process import Simulator


def test_a_reminder_that_gets_through_days_later_is_a_contact_of_that_day(
    pipeline: Pipeline, simulator: Simulator
) -> None:
    """Found in review: after a retry on Monday, the gap was counted from the Friday before."""
    simulator.switch(channel="email", fault="429", retry_after_s=20, times=1)
    pipeline.take(invoice_event(invoice={"due_on": "2026-11-20", "issued_on": "2026-10-20"}))
    pipeline.deliver_due()
    two_days_on = pipeline.at(TUESDAY_0930 + timedelta(days=2, hours=2)).rested()
    assert two_days_on.deliver_due() == 1
    key = pipeline.account().key
    with pipeline.services.engine.connect() as connection:
        [past] = history.load(connection, [key])[key]
    assert (past.state, past.attempts) == ("done", 2)
    assert past.at.date() == (TUESDAY_0930 + timedelta(days=2)).date()
