"""What can be said of an event before it is understood: whether it can be kept at all, and whether it is the same.

Called by `read_event` and by the intake.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from decimal import Decimal

from domain.event import EventError
from domain.fields import an_instant, shown

DEEPEST = 64
"""Levels of lists and objects; no sensible event has more than six."""

_MOST_DIGITS = 4000
_SEQUENCE_DIGITS = 20
_LONGEST_SEQUENCE = 64


def refuse_what_cannot_be_kept(raw: object) -> None:
    """EventError for what no database can hold, wherever it stands in the event.

    That is U+0000 and halves of surrogate pairs in any text or name, numbers that are none, and bottomless nesting.
    Source: PostgreSQL's tests, json_encoding.sql; CloudEvents 1.0, type system (read 2026-11-22).
    """
    level: list[tuple[str, Iterable[tuple[object, object]]]] = [("", [("", raw)])]
    for _ in range(DEEPEST + 1):
        level = [inner for path, items in level for inner in _inside(path, items)]
        if not level:
            return
    raise EventError("", f"is nested more than {DEEPEST} levels deep")


def _inside(path: str, items: Iterable[tuple[object, object]]) -> list[tuple[str, Iterable[tuple[object, object]]]]:
    """The lists and objects among the items, with their paths, after a look at all the others."""
    inner: list[tuple[str, Iterable[tuple[object, object]]]] = []
    for key, value in items:
        if isinstance(key, str) and not _is_storable(key):
            raise EventError(path, f"has a field whose name, {shown(key)}, holds U+0000 or half a character")
        if isinstance(value, str):
            if not _is_storable(value):
                raise EventError(_joined(path, key), "holds U+0000 or half a character, which no text may")
        elif isinstance(value, dict):
            inner.append((_joined(path, key), value.items()))
        elif isinstance(value, list):
            inner.append((_joined(path, key), enumerate(value)))
        elif isinstance(value, float) and not math.isfinite(value):
            raise EventError(_joined(path, key), f"{shown(value)} is not a number of JSON")
    return inner


def _is_storable(words: str) -> bool:
    try:
        return b"\0" not in words.encode()
    except UnicodeEncodeError:
        return False


def _joined(path: str, key: object) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)


def body_digest(raw: dict[str, object]) -> str:
    """SHA-256 (hex) of what a valid event says: its id, source, type, time, sequence and data.

    Neither the order of fields, nor white space, nor how a number or an instant is spelled, nor the way in which the
    event travelled makes a difference: the same event has the same digest, another body under its id another one.
    """
    canonical = {name: raw.get(name) for name in ("id", "source", "type", "data")}
    canonical["time"] = _same_instant(raw.get("time"))
    canonical["sequence"] = a_sequence(raw.get("sequence"))
    return hashlib.sha256(_CANONICAL.encode(canonical).encode()).hexdigest()


def a_sequence(value: object) -> str:
    """The `sequence` of an event, such that texts order as numbers do: digits get leading zeros up to 20.

    Source: CloudEvents extension "sequence", which asks that texts order as the events do (read 2026-11-22).
    """
    if value is None:
        return ""
    words = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(words, str) or len(words) > _LONGEST_SEQUENCE or words.startswith("-"):
        raise ValueError(f"{shown(value)} is not a sequence: a number from 0 up, or a text of at most 64 characters")
    return words.zfill(_SEQUENCE_DIGITS) if words.isascii() and words.isdigit() else words


def _same_instant(value: object) -> str:
    return an_instant(value).isoformat() if value else ""


def _same_number(value: object) -> int | str:
    """One spelling for each exact number: whole ones as whole, others without trailing zeros."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} is not JSON")
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or abs(value.adjusted()) > _MOST_DIGITS:
        return str(value)
    words = "".join(map(str, digits)).rstrip("0")
    exponent += len(digits) - len(words)
    if exponent >= 0 or not words:
        return int(f"{'-' * sign}{words or '0'}{'0' * (exponent if words else 0)}")
    return f"{'-' * sign}{words}e{exponent}"


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_same_number)
