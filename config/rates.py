"""Statutory rates in files: the shipped ones and the operator's over them, with errors that name the line.

Called by the wiring. A rate stands with its source and the date on which that was read; what is done with it is
`domain.rates`' business.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from config.yaml_lines import Lined, YamlError, read_yaml
from domain.fields import a_day, line, shown
from domain.money import AmountError, Money, read_amount
from domain.policy_parts import Fault, Part
from domain.rates import HalfYear, Rates

SHIPPED = Path(__file__).parent / "rates"
LARGEST_BYTES = 1 << 20

_HALF_YEAR = re.compile(r"(\d{4})-H([12])", re.ASCII)
_RATE = re.compile(r"\d{1,2}(\.\d{1,4})?", re.ASCII)


class RatesFileError(ValueError):
    """A file of rates cannot be used. The message has a line `FILE:LINE: where: problem` for each fault."""


def load_rates(path: str | None) -> dict[str, Rates]:
    """The shipped rates by country, with the half-years of the operator's file added or put in their place.

    RatesFileError if that file is missing or wrong.
    """
    shipped = (_read(file, file.name, {}) for file in sorted(SHIPPED.glob("*.yaml")))
    known = {rates.country: rates for rates in shipped}
    if path is not None:
        added = _read(Path(path), path, known)
        known[added.country] = _over(known.get(added.country), added)
    return known


def digest_of(known: Mapping[str, Rates]) -> str:
    """A short text that changes with any rate: plans stand on it."""
    said = [
        (country, str(rates.recovery), sorted(rates.ecb.items()), sorted(rates.legal.items()))
        for country, rates in sorted(known.items())
    ]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:12]


def _over(shipped: Rates | None, added: Rates) -> Rates:
    if shipped is None:
        return added
    return replace(added, ecb={**shipped.ecb, **added.ecb}, legal={**shipped.legal, **added.legal})


def _read(file: Path, name: str, known: Mapping[str, Rates]) -> Rates:
    lined = _lined(file, name)
    faults: list[Fault] = []
    rates = _rates(Part(lined.document, (), faults), known)
    if faults or rates is None:
        placed = sorted((lined.line_of(fault.path), at, str(fault)) for at, fault in enumerate(faults))
        raise RatesFileError("\n".join(f"{name}:{at}: {fault}" for at, _, fault in placed))
    return rates


def _lined(file: Path, name: str) -> Lined:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_BYTES + 1)
        if len(content) > LARGEST_BYTES:
            raise RatesFileError(f"{name}: is larger than {LARGEST_BYTES} bytes")
        return read_yaml(content.decode())
    except YamlError as error:
        raise RatesFileError(f"{name}:{error.line}: {error.problem}") from None
    except UnicodeDecodeError:
        raise RatesFileError(f"{name}: is not UTF-8 text") from None
    except OSError as error:
        raise RatesFileError(f"{name}: cannot be read: {error.strerror or error}") from None


def _rates(part: Part, known: Mapping[str, Rates]) -> Rates | None:
    """What the document states; None without a recovery charge, of its own or one that is known."""
    country = part.need("country", _a_country, "")
    shipped = known.get(country)
    recovery = _recovery(part) if part.has("recovery_charge") or shipped is None else shipped.recovery
    ecb: dict[HalfYear, Decimal] = {}
    legal: dict[HalfYear, Decimal] = {}
    if not part.has("half_years"):
        part.fault("'half_years' is missing")
    halves = part.part("half_years")
    for name in halves.names():
        found = _HALF_YEAR.fullmatch(name)
        if found is None:
            halves.fault(f"{shown(name)} is not a half-year; write it as in 2026-H2", name)
            continue
        half_year, of = HalfYear(int(found[1]), int(found[2])), halves.part(name)
        for kind, rates in (("ecb", ecb), ("legal", legal)):
            stated = of.part(kind)
            if of.has(kind):
                rates[half_year] = _rate(stated)
        if not of.has("ecb") and not of.has("legal"):
            of.fault("states no rate; write ecb, legal or both")
        of.close()
    part.close()
    return None if recovery is None else Rates(country, recovery, ecb, legal)


def _recovery(part: Part) -> Money | None:
    if not part.has("recovery_charge"):
        part.fault("'recovery_charge' is missing")
        return None
    charge = part.part("recovery_charge")
    currency = charge.take("currency", line(3), "EUR")
    amount = charge.need("amount", lambda value: _an_amount(value, currency), None)
    _sourced(charge)
    return amount


def _rate(part: Part) -> Decimal:
    rate = part.need("rate", _a_rate, Decimal(0))
    _sourced(part)
    return rate


def _sourced(part: Part) -> None:
    """Where it is from and when that was read: for people, who will check it."""
    part.need("source", line(300), "")
    part.need("read_on", a_day, date.min)
    part.close()


def _a_country(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Z]{2}", value):
        raise ValueError(f"{shown(value)} is not a country; write its two capital letters, as in FR")
    return value


def _a_rate(value: object) -> Decimal:
    text = str(value) if isinstance(value, str | int) else ""
    if not _RATE.fullmatch(text):
        raise ValueError(f"{shown(value)} is not a rate; write percent a year, as in 2.15")
    return Decimal(text)


def _an_amount(value: object, currency: str) -> Money:
    try:
        return read_amount(str(value), currency)
    except AmountError as error:
        raise ValueError(str(error)) from None
