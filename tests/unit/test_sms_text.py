"""Segments counted letter by letter as Twilio does, and the letters that cost most replaced by near ones."""

import pytest

from channels.sms_text import Segments, count_segments, normalise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments("GSM-7", 0, 1)),
        ("a" * 160, Segments("GSM-7", 160, 1)),
        ("a" * 161, Segments("GSM-7", 161, 2)),
        ("a" * 306, Segments("GSM-7", 306, 2)),
        ("a" * 307, Segments("GSM-7", 307, 3)),
        ("àæéèùüÉÆÇÜ", Segments("GSM-7", 10, 1)),
        ("€" * 80, Segments("GSM-7", 160, 1)),
        ("a" + "€" * 80, Segments("GSM-7", 161, 2)),
        ("^{}[]~|\\€\f", Segments("GSM-7", 20, 1)),
        # 152 letters leave one septet of the first part: the euro sign does not fit and moves on whole.
        ("a" * 152 + "€" + "a" * 151, Segments("GSM-7", 305, 2)),
        ("a" * 152 + "€" + "a" * 152, Segments("GSM-7", 306, 3)),
        ("ç" + "a" * 69, Segments("UCS-2", 70, 1)),
        ("ç" + "a" * 70, Segments("UCS-2", 71, 2)),
        ("ç" + "a" * 133, Segments("UCS-2", 134, 2)),
        ("ç" + "a" * 134, Segments("UCS-2", 135, 3)),
        ("🙂" * 35, Segments("UCS-2", 70, 1)),
        # 67 is odd: 33 whole pairs a part.
        ("🙂" * 66, Segments("UCS-2", 132, 2)),
        ("🙂" * 67, Segments("UCS-2", 134, 3)),
        ("1\u202f234,56\u00a0€", Segments("UCS-2", 10, 1)),
    ],
)
def test_segments_are_counted_as_twilio_counts_them(text: str, expected: Segments) -> None:
    assert count_segments(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1\u202f234,56\u00a0€", "1 234,56 €"),
        ("l’été – « reçu »…", 'l\'été - "recu"...'),
        ("“Œuvre” & ‘Cœur’", "\"OEuvre\" & 'Coeur'"),
        ("à æ é è ù ü É Æ Ç Ü ñ ß ø", "à æ é è ù ü É Æ Ç Ü ñ ß ø"),
        ("â ç ê ë î ï ô û ÿ À Â È Ê Î Ï Ô Ù Û", "a c e e i i o u y A A E E I I O U U"),
        ("e\u0301te\u0301", "été"),
        ("n° 5, 21 − 3 × 2, ½", "no 5, 21 - 3 x 2, 1/2"),
        ("Łódź Đà Nẵng Žižka", "Lodz Dà Nang Zizka"),
        ("a\u200bb\u00adc\ufeffd", "abcd"),
        ("a\r\nb\rc\td", "a\nb\nc d"),
        ("日本 🙂 Ж", "日本 🙂 Ж"),
    ],
)
def test_letters_become_their_nearest_in_the_sms_alphabet(text: str, expected: str) -> None:
    assert normalise(text) == expected
