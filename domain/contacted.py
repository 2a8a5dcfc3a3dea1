"""What one person got from the seller about other customers. Values that `workers/planning` fills in, and their keys.

A person is what is known of one contact: an e-mail address and a phone number. Whoever wrote to either wrote to him.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.addresses import address_key
from domain.customer import Contact
from domain.ids import ReminderId

LOOKS_BACK = timedelta(days=32)
"""How far contacts about other customers are looked for: the 30 dates that a cap counts, on any clock."""


@dataclass(frozen=True, slots=True)
class Contacted:
    """One try of another customer's reminder that reached, or may have reached, an address (its key) at `at`.

    `is_call`: by phone. `in_vain`: a call that nobody answered.
    """

    at: datetime
    address: str
    reminder: ReminderId
    is_call: bool = False
    in_vain: bool = False


def keys_of(contacts: Iterable[Contact]) -> frozenset[str]:
    """The keys of all usable addresses of these contacts."""
    return frozenset(
        address_key(address)
        for contact in contacts
        for address, is_valid in ((contact.email, contact.email_ok), (contact.phone, contact.phone_ok))
        if address and is_valid
    )
