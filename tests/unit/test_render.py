"""What customers read: every mandatory point in every message, and words that are true on the day."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from channels.view import view_of
from domain.levels import Channel, Level
from domain.money import Money
from tests.content_factories import (
    LANGUAGES,
    RENDERER,
    TEMPLATES,
    TODAY,
    TONES,
    a_content,
    a_line,
    content_in,
    html_of,
    plain,
    text_of,
)

MESSAGES = (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP)

NOT_RECEIVED = {
    "fr": r"pas encore (reçu|parvenu)|reste(nt)? à régler",
    "en": r"not received (payment |this payment )?yet|awaiting payment",
}
WHEN = {"fr": r"quand|à quelle date", "en": r"when"}
QUESTIONS = {"fr": r"question.* problème", "en": r"question.* problem"}
AMOUNT = {"fr": "1 250,00 €", "en": "€1,250.00"}
TOTAL = {"fr": "3 750,03 €", "en": "€3,750.03"}
DUE = {"fr": ("27 décembre 2026", "2 décembre 2026"), "en": ("27 December 2026", "2 December 2026")}
PAY = "https://pay.example.com/F-2026-0042"

THREATS = re.compile(
    r"pénalit|intérêt|frais|indemnité|tribunal|huissier|avocat|justice|recouvrement|contentieux"
    r"|penalt|interest|\bfees?\b|charge|court|lawyer|legal|bailiff|debt|offer|promo|offre",
    re.IGNORECASE,
)


def without_tags(html: str) -> str:
    return plain(re.sub(r"<[^>]+>", " ", html))


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("channel", MESSAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_says_all_that_it_must(language: str, channel: Channel, tone: Level, count: int) -> None:
    text = text_of(content_in(tone, channel, language, count=count))

    assert "F-2026-0042" in text
    assert (AMOUNT[language] if count == 1 else TOTAL[language]) in text
    assert DUE[language][0 if tone is Level.UPCOMING else 1] in text
    assert re.search(NOT_RECEIVED[language], text, re.IGNORECASE)
    assert re.search(WHEN[language], text, re.IGNORECASE)
    assert re.search(QUESTIONS[language], text, re.IGNORECASE)
    assert PAY in text
    assert "Atelier Dupont" in text


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_html_of_a_mail_says_what_its_text_says(language: str, tone: Level, count: int) -> None:
    content = content_in(tone, Channel.EMAIL, language, count=count, ask=("when", "questions", "reason"))
    said = without_tags(html_of(content))

    sentences = [line for line in text_of(content).splitlines() if line and not line.startswith(("-", " ", "Total"))]

    assert [line for line in sentences if line.rstrip(" :") not in " ".join(said.split())] == []
    assert f'href="{PAY}"' in html_of(content)


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_of_threat_money_on_top_or_promotion(language: str, channel: Channel, tone: Level) -> None:
    """Penalties only from the step that the policy names (a later issue), and never a lawyer's word."""
    rendered = RENDERER.render(content_in(tone, channel, language, count=2, ask=("when", "reason")))

    assert THREATS.findall(rendered.text + (rendered.subject or "") + without_tags(rendered.html or "")) == []


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("level", TONES)
@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("language", [*LANGUAGES, "de", "FR-fr", ""])
def test_no_channel_level_or_language_is_without_words(
    language: str, channel: Channel, level: Level, count: int
) -> None:
    rendered = RENDERER.render(content_in(level, channel, language, count=count))

    assert len(rendered.text) > 100
    assert rendered.template.startswith("fr/" if language.lower().startswith("fr") else "en/")
    assert "\n\n\n" not in rendered.text


def test_a_message_is_about_all_its_invoices() -> None:
    lines = (
        a_line(purchase_order="PO-77"),
        a_line(number="F-2", due_on=TODAY - timedelta(days=1), balance=Money(50_000, "EUR")),
        a_line(number="F-3", balance=Money(99_900, "USD"), payment_url=None, iban="fr7630006000011234567890189"),
    )

    text = text_of(a_content(lines=lines))

    assert "des 3 factures ci-dessous" in text
    assert "- Facture F-2026-0042 : 1 250,00 €, échéance le 2 décembre 2026, 20 jours de retard" in text
    assert ", commande PO-77" in text
    assert "1 jour de retard" in text
    assert "Voir la facture : https://billing.example.com/F-2026-0042.pdf" in text
    assert "Total à régler : 1 750,00 € et 999,00 $US" in text
    assert "Payer F-2026-0042 et F-2 en ligne : https://pay.example.com/F-2026-0042" in text
    assert "Par virement : IBAN FR76 3000 6000 0112 3456 7890 189, en indiquant la référence F-3" in text


def test_amounts_keep_every_place_of_their_currency() -> None:
    """Babel would round an Iraqi dinar to none of its three places."""
    line = a_line(balance=Money(1_234_567, "IQD"))

    assert "1 234,567 IQD" in text_of(a_content(lines=(line,)))
    assert "¥1,250" in text_of(a_content(lines=(a_line(balance=Money(1250, "JPY")),), language="en"))


def test_a_french_mail_keeps_its_no_break_spaces() -> None:
    rendered = RENDERER.render(a_content())

    assert "1\u202f250,00\u00a0€" in rendered.text
    assert "1\u202f250,00\u00a0€" in (rendered.html or "")
    assert "compter sur votre règlement\u00a0?" in rendered.text


def test_without_a_way_to_pay_the_invoice_is_named_as_the_way() -> None:
    line = a_line(payment_url=None, document_url=None)

    assert "Selon les modalités indiquées sur la facture" in text_of(a_content(lines=(line,)))
    assert "voir les modalités sur la facture" in text_of(a_content(lines=(line,), channel=Channel.SMS))
    assert "as stated on the invoice" in text_of(a_content(lines=(line,), channel=Channel.WHATSAPP, language="en"))


def test_the_reason_is_said_if_there_is_one() -> None:
    content = a_content(reason="Nous clôturons le mois vendredi.")

    assert "Nous clôturons le mois vendredi." in text_of(content)
    assert "Nous clôturons le mois vendredi." in html_of(content)
    assert "Nous cloturons le mois vendredi." in text_of(replace(content, channel=Channel.SMS))


def test_what_the_policy_stresses_is_marked() -> None:
    assert "border-left" not in html_of(a_content())
    assert html_of(a_content(ask=("when", "questions", "reason"))).count("border-left") == 3
    assert "raison particulière à ce retard" in text_of(a_content(ask=("reason",)))


def test_a_formal_demand_has_a_deadline_and_an_open_door() -> None:
    text = text_of(content_in(Level.FORMAL, Channel.EMAIL, "fr"))

    assert "régler la somme de 1 250,00 € au plus tard le 30 décembre 2026" in text
    assert "nous devrons décider de la suite" in text
    assert "trouver une solution avec vous" in text


@pytest.mark.parametrize(
    ("days_late", "tone", "template"),
    [
        (-5, Level.UPCOMING, "upcoming"),
        (-5, Level.FORMAL, "upcoming"),  # nothing can be demanded that is not due
        (0, Level.UPCOMING, "upcoming"),
        (0, Level.COURTEOUS, "upcoming"),  # it can still be paid in time: nothing was overlooked
        (0, Level.FINAL, "upcoming"),
        (3, Level.UPCOMING, "courteous"),  # "will fall due" would not be true
        (3, Level.FIRM, "firm"),
        (60, Level.FINAL, "formal"),  # no file of its own: it says what formal says
    ],
)
def test_the_words_are_true_on_the_day(days_late: int, tone: Level, template: str) -> None:
    line = a_line(due_on=TODAY - timedelta(days=days_late))

    rendered = RENDERER.render(a_content(lines=(line,), level=tone, tone=tone))

    assert rendered.template == f"fr/email/{template}"


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_due_today_is_said_and_nobody_is_called_late(language: str, tone: Level) -> None:
    content = content_in(tone, Channel.EMAIL, language, lines=(a_line(due_on=TODAY),))
    today = {"fr": "arrive à échéance aujourd’hui", "en": "falls due today"}[language]
    late = r"oubli|non réglée|était à régler|Malgré|slipped|unpaid|was due|Despite"

    assert today in text_of(content)
    assert {"fr": "Échéance aujourd’hui", "en": "Payment due today"}[language] in html_of(content)
    for channel in (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.PHONE):
        rendered = RENDERER.render(replace(content, channel=channel))
        assert not re.search(late, plain(f"{rendered.subject} {rendered.text}"))
        assert not re.search(r"avant l’échéance|before the due date|will fall due|bientôt|soon", plain(rendered.text))


def test_of_several_that_begin_to_fall_due_today_the_subject_is_true() -> None:
    lines = (a_line(due_on=TODAY), a_line(number="F-2", due_on=TODAY + timedelta(days=3)))
    content = content_in(Level.UPCOMING, Channel.EMAIL, "fr", lines=lines)

    french, english = (plain(RENDERER.render(replace(content, language=one)).subject or "") for one in LANGUAGES)

    assert french.startswith("2 factures (dont F-2026-0042) à échéance dès aujourd’hui : 2 500,00 €")
    assert english.startswith("2 invoices (including F-2026-0042) due from today: €2,500.00")


def test_one_instalment_among_invoices_makes_no_instalments_of_them() -> None:
    mixed = (a_line(part=(1, 3)), a_line(number="F-2"), a_line(number="F-3"))
    parts = tuple(replace(line, part=(1, 3)) for line in mixed)

    assert "3 factures" in (RENDERER.render(a_content(lines=mixed)).subject or "")
    assert "3 échéances" in (RENDERER.render(a_content(lines=parts)).subject or "")


def test_a_promised_day_is_told_in_good_english() -> None:
    promised = a_content(language="en", promised_on=date(2026, 12, 16))

    assert (RENDERER.render(promised).subject or "").startswith("Payment expected by 16 December 2026: invoice F-")
    assert "payment expected by 16 December 2026" in text_of(replace(promised, channel=Channel.WHATSAPP))


def test_banners_differ_by_tone() -> None:
    colours = {
        re.findall(r'bgcolor="(#\w+)" style="padding:10px 24px', html_of(content_in(tone, Channel.EMAIL, "fr")))[0]
        for tone in TONES
    }

    assert len(colours) == len(TONES)


def test_a_mail_asks_nobody_for_a_picture_and_has_nothing_that_reports_back() -> None:
    """The code to scan comes with the mail."""
    html = html_of(a_content(lines=(a_line(), a_line(number="F-2"))))
    html = re.sub(r'<img src="cid:pay-[0-9a-f]{16}"', "", html)

    assert not re.search(r"<(img|script|link|iframe|svg|style)|url\(|background=", html, re.IGNORECASE)
    assert set(re.findall(r'https?://[^"<\s]+', html)) == {
        "https://pay.example.com/F-2026-0042",
        "https://billing.example.com/F-2026-0042.pdf",
    }


@pytest.mark.parametrize("channel", [Channel.VISIT, Channel.MEETING, Channel.CHECK_IN, Channel.SURVEY])
def test_the_title_of_a_sheet_is_good_french_whatever_the_name(channel: Channel) -> None:
    """« de Orange », « à Le Fournil » are not: the name stands apart."""
    rendered = RENDERER.render(content_in(Level.FIRM, channel, "fr", customer_name="Orange"))
    assert "\u00a0: Orange (" in (rendered.subject or "")


def test_french_signs_are_bound_in_what_stands_in_braces_too() -> None:
    """Words in `{{ }}` are read like all others."""
    mail = RENDERER.render(content_in(Level.FINAL, Channel.EMAIL, "fr"))
    visit = RENDERER.render(content_in(Level.FIRM, Channel.VISIT, "fr"))

    assert "Mise en demeure\u00a0: dernière demande de règlement" in (mail.html or "")
    assert "sans relance à la main\u00a0; écouter" in visit.text


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("tone", TONES)
def test_no_sign_is_left_alone_on_a_line(tone: Level, channel: Channel) -> None:
    rendered = RENDERER.render(content_in(tone, channel, "fr", count=2, promised_on=date(2026, 12, 16)))
    texts = ["" if channel is Channel.SMS else rendered.text, rendered.subject or "", rendered.html or ""]

    assert [re.findall(r"\S [:;?!»%]|« ", re.sub(r"<[^>]+>", " ", text)) for text in texts] == [[], [], []]


def test_a_call_sheet_leads_through_the_call() -> None:
    rendered = RENDERER.render(content_in(Level.FIRM, Channel.PHONE, "en", count=2, ask=("reason",)))

    assert rendered.subject is not None
    assert plain(rendered.subject) == "Call Boulangerie Martin: 2 invoices, €2,500.01"
    for part in ("At what time today can you send the transfer?", "voicemail", "What to avoid", "Goal", "rehearse"):
        assert part in rendered.text
    assert "issued on 2 November 2026" in rendered.text


def test_a_letter_says_what_the_mail_says() -> None:
    mail, letter = (
        RENDERER.render(content_in(Level.FIRM, channel, "fr")) for channel in (Channel.EMAIL, Channel.LETTER)
    )

    assert letter.template == mail.template
    assert letter.subject == "Lettre à envoyer\u00a0: Boulangerie Martin"
    assert f"Objet\u00a0: {mail.subject}".replace("jour\u00a0:", "jour\u00a0–") in letter.text
    assert "répondez simplement à ce message" not in letter.text


def test_every_name_that_templates_may_use_is_listed() -> None:
    page = (TEMPLATES / "README.md").read_text(encoding="utf-8")

    assert [name for name in view_of(a_content()) if f"`{name}`" not in page] == []
