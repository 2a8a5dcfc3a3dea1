"""French counts the first day of a month, in whatever reaches a reader; English does not."""

from datetime import date

import pytest

from channels.words import long_date
from domain.levels import Channel
from tests.content_factories import LANGUAGES, a_content, a_line, text_of

FIRST = date(2027, 1, 1)
"""Written `1 janvier` by CLDR, which is wrong."""


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_channel_writes_the_first_of_the_month_as_its_language_does(language: str, channel: Channel) -> None:
    text = text_of(a_content(channel=channel, language=language, lines=(a_line(due_on=FIRST),), today=FIRST))
    assert {"fr": "1er janvier 2027", "en": "1 January 2027"}[language] in text
    assert "1 janvier" not in text


@pytest.mark.parametrize("day", range(2, 32))
def test_no_other_day_is_counted(day: int) -> None:
    assert long_date(date(2027, 1, day), "fr") == f"{day} janvier 2027"
