"""The texts of the pages and of `relance explain`: words that fit each channel, spaces that no line breaks at."""

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from channels.lint_words import NOTICE
from config.wiring import DEFAULT_SELLER
from domain.levels import Level
from domain.reasons import Code
from store.journal import Entry
from web.event_texts import EVENTS
from web.reason_texts import REASONS
from web.sentences import explain, tell
from web.words import LANGUAGES, WORDS, labels, word

ROOT = Path(__file__).parents[2]
PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 11, 24, 11, tzinfo=UTC)
SENTENCES = (*REASONS.values(), *EVENTS.values())


@pytest.mark.parametrize(
    ("channel", "chosen", "unusable"),
    [
        ("phone", "By phone call, to p1.", "Not by phone call: no address."),
        ("sms", "By SMS, to p1.", "Not by SMS: no address."),
    ],
)
def test_a_channel_is_told_in_words_that_fit_each(channel: str, chosen: str, unusable: str) -> None:
    reasons = [
        {"code": "channel_chosen", "facts": {"channel": channel, "contact": "p1"}},
        {"code": "channel_unusable", "facts": {"channel": channel, "why": "no_address"}},
    ]
    assert explain(reasons, "en", PARIS) == (chosen, unusable)


def test_no_contact_is_told_as_made_over_a_channel() -> None:
    """“Over phone call”, “over visit” and “for visit” are no English, and any channel may stand there."""
    assert not [english for _, english in SENTENCES if re.search(r"\bover \{channel\}", english, re.IGNORECASE)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_level_claims_to_be_a_legal_act(language: str) -> None:
    """No shipped message is a formal notice in the law's sense, and an SMS of that level least of all."""
    assert [
        word(level.word, language) for level in Level if NOTICE[language].search(word(level.word, language))
    ] == []


LOOSE = re.compile(r" [:;?!»%]|« ")
"""What a line break would tear apart in French."""


def all_told(language: str) -> list[str]:
    """Every text of the pages that is not in a template; each sentence with a word for each of its facts."""
    words = dict.fromkeys(re.findall(r"\{(\w+)\}", " ".join(french for french, _ in SENTENCES)), "x")
    reasons = explain([{"code": code, "facts": words} for code in Code], language, PARIS)
    events = [tell(Entry(DEFAULT_SELLER, NOON, event, words), language, PARIS).text for event in EVENTS]
    return [*labels(language).values(), *(word(name, language) for name in WORDS), *reasons, *events]


def test_no_french_text_of_the_pages_has_a_plain_space_where_none_may_break() -> None:
    told = all_told("fr")
    assert sum("\u00a0" in text for text in told) > 50
    assert [text for text in told if LOOSE.search(text)] == []


def test_english_texts_of_the_pages_have_no_such_spaces() -> None:
    assert [text for text in all_told("en") if "\u00a0" in text or LOOSE.search(text)] == []


def test_page_templates_leave_signs_to_the_texts() -> None:
    """A template speaks both languages."""
    templates = list((ROOT / "web/templates").glob("*.html"))
    assert templates
    for path in templates:
        bare = re.sub(r"\{[{%].*?[%}]\}", "x", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert LOOSE.search(bare) is None, path.name


def test_strangers_words_keep_their_spaces() -> None:
    held = {"code": "customer_held", "facts": {"reason": "wait : « x »"}}
    assert explain([held], "fr", PARIS) == ("Relances suspendues\u00a0: wait : « x ».",)
    assert word("a : b", "fr") == "a : b"
