"""The same event has the same digest, however it was written and sent; another body has another."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from domain.read_event import body_digest
from tests.factories import Json, invoice_event


def test_order_spelling_and_transport_make_no_difference() -> None:
    one = invoice_event(invoice={"total": Decimal("1250.50")}, sequence=7)
    two = dict(reversed(invoice_event(invoice={"total": Decimal("1250.5")}).items()))
    two |= {"sequence": "7", "time": "2026-11-02T08:00:00Z", "datacontenttype": "application/json"}
    assert body_digest(one) == body_digest(two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (Decimal("1E+3"), 1000),
        (Decimal("1000.00"), 1000),
        (Decimal("-0.0"), 0),
        (Decimal("0.10"), Decimal("1E-1")),
    ],
)
def test_one_number_has_one_digest(one: object, two: object) -> None:
    digests = {body_digest(invoice_event(invoice={"total": total})) for total in (one, two)}
    assert len(digests) == 1


@pytest.mark.parametrize(
    "other",
    [
        invoice_event(id="evt-0002"),
        invoice_event(source="shop"),
        invoice_event(type="invoice.updated"),
        invoice_event(time="2026-11-02T09:00:01+01:00"),
        invoice_event(time=None),
        invoice_event(sequence="1"),
        invoice_event(invoice={"total": "1250.01"}),
        invoice_event(invoice={"total": Decimal("1250.0000000000000000000000000000000000001")}),
        invoice_event(invoice={"total": Decimal("1e999999")}),
        invoice_event(invoice={"unknown": None}),
    ],
)
def test_another_body_has_another_digest(other: Json) -> None:
    assert body_digest(other) != body_digest(invoice_event())


def test_what_is_not_json_has_no_digest() -> None:
    with pytest.raises(TypeError, match="bytes is not JSON"):
        body_digest(invoice_event(invoice={"total": b"1"}))


def test_the_instant_is_normalised_whatever_its_offset() -> None:
    east = datetime(2026, 11, 2, 17, tzinfo=timezone(timedelta(hours=9))).isoformat()
    assert body_digest(invoice_event(time=east)) == body_digest(invoice_event())
