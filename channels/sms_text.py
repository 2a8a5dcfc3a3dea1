"""What an SMS costs, and the same words in letters that cost less. Called by `render`; sends nothing.

A text whose every letter is in the GSM-7 alphabet takes 160 letters, any other 70: one typographic apostrophe
or one no-break space in an amount more than halves a message. So texts are made plain before they are counted.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""One septet each. Source: 3GPP TS 23.038 §6.2.1, as in Twilio's segment calculator (read 2026-11-22)."""

GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
"""Two septets each, which no segment border may part. Source: 3GPP TS 23.038 §6.2.1.1."""

GSM = GSM_BASIC | GSM_EXTENSION

_SPELLINGS = {
    "‘": "'", "’": "'", "‚": ",", "‛": "'", "′": "'", "`": "'", "´": "'", "ʼ": "'", "‹": "'", "›": "'",
    "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"',
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "•": "-", "·": "-", "⁄": "/",
    "…": "...", "°": "o", "µ": "u", "¶": " ", "¢": "c", "№": "No", "×": "x", "÷": "/",
    "→": "->", "©": "(c)", "®": "(R)",
    "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th",
    "ı": "i", "ẞ": "ß", "ħ": "h", "Ħ": "H", "ŧ": "t", "Ŧ": "T", "ŋ": "n", "Ŋ": "N", "ĸ": "k",
}  # fmt: skip  # one line a family reads better than one line a letter

_QUOTE_SPACE = re.compile(r"(?=\s)(?:(?<=«)\s+|\s+(?=»))")
"""The first look at each letter passes over what is no space."""

_NOT_BASIC = re.compile(f"[^{re.escape(''.join(sorted(GSM_BASIC)))}]")

_LINE_END = re.compile(r"\r\n?")


@dataclass(frozen=True, slots=True)
class Segments:
    """`units` are septets (GSM-7, extension letters two) or UTF-16 code units (UCS-2); `segments` is the price."""

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    segments: int


def count_segments(text: str) -> Segments:
    """How many segments an SMS takes: GSM-7 160, then 153 each; UCS-2 70, then 67 each; an empty one takes 1.

    A letter of two units is never parted by a border, as phones could not put it together again.
    Source: https://www.twilio.com/docs/glossary/what-sms-character-limit and Twilio's published
    message-segment-calculator, read 2026-11-22. (Its first of several UCS-2 segments holds 66: the page's and
    the standard's 67 is used here.)
    """
    letters = set(text)
    if letters <= GSM:
        return Segments("GSM-7", *_counted(text, letters & GSM_EXTENSION, alone=160, joined=153))
    wide = {letter for letter in letters if ord(letter) > 0xFFFF}  # noqa: PLR2004 - the last letter of UTF-16's single units
    return Segments("UCS-2", *_counted(text, wide, alone=70, joined=67))


def _counted(text: str, wide: AbstractSet[str], *, alone: int, joined: int) -> tuple[int, int]:
    """Units, and segments; a letter is two units wide, or one."""
    units = len(text) + sum(map(text.count, wide))
    if units <= alone:
        return units, 1
    full = -(-units // joined)
    # A border that would part a letter leaves one unit empty, never more.
    if not wide or full == -(-units // (joined - 1)):
        return units, full
    segments, used = 1, 0
    for width in (2 if letter in wide else 1 for letter in text):
        used += width
        if used > joined:
            segments, used = segments + 1, width
    return units, segments


def normalise(text: str, *, transliterate: bool = True) -> str:
    """The same text with plain spaces, quotes, dashes and line ends; letters outside GSM-7 by their nearest in it.

    Letters inside GSM-7 stay (à è é ù ü Ç), â becomes a, œ becomes oe; without `transliterate` these stay too. What
    has no near letter (日, 🙂) stays always: `count_segments` then says what it costs. Normalising twice changes
    nothing more.
    """
    plain = _plain if transliterate else _plain_sign
    return _NOT_BASIC.sub(lambda letter: plain(letter[0]), _composed(text))


def _composed(text: str) -> str:
    text = _LINE_END.sub("\n", text)
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", _QUOTE_SPACE.sub("", text))
    for letter in filter(_is_unseen, set(text) - GSM_BASIC):
        text = text.replace(letter, "")
    return unicodedata.normalize("NFC", text)


@lru_cache(maxsize=4096)
def _is_unseen(letter: str) -> bool:
    """Accents of the Latin and Greek scripts that stand on no letter of their own making, and what only formats."""
    return "\u0300" <= letter <= "\u036f" or unicodedata.category(letter) == "Cf"


@lru_cache(maxsize=4096)
def _plain(letter: str) -> str:
    if letter in GSM_EXTENSION and letter != "\f":
        return letter
    if letter in "«»":
        return '"'
    if letter in _SPELLINGS:
        return _SPELLINGS[letter]
    match unicodedata.category(letter):
        case "Zs" | "Zl" | "Zp" | "Cc":
            return " "
        case _:
            return _without_marks(letter)


@lru_cache(maxsize=4096)
def _plain_sign(letter: str) -> str:
    """Letters stay as they are; spaces, quotes, dashes and other signs become plain."""
    return letter if unicodedata.category(letter)[0] in "LM" else _plain(letter)


def _without_marks(letter: str) -> str:
    parts = unicodedata.normalize("NFKD", letter)
    base = "".join(_SPELLINGS.get(part, part) for part in parts if not unicodedata.combining(part))
    return base if base and all(part in GSM_BASIC for part in base) else letter
