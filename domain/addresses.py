"""Whether a phone number or an e-mail address can be used. Called by the readers of events; nothing is looked up."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

_LONGEST_EMAIL = 254
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])"
)

_FICTIONAL = ("+3363998", "+447700900")
"""Mobile numbers kept for films, demonstrations and tests; the library calls them unassigned.
Source: Ofcom's range by the BBC's report of it, Arcep's by others' use of it (read 2026-11-22)."""


def is_email(address: str) -> bool:
    """Whether it has the form of an address that mail providers take: ASCII, one @, a domain with a dot."""
    return len(address) <= _LONGEST_EMAIL and _EMAIL.fullmatch(address) is not None


def address_key(address: str) -> str:
    """What suppressions are compared by: providers report an address in another case than it was written to."""
    return address.casefold()


@lru_cache(maxsize=16384)
def as_e164(number: str, country: str) -> str | None:
    """The number as `+33612345678`; a national one is one of `country`'s. None: nobody has such a number."""
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return None
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if phonenumbers.is_valid_number(parsed):
        return written
    return written if written.startswith(_FICTIONAL) and phonenumbers.is_possible_number(parsed) else None


def country_of(number: str) -> str | None:
    """The country of a number with its `+`, as in `FR`; None where it has none, or none that is known."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    region = phonenumbers.region_code_for_number(parsed)
    return region or phonenumbers.region_code_for_country_code(parsed.country_code or 0)
