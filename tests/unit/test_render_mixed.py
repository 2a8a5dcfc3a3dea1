"""An instalment of an agreed plan beside an invoice: neither is called what the other is."""

from dataclasses import replace

import pytest

from channels.port import Content
from channels.samples import Case, sample
from domain.levels import Channel, Level
from tests.content_factories import LANGUAGES, RENDERER, plain

BOTH = {
    (Channel.EMAIL, "fr"): "2 échéances",
    (Channel.EMAIL, "en"): "2 invoices and instalments",
    (Channel.SMS, "fr"): "2 échéances",
    (Channel.SMS, "en"): "2 items",
    (Channel.WHATSAPP, "fr"): "2 échéances",
    (Channel.WHATSAPP, "en"): "2 invoices and instalments",
    (Channel.PHONE, "fr"): "2 échéances",
    (Channel.PHONE, "en"): "2 invoices and instalments",
}


def both(channel: Channel, language: str, level: Level) -> Content:
    agreed = sample(Case.AGREED, channel, language, level)
    line = replace(agreed.lines[0], agreed=(), number="F-99")
    return replace(agreed, lines=(*agreed.lines, line))


@pytest.mark.parametrize("level", [Level.UPCOMING, Level.COURTEOUS, Level.FIRM])
@pytest.mark.parametrize(("channel", "language"), list(BOTH))
def test_what_is_told_together_is_counted_as_both(channel: Channel, language: str, level: Level) -> None:
    rendered = RENDERER.render(both(channel, language, level))
    words = plain(f"{rendered.subject or ''}\n{rendered.text}\n{rendered.content_variables}")
    assert BOTH[channel, language] in words
    assert [
        said
        for said in ("2 factures", "2 invoices ", "2 instalments")
        if said in words.replace(BOTH[channel, language], "")
    ] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_several_instalments_are_not_asked_about_as_invoices(language: str) -> None:
    agreed = sample(Case.AGREED, Channel.EMAIL, language, Level.COURTEOUS)
    words = plain(RENDERER.render(replace(agreed, lines=(*agreed.lines, *agreed.lines))).text)
    assert ("l’une de ces échéances" if language == "fr" else "any of these instalments") in words
