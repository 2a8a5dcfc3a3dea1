"""Reasons and journal entries as sentences, in French and English. The only place that turns codes into prose.

In a sentence (`web/reason_texts`, `web/event_texts`), `{name}` is a fact, `{name:day|days}` the word for as many as
it says, and `[…]` is left out where a fact in it is missing. Called by the pages and `relance explain`; a test holds
that every code and every journal event of ours has its sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from types import MappingProxyType
from typing import Any

from babel.numbers import format_decimal

from channels.words import LOCALES, listed, long_date, moment, money
from domain.account import Account
from domain.money import AmountError, read_amount
from domain.reasons import Code
from domain.units import plan_name, read_unit
from store.journal import Entry
from web.event_texts import EVENTS
from web.reason_texts import REASONS
from web.words import said, word

_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_NAME = re.compile(r"\{(\w+)\}")
_COUNTED = re.compile(r"\{(\w+):([^{}|]*)\|([^{}|]*)\}")
_WORDED = frozenset({"channel", "state", "class", "why", "kind", "level", "tone", "outcome", "by_whom"})
_WHEN = frozenset({"again_at", "as_of", "at", "due_on", "next_on", "promised_on", "until"})
_OF_PLAN = ("échéance {} du plan de paiement", "instalment {} of the payment plan")
_OF_INVOICE = ("{} (échéance {})", "{} (instalment {})")
_NO_NUMBERS: Mapping[str, str] = MappingProxyType({})
_UNTIL_THEN = frozenset({Code.UNIT_PROMISED, Code.UNIT_IN_PLAN, Code.UNIT_WAITS_FOR_DATE})
_UNUSABLE, _OURS = Code.CHANNEL_UNUSABLE, "not_set_up"
_NONE_SET_UP = (
    "Aucun canal utilisable pour l’étape « {step} » : aucun n’est configuré ici.",
    "No usable channel for step “{step}”: none is set up here.",
)
_AFTER_THAT = ("{unit} : ensuite viendra l’étape « {step} ».", "{unit}: step “{step}” comes after that.")
_HALVES = {"H1": ("1er semestre", "first half of"), "H2": ("2e semestre", "second half of")}


_Reasons = Sequence[tuple[str, Mapping[str, Any]]]
"""Codes with their facts."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """Who reads it: the language, the zone of instants, and what invoices and contacts are called, by their ids."""

    language: str
    zone: tzinfo
    numbers: Mapping[str, str]
    names: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a journal for people; `why` are the reasons behind it."""

    at: datetime
    text: str
    why: tuple[str, ...] = ()


def tell(
    entry: Entry,
    language: str,
    zone: tzinfo,
    numbers: Mapping[str, str] = _NO_NUMBERS,
    names: Mapping[str, str] | None = None,
) -> Told:
    """A journal entry as a sentence with its reasons. What has no sentence is shown by its name and facts.

    `numbers` are those of invoices by id: where one is missing, the id stands. `names` as in `explain`.
    """
    facts = dict(entry.facts)
    reasons = facts.pop("reasons", None)
    facts.update(_mapping(facts.pop("reminder", None)))
    if facts.get("class") == facts.get("state"):  # "accepted", said once
        facts.pop("class", None)
    bare = " ".join([entry.event, *(f"[{name}={{{name}}}]" for name in facts)])
    event = "plan.empty" if entry.event == "plan.changed" and "step" not in facts else entry.event
    pattern = said(EVENTS[event], language) if event in EVENTS else bare
    text = _filled(pattern, facts, _Reader(language, zone, numbers))
    return Told(entry.at, text, explain(reasons, language, zone, numbers, names))


def explain(
    reasons: object,
    language: str,
    zone: tzinfo,
    numbers: Mapping[str, str] = _NO_NUMBERS,
    names: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Reasons as a plan's JSON holds them (`[{"code", "facts"}]`), as sentences; `numbers` as in `tell`.

    `names` are those of contacts by id: one without a name is not told. None: ids are told.
    """
    found = [each for each in reasons if isinstance(each, dict)] if isinstance(reasons, list) else []
    reader = _Reader(language, zone, numbers, names)
    told = [(str(each["code"]), _mapping(each.get("facts"))) for each in found]
    sentences = (_reason(code, facts, reader, told[:n]) for n, (code, facts) in enumerate(told))
    return tuple(text for text in sentences if text)


def names_of(account: Account) -> dict[str, str]:
    """The names of its contacts by their ids, as `explain` takes them."""
    return {str(contact.id): contact.name for contact in account.customer.contacts}


def sentence(pair: tuple[str, str], facts: Mapping[str, Any], language: str, zone: tzinfo) -> str:
    """The one of two texts of ours that is in the language, with these facts in it."""
    return _filled(said(pair, language), facts, _Reader(language, zone, _NO_NUMBERS))


def shown(value: object, language: str, zone: tzinfo) -> str:
    """A fact for people: instants, fractions as the language writes them, lists joined, the rest as it is.

    Texts too are as they are, whatever they look like: strangers name invoices as they wish.
    """
    match value:
        case list():
            return listed([shown(each, language, zone) for each in value], language)
        case datetime():
            return moment(value, language, zone)
        case float():
            return format_decimal(value, locale=LOCALES[language])
        case _:
            return str(value)


def when(text: str, language: str, zone: tzinfo) -> str:
    """A date or an instant, kept as ISO text, as the language writes it; as it is, if it is none."""
    try:
        return long_date(date.fromisoformat(text), language)
    except ValueError:
        pass
    try:
        return moment(datetime.fromisoformat(text), language, zone)
    except ValueError:
        return text


def unit_named(unit: str, language: str, numbers: Mapping[str, str] = _NO_NUMBERS) -> str:
    """What is dunned, for people: an invoice by its number, or its id if none is known; an instalment by its own."""
    name, instalment = read_unit(unit)
    if instalment is None:
        return numbers.get(name, unit)
    if name in numbers:
        return said(_OF_INVOICE, language).format(numbers[name], instalment)
    return said(_OF_PLAN, language).format(instalment) if name.startswith(plan_name("")) else unit


def _mapping(value: object) -> Mapping[str, Any]:
    """Facts as they should be; none where an earlier release wrote something else."""
    return value if isinstance(value, dict) else {}


def _reason(code: str, facts: Mapping[str, Any], reader: _Reader, before: _Reasons) -> str:
    """Its sentence; empty where those `before` it have said as much."""
    pair = REASONS[Code(code)] if code in set(Code) else (code, code)
    if code == Code.STEP_DUE:
        pair = _due(facts, before) or pair
    if code == Code.NO_USABLE_CHANNEL and {told.get("why") for name, told in before if name == _UNUSABLE} == {_OURS}:
        pair = _NONE_SET_UP
    return _filled(said(pair, reader.language), facts, reader)


def _due(facts: Mapping[str, Any], before: _Reasons) -> tuple[str, str] | None:
    """How a step is told that is due only later: a plan looks ahead. None where it is due now."""
    own = [(code, told) for code, told in before if told.get("unit") == facts.get("unit")]
    if any(code == Code.STEP_LATER and told.get("step") == facts.get("step") for code, told in own):
        return "", ""
    return _AFTER_THAT if any(code in _UNTIL_THEN for code, _ in own) else None


def _filled(pattern: str, facts: Mapping[str, Any], reader: _Reader) -> str:
    given = {name: _told(name, value, reader) for name, value in facts.items() if value not in (None, "", [])}
    told = {name: text for name, text in given.items() if text}
    whole = _OPTIONAL.sub(
        lambda part: part[1] if all(name in told for name in _NAME.findall(part[1])) else "", pattern
    )
    counted = _COUNTED.sub(lambda found: found[2 if _is_one(facts.get(found[1]), reader.language) else 3], whole)
    return _NAME.sub(lambda found: told.get(found[1], "…"), counted)


def _told(name: str, value: object, reader: _Reader) -> str:
    """A fact by its name: some hold our codes, or what programs read."""
    language, zone = reader.language, reader.zone
    match name:
        case "amount":
            return _amount(str(value), language)
        case "half_year":
            return _half_year(str(value), language)
        case "contact" | "who" if reader.names is not None:
            return reader.names.get(str(value)) or ("" if name == "contact" else str(value))
        case "unit" | "lead":
            return unit_named(str(value), language, reader.numbers)
        case "invoices" if isinstance(value, list):
            return listed([reader.numbers.get(str(each), str(each)) for each in value], language)
        case "moment":
            return _day(str(value), language, zone)
        case _ if name in _WHEN:
            return when(str(value), language, zone)
        case _:
            return word(str(value), language) if name in _WORDED else shown(value, language, zone)


def _day(text: str, language: str, zone: tzinfo) -> str:
    """An instant as a date, where that begins with it."""
    try:
        there = datetime.fromisoformat(text).astimezone(zone)
    except ValueError:
        return text
    return when(text if there.time() != time.min else there.date().isoformat(), language, zone)


def _amount(text: str, language: str) -> str:
    """`1250.00 EUR` as money; as it is, if it is none."""
    figure, _, currency = text.partition(" ")
    try:
        return money(read_amount(figure, currency), language)
    except AmountError:
        return text


def _half_year(text: str, language: str) -> str:
    """`2026-H2` as `2e semestre 2026`, `second half of 2026`."""
    year, _, half = text.partition("-")
    return f"{said(_HALVES[half], language)} {year}" if half in _HALVES else text


def _is_one(count: object, language: str) -> bool:
    return isinstance(count, int) and LOCALES[language].plural_form(count) == "one"
