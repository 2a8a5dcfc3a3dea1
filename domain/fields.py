"""Typed reading of strangers' JSON: a complaint names the field by its dotted path, what came and what is expected.

Called by the readers of events. A reader is a function from a JSON value to a typed one that raises ValueError with
the problem; `Fields` knows where in the event the value stood.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TypeVar

from domain.event import EventError

T = TypeVar("T")
Reader = Callable[[object], T]

FIRST_YEAR, LAST_YEAR = 1990, 2100
"""Dates outside are slips of a keyboard: no open invoice is that old, none is due that late."""

_SAME_DATE_EVERYWHERE = time(10)
"""In UTC: offsets from -10:00 up to, not including, +14:00 are on the same date then."""
_LONGEST_SHOWN = 40
_LONGEST_PROBLEM = 500
_MOST_ITEMS = 500
_KINDS: dict[type, str] = {list: "a list", dict: "an object"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Fields:
    """The fields of one JSON object, read by name. Unknown ones are ignored; null and "" count as absent."""

    __slots__ = ("_path", "_values")

    def __init__(self, raw: object, path: str) -> None:
        if not isinstance(raw, dict):
            raise EventError(path, f"{shown(raw)} is not a JSON object")
        self._values = raw
        self._path = path

    def need(self, name: str, read: Reader[T]) -> T:
        """The field's value; EventError if it is absent or not what `read` takes."""
        value = self._values.get(name)
        if value is None or value == "":
            came = f", but {shown(value)} came" if name in self._values else ""
            raise EventError(self.path(name), f"is required{came}")
        try:
            return read(value)
        except ValueError as wrong:
            raise self._placed(name, wrong) from None

    def maybe(self, name: str, read: Reader[T]) -> T | None:
        """The field's value, None if it is absent; EventError if it is there and not what `read` takes."""
        value = self._values.get(name)
        if value is None or value == "":
            return None
        try:
            return read(value)
        except ValueError as wrong:
            raise self._placed(name, wrong) from None

    def _placed(self, name: str, wrong: ValueError) -> EventError:
        return EventError(self.path(name), str(wrong)[:_LONGEST_PROBLEM])

    def child(self, name: str) -> Fields:
        """The object in a field that is required."""
        return Fields(self.need(name, _anything), self.path(name))

    def child_or_none(self, name: str) -> Fields | None:
        """The object in a field, None if it is absent."""
        value = self.maybe(name, _anything)
        return None if value is None else Fields(value, self.path(name))

    def children(self, name: str) -> Iterator[Fields]:
        """The objects of a list, one after the other; none if the field is absent."""
        for at, item in enumerate(self.maybe(name, a_list) or ()):
            yield Fields(item, f"{self.path(name)}[{at}]")

    def path(self, name: str) -> str:
        """Where a field of this object stands in the event: `data.invoice.total`."""
        return f"{self._path}.{name}" if self._path else name


def shown(value: object) -> str:
    """A value as its sender wrote it, cut short; only the kind of what has no short form."""
    match value:
        case str():
            cut = value if len(value) <= _LONGEST_SHOWN else f"{value[: _LONGEST_SHOWN - 1]}…"
            return json.dumps(cut, ensure_ascii=False)
        case None | bool():
            return json.dumps(value)
        case Decimal() | float():
            return str(value)[:_LONGEST_SHOWN]
        case int():
            return str(value) if value.bit_length() < 4 * _LONGEST_SHOWN else "a very large number"
        case _:
            return _KINDS.get(type(value), f"a {type(value).__name__}")


def _anything(value: object) -> object:
    return value


def a_list(value: object) -> list[object]:
    """A list of not too many items."""
    if not isinstance(value, list):
        raise ValueError(f"{shown(value)} is not a list")  # noqa: TRY004 - a ValueError is what Fields places
    if len(value) > _MOST_ITEMS:
        raise ValueError(f"holds {len(value)} items; at most {_MOST_ITEMS} are taken")
    return value


def a_flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{shown(value)} is not true or false")  # noqa: TRY004 - a ValueError is what Fields places
    return value


def text(value: object, most: int) -> str:
    """A text of at most `most` characters, as it came."""
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is not a text")  # noqa: TRY004 - a ValueError is what Fields places
    if len(value) > most:
        raise ValueError(f"has {len(value)} characters; at most {most} are taken")
    return value


def line(most: int) -> Reader[str]:
    """Reads a text that fits on one line: white space and line breaks in it become single blanks."""

    def read(value: object) -> str:
        words = text(value, most)
        return words if words.isprintable() else _without_controls(" ".join(words.split()))

    return read


def ident(most: int) -> Reader[str]:
    """Reads an identifier: kept to the letter, neither blank nor with control characters in it."""

    def read(value: object) -> str:
        name = _without_controls(text(value, most))
        if not name.strip():
            raise ValueError(f"{shown(value)} is blank")
        return name

    return read


def _without_controls(words: str) -> str:
    if not words.isprintable() and _CONTROL.search(words):
        raise ValueError(f"{shown(words)} holds a control character")
    return words


def one_of(names: Collection[str], what: str) -> Reader[str]:
    """Reads one of a few words."""

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in names:
            raise ValueError(f"{shown(value)} is not {what}; known are {', '.join(names)}")
        return value

    return read


def a_day(value: object) -> date:
    """A date: year, month, day."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError(f"{shown(value)} is not a date; write it year first, as in 2026-12-02")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{shown(value)} is not a date of the calendar") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"{shown(value)} is not between the years {FIRST_YEAR} and {LAST_YEAR}")
    return day


def an_instant(value: object) -> datetime:
    """An instant with its offset as RFC 3339 writes it, in UTC; without leap seconds, which Python does not know."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError(
            f"{shown(value)} is not an instant; write it with its offset from UTC, as in 2026-11-02T09:00:00+01:00"
        )
    try:
        at = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{shown(value)} is not an instant of the calendar") from None
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValueError(f"{shown(value)} is not between the years {FIRST_YEAR} and {LAST_YEAR}")
    return at


def an_instant_or(of_day: Callable[[date], T]) -> Reader[datetime | T]:
    """Reads an instant. What is as long as a bare date is read as one, and means what `of_day` says."""

    def read(value: object) -> datetime | T:
        if isinstance(value, str) and len(value) == len("2026-12-31"):
            return of_day(a_day(value))
        try:
            return an_instant(value)
        except ValueError as wrong:
            is_one = isinstance(value, str) and _INSTANT.fullmatch(value)
            raise ValueError(f"{wrong}{'' if is_one else ', or a date alone, as in 2026-12-31'}") from None

    return read


an_instant_within_day = an_instant_or(lambda day: datetime.combine(day, _SAME_DATE_EVERYWHERE, UTC))
"""An instant; a bare date means one within it, at which clocks show that date from Honolulu to Auckland."""

an_instant_or_day: Reader[datetime | date] = an_instant_or(lambda day: day)
"""An instant, or a bare date, for who knows in which zone it ends."""
