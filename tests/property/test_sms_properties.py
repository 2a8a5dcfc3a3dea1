"""For any text: what it costs is bounded and monotonic, and making it plain is done once and never costs more."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from channels.sms_text import GSM_BASIC, GSM_EXTENSION, Segments, count_segments, normalise

ALPHABET = st.sampled_from(sorted(GSM_BASIC | GSM_EXTENSION))
GSM = st.text(ALPHABET, max_size=700)
LATIN = st.text(st.characters(codec="latin-1"), max_size=300)
ANY = st.text(max_size=300) | GSM | LATIN | st.text(st.sampled_from("aé€🙂ç’\u202f\u0301\u200b«» \r\n"), max_size=300)


def sent_in_parts(text: str, units: dict[str, int], room: int) -> int:
    """The slow way: fill part after part, letter by letter."""
    parts = [0]
    for letter in text:
        if parts[-1] + units[letter] > room:
            parts.append(0)
        parts[-1] += units[letter]
    return len(parts)


@given(GSM)
def test_gsm_texts_cost_what_filling_parts_costs(text: str) -> None:
    units = dict.fromkeys(GSM_BASIC, 1) | dict.fromkeys(GSM_EXTENSION, 2)
    total = sum(units[letter] for letter in text)

    expected = 1 if total <= 160 else sent_in_parts(text, units, room=153)

    assert count_segments(text) == Segments("GSM-7", total, expected)


@given(ANY)
def test_other_texts_are_counted_in_utf16_units(text: str) -> None:
    counted = count_segments(text + "ç")
    units = {letter: len(letter.encode("utf-16-le")) // 2 for letter in text + "ç"}
    total = len((text + "ç").encode("utf-16-le")) // 2

    expected = 1 if total <= 70 else sent_in_parts(text + "ç", units, room=67)

    assert counted == Segments("UCS-2", total, expected)


@given(ANY, st.integers(0, 300))
def test_a_part_of_a_text_never_costs_more_than_the_whole(text: str, at: int) -> None:
    assert count_segments(text[:at]).segments <= count_segments(text).segments


@given(ANY)
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)

    assert normalise(once) == once


@given(GSM.filter(lambda text: not {"\r", "\f"} & set(text)))
def test_a_text_in_the_sms_alphabet_stays_as_it_is(text: str) -> None:
    assert normalise(text) == text


@given(st.text(st.characters(codec="latin-1", categories=("L", "N", "P", "Z"))))
def test_whatever_a_western_keyboard_writes_ends_in_the_sms_alphabet(text: str) -> None:
    assert count_segments(normalise(text)).encoding == "GSM-7"


@given(ANY)
def test_normalising_leaves_no_control_but_the_line_end(text: str) -> None:
    left = {letter for letter in normalise(text) if unicodedata.category(letter) in {"Cc", "Zl", "Zp", "Cf"}}

    assert left <= {"\n"}
