"""What was paid in part is asked for as a balance: nobody takes off again what he paid already."""

from dataclasses import replace
from datetime import date

import pytest

from channels.port import Content
from channels.samples import Case, sample, samples
from domain.account import Payment
from domain.levels import Channel, Level
from domain.money import Money
from tests.content_factories import LANGUAGES, RENDERER, TONES, a_line, content_in, html_of, plain, text_of

PAID = Payment(date(2026, 12, 5), Money(25_000, "EUR"))
WHOLE = Money(125_000, "EUR")
BALANCE = {"fr": "solde de la facture", "en": "balance of invoice"}
OF_PART = {"fr": "solde du versement 2", "en": "balance of instalment 2"}
LEFT = {"fr": "reste dû sur 1 250,00 €", "en": "left to pay out of €1,250.00"}


def in_part(tone: Level, channel: Channel, language: str, part: tuple[int, int] | None = None) -> Content:
    """1,000 euros of 1,250."""
    content = content_in(tone, channel, language)
    left = replace(content.lines[0], balance=Money(100_000, "EUR"), total=WHOLE, payments=(PAID,), part=part)
    return replace(content, lines=(left,))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.LETTER])
@pytest.mark.parametrize(("part", "named"), [(None, BALANCE), ((2, 3), OF_PART)])
def test_a_balance_is_called_one(
    language: str, tone: Level, channel: Channel, part: tuple[int, int] | None, named: dict[str, str]
) -> None:
    rendered = RENDERER.render(in_part(tone, channel, language, part))
    assert named[language] in plain(f"{rendered.subject} {rendered.text}").lower()
    if channel is Channel.EMAIL:
        assert rendered.subject is not None
        assert named[language] in plain(rendered.subject).lower()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_says_of_what_it_is_the_rest_in_text_and_html(language: str) -> None:
    content = in_part(Level.FIRM, Channel.EMAIL, language)
    assert LEFT[language] in text_of(content)
    assert LEFT[language] in plain(html_of(content))


@pytest.mark.parametrize(
    ("tone", "part", "sentence"),
    [
        (Level.UPCOMING, None, "le solde de la facture ci-dessous arrive bientôt à échéance."),
        (Level.UPCOMING, None, "tout à fait normal : il est à régler pour le"),
        (Level.UPCOMING, (2, 3), "le solde du versement 2 sur 3 de la facture ci-dessous arrive"),
        (Level.COURTEOUS, None, "nous n’avons pas encore reçu le règlement du solde de la facture ci-dessous."),
        (Level.FIRM, None, "Nous revenons vers vous au sujet du solde de la facture ci-dessous."),
        (Level.FIRM, (2, 3), "au sujet du solde du versement 2 sur 3 de la facture ci-dessous."),
        (Level.FORMAL, (2, 3), "pas encore reçu le solde du versement 2 sur 3 de la facture ci-dessous, qui était"),
    ],
)
def test_the_french_sentences_are_of_a_balance(tone: Level, part: tuple[int, int] | None, sentence: str) -> None:
    assert sentence in text_of(in_part(tone, Channel.EMAIL, "fr", part))


def test_the_firm_subject_agrees_with_the_balance() -> None:
    subject = RENDERER.render(in_part(Level.FIRM, Channel.EMAIL, "fr")).subject
    assert subject is not None
    assert plain(subject).startswith("Solde de la facture F-2026-0042 non réglé à ce jour : 1 000,00 €")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_sms_about_a_balance_still_takes_two_segments(language: str) -> None:
    for one in samples(language, Channel.SMS, longest=True):
        if one.case not in (Case.ONE, Case.INSTALMENT):
            continue
        line = replace(one.content.lines[0], total=Money(99_999_999, "EUR"))
        rendered = RENDERER.render(replace(one.content, lines=(line,)))
        assert rendered.segments is not None
        assert rendered.segments <= 2, rendered.text


def test_nothing_is_a_balance_where_nothing_was_taken_off() -> None:
    assert a_line().total is None
    assert "solde" not in text_of(sample(Case.ONE, Channel.EMAIL, "fr"))
