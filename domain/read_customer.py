"""From the `customer` object of an event to a Customer. Called by `read_facts`."""

from __future__ import annotations

from domain.addresses import as_e164, is_email
from domain.customer import Contact, Customer
from domain.fields import Fields, a_flag, a_list, ident, line, one_of, text
from domain.ids import ContactId, CustomerId
from domain.levels import Channel, Role
from domain.places import a_country, a_language, a_region, a_zone

an_id = ident(128)
_a_name = line(200)
_a_kind = one_of(("business", "consumer"), "a kind of customer")
_a_role = one_of([role.value for role in Role], "a role")
_a_channel = one_of([channel.value for channel in Channel], "a channel")
_a_word = line(64)


def read_customer(fields: Fields, default_country: str) -> Customer:
    """The customer; EventError names what is wrong with it.

    National phone numbers and regions of a customer without a country are read as those of `default_country`; the
    numbers are kept as they were written too, as another event may have named the country.
    """
    country = fields.maybe("country", a_country)
    home = country or default_country
    preferred = fields.maybe("preferred_channel", _a_channel)
    return Customer(
        id=CustomerId(fields.need("id", an_id)),
        name=fields.need("name", _a_name),
        kind=fields.maybe("kind", _a_kind),
        language=fields.maybe("language", a_language),
        country=country,
        region=fields.maybe("region", lambda region: a_region(region, home)),
        timezone=fields.maybe("timezone", a_zone),
        preferred_channel=Channel(preferred) if preferred else None,
        segment=fields.maybe("segment", _a_word),
        policy=fields.maybe("policy", _a_word),
        contacts=tuple(
            _contact(one, at, country, default_country) for at, one in enumerate(fields.children("contacts"), start=1)
        ),
    )


def _contact(fields: Fields, position: int, country: str | None, default_country: str) -> Contact:
    """A contact. An e-mail or phone that cannot be used is kept as it came, and marked."""
    email = fields.maybe("email", _an_address)
    phone = fields.maybe("phone", _an_address)
    e164 = as_e164(phone, country or default_country) if phone else None
    return Contact(
        id=ContactId(fields.maybe("id", an_id) or f"c{position}"),
        role=Role(fields.maybe("role", _a_role) or Role.PAYER),
        name=fields.maybe("name", _a_name) or "",
        email=email,
        email_ok=email is not None and is_email(email),
        phone=e164 or phone,
        phone_ok=e164 is not None,
        whatsapp=fields.maybe("whatsapp", a_flag) or False,
        postal_address=fields.maybe("postal_address", _a_postal_address) or (),
        national=phone if phone and country is None and not phone.startswith("+") else None,
    )


def _an_address(value: object) -> str:
    return text(value, 320).strip()


def _a_postal_address(value: object) -> tuple[str, ...]:
    """The lines of an address; empty ones are left out."""
    lines = tuple(_a_name(one) for one in a_list(value))
    return tuple(one for one in lines if one)
