"""How to pay is said of every invoice: by its link, its account, or else as the invoice itself says."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from channels.port import Line
from domain.invoice import EarlyPaymentDiscount
from domain.levels import Channel, Level
from tests.content_factories import LANGUAGES, RENDERER, TODAY, a_content, content_in, html_of, plain, text_of
from tests.content_factories import a_line as with_link

IBAN = "FR7630006000011234567890189"
OTHER_WAY = {"fr": "Pour l’autre : selon les modalités indiquées sur la facture.", "en": "For the other: as stated"}
OTHER_WAYS = {
    "fr": "Pour les autres : selon les modalités indiquées sur les factures.",
    "en": "For the others: as stated on the invoices.",
}
REST = {
    "fr": r"\(autres : voir factures\) : (https://pay|FR76)",
    "en": r"\(others: see invoices\): (https://pay|FR76)",
}
VALUE_REST = {"fr": "le reste comme indiqué sur chaque facture)", "en": "the rest as stated on each invoice)"}


def by_transfer(number: str) -> Line:
    return with_link(number=number, payment_url=None, iban=IBAN)


def neither(number: str) -> Line:
    return with_link(number=number, payment_url=None)


LEFT_OUT = (with_link(), neither("F-2"), neither("F-3"))
"""Of three invoices one has a link, and two have nothing."""


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.LETTER, Channel.PHONE])
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_links_and_transfers_leave_out_has_its_own_line(language: str, channel: Channel) -> None:
    text = text_of(content_in(Level.FIRM, channel, language, lines=LEFT_OUT))
    assert f"- {OTHER_WAYS[language]}\n" in text

    one = text_of(content_in(Level.FIRM, channel, language, lines=(with_link(), by_transfer("F-2"), neither("F-3"))))
    assert f"- {OTHER_WAY[language]}" in one


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_html_says_it_too(language: str) -> None:
    assert OTHER_WAYS[language] in plain(html_of(content_in(Level.FIRM, Channel.EMAIL, language, lines=LEFT_OUT)))


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.PHONE])
def test_where_nothing_is_left_out_nothing_is_said_of_others(channel: Channel) -> None:
    for lines in ((with_link(), by_transfer("F-2")), (neither("F-1"), neither("F-2"))):
        assert "Pour l’autre" not in text_of(content_in(Level.FIRM, channel, "fr", lines=lines))
        assert "Pour les autres" not in text_of(content_in(Level.FIRM, channel, "fr", lines=lines))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_short_message_that_shows_one_way_points_to_the_invoices_for_the_rest(language: str) -> None:
    """An SMS has room for one address; the invoices have theirs."""
    own_pages = (with_link(), with_link(number="F-2", payment_url="https://pay.example.com/F-2"))
    for lines in (LEFT_OUT, own_pages, (by_transfer("F-2026-0042"), neither("F-2"))):
        assert re.search(REST[language], text_of(content_in(Level.FIRM, Channel.SMS, language, lines=lines)))
        sent = RENDERER.render(content_in(Level.FIRM, Channel.WHATSAPP, language, lines=lines)).content_variables
        assert plain(sent["6"]).endswith(VALUE_REST[language])


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP])
def test_a_short_message_whose_way_pays_everything_says_nothing_of_a_rest(channel: Channel) -> None:
    for lines in ((with_link(), with_link(number="F-2")), (by_transfer("F-1"), by_transfer("F-2"))):
        assert not re.search("le reste|autres", text_of(content_in(Level.COURTEOUS, channel, "fr", lines=lines)))


BY_INVOICES = {
    "fr": ("voir les modalités sur les factures.", "Facture F-2026-0042 et modalités de règlement : https"),
    "en": ("see the invoices.", "Invoice F-2026-0042 and how to pay: https"),
}
ON_INVOICES = {
    "fr": "selon les modalités indiquées sur les factures (F-2026-0042 : https://billing.example.com/F-2026-0042.pdf)",
    "en": "as stated on the invoices (F-2026-0042: https://billing.example.com/F-2026-0042.pdf)",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_several_invoices_that_have_no_way_a_short_message_names_them_all(language: str) -> None:
    """And whose document it is that it shows."""
    shown = (neither("F-2026-0042"), neither("F-2"))
    bare = tuple(replace(line, document_url=None) for line in shown)
    sms = [text_of(content_in(Level.FIRM, Channel.SMS, language, lines=lines)) for lines in (bare, shown)]
    sent = RENDERER.render(content_in(Level.FIRM, Channel.WHATSAPP, language, lines=shown)).content_variables

    assert BY_INVOICES[language][0] in sms[0]
    assert BY_INVOICES[language][1] in sms[1]
    assert plain(sent["6"]) == ON_INVOICES[language]


@pytest.mark.parametrize(
    ("language", "note"), [("fr", "(sans l’escompte)"), ("en", "(before the discount)")], ids=["fr", "en"]
)
def test_a_code_says_that_the_discount_is_not_in_it(language: str, note: str) -> None:
    """Just above it the text offers less: who scans pays the whole amount."""
    offer = EarlyPaymentDiscount("2", TODAY + timedelta(days=3))
    line = by_transfer("F-2026-0042")
    offered = a_content(language=language, lines=(replace(line, discount=offer),))
    assert note in plain(html_of(offered))
    assert note not in plain(html_of(replace(offered, lines=(line,))))
    letter = RENDERER.render(replace(offered, channel=Channel.LETTER, address=("Boulangerie Martin",))).letter
    assert letter is not None
    assert [note in plain(beside) for _, beside in letter.codes] == [True]
    other = replace(line, number="F-2026-0050", iban="DE89370400440532013000", discount=offer)
    both = html_of(replace(offered, lines=(line, other)))
    assert plain(both).count(note) == 1


@pytest.mark.parametrize(("language", "asked"), [("fr", "Si une autre personne"), ("en", "If someone else")])
def test_a_consumer_is_not_asked_who_else_pays(language: str, asked: str) -> None:
    for content in (a_content(language=language), a_content(language=language, channel=Channel.LETTER)):
        assert asked in text_of(content)
        assert asked not in text_of(replace(content, consumer=True))
    html = html_of(a_content(language=language, consumer=True))
    assert asked not in html
    assert re.search(r"<p[^>]*>\s*</p>", html) is None


@pytest.mark.parametrize(
    ("language", "earlier"),
    [
        ("fr", "nos précédents messages|nos messages|déjà écrit"),
        ("en", "our earlier messages|our messages|have written"),
    ],
    ids=["fr", "en"],
)
@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS, Channel.LETTER, Channel.PHONE])
def test_a_formal_demand_speaks_of_earlier_messages_only_if_there_were(
    language: str, earlier: str, channel: Channel
) -> None:
    """After calls that nobody took, or a promise made before any message, nobody was written to."""
    content = content_in(Level.FORMAL, channel, language)
    assert re.search(earlier, text_of(content))
    assert not re.search(earlier, text_of(replace(content, written_before=False)))
