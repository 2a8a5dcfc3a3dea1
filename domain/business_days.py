"""Which dates are worked on: weekdays without public holidays; for contacts, without blackout dates, too.

Called by `hours`, `rungs` and `plan`. Pure: the holidays are computed by the `holidays` library, nothing is fetched.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from domain.calendars import country_holidays
from domain.customer import Place
from domain.policy import Policy

_ONE_DAY = timedelta(days=1)
_SATURDAY = 5

_LIBRARY_CODES = {"FR-67": "6AE", "FR-68": "6AE"}
"""The departments of Alsace, which the library knows only as one. Source: `holidays` 0.109, countries/france.py."""


def is_closed(policy: Policy, place: Place, day: date) -> bool:
    """Whether the policy lets nobody be contacted that day: a public holiday there, or a blackout date."""
    if day in policy.blackout:
        return True
    return policy.holidays and day in public_holidays(place.country, place.region, day.year)


def is_business_day(policy: Policy, place: Place, day: date) -> bool:
    """Monday to Friday, unless it is a public holiday (if the policy minds them) or a blackout date."""
    return day.weekday() < _SATURDAY and not is_closed(policy, place, day)


def is_working_day(place: Place, day: date) -> bool:
    """Monday to Friday, unless it is a public holiday: whatever a policy says of contacts, payments come in then."""
    return day.weekday() < _SATURDAY and day not in public_holidays(place.country, place.region, day.year)


@lru_cache(maxsize=4096)
def add_working_days(place: Place, day: date, n: int) -> date:
    """The n-th working day after `day`; `day` itself for 0, whatever day it is."""
    while n:
        day += _ONE_DAY
        n -= is_working_day(place, day)
    return day


@lru_cache(maxsize=4096)
def add_business_days(policy: Policy, place: Place, day: date, n: int) -> date:
    """The n-th business day after `day` (before it, if n is negative); `day` itself for 0, whatever day it is."""
    step = _ONE_DAY if n > 0 else -_ONE_DAY
    left = abs(n)
    while left:
        day += step
        left -= is_business_day(policy, place, day)
    return day


@lru_cache(maxsize=4096)
def public_holidays(country: str, region: str | None, year: int) -> frozenset[date]:
    """The public holidays of a year in a country (ISO 3166-1 alpha-2) and its region (ISO 3166-2, or its last part).

    Empty for a country that the library does not know; the country's own for a region that it does not know.
    """
    try:
        known = country_holidays(country)
    except NotImplementedError:
        return frozenset()
    part = _library_code(country, region)
    if part not in known.subdivisions and part not in known.subdivisions_aliases:
        part = None
    return frozenset(country_holidays(country, subdiv=part, years=year))


def _library_code(country: str, region: str | None) -> str | None:
    """The library's name of a region: `67`, `FR-67` and `FR-6AE` are all its `6AE`. None: it has none."""
    if region is None:
        return None
    code = region if "-" in region else f"{country}-{region}"
    if code in _LIBRARY_CODES:
        return _LIBRARY_CODES[code]
    return code.removeprefix(f"{country}-")
