"""Which countries, regions, zones and languages there are. Called by the readers of events; nothing is fetched."""

from __future__ import annotations

import re
from functools import cache
from zoneinfo import available_timezones

from phonenumbers import SUPPORTED_REGIONS

from domain.calendars import country_holidays
from domain.fields import shown

COUNTRIES = SUPPORTED_REGIONS - {"AC", "TA"} | {"AQ", "BV", "GS", "HM", "PN", "TF", "UM"}
"""ISO 3166-1 alpha-2, and XK for Kosovo as the European Union writes it: the countries that have telephone numbers,
without two islands that have no code of their own, and with those where nobody has a telephone. A test holds them
against CLDR's territories."""

_FRENCH_REGIONS = frozenset(
    [f"{number:02}" for number in (*range(1, 20), *range(21, 96))]
    + "2A 2B 6AE 69D 69M 75C 20R 971 972 973 974 976 BL CP MF NC PF PM TF WF GP MQ GF RE YT".split()  # noqa: SIM905 - dense
    + "ARA BFC BRE COR CVL GES HDF IDF NAQ NOR OCC PAC PDL".split()  # noqa: SIM905 - as a list it would be 13 lines
)
"""ISO 3166-2:FR with codes that it has retired, from public copies, as ISO sells the list (read 2026-11-22)."""

_WHOLLY_KNOWN = frozenset({"AT", "AU", "CA", "CH", "DE", "US"})
"""Countries of which `holidays` lists every region; of the others only the form of a region is checked."""

_REGION = re.compile(r"[A-Z0-9]{1,3}")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})([-_][A-Za-z0-9]{1,8})*")


def a_country(value: object) -> str:
    """An ISO 3166-1 alpha-2 code."""
    if not isinstance(value, str) or value not in COUNTRIES:
        raise ValueError(f"{shown(value)} is not an ISO 3166 country; write its two capital letters, as in FR")
    return value


def a_region(value: object, country: str) -> str:
    """A region of the country, as its whole ISO 3166-2 code: `FR-67`, even if only `67` was given."""
    part = value.removeprefix(f"{country}-") if isinstance(value, str) else ""
    if not _REGION.fullmatch(part) or not _has_region(country, part):
        raise ValueError(f"{shown(value)} is not an ISO 3166-2 region of {country}; write it as in FR-67")
    return f"{country}-{part}"


@cache
def _has_region(country: str, part: str) -> bool:
    if country == "FR":
        return part in _FRENCH_REGIONS
    return country not in _WHOLLY_KNOWN or part in country_holidays(country).subdivisions


def a_zone(value: object) -> str:
    """The name of a time zone of the IANA database."""
    if not isinstance(value, str) or value not in _zones():
        raise ValueError(f"{shown(value)} is not a time zone; write its IANA name, as in Europe/Paris")
    return value


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def a_language(value: object) -> str:
    """The language of a BCP 47 tag in small letters: `fr` of `fr-CA`."""
    tag = _LANGUAGE.fullmatch(value) if isinstance(value, str) else None
    if tag is None:
        raise ValueError(f"{shown(value)} is not a language; write its two letters, as in fr")
    return tag[1].lower()
