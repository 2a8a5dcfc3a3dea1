"""What a message says about money: charges where words are formal, what was taken off, and other open invoices."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from channels.port import Content, Line
from domain.account import CreditNote, Payment
from domain.charges import Penalty, Recovery, UnitCharges
from domain.levels import Channel, Level
from domain.money import Money
from domain.rates import STATUTORY, PenaltyRate, RateBasis
from tests.content_factories import LANGUAGES, RENDERER, TONES, a_line, content_in, html_of, plain, text_of

IBAN = "FR7630006000011234567890189"
WRITTEN = (Channel.EMAIL, Channel.LETTER)
FORMAL_TONES = (Level.FORMAL, Level.FINAL)

CHARGED = re.compile(r"p[ée]nalt|pénalit|indemnit|compensation|L441|frais de recouvrement|recovery", re.IGNORECASE)


def a_charge(**changes: Any) -> UnitCharges:
    """1,250.00 euros, 20 days late at 12.15 %, and the 40 euros of F-2026-0042."""
    span = Penalty(date(2026, 12, 3), date(2026, 12, 22), Money(125_000, "EUR"), Decimal("12.15"), Money(832, "EUR"))
    usual = UnitCharges((span,), (Recovery("F-2026-0042", Money(4_000, "EUR")),), STATUTORY)
    return replace(usual, **changes)


def a_charged_line(**changes: Any) -> Line:
    return a_line(**{"charges": a_charge(), **changes})


def in_formal(language: str, *lines: Line, channel: Channel = Channel.EMAIL, **changes: Any) -> Content:
    return content_in(Level.FORMAL, channel, language, lines=lines, **changes)


def said_in(content: Content) -> str:
    """The words of a mail's HTML, without its tags."""
    return " ".join(plain(re.sub(r"<[^>]+>", " ", html_of(content))).split())


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("language", LANGUAGES)
def test_without_charges_no_word_of_any(language: str, channel: Channel, tone: Level) -> None:
    content = content_in(tone, channel, language, count=2, ask=("when", "questions", "reason"))
    assert not CHARGED.search(text_of(content))
    assert channel is not Channel.EMAIL or not CHARGED.search(html_of(content))


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("language", LANGUAGES)
def test_charges_are_named_in_formal_writing_alone(language: str, channel: Channel, tone: Level) -> None:
    """Whatever a caller hands over: never before `formal`, never by SMS, WhatsApp or in a call."""
    content = content_in(tone, channel, language)
    content = replace(content, lines=tuple(replace(line, charges=a_charge()) for line in content.lines))

    names_them = channel in WRITTEN and tone in FORMAL_TONES
    assert bool(CHARGED.search(text_of(content))) is names_them
    if channel is Channel.EMAIL:
        assert bool(CHARGED.search(html_of(content))) is names_them


@pytest.mark.parametrize(
    ("channel", "by_when"),
    [
        (Channel.EMAIL, "au plus tard le 30 décembre 2026"),
        (Channel.LETTER, "dans les huit jours suivant la réception de cette lettre"),
    ],
)
def test_a_french_formal_demand_itemises_what_comes_on_top(channel: Channel, by_when: str) -> None:
    text = text_of(in_formal("fr", a_charged_line(), channel=channel))

    assert (
        """\
À ce montant s’ajoutent, au 22 décembre 2026 :
- Facture F-2026-0042, pénalités de retard : 8,32 €
  du 3 décembre 2026 au 22 décembre 2026, 20 jours à 12,15 % l’an sur 1 250,00 € : 8,32 €
- Facture F-2026-0042, indemnité forfaitaire pour frais de recouvrement : 40,00 €
Total des pénalités et indemnités : 48,32 €
Total à régler, pénalités et indemnités comprises : 1 298,32 €

Ces sommes sont dues de plein droit, sans qu’un rappel soit nécessaire, en application des articles L441-10 et \
D441-5 du Code de commerce. Les pénalités de retard sont calculées sur le montant toutes taxes comprises (taux \
d’intérêt appliqué par la Banque centrale européenne à son opération de refinancement la plus récente majoré de 10 \
points de pourcentage) et courent jusqu’au jour du paiement.
"""
        in text
    )
    assert (
        "régler la somme de 1 250,00 €, augmentée des pénalités de retard et de l’indemnité forfaitaire ci-dessus, "
        f"soit 1 298,32 € à ce jour, {by_when}." in text
    )


def test_an_english_formal_demand_itemises_what_comes_on_top() -> None:
    text = text_of(in_formal("en", a_charged_line()))

    assert (
        """\
In addition, as of 22 December 2026, the following is due:
- Invoice F-2026-0042, late-payment penalties: €8.32
  3 December 2026 to 22 December 2026, 20 days at 12.15% a year on €1,250.00: €8.32
- Invoice F-2026-0042, fixed compensation for recovery costs: €40.00
Total penalties and compensation: €48.32
Total to pay, penalties and compensation included: €1,298.32

These sums are due by operation of law, without any reminder being necessary, under articles L441-10 and D441-5 of \
the French Commercial Code. Late-payment penalties are calculated on the amount including tax (the European Central \
Bank’s main refinancing rate plus 10 percentage points) and run until the day of payment.
"""
        in text
    )
    assert (
        "We ask you to pay €1,250.00, plus the penalties and the fixed compensation above, that is €1,298.32 as of "
        "today, by 30 December 2026 at the latest." in text
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_html_says_the_same(language: str) -> None:
    content = in_formal(language, a_charged_line(), statement=(a_line(number="F-9"),))
    start = {"fr": "À ce montant", "en": "In addition"}[language]
    text = text_of(content)
    told = [line.strip(" -") for line in text[text.index(start) :].splitlines() if line and "F-9" not in line]

    assert [line for line in told if "http" not in line and line not in said_in(content)] == []
    assert "F-9" in said_in(content)


def test_currencies_are_totalled_apart() -> None:
    """An invoice in dollars has its penalties in dollars; the fixed charge is in euros."""
    span = Penalty(date(2026, 12, 3), date(2026, 12, 22), Money(100_000, "USD"), Decimal("12.15"), Money(666, "USD"))
    dollars = a_line(number="F-7", balance=Money(100_000, "USD"), charges=a_charge(penalties=(span,)))

    text = text_of(in_formal("fr", a_charged_line(charges=a_charge(recoveries=())), dollars))

    assert "Total à régler : 1 250,00 € et 1 000,00 $US" in text
    assert "Total des pénalités et indemnités : 48,32 € et 6,66 $US" in text
    assert "Total à régler, pénalités et indemnités comprises : 1 298,32 € et 1 006,66 $US" in text


@pytest.mark.parametrize(
    ("rule", "fr", "en"),
    [
        (PenaltyRate(RateBasis.LEGAL, Decimal(3)), "3 fois le taux de l’intérêt légal", "3 times the French legal"),
        (PenaltyRate(RateBasis.LEGAL, Decimal("3.50")), "3,5 fois le taux", "3.5 times the French legal"),
        (PenaltyRate(RateBasis.AGREED, Decimal(12)), "(taux convenu)", "(the agreed rate)"),
    ],
)
def test_the_rate_is_called_what_it_is(rule: PenaltyRate, fr: str, en: str) -> None:
    line = a_line(charges=a_charge(rule=rule))
    assert fr in text_of(in_formal("fr", line))
    assert en in text_of(in_formal("en", line))


def test_without_a_fixed_charge_no_word_of_one() -> None:
    """A second instalment: its invoice's charge was told with the first."""
    line = a_line(charges=a_charge(recoveries=()))
    french, english = text_of(in_formal("fr", line)), text_of(in_formal("en", line))
    assert not re.search("indemnit|forfaitaire", french)
    assert not re.search("compensation", english)
    assert "Total des pénalités : 8,32 €" in french
    assert "Total to pay, penalties included: €1,258.32" in english


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_code_to_scan_says_that_the_charges_are_not_in_it(language: str) -> None:
    """The demand names the sum with charges, and these grow by the day: the code carries what is invoiced."""
    line = a_charged_line(iban=IBAN)
    said = {
        "fr": "Virement de 1 250,00 € (hors pénalités et indemnités) : scannez ce code",
        "en": "Bank transfer of €1,250.00 (without penalties and compensation): scan this code",
    }[language]

    assert said in said_in(in_formal(language, line))
    letter = RENDERER.render(in_formal(language, line, channel=Channel.LETTER)).letter
    assert letter is not None
    assert [plain(beside).startswith(said) for _, beside in letter.codes] == [True]
    alone = {"fr": "€ (hors pénalités) :", "en": "(without penalties):"}[language]
    assert alone in said_in(in_formal(language, replace(line, charges=a_charge(recoveries=()))))
    assert "(hors" not in said_in(in_formal("fr", a_line(iban=IBAN)))


NETTED = {
    "fr": "(avoir AV-12 de 120,00 € déduit, règlement de 250,00 € reçu le 5 décembre 2026)",
    "en": "(credit note AV-12 of €120.00 deducted, payment of €250.00 received on 5 December 2026)",
}


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_taken_off_is_shown(language: str, tone: Level) -> None:
    line = a_line(
        balance=Money(88_000, "EUR"),
        credit_notes=(CreditNote("AV-12", Money(12_000, "EUR")), CreditNote("AV-13", Money(1, "USD"))),
        payments=(Payment(date(2026, 12, 5), Money(25_000, "EUR")),),
    )
    content = content_in(tone, Channel.EMAIL, language, lines=(line,))

    assert NETTED[language] in text_of(content)
    assert NETTED[language].strip("()") in said_in(content)
    assert "AV-13" not in text_of(content)


def test_a_payment_alone_and_a_credit_note_alone_read_well() -> None:
    credit, payment = CreditNote("AV-12", Money(12_000, "EUR")), Payment(date(2026, 12, 5), Money(25_000, "EUR"))
    assert "(avoir AV-12 de 120,00 € déduit)\n" in text_of(in_formal("fr", a_line(credit_notes=(credit,))))
    paid = text_of(in_formal("fr", a_line(payments=(payment,))))
    assert "(règlement de 250,00 € reçu le 5 décembre 2026)\n" in paid


STATEMENT = {
    "fr": """\
Pour information, vos autres factures en cours (non comprises dans le montant demandé) :
- Facture F-8 : 90,00 €, échéance le 31 décembre 2026
- Facture F-9 : 10,00 $US, échéance le 20 décembre 2026, 2 jours de retard
""",
    "en": """\
For your information, your other open invoices (not part of the amount requested):
- Invoice F-8: €90.00, due on 31 December 2026
- Invoice F-9: US$10.00, due on 20 December 2026, 2 days late
""",
}


@pytest.mark.parametrize("channel", WRITTEN)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_statement_stands_apart_and_counts_for_nothing(language: str, channel: Channel) -> None:
    others = (
        a_line(number="F-8", due_on=date(2026, 12, 31), balance=Money(9_000, "EUR")),
        a_line(number="F-9", due_on=date(2026, 12, 20), balance=Money(1_000, "USD")),
    )
    content = content_in(Level.FIRM, channel, language, statement=others)

    assert STATEMENT[language] in text_of(content)
    assert text_of(content).replace(STATEMENT[language] + "\n", "") == text_of(replace(content, statement=()))


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP])
def test_a_short_message_has_no_statement(channel: Channel) -> None:
    content = content_in(Level.FIRM, channel, "fr", statement=(a_line(number="F-8"),))
    assert "F-8" not in text_of(content)


def test_numbers_of_strangers_open_no_tag_and_no_line() -> None:
    """A credit note's id is whatever a billing system calls it."""
    line = a_charged_line(
        number="<b>F\n1",
        credit_notes=(CreditNote("<i>AV\n12", Money(1, "EUR")),),
        charges=a_charge(recoveries=(Recovery("<b>F\n1", Money(4_000, "EUR")),)),
    )
    content = in_formal("fr", line)

    assert "<b>" not in html_of(content)
    assert "<i>" not in html_of(content)
    assert "- Facture <b>F 1, indemnité forfaitaire" in text_of(content)
