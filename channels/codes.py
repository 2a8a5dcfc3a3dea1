"""The codes that a reader scans to pay: a SEPA transfer for euro amounts with a valid IBAN, else the payment page.

`view` shows them, `workers/letters` sends them along, and `workers/enclose` draws them: that takes milliseconds, and
no transaction waits for it. Source of the transfer's form: EPC069-12, chapter 2 (read 2026-11).
"""

from __future__ import annotations

import io
import re
from functools import lru_cache
from typing import TYPE_CHECKING

import segno

from channels.port import Code
from channels.words import one_line, web_address
from domain.money import Money

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from channels.port import Covered, Line


def codes_of(lines: Sequence[Line], seller_name: str) -> tuple[Code, ...]:
    """One transfer for each account, of the sum of its invoices; one link for each page that pays any other."""
    transfers: dict[str, list[Line]] = {}
    links: dict[str, list[Line | Covered]] = {}
    for line in lines:
        iban = valid_iban(line.iban)
        if iban and line.balance.currency == "EUR" and line.balance.minor > 0:
            transfers.setdefault(iban, []).append(line)
            continue
        for one in line.invoices:
            if page := web_address(one.payment_url):
                links.setdefault(page, []).append(one)
    found = [_transfer(iban, paid, seller_name) for iban, paid in transfers.items()]
    found += [_link(page, paid) for page, paid in links.items()]
    return tuple(code for code in found if code is not None)


# --- The transfer -------------------------------------------------------------------------------------------

_LONGEST_NAME, _LONGEST_TEXT, _LONGEST_PAYLOAD = 70, 140, 331
_MOST_MINOR = 99_999_999_999
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")


def _transfer(iban: str, lines: Sequence[Line], seller_name: str) -> Code | None:
    """None for what no transfer can carry: no name, a sum beyond its limit, more bytes than the code may hold."""
    total = sum(line.balance.minor for line in lines)
    numbers = _numbers(one for line in lines for one in line.invoices)
    name = one_line(seller_name)[:_LONGEST_NAME].strip()
    payload = transfer_payload(name, iban, total, _remittance(numbers))
    if not name or total > _MOST_MINOR or len(payload) > _LONGEST_PAYLOAD:
        return None
    return Code(payload, numbers, Money(total, "EUR"))


def transfer_payload(name: str, iban: str, minor: int, text: str) -> bytes:
    """The bytes of a code, element by element, parted by line feeds, without one at the end.

    Service tag, version, character set (1 is UTF-8), SCT, BIC (may be left out since version 002), name, IBAN,
    amount, purpose, reference (none: it excludes the text), text.
    """
    amount = f"EUR{minor // 100}.{minor % 100:02}"
    return f"BCD\n002\n1\nSCT\n\n{name}\n{iban}\n{amount}\n\n\n{text}".encode()


def _numbers(invoices: Iterable[Line | Covered]) -> tuple[str, ...]:
    """Each once: two instalments of one invoice have the same."""
    return tuple(dict.fromkeys(one_line(one.number) for one in invoices))


def _remittance(numbers: Sequence[str]) -> str:
    """The invoices' numbers, as many whole ones as 140 characters hold."""
    text = numbers[0][:_LONGEST_TEXT]
    for number in numbers[1:]:
        longer = f"{text}, {number}"
        if len(longer) > _LONGEST_TEXT:
            break
        text = longer
    return text


def valid_iban(iban: str | None) -> str | None:
    """The IBAN without spaces if its check digits are right, else None. Source: ISO 13616, ISO 7064 (mod 97-10)."""
    bare = "".join((iban or "").split()).upper()
    if not _IBAN.fullmatch(bare):
        return None
    moved = bare[4:] + bare[:4]
    return bare if int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1 else None


# --- The link, and the drawing ------------------------------------------------------------------------------

_LONGEST_LINK = 500
"""A longer address makes squares so small that phones fail on a screen."""


def _link(page: str, invoices: Sequence[Line | Covered]) -> Code | None:
    if len(page) > _LONGEST_LINK:
        return None
    return Code(page.encode(), _numbers(invoices))


@lru_cache(maxsize=256)
def png_of(payload: bytes) -> bytes:
    """The code as a picture: error correction M, with its quiet zone, as the transfer's standard wants it.

    The mask is given, because to find the best of eight takes eight times as long; every reader reads any.
    """
    out = io.BytesIO()
    segno.make(payload, error="m", micro=False, boost_error=False, mask=3).save(out, kind="png", scale=4, border=4)
    return out.getvalue()
