"""Lanes: what shares a customer, an invoice or an id, through whatever chain, stays in order; the rest is free."""

from datetime import UTC, datetime
from typing import Any

from domain.ids import CustomerId
from domain.read_event import read_event
from tests.factories import customer_data, event, invoice_event
from workers.lanes import Lanes, TimedEvent


def timed(raw: dict[str, Any]) -> TimedEvent:
    return TimedEvent(1, datetime(2026, 6, 1, tzinfo=UTC), raw, read_event(raw))


def issued(customer: str, invoice: str) -> TimedEvent:
    given = {"id": invoice, "number": invoice}
    return timed(invoice_event(customer={"id": customer}, invoice=given, id=f"{customer}-{invoice}"))


def promised(*invoices: str, name: str = "p") -> TimedEvent:
    data = {"invoice_ids": list(invoices), "amount": None, "promised_on": "2026-07-01", "by": "p1"}
    return timed(event("promise.made", data, id=name))


def test_customers_that_share_nothing_have_lanes_of_their_own() -> None:
    lanes = Lanes([issued("C-1", "F-1"), issued("C-2", "F-2")]).of_customers
    assert len(set(lanes.values())) == 2


def test_an_invoice_that_moves_joins_its_customers() -> None:
    lanes = Lanes([issued("C-1", "F-1"), issued("C-2", "F-2"), issued("C-3", "F-1")]).of_customers
    assert lanes[CustomerId("C-1")] == lanes[CustomerId("C-3")] != lanes[CustomerId("C-2")]


def test_a_promise_joins_the_customers_of_its_invoices() -> None:
    promise = promised("F-1", "F-2")
    lanes = Lanes([promise, issued("C-1", "F-1"), issued("C-2", "F-2")])
    assert set(lanes.of_customers.values()) == {lanes.of_event(promise)}


def test_a_person_joins_his_customers() -> None:
    """At whatever address, in whatever case, from the first day on: his budget is one."""
    shared = [{"id": "p9", "email": "Anne@Example.com"}, {"id": "p1", "phone": "+33612345678"}]
    others = [{"id": "p1", "email": "anne@example.com"}], [{"id": "p2", "phone": "06 12 34 56 78"}]
    events = [
        timed(event("customer.updated", {"customer": customer_data(id=name, contacts=contacts)}, id=name))
        for name, contacts in (("C-1", shared), ("C-2", others[0]), ("C-3", others[1]))
    ]
    lanes = Lanes([*events, issued("C-4", "F-4")]).of_customers
    assert lanes[CustomerId("C-1")] == lanes[CustomerId("C-2")] == lanes[CustomerId("C-3")]
    assert lanes[CustomerId("C-4")] != lanes[CustomerId("C-1")]


def test_events_of_one_id_stay_in_order() -> None:
    """The second is a duplicate or a conflict, whichever comes second."""
    one, other = promised("F-1"), promised("F-2")
    lanes = Lanes([one, other])
    assert lanes.of_event(one) == lanes.of_event(other)


def test_a_payment_feed_is_in_nobody_s_lane_but_keeps_its_place_among_events_of_its_id() -> None:
    feeds = [timed(event("payments.synced", {"as_of": "2026-06-01T04:00:00Z"}, id=name)) for name in ("p", "q")]
    lanes = Lanes([*feeds, promised("F-1")])
    assert lanes.of_event(feeds[0]) == lanes.of_event(promised("F-1"))
    assert lanes.of_event(feeds[1]) not in {lanes.of_event(feeds[0]), *lanes.of_customers.values()}
