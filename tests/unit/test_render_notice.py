"""A formal demand is recognised as one, and its time is true on the day on which it is read."""

import re
from dataclasses import replace

import pytest

from channels.brand import Brand, Look
from channels.lint import Rule, faults_in
from channels.port import Address, Content
from channels.render import Renderer
from channels.samples import REMINDERS, Case, sample
from domain.levels import Channel, Level
from tests.content_factories import LANGUAGES, RENDERER, TEMPLATES, html_of, plain, text_of

NOTICE = {"fr": "mise en demeure", "en": "formal notice"}
WRITTEN = (Channel.EMAIL, Channel.LETTER)
DATED = re.compile(r"(?:d’ici au|au plus tard le|by) 30 (?:décembre|December) 2026")
"""Eight days from the day on which the sample is written."""

FROM_RECEIPT = {
    "fr": "dans les huit jours suivant la réception de cette lettre",
    "en": "within eight days of receiving this letter",
}


def formal(channel: Channel, language: str, case: Case = Case.ONE, level: Level = Level.FORMAL) -> Content:
    return sample(case, channel, language, level)


@pytest.mark.parametrize("level", [Level.FORMAL, Level.FINAL])
@pytest.mark.parametrize("case", REMINDERS)
@pytest.mark.parametrize("channel", WRITTEN)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_formal_demand_says_what_it_is_in_its_subject_and_in_its_body(
    language: str, channel: Channel, case: Case, level: Level
) -> None:
    """Source: Code civil, article 1344: the debtor is put on notice by an act that demands payment plainly enough."""
    rendered = RENDERER.render(formal(channel, language, case, level))
    letter = rendered.letter
    subject, body = (letter.subject, letter.body) if letter else (rendered.subject or "", rendered.text)
    assert NOTICE[language] in subject.lower()
    assert NOTICE[language] in body.lower()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_html_of_a_formal_mail_says_so_too(language: str) -> None:
    assert NOTICE[language] in html_of(formal(Channel.EMAIL, language)).split("</title>")[1].lower()


@pytest.mark.parametrize("level", [Level.UPCOMING, Level.COURTEOUS, Level.FIRM])
@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_before_it_says_so(language: str, channel: Channel, level: Level) -> None:
    rendered = RENDERER.render(formal(channel, language, level=level))
    assert NOTICE[language] not in f"{rendered.subject} {rendered.text} {rendered.html}".lower()


@pytest.mark.parametrize("case", [Case.ONE, Case.SEVERAL, Case.AGREED, Case.FULL])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letters_time_runs_from_its_receipt_because_nobody_knows_when_it_is_posted(
    language: str, case: Case
) -> None:
    """It is written when its task is opened: a date in it may have passed before it lies in a letter box."""
    rendered = RENDERER.render(formal(Channel.LETTER, language, case))
    assert rendered.letter is not None
    words = plain(f"{rendered.letter.subject}\n{rendered.text}")
    assert FROM_RECEIPT[language] in words
    assert not DATED.search(words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_is_read_on_its_day_and_names_the_date(language: str) -> None:
    rendered = RENDERER.render(formal(Channel.EMAIL, language))
    assert DATED.search(plain(rendered.subject or ""))
    assert DATED.search(plain(rendered.text))
    assert FROM_RECEIPT[language] not in plain(rendered.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_call_promises_no_date_that_was_counted_before_it_was_made(language: str) -> None:
    assert not re.search("30 (?:décembre|December)", text_of(formal(Channel.PHONE, language)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_posts_a_formal_letter_is_told_to_have_its_receipt_proved(language: str) -> None:
    proof = {"fr": "recommandé avec avis de réception", "en": "proof of delivery"}[language]
    assert proof in text_of(formal(Channel.LETTER, language))
    assert proof not in text_of(formal(Channel.LETTER, language, level=Level.FIRM))


def test_with_tu_it_is_still_one() -> None:
    renderer = Renderer(TEMPLATES, {}, {"": Look(brand=Brand(address=Address.INFORMAL))})
    assert "vaut mise en demeure" in plain(renderer.render(formal(Channel.EMAIL, "fr")).text)


@pytest.mark.parametrize("channel", WRITTEN)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lint_misses_the_words_where_an_operators_own_leave_them_out(language: str, channel: Channel) -> None:
    content = formal(channel, language)
    rendered = RENDERER.render(content)
    plainer = re.compile(NOTICE[language], re.IGNORECASE)
    without = replace(
        rendered,
        subject=plainer.sub("demande", rendered.subject or ""),
        text=plainer.sub("demande", rendered.text),
        html=rendered.html and plainer.sub("demande", rendered.html),
    )
    assert [one for one in faults_in(content, rendered) if one.rule is Rule.MISSING] == []
    assert [one.told for one in faults_in(content, without)] == ["that it is a formal notice"]
