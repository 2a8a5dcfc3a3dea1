"""What is said of an instalment of an agreed payment plan: that it was agreed, for when, and for which invoices."""

import re
from dataclasses import replace

import pytest

from channels.codes import codes_of
from channels.port import Content, Covered, Line
from channels.samples import Case, sample
from domain.charges import UnitCharges
from domain.levels import PERSON_CHANNELS, Channel, Level
from domain.rates import STATUTORY
from tests.content_factories import LANGUAGES, RENDERER, TONES, html_of, plain, text_of

IBAN = "FR7630006000011234567890189"
NAMED = {
    "fr": "factures F-2026-0042 et F-2026-0050",
    "en": "invoices F-2026-0042 and F-2026-0050",
}
SHORT = {"fr": "F-2026-0042 et 1 autre", "en": "F-2026-0042 and 1 other"}
"""What an SMS says that has no room for both."""
LINE = {
    "fr": "- Échéance convenue (factures F-2026-0042 et F-2026-0050) : 400,00 €, à régler pour le 2 décembre 2026,",
    "en": "- Agreed instalment (invoices F-2026-0042 and F-2026-0050): €400.00, due on 2 December 2026, 20 days late",
}
SUBJECT = {
    "fr": "échéance convenue pour le 2 décembre 2026, 400,00 € (factures F-2026-0042 et F-2026-0050)",
    "en": "instalment agreed for 2 December 2026, €400.00 (invoices F-2026-0042 and F-2026-0050)",
}
AS_AN_INVOICE = (
    "la facture ci-dessous",
    "cette facture",
    "the invoice below",
    "this invoice",
    "la facture F-",
    "invoice F-",
)


def agreed(channel: Channel, language: str, level: Level = Level.COURTEOUS) -> Content:
    return sample(Case.AGREED, channel, language, level)


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_calls_it_an_invoice(language: str, channel: Channel, tone: Level) -> None:
    rendered = RENDERER.render(agreed(channel, language, tone))
    words = plain(f"{rendered.subject or ''}\n{rendered.text}")

    assert NAMED[language] in words or (channel is Channel.SMS and SHORT[language] in words)
    words = words.replace("See invoice F-", "").replace("Voir la facture F-", "")
    assert [said for said in AS_AN_INVOICE if said in words] == []


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.LETTER])
@pytest.mark.parametrize("language", LANGUAGES)
def test_mails_and_letters_say_what_was_agreed(language: str, channel: Channel) -> None:
    rendered = RENDERER.render(agreed(channel, language))
    words = plain(rendered.text)

    assert LINE[language] in words
    assert SUBJECT[language] in (plain(rendered.subject or "") if channel is Channel.EMAIL else words)
    assert {"fr": "convenu pour le 2 décembre 2026", "en": "agreed for 2 December 2026"}[language] in words


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_subject_of_every_tone_says_that_it_was_agreed(language: str, tone: Level) -> None:
    subject = plain(RENDERER.render(agreed(Channel.EMAIL, language, tone)).subject or "")
    assert {"fr": "chéance convenue pour le ", "en": "nstalment agreed for "}[language] in subject


def test_whatsapp_says_so_in_the_approved_text() -> None:
    variables = RENDERER.render(agreed(Channel.WHATSAPP, "fr")).content_variables
    assert plain(variables["3"]) == "échéance convenue (factures F-2026-0042 et F-2026-0050)"


def test_every_invoice_has_its_own_link() -> None:
    content = agreed(Channel.EMAIL, "fr")
    text = text_of(content)

    for number in ("F-2026-0042", "F-2026-0050"):
        assert f"Voir la facture {number} : https://billing.example.com/{number}.pdf" in text
        assert f"- Payer {number} en ligne : https://pay.example.com/{number}" in text
        assert f'href="https://billing.example.com/{number}.pdf"' in html_of(content)
        assert f'href="https://pay.example.com/{number}"' in html_of(content)
    assert [code.numbers for code in codes_of(content.lines, "A")] == [("F-2026-0042",), ("F-2026-0050",)]


def test_a_plan_of_one_invoice_has_one_link_and_one_document() -> None:
    [line] = agreed(Channel.EMAIL, "fr").lines
    text = text_of(replace(agreed(Channel.EMAIL, "fr"), lines=(replace(line, number="F-1", agreed=line.agreed[:1]),)))

    assert "Échéance convenue (facture F-2026-0042)" in text
    assert "Voir la facture : https://billing.example.com/F-2026-0042.pdf" in text
    assert "Payer en ligne : https://pay.example.com/F-2026-0042" in text


def test_a_transfer_pays_the_instalment_and_names_each_invoice_once() -> None:
    [line] = agreed(Channel.EMAIL, "fr").lines
    first, second = replace(line, iban=IBAN), replace(line, iban=IBAN)
    content = replace(agreed(Channel.EMAIL, "fr"), lines=(first, second))

    [code] = codes_of(content.lines, "A")

    assert code.payload.endswith(b"EUR800.00\n\n\nF-2026-0042, F-2026-0050")
    assert "en indiquant la référence F-2026-0042 et F-2026-0050\n" in text_of(content)
    assert "2 échéances" in text_of(content)


@pytest.mark.parametrize("channel", sorted(PERSON_CHANNELS))
def test_sheets_count_no_days_from_an_issue(channel: Channel) -> None:
    text = text_of(agreed(channel, "fr"))

    assert "Conditions :" not in text
    assert "émise le" not in text


def test_a_plan_over_many_invoices_names_three_of_them_where_there_is_little_room() -> None:
    covered = tuple(Covered(f"F-{at}") for at in range(1, 6))
    [line] = agreed(Channel.SMS, "fr").lines
    many = replace(line, number="F-1, …", agreed=covered)

    assert "factures F-1, F-2, F-3 et 2 autres" in text_of(replace(agreed(Channel.SMS, "fr"), lines=(many,)))
    mail = replace(agreed(Channel.EMAIL, "fr"), lines=(many,))
    assert "(factures F-1, F-2, F-3, F-4 et F-5)" in text_of(mail)
    assert "(factures F-1, F-2, F-3 et 2 autres)" in (RENDERER.render(mail).subject or "")
    assert "modalités indiquées sur les factures" in text_of(mail)


@pytest.mark.parametrize("language", LANGUAGES)
def test_penalties_are_those_of_the_instalment(language: str) -> None:
    content = agreed(Channel.EMAIL, language, Level.FORMAL)
    charged = replace(content.lines[0], charges=UnitCharges((), (), STATUTORY))
    said = {"fr": "pénalités de retard", "en": "late-payment penalties"}[language]

    text = text_of(replace(content, lines=(charged,)))

    assert f"({NAMED[language]}), {said}" in text


def a_line_of(*covered: Covered, iban: str | None = None) -> Line:
    [line] = agreed(Channel.EMAIL, "fr").lines
    return replace(line, number=", ".join(one.number for one in covered), agreed=covered, iban=iban)


PAYABLE = Covered("F-1", None, "https://pay.example.com/F-1")
ALL_THE_SAME = "Selon les modalités indiquées sur les factures"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((a_line_of(PAYABLE, Covered("F-2", None, "https://pay.example.com/F-2")),), None),
        ((a_line_of(Covered("F-1"), Covered("F-2"), iban=IBAN),), None),
        ((a_line_of(PAYABLE, Covered("F-2")),), "Pour l’autre : "),
        ((a_line_of(PAYABLE, Covered("F-2"), Covered("F-3")),), "Pour les autres : "),
        ((a_line_of(PAYABLE, Covered("F-2")),) * 2, "Pour l’autre : "),
        ((a_line_of(Covered("F-1"), Covered("F-2")),), ALL_THE_SAME),
    ],
)
@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.PHONE])
def test_what_is_said_of_other_ways_to_pay_is_true_of_the_plans_invoices(
    channel: Channel, lines: tuple[Line, ...], said: str | None
) -> None:
    """Each is looked at by itself, once: a page, or an account that takes the instalment, is a way."""
    text = text_of(replace(agreed(channel, "fr"), lines=lines))
    found = [words for words in ("Pour l’autre : ", "Pour les autres : ", ALL_THE_SAME) if words in text]
    assert found == ([said] if said else [])


@pytest.mark.parametrize("language", LANGUAGES)
def test_short_messages_point_to_all_the_invoices_of_a_plan_that_has_no_way(language: str) -> None:
    lines = (a_line_of(Covered("F-1"), Covered("F-2")),)
    for channel in (Channel.SMS, Channel.WHATSAPP):
        text = plain(text_of(replace(agreed(channel, language), lines=lines)))
        assert {"fr": "sur les factures", "en": "the invoices"}[language] in text


@pytest.mark.parametrize("by_transfer", [False, True])
@pytest.mark.parametrize("lines", [1, 2])
@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_sms_about_a_plan_over_many_invoices_takes_two_segments(
    language: str, tone: Level, lines: int, by_transfer: bool
) -> None:
    """With the longest names, and a page for each invoice, or an account for all of them."""
    content = sample(Case.AGREED, Channel.SMS, language, tone, longest=True)
    page = None if by_transfer else "https://pay.example.com/i/" + 23 * "x"
    covered = tuple(Covered(f"FACT-2026-{at:05}", None, page and f"{page}{at}") for at in range(9))
    iban = "MT84MALT011000012345MTLCAST001S" if by_transfer else None
    long = replace(content, lines=(replace(content.lines[0], agreed=covered, iban=iban),) * lines)

    rendered = RENDERER.render(long)

    assert rendered.segments is not None
    assert rendered.segments <= 2, f"{len(rendered.text)}: {rendered.text}"


def test_an_sms_of_several_instalments_names_one_invoice_of_their_plan() -> None:
    content = agreed(Channel.SMS, "fr")
    text = text_of(replace(content, lines=content.lines * 2))
    assert "2 échéances (800,00 € en tout, dont F-2026-0042 ; pour le 2 décembre 2026)" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatsapp_names_what_two_instalments_are_of_once(language: str) -> None:
    for case, named in ((Case.AGREED, NAMED[language].split(" ", 1)[1]), (Case.INSTALMENT, "F-2026-0042")):
        content = sample(case, Channel.WHATSAPP, language)
        sent = RENDERER.render(replace(content, lines=content.lines * 2)).content_variables
        assert plain(sent["3"]) == f"2 {'échéances' if language == 'fr' else 'instalments'} ({named})"


def in_part(channel: Channel, language: str, level: Level, *, longest: bool = False) -> Content:
    """Of 550.00 euros that were agreed, 400.00 are still open."""
    content = sample(Case.AGREED, channel, language, level, longest=longest)
    whole = replace(content.lines[0].balance, minor=content.lines[0].balance.minor + 15_000)
    return replace(content, lines=(replace(content.lines[0], total=whole),))


REST = {
    "fr": re.compile("solde (de l[’']échéance|du règlement) convenue?"),
    "en": re.compile("balance of (the )?(agreed )?instalment"),
}


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.LETTER])
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_left_of_an_instalment_is_called_its_balance(language: str, channel: Channel, tone: Level) -> None:
    rendered = RENDERER.render(in_part(channel, language, tone))
    assert REST[language].search(plain(f"{rendered.subject or ''}\n{rendered.text}").lower())
    if channel is Channel.EMAIL:
        assert REST[language].search(plain(rendered.subject or "").lower())


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.LETTER])
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", ": 400,00 €, reste dû sur 550,00 €, à régler pour le 2 décembre 2026, 20 jours de retard"),
        ("en", ": €400.00, left to pay out of €550.00, due on 2 December 2026, 20 days late"),
    ],
)
def test_mails_and_letters_say_what_is_left_and_what_was_agreed(channel: Channel, language: str, said: str) -> None:
    assert said in text_of(in_part(channel, language, Level.FIRM))


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_sms_about_what_is_left_takes_two_segments(language: str, tone: Level) -> None:
    rendered = RENDERER.render(in_part(Channel.SMS, language, tone, longest=True))
    assert rendered.segments is not None
    assert rendered.segments <= 2, f"{len(rendered.text)}: {rendered.text}"
