"""A national number that is read again, where another event names the country, stands in no fact, and counts."""

from config.wiring import DEFAULT_SELLER
from domain.levels import Channel
from store import history
from tests.factories import Json, contact_data
from tests.integration.test_deliver import late, received
from tests.pipeline import Pipeline
from tests.simulator_process import Simulator
from workers.put_out_of_use import lift, put_out_of_use

NATIONAL = contact_data(phone="0470 12 34 56", email=None)
BELGIAN = "+32470123456"


def whose_country_is_named_later() -> list[Json]:
    """A customer of a French seller's."""
    first = late(customer={"country": None, "contacts": [NATIONAL]})
    return [first, late(2, customer={"country": "BE", "contacts": None})]


def test_a_stop_holds(pipeline: Pipeline, simulator: Simulator) -> None:
    with pipeline.services.engine.begin() as connection:
        places = [(DEFAULT_SELLER, channel, BELGIAN) for channel in ("sms", "whatsapp")]
        history.suppress(connection, [(*place, "opt_out", pipeline.now) for place in places])
    pipeline.take(*whose_country_is_named_later())
    assert pipeline.deliver_due() == 0
    assert received(simulator) == []


def test_who_has_it_at_two_customers_is_one_person(pipeline: Pipeline, simulator: Simulator) -> None:
    pipeline.take(*whose_country_is_named_later())
    assert pipeline.deliver_due() == 1
    same = contact_data(phone=BELGIAN, email=None)
    pipeline.take(late(3, customer={"id": "C-18", "country": "BE", "contacts": [same]}))
    assert pipeline.deliver_due() == 0
    assert received(simulator) == [("whatsapp", f"whatsapp:{BELGIAN}")]


def test_who_has_it_is_told_that_it_is_out_of_use_and_written_to_when_it_is_used_again(pipeline: Pipeline) -> None:
    """And nobody else is told: in France the same digits are another's."""
    contact = {"contacts": [NATIONAL | {"whatsapp": False}]}
    pipeline.take(late(customer={"country": None} | contact), late(2, customer={"country": "BE", "contacts": None}))
    pipeline.take(late(3, customer={"id": "C-18", "country": None} | contact))
    put_out_of_use(pipeline.services, DEFAULT_SELLER, Channel.SMS, BELGIAN, "opt_out", pipeline.now)
    pipeline.deliver_due()
    assert "C-17" not in [row.customer for row in pipeline.log()]
    assert lift(pipeline.services, DEFAULT_SELLER, Channel.SMS, BELGIAN, pipeline.now)
    assert pipeline.deliver_due() == 1
    told = {name: [entry.event for entry in pipeline.journal(name)] for name in ("C-17", "C-18")}
    assert [event for event in told["C-17"] if "address" in event] == ["address.suppressed", "address.lifted"]
    assert [event for event in told["C-18"] if "address" in event] == []
