"""Addresses that cannot be used are accepted, kept as they came, and marked."""

from typing import Any

import pytest
from babel import Locale

from domain import facts
from domain.addresses import country_of
from domain.customer import Contact
from domain.fold import fold
from domain.ids import CustomerId
from domain.places import COUNTRIES
from domain.read_event import read_event
from tests.domain_factories import a_seller, in_turn
from tests.factories import contact_data, invoice_event


def contact_of(**changes: Any) -> Contact:
    raw = invoice_event(customer={"contacts": [contact_data(**changes)], "country": changes.pop("country", "FR")})
    body = read_event(raw).body
    assert isinstance(body, facts.InvoiceIssued)
    return body.customer.contacts[0]


@pytest.mark.parametrize(
    ("written", "phone", "usable"),
    [
        ("+33612345678", "+33612345678", True),
        ("06 12 34 56 78", "+33612345678", True),
        ("06.39.98.12.34", "+33639981234", True),
        ("+44 7700 900123", "+447700900123", True),
        ("00 32 470 12 34 56", "+32470123456", True),
        ("+33 1 23", "+33 1 23", False),
        ("06 39 98 12 34 5", "06 39 98 12 34 5", False),
        ("+33000000000", "+33000000000", False),
        ("call Anne", "call Anne", False),
        ("112", "112", False),
    ],
)
def test_a_phone_that_cannot_be_used_is_kept_and_marked(written: str, phone: str, *, usable: bool) -> None:
    contact = contact_of(phone=written)
    assert (contact.phone, contact.phone_ok) == (phone, usable)


def test_a_national_number_is_one_of_the_customers_country() -> None:
    raw = invoice_event(customer={"country": "BE", "contacts": [contact_data(phone="0470 12 34 56")]})
    body = read_event(raw).body
    assert isinstance(body, facts.InvoiceIssued)
    assert body.customer.contacts[0].phone == "+32470123456"


def test_a_national_number_without_a_country_is_one_of_the_sellers() -> None:
    raw = invoice_event(customer={"country": None, "contacts": [contact_data(phone="0470 12 34 56")]})
    body = read_event(raw, default_country="BE").body
    assert isinstance(body, facts.InvoiceIssued)
    assert body.customer.contacts[0].phone == "+32470123456"


def merged(*stated: dict[str, Any]) -> Contact:
    """The contact of a French seller's customer after events that state so much of the customer."""
    raws = [invoice_event(customer={"country": None, "contacts": None} | one) for one in stated]
    found = in_turn(*(read_event(raw).body for raw in raws))
    return fold(CustomerId("C-17"), found, a_seller()).customer.contacts[0]


BELGIAN = {"country": "BE"}
WRITTEN = {"contacts": [contact_data(phone="0470 12 34 56")]}


@pytest.mark.parametrize(
    "stated", [(BELGIAN | WRITTEN,), (BELGIAN | WRITTEN, WRITTEN), (WRITTEN, BELGIAN), (BELGIAN, WRITTEN, {})]
)
def test_a_national_number_is_one_of_the_country_that_another_event_named(stated: tuple[dict[str, Any], ...]) -> None:
    """Read as the seller's it is somebody else's, who would be told what the customer owes."""
    contact = merged(*stated)
    assert (contact.phone, contact.phone_ok) == ("+32470123456", True)


def test_a_number_that_nobody_has_in_the_customers_country_is_not_used() -> None:
    contact = merged(BELGIAN, {"contacts": [contact_data(phone="06 12 34 56 78")]})
    assert (contact.phone, contact.phone_ok) == ("06 12 34 56 78", False)
    assert merged(WRITTEN | BELGIAN, {"contacts": [contact_data(), contact_data(phone=None)]}).phone_ok


@pytest.mark.parametrize(
    "address",
    [
        "anne@example.com",
        "a.b+c@mail.example.co.uk",
        "o'neill@example.fr",
        "x@a-b.example",
        "A@xn--bcher-kva.example",
    ],
)
def test_an_address_that_mail_providers_take_is_usable(address: str) -> None:
    assert contact_of(email=address).email_ok


@pytest.mark.parametrize(
    "address",
    [
        "anne",
        "anne@example",
        "anne@@example.com",
        "anne martin@example.com",
        "anne@example.com\r\nBcc: all@example.com",
        "anne@example.com,luc@example.com",
        "Anne <anne@example.com>",
        ".anne@example.com",
        "anne..martin@example.com",
        "anne@-example.com",
        "anne@example..com",
        "anne@10.0.0.1",
        "a" * 250 + "@example.com",
    ],
)
def test_an_address_that_cannot_be_used_is_kept_and_marked(address: str) -> None:
    contact = contact_of(email=address)
    assert (contact.email, contact.email_ok) == (address, False)


def test_blanks_around_an_address_are_not_part_of_it() -> None:
    contact = contact_of(email=" anne@example.com\n")
    assert (contact.email, contact.email_ok) == ("anne@example.com", True)


def test_the_countries_are_those_of_the_standard() -> None:
    """Held against another list, that of CLDR, which also knows territories that are no countries."""
    no_countries = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
    territories = {code for code in map(str, Locale("en").territories) if len(code) == 2}
    assert territories - no_countries == COUNTRIES


@pytest.mark.parametrize(
    ("number", "country"),
    [("+33612345678", "FR"), ("+33639981234", "FR"), ("+12042345678", "CA"), ("+999123456", None), ("x", None)],
)
def test_a_number_tells_its_country(number: str, country: str | None) -> None:
    assert country_of(number) == country
