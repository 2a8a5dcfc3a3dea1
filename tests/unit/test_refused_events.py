"""What is wrong in an event is named by its field, with what came and what is expected."""

import copy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from domain.event import EventError
from domain.fields import Reader, an_instant_or_day, an_instant_within_day
from domain.ids import InvoiceId
from domain.read_event import read_event
from tests.factories import Json, event, invoice_event

INVOICE = InvoiceId("F-2026-0042")
PAYMENT = {"invoice_id": INVOICE, "payment_id": "P-1", "amount": "50.00", "currency": "EUR", "paid_on": "2026-12-05"}


def changed(path: str, value: object, *, base: Json | None = None) -> Json:
    """An invoice event with one field replaced; `path` as in error messages, numbers being places in lists."""
    raw = copy.deepcopy(base or invoice_event())
    target: Any = raw
    *parents, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in parents:
        target = target[step]
    target[last] = value
    return raw


def refusal(raw: object) -> EventError:
    with pytest.raises(EventError) as error:
        read_event(raw)
    return error.value


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("specversion", "0.3", '"0.3" is not a version of CloudEvents that is read here; known are 1.0'),
        ("specversion", None, "is required, but null came"),
        ("id", None, "is required, but null came"),
        ("id", "", 'is required, but "" came'),
        ("id", 7, "7 is not a text"),
        ("id", "x" * 257, "has 257 characters; at most 256 are taken"),
        ("id", "a\nb", '"a\\nb" holds a control character'),
        ("id", "  ", '"  " is blank'),
        ("source", ["billing"], "a list is not a text"),
        ("time", "2026-11-02T09:00:00", "is not an instant; write it with its offset from UTC"),
        ("time", "2026-11-02", "is not an instant"),
        ("time", "2026-02-30T09:00:00Z", "is not an instant of the calendar"),
        ("time", "0001-01-01T00:00:00+14:00", "is not an instant of the calendar"),
        ("time", "1970-01-01T00:00:00Z", "is not between the years 1990 and 2100"),
        ("time", 1793606400, "1793606400 is not an instant"),
        ("sequence", -1, "-1 is not a sequence"),
        ("sequence", True, "true is not a sequence"),
        ("sequence", "9" * 65, "is not a sequence"),
        ("data", [], "a list is not a JSON object"),
        ("data", None, "is required, but null came"),
        ("data.customer", "C-17", '"C-17" is not a JSON object'),
        ("data.customer.id", "x" * 129, "has 129 characters; at most 128 are taken"),
        ("data.customer.name", {}, "an object is not a text"),
        ("data.customer.name", "x" * 201, "has 201 characters; at most 200 are taken"),
        ("data.customer.name", "bell\x07", "holds a control character"),
        ("data.customer.kind", "person", '"person" is not a kind of customer; known are business, consumer'),
        ("data.customer.language", "french!", '"french!" is not a language; write its two letters, as in fr'),
        ("data.customer.country", "France", '"France" is not an ISO 3166 country; write its two capital letters'),
        ("data.customer.country", "ZZ", '"ZZ" is not an ISO 3166 country'),
        ("data.customer.region", "FR-99", '"FR-99" is not an ISO 3166-2 region of FR; write it as in FR-67'),
        ("data.customer.region", "DE-BY", '"DE-BY" is not an ISO 3166-2 region of FR'),
        ("data.customer.region", 67, "67 is not an ISO 3166-2 region of FR"),
        ("data.customer.timezone", "Europe/Pariss", '"Europe/Pariss" is not a time zone; write its IANA name'),
        ("data.customer.timezone", "../etc/passwd", "is not a time zone"),
        ("data.customer.timezone", "Europe", "is not a time zone"),
        ("data.customer.preferred_channel", "fax", '"fax" is not a channel; known are email, sms, whatsapp'),
        ("data.customer.contacts", {}, "an object is not a list"),
        ("data.customer.contacts", [{}] * 501, "holds 501 items; at most 500 are taken"),
        ("data.customer.contacts.0", "Anne", '"Anne" is not a JSON object'),
        (
            "data.customer.contacts.0.role",
            "boss",
            '"boss" is not a role; known are payer, main, accounting',
        ),
        ("data.customer.contacts.0.whatsapp", "yes", '"yes" is not true or false'),
        ("data.customer.contacts.0.phone", 612345678, "612345678 is not a text"),
        ("data.customer.contacts.0.postal_address", "75011 Paris", '"75011 Paris" is not a list'),
        ("data.customer.contacts.0.postal_address", [None], "null is not a text"),
        ("data.invoice.id", None, "is required, but null came"),
        (
            "data.invoice.due_on",
            "02/12/2026",
            '"02/12/2026" is not a date; write it year first, as in 2026-12-02',
        ),
        ("data.invoice.due_on", "2026-W49-3", "is not a date; write it year first"),
        ("data.invoice.due_on", "20261202", "is not a date; write it year first"),
        ("data.invoice.due_on", "2026-02-30", '"2026-02-30" is not a date of the calendar'),
        ("data.invoice.due_on", "0026-12-02", '"0026-12-02" is not between the years 1990 and 2100'),
        ("data.invoice.due_on", 20261202, "20261202 is not a date"),
        ("data.invoice.currency", "EURO", "'EURO' is not an ISO 4217 currency"),
        ("data.invoice.currency", "XAU", "'XAU' is not an ISO 4217 currency"),
        ("data.invoice.total", "-1.00", '"-1.00" is negative; an amount is 0 or more'),
        ("data.invoice.total", Decimal("1.005"), "1.005 has more decimal places than EUR has (2)"),
        ("data.invoice.total", "1,250.00", "'1,250.00' is not a decimal amount such as \"1250.00\""),
        ("data.invoice.total", 1.5, '1.5 is not an exact amount; write it as a text such as "1250.00"'),
        ("data.invoice.total", True, "true is not an exact amount"),
        ("data.invoice.total", 10**50, "not an amount of money"),
        ("data.invoice.total", ["1"], "a list is not an exact amount"),
        ("data.invoice.document_url", "javascript:alert(1)", "is not a web address; it begins with https://"),
        ("data.invoice.payment_url", "https://pay.example.com/a b", "is not a web address"),
        ("data.invoice.payment_url", "https://" + "x" * 2048, "has 2056 characters; at most 2048 are taken"),
        ("data.invoice.early_payment_discount", {"percent": "2"}, "until: is required"),
        ("data.invoice.early_payment_discount", 2, "2 is not a JSON object"),
        (
            "data.invoice.instalments",
            [{"due_on": "2026-12-02", "amount": "5"}],
            "add up to 5.00 EUR, but the total",
        ),
        (
            "data.invoice.instalments",
            [{"due_on": "2026-12-02", "amount": 0}],
            "amount: 0 is not an amount above 0",
        ),
        ("data.invoice.instalments", [{"amount": "1250"}], "due_on: is required"),
        (
            "data.invoice.instalments",
            [{"due_on": "2026-12-02", "amount": "1250", "currency": "USD"}],
            'currency: "USD" differs from the other amounts, in EUR',
        ),
        ("data.invoice.lines", [{"description": "Flour"}], "amount: is required"),
        ("data.invoice.lines", [{"amount": "1.005"}], "amount: 1.005 has more decimal places than EUR has (2)"),
    ],
)
def test_a_wrong_field_is_named_with_what_came_and_what_is_expected(path: str, value: object, problem: str) -> None:
    error = refusal(changed(path, value))
    dotted = ".".join(path.split(".")).replace(".0", "[0]")
    assert str(error).startswith(dotted)
    assert problem in str(error)


@pytest.mark.parametrize("field", ["due_on", "total", "number"])
def test_a_number_too_long_to_be_written_is_refused_all_the_same(field: str) -> None:
    """Python refuses to write out an integer of more than 4,300 digits; saying what is wrong must not need it."""
    assert refusal(invoice_event(invoice={field: 10**5000})).field == f"data.invoice.{field}"


@pytest.mark.parametrize("percent", ["0", "100", "-2", "2%", "two", None, 1.5, "1e1"])
def test_a_discount_is_a_percentage(percent: object) -> None:
    discount = {"percent": percent, "until": "2026-11-12"}
    error = refusal(invoice_event(invoice={"early_payment_discount": discount}))
    assert error.field == "data.invoice.early_payment_discount.percent"


@pytest.mark.parametrize(
    ("type_name", "data", "field"),
    [
        ("invoice.paid", {"invoice_id": INVOICE}, "data.paid_on"),
        ("invoice.cancelled", {}, "data.invoice_id"),
        ("payment.received", PAYMENT | {"amount": "0"}, "data.amount"),
        ("payment.received", PAYMENT | {"amount": "-5"}, "data.amount"),
        ("payment.reversed", PAYMENT | {"currency": None}, "data.currency"),
        ("payment.received", PAYMENT | {"payment_id": None}, "data.payment_id"),
        ("credit_note.issued", PAYMENT, "data.credit_note_id"),
        ("promise.made", {"invoice_ids": [], "promised_on": "2026-12-20"}, "data.invoice_ids"),
        ("promise.made", {"invoice_ids": [7], "promised_on": "2026-12-20"}, "data.invoice_ids"),
        ("promise.made", {"invoice_ids": [INVOICE], "promised_on": "soon"}, "data.promised_on"),
        ("payment_plan.agreed", {"invoice_ids": [INVOICE]}, "data.instalments"),
        ("customer.held", {"customer_id": "C-17", "until": "soon"}, "data.until"),
        ("customer.released", {"customer": "C-17"}, "data.customer_id"),
        ("payments.synced", {}, "data.as_of"),
        ("einvoice.status_changed", {"invoice_id": INVOICE, "code": 207}, "data.code"),
        ("einvoice.status_changed", {"invoice_id": INVOICE, "code": "20"}, "data.code"),
        ("einvoice.status_changed", {"invoice_id": INVOICE, "code": "²07"}, "data.code"),
    ],
)
def test_each_type_needs_what_makes_its_fact(type_name: str, data: Json, field: str) -> None:
    assert refusal(event(type_name, data)).field == field


@pytest.mark.parametrize(
    ("as_of", "is_taken"),
    [("2026-12-25", True), ("2026-12-25T23:59:59Z", True), ("2026-12-26", False), ("2062-12-24T08:00:00Z", False)],
)
def test_a_payment_feed_is_not_complete_up_to_a_day_that_is_to_come(as_of: str, *, is_taken: bool) -> None:
    """It is the 24th in Paris and in UTC, and the 25th in Auckland."""
    raw, now = event("payments.synced", {"as_of": as_of}), datetime(2026, 12, 24, 11, 30, tzinfo=UTC)
    if is_taken:
        assert read_event(raw, now=now) == read_event(raw)
        return
    with pytest.raises(EventError) as error:
        read_event(raw, now=now)
    assert (error.value.field, error.value.event_id) == ("data.as_of", "evt-0001")
    assert error.value.problem.startswith("is after tomorrow, 2026-12-25; ")


def test_what_comes_tomorrow_is_otherwise_taken() -> None:
    raw = invoice_event()
    assert read_event(raw, now=datetime(2025, 11, 1, 8, tzinfo=UTC)) == read_event(raw)


def test_instalments_in_two_currencies_are_told_of_the_one_that_they_name() -> None:
    """Not of euros, which nobody had named."""
    parts = [{"due_on": "2026-12-20", "amount": "5", "currency": code} for code in ("USD", "GBP")]
    error = refusal(event("payment_plan.agreed", {"invoice_ids": [INVOICE], "instalments": parts}))
    told = '"GBP" differs from the other amounts, in USD'
    assert (error.field, error.problem) == ("data.instalments[1].currency", told)


def test_what_happens_years_ahead_is_a_slip() -> None:
    """Told as of 2062, a total would stay until then: every correction of it is older, and changes nothing."""
    with pytest.raises(EventError) as error:
        read_event(invoice_event(time="2062-11-02T09:00:00+01:00"), now=datetime(2026, 11, 2, 8, tzinfo=UTC))
    assert (error.value.field, error.value.event_id) == ("time", "evt-0001")
    assert error.value.problem == "is more than a year after it came, 2026-11-02; send when it happened"


def test_an_unknown_type_is_answered_with_the_known_ones() -> None:
    error = refusal(event("invoice.isued", {}))
    assert error.field == "type"
    assert error.problem.startswith('"invoice.isued" is not an event type; known are invoice.issued, ')
    assert error.problem.endswith("payment_method.restored")


@pytest.mark.parametrize("raw", [None, [], "event", 7, True])
def test_an_event_is_an_object(raw: object) -> None:
    assert "is not a JSON object" in refusal(raw).problem


def test_a_missing_attribute_is_required() -> None:
    raw = invoice_event()
    del raw["id"]
    error = refusal(raw)
    assert (error.field, error.problem, error.event_id) == ("id", "is required", None)


def test_the_refusal_carries_the_events_id() -> None:
    assert refusal(invoice_event(source=None)).event_id == "evt-0001"
    assert refusal(invoice_event(id=["x"])).event_id is None


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (invoice_event(customer={"name": "a\0b"}), "data.customer.name"),
        (invoice_event(customer={"vat": ["a", {"x": "\0"}]}), "data.customer.vat[1].x"),
        (invoice_event(customer={"a\0b": 1}), "data.customer"),
        (invoice_event(id="\0"), "id"),
        (invoice_event(customer={"name": "half \ud83d of it"}), "data.customer.name"),
        (invoice_event(extra=float("nan")), "extra"),
        (invoice_event(extra=float("inf")), "extra"),
    ],
)
def test_what_no_database_can_hold_is_refused_wherever_it_stands(raw: Json, field: str) -> None:
    assert refusal(raw).field == field


def test_a_whole_character_beyond_the_first_plane_is_welcome() -> None:
    assert read_event(invoice_event(customer={"name": "Café 🥐"})).customer_id == "C-17"


def test_bottomless_nesting_is_refused_and_does_not_crash() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert "more than 64 levels" in refusal(invoice_event(extra=deep)).problem


@pytest.mark.parametrize("read", [an_instant_or_day, an_instant_within_day])
def test_where_a_date_will_do_the_refusal_says_so(read: Reader[object]) -> None:
    """`relance hold --until tomorrow` was told to write an offset from UTC."""
    with pytest.raises(ValueError, match=r"is not an instant; .*, or a date alone, as in 2026-12-31$"):
        read("tomorrow")
    with pytest.raises(ValueError, match=r"is not between the years 1990 and 2100$"):
        read("1970-01-01T00:00:00Z")
