"""What an exacting reader would stumble over: an article, an agreement, a number where it does not belong."""

import re
from dataclasses import replace
from datetime import date

import pytest

from channels.port import Content
from channels.samples import Case, sample
from domain.account import Payment
from domain.charges import Penalty, UnitCharges
from domain.levels import Channel, Level
from domain.money import Money
from domain.rates import STATUTORY
from tests.content_factories import LANGUAGES, RENDERER, TODAY, TONES, a_line, content_in, html_of, plain, text_of


def subject_of(content: Content) -> str:
    return plain(RENDERER.render(content).subject or "")


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("case", [Case.PART_PAID, Case.FULL])
def test_english_texts_say_the_balance(tone: Level, case: Case) -> None:
    assert not re.search("for balance|about balance", text_of(sample(case, Channel.SMS, "en", tone)))


@pytest.mark.parametrize("tone", TONES)
def test_english_texts_say_the_balance_of_several_instalments(tone: Level) -> None:
    content = sample(Case.AGREED, Channel.SMS, "en", tone)
    [line] = content.lines
    two = replace(content, lines=(replace(line, total=Money(55_000, "EUR")), line))
    assert not re.search("for balance", text_of(two))


@pytest.mark.parametrize("minor", [100, 150, 25_000])
def test_what_came_in_agrees_whatever_the_amount(minor: int) -> None:
    """French counts from two on: 1,50 € is singular."""
    line = a_line(payments=(Payment(date(2026, 12, 5), Money(minor, "EUR")),), total=Money(125_000 + minor, "EUR"))
    content = content_in(Level.FIRM, Channel.EMAIL, "fr", lines=(line,))
    for text in (text_of(content), plain(html_of(content))):
        assert re.search(r"règlement de \d+,\d\d € reçu le 5 décembre 2026", text)
        assert "reçus" not in text
    assert "reçus" not in text_of(sample(Case.THANKS, Channel.EMAIL, "fr"))


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_invoice_is_named_beside_their_number_and_not_beside_the_sum(language: str, tone: Level) -> None:
    subject = subject_of(sample(Case.SEVERAL, Channel.EMAIL, language, tone))
    assert {"fr": "3 factures (dont F-2026-0042)", "en": "3 invoices (including F-2026-0042)"}[language] in subject


def test_a_formal_letter_ends_as_it_begins() -> None:
    text = text_of(sample(Case.ONE, Channel.LETTER, "fr", Level.FORMAL))
    assert "\nMadame, Monsieur,\n" in text
    assert "Nous vous prions d’agréer, Madame, Monsieur, nos salutations distinguées." in text
    mail = text_of(sample(Case.ONE, Channel.EMAIL, "fr", Level.FORMAL))
    assert "Madame" not in mail
    assert "Nous vous prions d’agréer nos salutations distinguées." in mail


@pytest.mark.parametrize(
    ("case", "language", "heading"),
    [
        (Case.ONE, "fr", "La facture (paiement non encore reçu)"),
        (Case.SEVERAL, "fr", "Les factures (paiement non encore reçu)"),
        (Case.AGREED, "fr", "L’échéance (paiement non encore reçu)"),
        (Case.PART_PAID, "fr", "La facture (solde non encore reçu)"),
        (Case.ONE, "en", "The invoice (payment not received yet)"),
        (Case.SEVERAL, "en", "The invoices (payment not received yet)"),
        (Case.AGREED, "en", "The instalment (payment not received yet)"),
        (Case.PART_PAID, "en", "The invoice (balance not received yet)"),
    ],
)
@pytest.mark.parametrize("channel", [Channel.PHONE, Channel.VISIT])
def test_a_sheet_counts_what_it_lists(channel: Channel, case: Case, language: str, heading: str) -> None:
    assert heading in text_of(sample(case, channel, language)).splitlines()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_penalties_of_two_instalments_are_told_apart(language: str) -> None:
    span = Penalty(date(2026, 12, 3), TODAY, Money(40_000, "EUR"), STATUTORY.number, Money(266, "EUR"))
    one = replace(
        sample(Case.INSTALMENT, Channel.EMAIL, language).lines[0], charges=UnitCharges((span,), (), STATUTORY)
    )
    text = text_of(content_in(Level.FORMAL, Channel.EMAIL, language, lines=(replace(one, part=(1, 3)), one)))
    named = {
        "fr": r"- Facture F-2026-0042 \(versement {} sur 3\), p",
        "en": r"- Invoice F-2026-0042 \(instalment {} of 3\), l",
    }
    assert all(re.search(named[language].format(at), text) for at in (1, 2))


def test_no_text_says_not_yet_and_to_this_day_in_one_breath() -> None:
    assert not re.search("pas encore parvenu à ce jour", text_of(sample(Case.ONE, Channel.SMS, "fr", Level.FIRM)))


LEAD = {
    ("fr", Case.AGREED): "2 échéances (dont celle des factures F-2026-0042 et F-2026-0050)",
    ("fr", Case.INSTALMENT): "2 échéances (dont le versement 2 sur 3 de la facture F-2026-0042)",
    ("en", Case.AGREED): "2 instalments (including that of invoices F-2026-0042 and F-2026-0050)",
    ("en", Case.INSTALMENT): "2 instalments (including instalment 2 of 3 of invoice F-2026-0042)",
}


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize(("language", "case"), list(LEAD))
def test_an_instalment_is_not_named_as_the_invoice_that_it_is_of(language: str, case: Case, tone: Level) -> None:
    content = sample(case, Channel.EMAIL, language, tone)
    assert LEAD[language, case] in subject_of(replace(content, lines=content.lines * 2))


@pytest.mark.parametrize("tone", [Level.COURTEOUS, Level.FIRM])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_calls_itself_one(language: str, tone: Level) -> None:
    letter, mail = (text_of(sample(Case.ONE, channel, language, tone)) for channel in (Channel.LETTER, Channel.EMAIL))
    assert {"fr": "ne pas tenir compte de cette lettre", "en": "disregard this letter"}[language] in letter
    assert {"fr": "ne pas tenir compte de ce message", "en": "disregard this message"}[language] in mail


@pytest.mark.parametrize("tone", [Level.COURTEOUS, Level.FIRM])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_after_a_broken_promise_has_room_to_name_its_day(language: str, tone: Level) -> None:
    """It is the one reminder that names it: with a seller of 14 letters, as in `Atelier Dupont`."""
    rendered = RENDERER.render(sample(Case.BROKEN_PROMISE, Channel.SMS, language, tone))
    named = {
        "fr": "), annoncé pour le 16 décembre 2026, ne nous est pas",
        "en": "told us to expect it by 16 December 2026",
    }
    assert named[language] in plain(rendered.text)
    assert rendered.segments == 2


@pytest.mark.parametrize("total", [None, Money(150_000, "EUR")])
@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_call_about_an_instalment_does_not_speak_of_the_whole_invoice(
    language: str, tone: Level, total: Money | None
) -> None:
    """« La facture F-9 était à régler pour le 2 décembre », where one instalment of three was."""
    line = a_line(part=(2, 3), total=total)
    upcoming = tone is Level.UPCOMING
    content = content_in(tone, Channel.PHONE, language, lines=(replace(line, days_late=-5 if upcoming else 20),))
    text = text_of(content)
    opening = text[text.index("\n1. ") : text.index("\n2. ")]
    part = {"fr": "versement 2 sur 3 de ", "en": "instalment 2 of 3 of "}[language]
    assert part in opening.lower()
    assert ({"fr": "solde du versement", "en": "balance of instalment"}[language] in opening.lower()) == (
        total is not None and tone in (Level.COURTEOUS, Level.FIRM)
    )
    assert not re.search(r"\b(de de|de le|du du|du le|le le|le du|for for|of of|the the)\b", opening.lower())


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("same_day", [True, False])
def test_a_call_about_instalments_of_one_invoice_does_not_speak_of_invoices(
    language: str, tone: Level, same_day: bool
) -> None:
    """« Nos factures », where two instalments of one are due."""
    upcoming = tone is Level.UPCOMING
    first = replace(a_line(part=(1, 3)), days_late=-5 if upcoming else 20)
    second = replace(first, part=(2, 3), due_on=first.due_on if same_day else date(2026, 12, 12))
    text = text_of(content_in(tone, Channel.PHONE, language, lines=(first, second)))
    opening = text[text.index("\n1. ") : text.index("\n2. ")]
    goal = text[text.index({"fr": "\nObjectif", "en": "\nGoal"}[language]) :].split("\n\n", 1)[0]
    assert not re.search("factures|invoices", text), "there is one"
    assert {"fr": "échéances", "en": "instalments"}[language] in opening.lower()
    assert {"fr": "de la facture F-2026-0042", "en": "of invoice F-2026-0042"}[language] in opening
    assert "  " not in opening + goal


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_call_about_invoices_and_instalments_of_a_plan_names_both(language: str, tone: Level) -> None:
    [agreed] = sample(Case.AGREED, Channel.PHONE, language, tone).lines
    text = text_of(content_in(tone, Channel.PHONE, language, lines=(replace(a_line(), number="F-9"), agreed)))
    opening = text[text.index("\n1. ") : text.index("\n2. ")].lower()
    assert {"fr": "règlements" if tone is Level.FIRM else "échéances", "en": "instalments"}[language] in opening
    text = text_of(content_in(tone, Channel.PHONE, language, lines=(agreed, agreed)))
    opening = text[text.index("\n1. ") : text.index("\n2. ")].lower()
    assert {"fr": "échéances", "en": "instalments"}[language] in opening
    assert not re.search("factures|invoices", opening)


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letters_subject_has_one_colon(language: str, tone: Level) -> None:
    """« Objet : Mise en demeure de payer : facture … »: a line has one, and a dash stands for the other."""
    for case in (Case.ONE, Case.SEVERAL, Case.PART_PAID, Case.AGREED, Case.AFTER_CALL, Case.BROKEN_PROMISE):
        content = sample(case, Channel.LETTER, language, tone)
        line = next(one for one in text_of(content).splitlines() if re.match("Objet|Subject", one))
        assert line.count(":") == 1
        letter = RENDERER.render(content).letter
        assert letter is None or plain(letter.subject) == line
