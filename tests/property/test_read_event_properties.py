"""Whatever strangers send: an Event, or an EventError that can be answered and kept."""

import json
from datetime import UTC
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain import facts
from domain.event import EventError
from domain.money import exponent_of
from domain.read_event import body_digest, event_type_names, read_event
from tests.factories import Json, customer_data, event, invoice_data, invoice_event

settings.register_profile("events", deadline=None, max_examples=200)
thoroughly = settings.get_profile("events")

SCALARS = st.none() | st.booleans() | st.integers() | st.decimals() | st.floats() | st.text()
ANY_JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)
LINE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp", "Zs"]), min_size=1, max_size=40)
DATES = st.dates().filter(lambda day: 1990 <= day.year <= 2100).map(str)
FIELDS = sorted(
    {*customer_data(), *invoice_data(), "region", "percent", "until", "instalments", "lines", "invoice_ids", "code"}
)


def read_or_refused(raw: object) -> None:
    """Reads, and holds what comes of it to what the edge does with it."""
    try:
        read = read_event(raw)
    except EventError as error:
        refused = error
    else:
        assert isinstance(raw, dict)
        assert len(body_digest(raw)) == 64
        assert read.id
        assert read.time is None or read.time.tzinfo is UTC
        return
    assert 0 < len(refused.problem) < 1000
    assert refused.event_id is None or refused.event_id
    str(refused).encode()


@thoroughly
@given(ANY_JSON)
def test_any_json_is_read_or_refused(raw: object) -> None:
    read_or_refused(raw)


@thoroughly
@given(st.sampled_from(event_type_names()), st.dictionaries(st.sampled_from(FIELDS), ANY_JSON))
def test_any_data_of_any_type_is_read_or_refused(type_name: str, data: Json) -> None:
    read_or_refused(event(type_name, data))


@thoroughly
@given(st.data())
def test_one_wild_field_in_a_good_event_is_read_or_refused(data: st.DataObject) -> None:
    raw = invoice_event()
    target: Any = data.draw(
        st.sampled_from(
            [
                raw,
                raw["data"],
                raw["data"]["customer"],
                raw["data"]["customer"]["contacts"][0],
                raw["data"]["invoice"],
            ]
        )
    )
    target[data.draw(st.sampled_from(sorted(target)))] = data.draw(ANY_JSON)
    read_or_refused(raw)


@thoroughly
@given(
    st.fixed_dictionaries({"id": LINE, "name": LINE}, optional={"segment": LINE, "kind": st.just("consumer")}),
    st.fixed_dictionaries({"id": LINE, "number": LINE, "due_on": DATES}, optional={"issued_on": DATES}),
    st.sampled_from(["EUR", "JPY", "KWD"]),
    st.integers(0, 10**12),
    st.lists(st.integers(1, 10**9), max_size=4),
)
def test_a_valid_event_survives_its_way_as_text(
    customer: Json, invoice: Json, currency: str, minor: int, parts: list[int]
) -> None:
    total = sum(parts) or minor
    amounts = [str(Decimal(part).scaleb(-exponent_of(currency))) for part in [total, *parts]]
    instalments = [{"due_on": "2026-12-02", "amount": amount} for amount in amounts[1:]]
    invoice |= {"currency": currency, "total": amounts[0], "instalments": instalments}
    raw = event("invoice.issued", {"customer": customer, "invoice": invoice})
    body = read_event(raw).body
    assert isinstance(body, facts.InvoiceIssued)
    assert (body.customer.id, body.customer.name) == (customer["id"], customer["name"])
    assert (body.invoice.total.minor, body.invoice.total.currency) == (total, currency)
    assert [part.amount.minor for part in body.invoice.instalments] == parts
    travelled = json.loads(json.dumps(raw, indent=3, ensure_ascii=False, sort_keys=True), parse_float=Decimal)
    assert read_event(travelled) == read_event(raw)
    assert body_digest(travelled) == body_digest(raw)
