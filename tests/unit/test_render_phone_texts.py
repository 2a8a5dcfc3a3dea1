"""SMS within their budget, and WhatsApp as it was approved."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channels.brand import PLAIN, Brand, Look
from channels.port import Address
from channels.render import LONGEST_FREE_TEXT, WHATSAPP_VARIABLES, Renderer
from channels.samples import Case, sample, samples
from channels.sms_text import GSM
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
    plain,
    text_of,
)

PAGE = "https://pay.example.com/i/" + 24 * "x"


@pytest.mark.parametrize("pay", [{"payment_url": PAGE}, {"payment_url": None}])
@pytest.mark.parametrize("currencies", [["EUR"], ["EUR", "USD", "GBP"]])
@pytest.mark.parametrize("part", [None, (11, 12)])
@pytest.mark.parametrize("seller", [40 * "W", "Établissements Dupont – Pâtisserie Noël…"])
@pytest.mark.parametrize("count", [1, 12])
@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_sms_with_the_longest_names_takes_two_segments(
    language: str,
    tone: Level,
    count: int,
    seller: str,
    part: tuple[int, int] | None,
    currencies: list[str],
    pay: dict[str, Any],
) -> None:
    assert len(seller) == 40
    content = content_in(tone, Channel.SMS, language, count=count, seller_name=seller, customer_name=seller)
    due = TODAY + timedelta(days=8 if tone is Level.UPCOMING else -83)  # 30 December, 30 September
    changes = {"part": part, "due_on": due, "iban": "MT84MALT011000012345MTLCAST001S", **pay}
    balances = [Money(12_345_678, currency) for currency in currencies]
    long = tuple(
        replace(
            line,
            days_late=(TODAY - due).days,
            number=f"FACT-2026-{at:05}",
            balance=balances[at % len(balances)],
            **changes,
        )
        for at, line in enumerate(content.lines)
    )

    rendered = RENDERER.render(replace(content, lines=long, reason=60 * "x", reply_to="compta@dupont.example"))

    assert rendered.segments is not None
    assert rendered.segments <= 2, f"{len(rendered.text)}: {rendered.text}"


def test_an_sms_gives_up_the_reason_before_its_warmth() -> None:
    short = RENDERER.render(a_content(channel=Channel.SMS, reason="Le mois se termine."))
    long = RENDERER.render(a_content(channel=Channel.SMS, reason=200 * "x"))

    assert "Le mois se termine." in short.text
    assert "xxx" not in long.text
    assert long.text.startswith("Bonjour, ici Atelier Dupont.")
    assert (short.segments, long.segments) == (2, 2)


def test_an_sms_of_several_names_the_lead_their_number_and_the_oldest_date() -> None:
    lines = (a_line(), a_line(number="F-2", due_on=TODAY - timedelta(days=40)))

    text = text_of(a_content(channel=Channel.SMS, lines=lines))

    assert "2 factures (2 500,00 € en tout, dont F-2026-0042 ; échéances dès le 12 novembre 2026)" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_transfer_is_told_with_a_number_that_its_account_is_for(language: str) -> None:
    """F-1 is no part of F-12: an account is given for the second alone."""
    iban = "FR7630006000011234567890189"
    lines = (a_line(number="F-1", payment_url=None), a_line(number="F-12", payment_url=None, iban=iban))
    text = text_of(a_content(channel=Channel.SMS, language=language, lines=lines))
    assert re.search(rf"{iban}, r[ée]f\. F-12$", text.strip())


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_total_of_several_is_not_said_as_one_invoices_amount(language: str, tone: Level) -> None:
    text = text_of(content_in(tone, Channel.SMS, language, count=3))

    assert "F-2026-0042 (" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_address_to_write_to_does_not_run_into_the_next_sentence(language: str) -> None:
    text = text_of(a_content(channel=Channel.SMS, language=language, reply_to="compta@example.com"))

    assert {"fr": "Dites-le-nous (compta@example.com). Payer :", "en": "Let us know (compta@example.com). Pay:"}[
        language
    ] in text


@pytest.mark.parametrize("address", list(Address))
def test_french_sms_are_written_without_letters_that_they_cannot_carry(address: Address) -> None:
    """The alphabet of SMS has no ç: « recu » is misspelt. Where words can be chosen, others are."""
    renderer = Renderer(TEMPLATES, {}, {"": Look(brand=Brand(address=address))})
    shipped = [one for one in samples("fr", Channel.SMS) if one.case is not Case.FULL]

    texts = [
        renderer.shelf_of(renderer.look_of("")).fill(
            renderer.render(one.content).template, view_of(one.content) | {"brief": brief, "briefest": brief}
        )
        for one in shipped
        for brief in (False, True)
    ]

    assert {letter for text in texts for letter in text if letter.isalpha()} - GSM == set()


@pytest.mark.parametrize("case", [Case.THANKS, Case.CHECK_IN, Case.SURVEY])
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_asks_for_nothing_takes_one_segment(language: str, case: Case) -> None:
    """With a seller of 14 letters, as in `Atelier Dupont`."""
    assert RENDERER.render(sample(case, Channel.SMS, language)).segments == 1


def test_whatsapp_sends_the_approved_text_and_its_six_values() -> None:
    rendered = RENDERER.render(a_content(channel=Channel.WHATSAPP))

    assert rendered.content_sid == "HXfrcourteous"
    assert {key: plain(value) for key, value in rendered.content_variables.items()} == {
        "1": "Anne Martin",
        "2": "Atelier Dupont",
        "3": "facture F-2026-0042",
        "4": "1 250,00 €",
        "5": "2 décembre 2026",
        "6": "https://pay.example.com/F-2026-0042",
    }
    assert all(value in rendered.text for value in rendered.content_variables.values())


def test_amounts_by_whatsapp_keep_their_no_break_spaces() -> None:
    """A phone's narrow line must not part an amount."""
    assert RENDERER.render(a_content(channel=Channel.WHATSAPP)).content_variables["4"] == "1\u202f250,00\u00a0€"


def test_a_whatsapp_text_that_is_not_set_up_has_no_sid() -> None:
    assert Renderer(TEMPLATES, {}).render(a_content(channel=Channel.WHATSAPP)).content_sid is None


def test_whatsapp_may_say_the_same_words_freely_if_they_are_not_too_long() -> None:
    content = a_content(channel=Channel.WHATSAPP)
    free, long = replace(content, takes_free_text=True), replace(content, seller_name="A" * LONGEST_FREE_TEXT)

    assert not RENDERER.render(content).is_free_text
    assert RENDERER.render(free) == replace(RENDERER.render(content), is_free_text=True)
    assert not RENDERER.render(replace(long, takes_free_text=True)).is_free_text


def test_no_value_of_whatsapp_is_empty() -> None:
    content = a_content(channel=Channel.WHATSAPP, contact_name="", customer_name=" ", seller_name="\n")

    assert all(RENDERER.render(content).content_variables.values())


@pytest.mark.parametrize("words", [*(tone.word for tone in TONES[:4]), "thanks", "check_in", "survey"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_texts_to_have_approved_are_those_that_are_sent(language: str, words: str) -> None:
    """The page that an admin copies into the provider's form; a changed template must be approved again."""
    slots = {name: f"{{{{{at}}}}}" for at, name in enumerate(WHATSAPP_VARIABLES, start=1)}
    approved = RENDERER.shelf_of(PLAIN).fill(f"{language}/whatsapp/{words}", slots).strip()
    text = plain(re.sub(r"\n{3,}", "\n\n", approved))
    page = (TEMPLATES / "whatsapp" / "README.md").read_text(encoding="utf-8")

    assert f"### {language}.{words}\n```text\n{text}\n```" in page
