"""Who sells and who owes: values as the events give them. Absent fields stay absent until the seller fills them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.addresses import as_e164
from domain.ids import ContactId, CustomerId, SellerId
from domain.levels import Channel, Role
from domain.rates import Rates


@dataclass(frozen=True, slots=True)
class Contact:
    """A person at the customer's.

    `email` and `phone` are as the event gave them when they cannot be used (`email_ok`, `phone_ok` say so);
    a usable phone is E.164. `national` is the phone as the event gave it, where that did not name the country:
    `phone` is what it means in the seller's. `whatsapp` is the person's consent to be written to there.
    """

    id: ContactId
    role: Role = Role.PAYER
    name: str = ""
    email: str | None = None
    email_ok: bool = False
    phone: str | None = None
    phone_ok: bool = False
    whatsapp: bool = False
    postal_address: tuple[str, ...] = ()
    national: str | None = None

    def living_in(self, country: str) -> Contact:
        """The contact with the number that a national one means in this country."""
        if self.national is None:
            return self
        e164 = as_e164(self.national, country)
        return replace(self, phone=e164 or self.national, phone_ok=e164 is not None)


@dataclass(frozen=True, slots=True)
class Customer:
    """The company or consumer that owes, as its last event says. None: the seller's default holds.

    `kind` is `business` or `consumer`; who has never been called either is a business.
    """

    id: CustomerId
    name: str
    kind: str | None = None
    language: str | None = None
    country: str | None = None
    region: str | None = None
    timezone: str | None = None
    preferred_channel: Channel | None = None
    segment: str | None = None
    policy: str | None = None
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class Seller:
    """The company that is owed, with the defaults of its customers.

    `channels` are those that are set up, `down` those whose provider has not worked for long; `synced_as_of` is how
    far its payment feed is complete (None: it has never sent one, and the freshness gate does not apply). `rates` are
    its country's (None: no charges are known there, and none are named).
    """

    id: SellerId
    name: str = "Relance"
    language: str = "fr"
    country: str = "FR"
    region: str | None = None
    timezone: str = "Europe/Paris"
    channels: frozenset[Channel] = frozenset(
        {Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.PHONE, Channel.TASK}
    )
    synced_as_of: datetime | None = None
    rates: Rates | None = None
    down: frozenset[Channel] = frozenset()

    @property
    def place(self) -> Place:
        """Where the seller's own clock hangs: what its working days are counted with."""
        return _place(self.timezone, self.country, self.region)


class Place(NamedTuple):
    """Where the customer's clock hangs: what windows and holidays are computed with, and kept by."""

    zone: ZoneInfo
    country: str
    region: str | None = None


def place_of(customer: Customer, seller: Seller) -> Place:
    """The customer's place, the seller's where the customer gives none.

    A customer with a country of its own does not inherit the seller's region.
    """
    return _place(
        customer.timezone or seller.timezone,
        customer.country or seller.country,
        customer.region if customer.country else customer.region or seller.region,
    )


@lru_cache(maxsize=1024)
def _place(timezone: str, country: str, region: str | None) -> Place:
    """One value for each place: planning asks for it often."""
    return Place(ZoneInfo(timezone), country, region)
