"""What is wrong with the words of a message. Pure; called by `check` on every sample, and of use on any message.

A message may be all that a template's grammar asks for and still harm: a threat, a court's word, a charge that is
not owed, a date that is missing. Each rule is one row; its words stand in `lint_words`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from html import unescape

from channels import lint_words as words
from channels.brand import Brand
from channels.port import Content, Kind, Rendered
from channels.render import SMS_BUDGET
from channels.sms_text import normalise
from channels.view import view_of, words_level
from domain.levels import Channel, Level

SHORT_MESSAGES = (Channel.SMS, Channel.WHATSAPP)


class Rule(StrEnum):
    """What a message is held to."""

    BROKEN = "broken"
    UNUSED = "unused"
    MISSING = "missing"
    UNFILLED = "unfilled"
    THREAT = "threat"
    JUDICIAL = "judicial word"
    REPROACH = "reproach"
    SHOUTING = "shouting"
    EARLY = "too early"
    CHARGES = "charges"
    PROMOTION = "promotion"
    MONEY = "money"
    ADDRESS = "form of address"
    LINK = "short link"
    REMOTE = "remote content"
    SEGMENTS = "segments"
    SHAPE = "shape"


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that a message breaks, with what was found or is missing, for the author of its template."""

    rule: Rule
    told: str


def faults_in(content: Content, rendered: Rendered, brand: Brand = Brand()) -> list[Fault]:  # noqa: B008 - frozen
    """All faults of a message as it was rendered from this content."""
    view = view_of(content, brand)
    language = str(view["language"])
    texts = _texts(rendered)
    found = [*_missing(content, view, texts[:1] + texts[2:]), *_said(content, language, " ".join(texts))]
    found += _of_address(language, brand, texts[0])
    found += _of_html(rendered.html or "", view["logo"])
    if rendered.segments is not None and rendered.segments > SMS_BUDGET:
        found.append(Fault(Rule.SEGMENTS, f"takes {rendered.segments} segments, and {SMS_BUDGET} are allowed"))
    if content.channel is Channel.WHATSAPP:
        found += _of_shape(rendered)
    return list(dict.fromkeys(found))


def _texts(rendered: Rendered) -> list[str]:
    """The text, the subject and, of a mail, the words of its HTML; with ordinary spaces."""
    html = re.sub(r"<style.*?</style>|<!--.*?-->|<[^>]+>", " ", rendered.html or "", flags=re.DOTALL)
    texts = [rendered.text, rendered.subject or "", *((unescape(html),) if rendered.html else ())]
    return [" ".join(text.split()) for text in texts]


def _missing(content: Content, view: dict[str, object], texts: list[str]) -> Iterator[Fault]:
    language = str(view["language"])
    for name, wanted in _mandatory(content, view, language):
        if not all(wanted.search(normalise(text) if content.channel is Channel.SMS else text) for text in texts):
            yield Fault(Rule.MISSING, name)


def _mandatory(content: Content, view: dict[str, object], language: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    """What must be said, with how it is recognised."""
    if content.kind is Kind.SURVEY:
        yield "the scale, 1 to 10", words.SCALE
    if content.kind in (Kind.CHECK_IN, Kind.SURVEY):
        return
    yield "the invoice number", _exactly(content, content.lines[0].invoices[0].number)
    yield "the amount", _exactly(content, str(view["total"]))
    if content.kind is Kind.REMINDER:
        yield "the due date", _exactly(content, str(view["oldest"]), str(view["oldest_short"]))
        yield "that payment is not received yet", words.NOT_RECEIVED[language]
        yield "when will you pay?", words.WHEN[language]
        yield "is there a question or a problem?", words.QUESTIONS[language]
        if words_level(content) >= Level.FORMAL and content.channel not in SHORT_MESSAGES:
            yield "that it is a formal notice", words.NOTICE[language]


def _exactly(content: Content, *values: str) -> re.Pattern[str]:
    """One of these values."""
    plain = [" ".join(value.split()) for value in values]
    return re.compile("|".join(re.escape(normalise(one) if content.channel is Channel.SMS else one) for one in plain))


def _said(content: Content, language: str, text: str) -> Iterator[Fault]:
    """What must not be said, with the words that were found."""
    is_reminder = content.kind is Kind.REMINDER
    is_formal = is_reminder and words_level(content) >= Level.FORMAL
    has_charges = any(line.charges for line in content.lines)
    is_written = content.channel not in SHORT_MESSAGES
    rows = (
        (True, Rule.UNFILLED, words.UNFILLED, ""),
        (True, Rule.THREAT, words.THREATS[language], ""),
        (True, Rule.JUDICIAL, words.JUDICIAL[language], ": this is the amicable phase"),
        (True, Rule.REPROACH, words.REPROACHES[language], ""),
        (True, Rule.SHOUTING, words.SHOUTS, ""),
        (True, Rule.LINK, words.SHORT_LINKS, ": carriers filter it"),
        (not is_formal, Rule.EARLY, words.NOTICE[language], ": before a formal step"),
        (not is_formal, Rule.EARLY, words.CHARGES[language], ": before the step that may name charges"),
        (
            is_formal and not (has_charges and is_written),
            Rule.CHARGES,
            words.CHARGES[language],
            ": to a consumer, or from a step that names none",
        ),
        (not is_written, Rule.PROMOTION, words.PROMOTION[language], ": this would make the message advertising"),
        (content.kind in (Kind.CHECK_IN, Kind.SURVEY), Rule.MONEY, words.MONEY[language], ": not here"),
    )
    for applies, rule, pattern, why in rows:
        if applies and (said := pattern.search(text)):
            yield Fault(rule, f"“{said[0]}”{why}")


def _of_address(language: str, brand: Brand, text: str) -> Iterator[Fault]:
    if language == "fr" and (said := words.OTHER_ADDRESS[brand.address.value].search(text)):
        yield Fault(Rule.ADDRESS, f"“{said[0]}”: the brand's address is {brand.address.value}")


def _of_html(html: str, logo: object) -> Iterator[Fault]:
    for found in words.REMOTE.finditer(html):
        source = None if found["source"] is None else unescape(found["source"])
        if source is None or not (source == logo or source.startswith("cid:")):  # a cid's picture is in the mail
            yield Fault(Rule.REMOTE, f"“{found[0]}”: a mail holds no script and fetches nothing but the brand's logo")


def _of_shape(rendered: Rendered) -> Iterator[Fault]:
    """An approved text neither begins nor ends with a variable (docs/decisions/0010)."""
    text = rendered.text.strip()
    values = [value for value in rendered.content_variables.values() if value != "-"]
    if any(text.startswith(value) for value in values) or any(text.endswith(value) for value in values):
        yield Fault(Rule.SHAPE, "begins or ends with a variable: such a text is not approved")
