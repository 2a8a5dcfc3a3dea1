"""Amounts, dates, lists and names as the reader's language writes them.

Called by `view` and the pages; knows no template.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from babel.core import Locale
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.numbers import NumberPattern, format_decimal, parse_pattern

from domain.money import exponent_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime, tzinfo
    from decimal import Decimal

    from domain.money import Money

LOCALES = {"fr": Locale("fr", "FR"), "en": Locale("en", "GB")}
"""The languages that messages are written in; English is written as the British do."""

OTHERWISE = "en"
"""What a customer reads whose language we do not write."""

_FRENCH_SPACE = re.compile(r" (?=[:;?!»%])|(?<=«) ")

_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LEFT_AS_IT_IS = "!#$%&'()*+,-./:;=?@[]_~"
"""What an address may have besides letters and digits: the rest is written as `%20`."""

_WEB = re.compile(f"https?://[a-z0-9{re.escape(_LEFT_AS_IT_IS)}]+", re.ASCII | re.IGNORECASE)


def language_of(code: str) -> str:
    """`fr` or `en`: the customer's own if we write it, else English."""
    short = code[:2].lower()
    return short if short in LOCALES else OTHERWISE


@lru_cache(maxsize=2048)
def money(amount: Money, language: str) -> str:
    """`1 234,56 €` (with no-break spaces) or `€1,234.56`: all the places that the currency has, never rounded."""
    pattern = _pattern(language, exponent_of(amount.currency))
    locale = LOCALES[language]
    return str(pattern.apply(amount.amount, locale, currency=amount.currency, currency_digits=False))


@lru_cache
def _pattern(language: str, places: int) -> NumberPattern:
    # CLDR rounds some currencies for daily use (IQD to none of its three places); a debt is stated exactly.
    pattern = parse_pattern(LOCALES[language].currency_formats["standard"].pattern)
    pattern.frac_prec = (places, places)
    return pattern


def percent(rate: Decimal, language: str) -> str:
    """`12,15 %` (with a no-break space) or `12.15%`: all the places that the rate has, two at least."""
    places = max(2, -int(rate.as_tuple().exponent))
    number = format_decimal(rate, f"0.{'0' * places}", locale=LOCALES[language])
    return f"{number}\u00a0%" if language == "fr" else f"{number}%"


@lru_cache(maxsize=2048)
def long_date(day: date, language: str) -> str:
    """`1er décembre 2026`, `2 décembre 2026`; `2 December 2026`."""
    return _ordinal(format_date(day, "long", locale=LOCALES[language]), language)


def moment(at: datetime, language: str, zone: tzinfo) -> str:
    """`1er déc. 2026, 09:00`, `1 Dec 2026, 09:00`: on the zone's clock."""
    return _ordinal(format_datetime(at, "d MMM y, HH:mm", tzinfo=zone, locale=LOCALES[language]), language)


def _ordinal(dated: str, language: str) -> str:
    """French counts the first day of a month, and no other; CLDR writes it as it writes them all."""
    return f"1er {dated[2:]}" if language == "fr" and dated.startswith("1 ") else dated


def unbroken(french: str) -> str:
    """With no-break spaces: `?` stays with the word before it, and what is quoted with its marks."""
    return _FRENCH_SPACE.sub("\u00a0", french)


@lru_cache(maxsize=2048)
def short_date(day: date, language: str) -> str:
    """`02/12/2026`, `2 Dec 2026`: English names the month, as not all who read it put the day first."""
    return format_date(day, {"fr": "short", "en": "medium"}[language], locale=LOCALES[language])


def listed(items: Sequence[str], language: str) -> str:
    """`A`, `A et B`, `A, B et C`."""
    return format_list(items, locale=LOCALES[language]) if len(items) > 1 else "".join(items)


def one_line(text: str) -> str:
    """The text as it came, but on one line: a stranger's line break must not open a header or a paragraph."""
    return _BREAKS.sub(" ", text).strip()


def web_address(url: str | None) -> str | None:
    """The address if a browser may be sent there (http, https), in plain ASCII; None for any other."""
    if url is None or _WEB.fullmatch(url):
        return url
    plain = quote(url.strip(), safe=_LEFT_AS_IT_IS, errors="replace")
    return plain if _WEB.fullmatch(plain) else None


def grouped_iban(iban: str) -> str:
    """`FR76 3000 6000 …`: in fours, as people read and copy it."""
    bare = "".join(iban.split()).upper()
    return " ".join(bare[at : at + 4] for at in range(0, len(bare), 4))
