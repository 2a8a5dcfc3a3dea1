"""Every reason and every journal event of ours has its sentence, in both languages, with facts that it is given."""

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.wiring import DEFAULT_SELLER
from domain.levels import Channel, Level
from domain.outcomes import AttemptState
from domain.reasons import Code
from store.journal import Entry
from web.sentences import EVENTS, REASONS, explain, tell
from web.words import LABELS, WORDS

ROOT = Path(__file__).parents[2]
PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 11, 24, 11, tzinfo=UTC)


def journaled() -> set[str]:
    """The events that the steps write: the third argument of each Entry."""
    found = set()
    for path in (ROOT / "workers").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        for call in re.findall(r"Entry\((.{0,200})", text, re.DOTALL):
            found |= set(re.findall(r'"([a-z]+\.[a-z_]+)"', call)[:1])
    return found


def test_every_reason_has_its_sentence() -> None:
    assert set(REASONS) == set(Code)


def test_every_journal_event_has_its_sentence() -> None:
    found = journaled()
    assert len(found) >= 6
    assert found <= set(EVENTS)


@pytest.mark.parametrize("pair", [*REASONS.values(), *EVENTS.values()])
def test_both_languages_tell_the_same_facts(pair: tuple[str, str]) -> None:
    assert set(re.findall(r"\{(\w+)\}", pair[0])) == set(re.findall(r"\{(\w+)\}", pair[1]))


def test_every_state_channel_and_level_has_its_word() -> None:
    needed = {*AttemptState, *Channel, *(level.word for level in Level)}
    assert needed <= set(WORDS)
    assert all(all(pair) for pair in [*WORDS.values(), *LABELS.values()])


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("fr", "Contact récent : au moins 3 jours entre deux, donc pas avant le 26 nov. 2026, 09:00."),
        ("en", "Contacted lately: at least 3 days between contacts, so not before 26 Nov 2026, 09:00."),
    ],
)
def test_a_reason_is_told_in_the_readers_language_and_zone(language: str, sentence: str) -> None:
    reason = {"code": "gap", "facts": {"days": 3, "until": "2026-11-26T08:00:00+00:00"}}
    assert explain([reason], language, PARIS) == (sentence,)


def test_what_is_not_known_is_left_out() -> None:
    held = {"code": "customer_held", "facts": {"reason": "", "until": None}}
    promised = {"code": "unit_promised", "facts": {"unit": "F-1", "until": "2026-12-01"}}
    assert explain([held, promised], "en", PARIS) == (
        "Reminders are on hold.",
        "F-1: payment promised, it waits until 1 December 2026.",
    )


def test_a_plan_is_told_with_its_reasons() -> None:
    reminder = {"at": "2026-11-26T08:00:00+00:00", "step": "first", "level": "courteous", "channel": "email"}
    facts = {"policy": "standard@1", "reminder": reminder, "reasons": [{"code": "nothing_owed", "facts": {}}]}
    told = tell(Entry(DEFAULT_SELLER, NOON, "plan.changed", facts), "en", PARIS)
    assert told.text == "Planned: step “first” over e-mail on 26 Nov 2026, 09:00."
    assert told.why == ("Nothing is owed.",)


def test_what_has_no_sentence_is_shown_as_it_is() -> None:
    """Strangers' words are never read as a pattern."""
    told = tell(Entry(DEFAULT_SELLER, NOON, "moon.rose", {"by": "{at} [x]"}), "fr", PARIS)
    assert told.text == "moon.rose by={at} [x]"
    assert explain([{"code": "new_code"}], "fr", PARIS) == ("new_code",)
