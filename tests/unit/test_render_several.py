"""What is said of several invoices together is true of each: what is left of them, and when they are due."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from channels.port import Content
from channels.samples import Case, sample
from domain.levels import Channel, Level
from domain.money import Money
from tests.content_factories import LANGUAGES, RENDERER, TODAY, TONES, a_line, content_in, html_of, plain, text_of

WRITTEN = (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.LETTER)
LATE = TONES[1:]


def all_of(content: Content) -> str:
    rendered = RENDERER.render(content)
    return plain(f"{rendered.subject or ''}\n{rendered.text}\n{' '.join(rendered.content_variables.values())}")


def in_part(tone: Level, channel: Channel, language: str, *, longest: bool = False) -> Content:
    """Three invoices, of which 100.00 euros were paid of the second."""
    content = sample(Case.SEVERAL, channel, language, tone, longest=longest)
    first, second, third = content.lines
    paid = replace(second, total=replace(second.balance, minor=second.balance.minor + 10_000))
    return replace(content, lines=(first, paid, third))


REST = {
    "fr": re.compile("solde d(e|es) 3 factures|leur solde"),
    "en": re.compile("balance of (the )?3 invoices|their balance"),
}


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("channel", WRITTEN)
@pytest.mark.parametrize("language", LANGUAGES)
def test_of_invoices_some_of_which_were_paid_in_part_the_balance_is_asked_for(
    language: str, channel: Channel, tone: Level
) -> None:
    """Whoever paid 100 euros of one reads "unpaid" as "they have not seen my payment"."""
    rendered = RENDERER.render(in_part(tone, channel, language))
    assert REST[language].search(plain(rendered.text).lower())
    if channel is Channel.EMAIL:
        assert REST[language].search(plain(rendered.subject or "").lower())
    assert not re.search(
        "factures [^.]{0,30}non réglées|(?<!of )3 invoices still unpaid", all_of(in_part(tone, channel, language))
    )


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_where_nothing_was_paid_no_balance_is_spoken_of(language: str, tone: Level) -> None:
    for channel in WRITTEN:
        assert not re.search("solde|balance", all_of(sample(Case.SEVERAL, channel, language, tone)).lower())


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_sms_about_the_balance_of_several_takes_two_segments(language: str, tone: Level) -> None:
    rendered = RENDERER.render(in_part(tone, Channel.SMS, language, longest=True))
    assert rendered.segments is not None
    assert rendered.segments <= 2, f"{len(rendered.text)}: {rendered.text}"


ONE_OF_THEM = re.compile(
    r"la plus ancienne|la première|dès le|dès aujourd|à partir d|the oldest|the first|earliest|due from",
    re.IGNORECASE,
)
TWICE = tuple((channel, language) for language in LANGUAGES for channel in (*WRITTEN, Channel.PHONE, Channel.VISIT))


@pytest.mark.parametrize("at", [-20, 0, 5])
@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize(("channel", "language"), TWICE)
def test_none_is_the_oldest_where_all_are_due_on_one_day(
    channel: Channel, language: str, tone: Level, at: int
) -> None:
    due = TODAY + timedelta(days=at)
    lines = tuple(a_line(number=f"F-{n}", due_on=due, balance=Money(10_000, "EUR")) for n in range(2))
    content = content_in(tone, channel, language, lines=lines)
    told = [all_of(replace(content, after_call=after)) for after in (False, True)]
    assert [ONE_OF_THEM.findall(one) for one in told] == [[], []]
    if channel is Channel.EMAIL:
        assert not ONE_OF_THEM.search(html_of(content))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("tone", [Level.UPCOMING, *LATE])
def test_the_oldest_is_named_where_they_are_due_on_several_days(language: str, tone: Level) -> None:
    for channel in (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP):
        content = sample(Case.SEVERAL, channel, language, tone)
        if not (
            channel is Channel.EMAIL and tone is Level.COURTEOUS
        ):  # which names the day of each in its list alone
            assert ONE_OF_THEM.search(all_of(content))


@pytest.mark.parametrize(
    ("tone", "sentence"),
    [
        (Level.UPCOMING, "Nous n’avons pas encore reçu leur règlement, ce qui est tout à fait normal : elles sont à"),
        (Level.FIRM, "nous n’avons pas encore reçu leur règlement ; elles étaient à régler pour le"),
        (Level.FORMAL, "le règlement des 2 factures ci-dessous, qui étaient à régler pour le"),
    ],
)
def test_the_french_sentences_about_one_day(tone: Level, sentence: str) -> None:
    content = content_in(tone, Channel.EMAIL, "fr", count=2)
    lines = tuple(replace(line, due_on=content.lines[0].due_on) for line in content.lines)
    assert sentence in text_of(replace(content, lines=lines))
