"""Every event of the contract is read to its fact, exactly, with what it leaves out left open."""

from datetime import UTC, date, datetime

import pytest

from domain import facts
from domain.customer import Contact, Customer
from domain.ids import ContactId, CustomerId, InvoiceId
from domain.invoice import EarlyPaymentDiscount, Instalment, Invoice, Line
from domain.levels import Channel, Role
from domain.money import Money
from domain.read_event import read_event
from tests.factories import Json, contact_data, event, invoice_event

INVOICE = InvoiceId("F-2026-0042")
PAYMENT = {"invoice_id": INVOICE, "payment_id": "P-1", "amount": "50.00", "currency": "EUR", "paid_on": "2026-12-05"}


def test_an_invoice_with_all_that_the_contract_shows() -> None:
    raw = invoice_event(
        customer={
            "region": None,
            "preferred_channel": "sms",
            "segment": "vip",
            "policy": "gentle",
            "contacts": [
                contact_data(),
                {
                    "role": "executive",
                    "name": "Luc Martin",
                    "postal_address": ["Martin", "", "Paris"],
                },
            ],
        },
        invoice={
            "purchase_order": "PO 7",
            "iban": "FR76 3000 6000 0112 3456 7890 189",
            "early_payment_discount": {"percent": "2", "until": "2026-11-12"},
            "instalments": [
                {"due_on": "2026-12-02", "amount": "250.00"},
                {"due_on": "2027-01-02", "amount": 1000, "currency": "EUR"},
            ],
            "lines": [{"description": "Flour", "amount": "1300.00"}, {"amount": -50}],
        },
    )
    customer = Customer(
        id=CustomerId("C-17"),
        name="Boulangerie Martin",
        kind="business",
        language="fr",
        country="FR",
        timezone="Europe/Paris",
        preferred_channel=Channel.SMS,
        segment="vip",
        policy="gentle",
        contacts=(
            Contact(
                id=ContactId("p1"),
                name="Anne Martin",
                email="anne@example.com",
                email_ok=True,
                phone="+33612345678",
                phone_ok=True,
                whatsapp=True,
            ),
            Contact(
                id=ContactId("c2"),
                role=Role.EXECUTIVE,
                name="Luc Martin",
                postal_address=("Martin", "Paris"),
            ),
        ),
    )
    invoice = Invoice(
        id=INVOICE,
        customer_id=CustomerId("C-17"),
        number="F-2026-0042",
        due_on=date(2026, 12, 2),
        total=Money(125000, "EUR"),
        issued_on=date(2026, 11, 2),
        purchase_order="PO 7",
        document_url="https://billing.example.com/F-2026-0042.pdf",
        payment_url="https://pay.example.com/F-2026-0042",
        iban="FR76 3000 6000 0112 3456 7890 189",
        early_payment_discount=EarlyPaymentDiscount("2", date(2026, 11, 12)),
        instalments=(
            Instalment(date(2026, 12, 2), Money(25000, "EUR")),
            Instalment(date(2027, 1, 2), Money(100000, "EUR")),
        ),
        lines=(Line("Flour", Money(130000, "EUR")), Line("", Money(-5000, "EUR"))),
    )
    read = read_event(raw)
    assert read.body == facts.InvoiceIssued(customer, invoice)
    assert (read.id, read.source, read.type, read.sequence) == ("evt-0001", "billing", "invoice.issued", "")
    assert read.time == datetime(2026, 11, 2, 8, tzinfo=UTC)
    assert read.time.tzinfo is UTC
    assert (read.customer_id, read.invoice_ids) == ("C-17", (INVOICE,))


def test_only_seven_fields_are_required() -> None:
    data = {
        "customer": {"id": "C-1", "name": "A"},
        "invoice": {"id": "F", "number": "1", "due_on": "2026-12-02", "currency": "EUR", "total": "1"},
    }
    body = read_event(event("invoice.issued", data, time=None)).body
    assert body == facts.InvoiceIssued(
        Customer(id=CustomerId("C-1"), name="A"),
        Invoice(InvoiceId("F"), CustomerId("C-1"), "1", date(2026, 12, 2), Money(100, "EUR")),
    )


def test_unknown_fields_are_ignored() -> None:
    raw = invoice_event(
        customer={"vat": "FR1"}, invoice={"shipping": [1, {"a": None}]}, traceparent="00-1", dataschema=5
    )
    assert read_event(raw) == read_event(invoice_event())


def test_empty_texts_count_as_absent() -> None:
    """Billing systems export empty columns as empty texts."""
    raw = invoice_event(customer={"timezone": "", "segment": ""}, invoice={"payment_url": "", "issued_on": ""})
    body = read_event(raw).body
    assert isinstance(body, facts.InvoiceIssued)
    assert (body.customer.timezone, body.customer.segment) == (None, None)
    assert (body.invoice.payment_url, body.invoice.issued_on) == (None, None)


def test_due_before_it_was_issued_is_left_to_the_gate() -> None:
    assert read_event(invoice_event(invoice={"issued_on": "2026-12-03"})).id == "evt-0001"


def test_nothing_to_pay_is_an_invoice_too() -> None:
    body = read_event(invoice_event(invoice={"total": 0})).body
    assert isinstance(body, facts.InvoiceIssued)
    assert body.invoice.total == Money(0, "EUR")


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [
        (None, ""),
        (7, "00000000000000000007"),
        ("7", "00000000000000000007"),
        ("07", "00000000000000000007"),
        ("b", "b"),
    ],
)
def test_sequences_order_as_numbers_do(sequence: object, expected: str) -> None:
    assert read_event(invoice_event(sequence=sequence)).sequence == expected


def test_names_fit_on_a_line() -> None:
    """A name travels in mail headers: a line break in it would begin another header."""
    body = read_event(invoice_event(customer={"name": "Boulangerie\r\nBcc: x\u2028Martin"})).body
    assert isinstance(body, facts.InvoiceIssued)
    assert body.customer.name == "Boulangerie Bcc: x Martin"


def test_a_language_is_the_first_part_of_its_tag() -> None:
    body = read_event(invoice_event(customer={"language": "en-GB"})).body
    assert isinstance(body, facts.InvoiceIssued)
    assert body.customer.language == "en"


@pytest.mark.parametrize(
    ("customer", "region"),
    [
        ({"region": "FR-67"}, "FR-67"),
        ({"region": "67"}, "FR-67"),
        ({"region": "2A"}, "FR-2A"),
        ({"country": None, "region": "FR-67"}, "FR-67"),
        ({"country": "DE", "region": "BY"}, "DE-BY"),
        ({"country": "ES", "region": "ES-B"}, "ES-B"),
    ],
)
def test_a_region_is_kept_with_its_country(customer: Json, region: str) -> None:
    body = read_event(invoice_event(customer=customer)).body
    assert isinstance(body, facts.InvoiceIssued)
    assert body.customer.region == region
