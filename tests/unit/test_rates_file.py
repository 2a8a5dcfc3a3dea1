"""Statutory rates in files: the shipped ones have their sources, the operator's come over them, faults have lines."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.rates import LARGEST_BYTES, SHIPPED, RatesFileError, digest_of, load_rates
from domain.money import Money
from domain.rates import STATUTORY, HalfYear, percent_of

GOOD = """\
country: FR
half_years:
  2026-H1:
    legal: {rate: "2.70", source: a correction, read_on: 2026-11-22}
  2026-H2:
    ecb: {rate: 2, source: ECB, read_on: 2026-11-22}
    legal: {rate: "2.5", source: JO, read_on: 2026-11-22}
"""


def written(folder: Path, text: str) -> str:
    file = folder / "mine.yaml"
    file.write_text(text)
    return str(file)


def complaint(folder: Path, text: str) -> list[str]:
    path = written(folder, text)
    with pytest.raises(RatesFileError) as error:
        load_rates(path)
    return [line.removeprefix(path) for line in str(error.value).splitlines()]


def test_the_shipped_rates_of_france_are_those_published() -> None:
    rates = load_rates(None)["FR"]

    found = {str(half): (str(rates.ecb[half]), str(rates.legal[half])) for half in sorted(rates.ecb)}

    assert found == {
        "2023-H1": ("2.50", "2.06"),
        "2023-H2": ("4.00", "4.22"),
        "2024-H1": ("4.50", "5.07"),
        "2024-H2": ("4.25", "4.92"),
        "2025-H1": ("3.15", "3.71"),
        "2025-H2": ("2.15", "2.76"),
        "2026-H1": ("2.15", "2.62"),
    }
    assert rates.recovery == Money(4_000, "EUR")
    assert percent_of(rates, STATUTORY, HalfYear(2024, 2)) == Decimal("14.25")


def test_every_shipped_rate_says_where_it_is_from_and_when_that_was_read() -> None:
    files = list(SHIPPED.glob("*.yaml"))
    assert files
    for file in files:
        stated: dict[str, Any] = yaml.safe_load(file.read_text())
        rates = [rate for half in stated["half_years"].values() for rate in half.values()]
        assert rates
        assert all(rate["source"] and isinstance(rate["read_on"], date) for rate in rates)


def test_the_operators_half_years_are_added_or_replace_the_shipped(tmp_path: Path) -> None:
    rates = load_rates(written(tmp_path, GOOD))["FR"]

    assert (rates.ecb[HalfYear(2026, 1)], rates.legal[HalfYear(2026, 1)]) == (Decimal("2.15"), Decimal("2.70"))
    assert (rates.ecb[HalfYear(2026, 2)], rates.legal[HalfYear(2026, 2)]) == (Decimal(2), Decimal("2.5"))
    assert rates.legal[HalfYear(2025, 1)] == Decimal("3.71")
    assert rates.recovery == Money(4_000, "EUR")


def test_another_country_brings_its_own_charge(tmp_path: Path) -> None:
    charge = "recovery_charge: {amount: 300, currency: SEK, source: law, read_on: 2026-11-22}\n"
    text = charge + GOOD.replace("FR", "SE")

    known = load_rates(written(tmp_path, text))

    assert sorted(known) == ["FR", "SE"]
    assert known["SE"].recovery == Money(30_000, "SEK")
    assert complaint(tmp_path, GOOD.replace("FR", "SE")) == [":1: 'recovery_charge' is missing"]


def test_plans_stand_on_every_rate(tmp_path: Path) -> None:
    shipped, added = load_rates(None), load_rates(written(tmp_path, GOOD))
    assert digest_of(shipped) == digest_of(load_rates(None))
    assert len({digest_of({}), digest_of(shipped), digest_of(added)}) == 3


@pytest.mark.parametrize(
    ("was", "becomes", "problem"),
    [
        ("country: FR", "country: france", ':1: country: "france" is not a country; write its two capital letters'),
        ("2026-H2:", "2026-S2:", ':5: half_years.2026-S2: "2026-S2" is not a half-year; write it as in 2026-H2'),
        ("rate: 2,", "rate: 2.15 %,", ':6: half_years.2026-H2.ecb.rate: "2.15 %" is not a rate; write percent'),
        ("rate: 2,", "rate: [2],", ":6: half_years.2026-H2.ecb.rate: a list is not a rate; write percent"),
        ("source: ECB, ", "", ":6: half_years.2026-H2.ecb: 'source' is missing"),
        ("source: ECB, read_on: 2026-11-22", "source: ECB", ":6: half_years.2026-H2.ecb: 'read_on' is missing"),
        ("    ecb:", "    bce:", ":6: half_years.2026-H2.bce: unknown word 'bce'; known are ecb, legal"),
        ("country: FR", "country: FR\nother: 1", ":2: other: unknown word 'other'"),
        ("half_years:", "half_years: 3\nx:", ":2: half_years: words with their values are expected here"),
        (
            GOOD.split("half_years:")[1],
            "\n  2026-H2: {}\n",
            ":3: half_years.2026-H2: states no rate; write ecb, legal",
        ),
        (
            "country: FR",
            "recovery_charge: {amount: 1.234}\ncountry: FR",
            ":1: recovery_charge.amount: 1.234 has more",
        ),
        ("half_years:", "years:", ":1: 'half_years' is missing"),
        ("country: FR", "country: FR\ncountry: FR", ":2: 'country' stands twice in one mapping"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, was: str, becomes: str, problem: str) -> None:
    assert complaint(tmp_path, GOOD.replace(was, becomes, 1))[0].startswith(problem)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(RatesFileError, match=r"nowhere.yaml: cannot be read: No such file"):
        load_rates(str(tmp_path / "nowhere.yaml"))
    (tmp_path / "latin.yaml").write_bytes(b"country: \xe9")
    with pytest.raises(RatesFileError, match=r"latin.yaml: is not UTF-8 text"):
        load_rates(str(tmp_path / "latin.yaml"))
    assert complaint(tmp_path, "#" * (LARGEST_BYTES + 1)) == [f": is larger than {LARGEST_BYTES} bytes"]
