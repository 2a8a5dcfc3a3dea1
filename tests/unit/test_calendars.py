"""The library of holidays gives one country's calendar without those of all others."""

import subprocess
import sys

from holidays import list_supported_countries

from domain.calendars import country_holidays


def test_one_country_is_loaded_without_the_others() -> None:
    """Each worker process held 280 modules for the two or three countries that its customers live in."""
    told = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", f"{_ASK_FRANCE}; import sys; print(*sys.modules)"],
        capture_output=True,
        check=True,
        text=True,
    )
    loaded = {name for name in told.stdout.split() if name.startswith("holidays.countries.")}
    assert loaded == {"holidays.countries.france"}


def test_every_country_that_the_library_knows_is_found() -> None:
    """Some take their calendar from another's module."""
    found = {code: country_holidays(code, years=2026) for code in list_supported_countries()}
    assert len(found) > 200
    assert "2026-07-14" in found["FR"]


_ASK_FRANCE = "from domain.calendars import country_holidays; country_holidays('FR', years=2026)"
