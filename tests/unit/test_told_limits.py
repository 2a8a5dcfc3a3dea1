"""How much docs/events.md says may be in an event is what is taken, and one more is refused."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from domain.event import EventError
from domain.read_event import event_id_of, read_event
from tests.factories import Json, contact_data, event, invoice_event

PAGE = (Path(__file__).parents[2] / "docs/events.md").read_text(encoding="utf-8")
CLOSED = {"customer_id": "C-17", "task_id": "t-1", "kind": "phone", "outcome": "promised", "next_on": "2026-12-20"}
PAID = {"invoice_id": "F-1", "payment_id": "P-1", "currency": "EUR", "paid_on": "2026-12-05"}
REPLIED = {"customer_id": "C-17", "reply_id": "r-1", "channel": "sms"}
PLAN = {"invoice_ids": ["F-1"], "currency": "EUR"}


def customer(name: str, value: object) -> Json:
    return invoice_event(customer={name: value})


def contact(name: str, value: object) -> Json:
    return customer("contacts", [contact_data(**{name: value})])


def invoice(name: str, value: object) -> Json:
    return invoice_event(invoice={name: value})


def closed(name: str, value: object) -> Json:
    return event("task.closed", {**CLOSED, name: value})


WITH: dict[str, tuple[Callable[[str], Json], ...]] = {
    "id": (partial(customer, "id"), partial(contact, "id"), partial(invoice, "id")),
    "…_id": (partial(closed, "customer_id"), partial(closed, "task_id")),
    "name": (partial(customer, "name"), partial(contact, "name")),
    "postal_address": (lambda words: contact("postal_address", [words]),),
    "address": (lambda words: event("reply.received", {**REPLIED, "address": words}),),
    "reason": (lambda words: event("invoice.disputed", {"invoice_id": "F-1", "reason": words}),),
    "description": (lambda words: invoice("lines", [{"description": words, "amount": "1"}]),),
    "units": (lambda words: closed("units", [words]),),
    **{name: (partial(closed, name),) for name in ("by", "step", "note")},
    **{name: (partial(contact, name),) for name in ("email", "phone")},
    **{name: (partial(customer, name),) for name in ("segment", "policy")},
    **{
        name: (partial(invoice, name),)
        for name in ("number", "purchase_order", "iban", "payment_url", "document_url")
    },
}
"""By the name in the page's table: events with a text in that field."""

TOLD = {
    name: int(most)
    for names, most in re.findall(r"^\| (.+) \| (\d+) \|$", PAGE.partition("### What is too much")[2], re.MULTILINE)
    for name in re.findall(r"`([\w…]+)`", names)
}


def test_every_text_that_the_page_limits_is_tried_here() -> None:
    assert TOLD.keys() == WITH.keys()


@pytest.mark.parametrize("name", WITH)
def test_a_text_may_be_as_long_as_the_page_says_and_no_longer(name: str) -> None:
    for make in WITH[name]:
        read_event(make(long(name, TOLD[name])))
        with pytest.raises(EventError, match=f"at most {TOLD[name]} are taken"):
            read_event(make(long(name, TOLD[name] + 1)))


def long(name: str, length: int) -> str:
    return ("https://a.example/" if name.endswith("_url") else "").ljust(length, "x")


def test_the_envelope_has_its_own() -> None:
    assert "| `id` | 1–256 characters" in PAGE
    assert (event_id_of({"id": "x" * 256}), event_id_of({"id": "x" * 257})) == ("x" * 256, None)


@pytest.mark.parametrize(
    "refused",
    [
        closed("units", ["F-1"] * 501),
        event("promise.made", {"invoice_ids": [], "promised_on": "2026-12-20"}),
        event("promise.made", {"invoice_ids": ["F-1"], "promised_on": "2026-12-20", "amount": "0"}),
        event("payment_plan.agreed", {**PLAN, "instalments": []}),
        event("payment_plan.agreed", {**PLAN, "instalments": [{"due_on": "2026-12-20", "amount": "0"}]}),
        event("payment.received", {**PAID, "amount": "0"}),
        event("payment.received", {**PAID, "amount": "10000000000000.01"}),
        event("credit_note.issued", {"invoice_id": "F", "credit_note_id": "N", "amount": "0", "currency": "EUR"}),
        invoice("total", "-0.01"),
        invoice("payment_url", "ftp://a.example"),
        invoice("early_payment_discount", {"percent": "100", "until": "2026-12-20"}),
        closed("cycle", 32_001),
        invoice_event(sequence=-1),
        invoice_event(sequence="-1"),
        invoice_event(sequence=True),
    ],
    ids=lambda refused: str(refused)[-40:],
)
def test_what_the_page_refuses_is_refused(refused: Json) -> None:
    with pytest.raises(EventError):
        read_event(refused)


@pytest.mark.parametrize(
    "taken",
    [
        closed("units", ["F-1"] * 500),
        event("payment.received", {**PAID, "amount": "10000000000000"}),
        invoice("total", "0"),
        invoice("payment_url", "http://a.example"),
        invoice("early_payment_discount", {"percent": "99.999999", "until": "2026-12-20"}),
        closed("cycle", 32_000),
        invoice_event(sequence=0),
        customer("name", "Boulangerie\nMartin"),
    ],
    ids=lambda taken: str(taken)[-40:],
)
def test_what_the_page_takes_is_taken(taken: Json) -> None:
    read_event(taken)
