"""Reasons and journal entries as sentences, in French and English. The only place that turns codes into prose.

In a sentence (`web/reason_texts`, `web/event_texts`), `{name}` is a fact and `[…]` is left out where a fact in it is
missing. Called by the pages; a test holds that every code and every journal event of ours has its sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from babel.dates import format_datetime

from channels.words import LOCALES, listed, long_date
from domain.reasons import Code
from store.journal import Entry
from web.event_texts import EVENTS
from web.reason_texts import REASONS
from web.words import LANGUAGES, word

_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_NAME = re.compile(r"\{(\w+)\}")
_WORDED = frozenset({"channel", "state", "class", "why", "kind", "level", "tone", "outcome", "by_whom"})


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a journal for people; `why` are the reasons behind it."""

    at: datetime
    text: str
    why: tuple[str, ...] = ()


def tell(entry: Entry, language: str, zone: tzinfo) -> Told:
    """A journal entry as a sentence with its reasons. What has no sentence is shown by its name and facts."""
    facts = dict(entry.facts)
    reasons = facts.pop("reasons", None)
    facts.update(facts.pop("reminder", None) or {})
    if facts.get("class") == facts.get("state"):  # "accepted", said once
        facts.pop("class", None)
    bare = " ".join([entry.event, *(f"[{name}={{{name}}}]" for name in facts)])
    pattern = EVENTS.get(entry.event, (bare, bare))[LANGUAGES.index(language)]
    return Told(entry.at, _filled(pattern, facts, language, zone), explain(reasons, language, zone))


def explain(reasons: object, language: str, zone: tzinfo) -> tuple[str, ...]:
    """Reasons as a plan's JSON holds them (`[{"code", "facts"}]`), as sentences."""
    found = reasons if isinstance(reasons, list) else []
    return tuple(_reason(each["code"], each.get("facts") or {}, language, zone) for each in found)


def shown(value: object, language: str, zone: tzinfo) -> str:
    """A fact for people: instants and dates as the language writes them, lists joined, the rest as it is."""
    match value:
        case list():
            return listed([shown(each, language, zone) for each in value], language)
        case datetime():
            return format_datetime(value, "d MMM y, HH:mm", tzinfo=zone, locale=LOCALES[language])
        case str() if _is_instant(value):
            return shown(datetime.fromisoformat(value), language, zone)
        case str() if _is_date(value):
            return long_date(date.fromisoformat(value), language)
        case _:
            return str(value)


def _reason(code: str, facts: Mapping[str, Any], language: str, zone: tzinfo) -> str:
    patterns = REASONS[Code(code)] if code in set(Code) else (code, code)
    return _filled(patterns[LANGUAGES.index(language)], facts, language, zone)


def _filled(pattern: str, facts: Mapping[str, Any], language: str, zone: tzinfo) -> str:
    told = {
        name: word(str(value), language) if name in _WORDED else shown(value, language, zone)
        for name, value in facts.items()
        if value not in (None, "", [])
    }
    whole = _OPTIONAL.sub(
        lambda part: part[1] if all(name in told for name in _NAME.findall(part[1])) else "", pattern
    )
    return _NAME.sub(lambda found: told.get(found[1], "…"), whole)


def _is_instant(text: str) -> bool:
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", text) is not None


def _is_date(text: str) -> bool:
    return re.fullmatch(r"\d{4}-\d\d-\d\d", text) is not None
