"""A letter on paper: its address in the window, its words as they were rendered, its code as it was made."""

import io
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader

from channels.brand import Brand, Look
from channels.codes import png_of
from channels.paper import WINDOW_HEIGHT, WINDOW_WIDTH, WINDOW_X, WINDOW_Y, pdf_of
from channels.port import Letter
from channels.render import Renderer
from domain.levels import Channel, Level
from tests.content_factories import LANGUAGES, TEMPLATES, TONES, a_line, content_in, plain

AT = datetime(2026, 12, 22, 9, tzinfo=UTC)
ADDRESS = ("Boulangerie Martin", "À l’attention d’Anne Martin", "3 bis rue de l’Œuvre", "75011 PARIS")
IBAN = "FR7630006000011234567890189"
BRAND = Brand(place="Lyon", postal_address=("12 rue des Arts", "69002 Lyon"))
POINTS = 72 / 25.4


def a_letter(language: str = "fr", tone: Level = Level.FORMAL, brand: Brand = BRAND, **changes: Any) -> Letter:
    """A formal letter about one invoice that is paid by transfer."""
    changes = {"address": ADDRESS, "lines": (a_line(iban=IBAN, payment_url=None),), **changes}
    content = content_in(tone, Channel.LETTER, language, **changes)
    letter = Renderer(TEMPLATES, {}, {"": Look((), brand)}).render(content).letter
    assert letter is not None
    return letter


def read(letter: Letter) -> PdfReader:
    return PdfReader(io.BytesIO(pdf_of(letter, AT)))


def words_of(letter: Letter) -> str:
    """All pages' words, by single spaces."""
    return " ".join(plain(" ".join(page.extract_text() for page in read(letter).pages)).split())


def places_of(letter: Letter) -> dict[str, tuple[float, float]]:
    """Where each line of the first page begins: millimetres from the left and from the top, of its base."""
    found: dict[str, tuple[float, float]] = {}

    def keep(text: str, _cm: Any, tm: list[float], _font: Any, _size: Any) -> None:
        if text.strip():
            found[plain(text).strip()] = (tm[4] / POINTS, 297 - tm[5] / POINTS)

    read(letter).pages[0].extract_text(visitor_text=keep)
    return found


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_paper_says_what_was_rendered(language: str, tone: Level) -> None:
    letter = a_letter(language, tone)
    shown = words_of(letter)
    for part in (*letter.sender, *letter.address, letter.dated, letter.subject, letter.body):
        assert " ".join(plain(part).split()) in shown
    assert "[" not in shown, "the note for whoever posts it stays off the paper"


def test_the_parts_are_those_of_the_text() -> None:
    letter = a_letter()
    assert letter.sender == ("Atelier Dupont", "12 rue des Arts", "69002 Lyon")
    assert letter.dated == "Lyon, le 22 décembre 2026"
    assert plain(letter.subject).startswith("Objet : Mise en demeure de payer – facture F-2026-0042, 1 250,00 €")
    assert a_letter("en").dated == "Lyon, 22 December 2026"
    assert (a_letter(brand=Brand()).dated, a_letter("en", brand=Brand()).dated) == (
        "Le 22 décembre 2026",
        "22 December 2026",
    )


@pytest.mark.parametrize(
    "address",
    [
        ADDRESS,
        tuple(f"{at} {'M' * 36}" for at in range(6)),
        tuple(f"Ligne {at}" for at in range(10)),
        ("Établissements " + "Dupont-Durand " * 12, "75011 PARIS"),
    ],
)
def test_all_of_the_address_and_nothing_else_shows_in_the_window(address: tuple[str, ...]) -> None:
    places = places_of(a_letter(address=address))
    inside = {
        words: place
        for words, place in places.items()
        if place[0] >= WINDOW_X - 5 and WINDOW_Y - 10 <= place[1] <= WINDOW_Y + WINDOW_HEIGHT + 11
    }
    assert set(inside) == {" ".join(line.split()) for line in address}
    for x, base in inside.values():
        assert x >= WINDOW_X
        assert WINDOW_Y < base < WINDOW_Y + WINDOW_HEIGHT


def test_a_window_of_either_size_shows_the_place_of_the_address() -> None:
    """DL is 110 x 220; the windows are 35 and 45 x 100, 20 from right and bottom; the sheet is 99 x 210."""
    for height in (35, 45):
        for slip_x in (0, 10):
            for slip_y in (0, 11):
                left, top = 220 - 20 - 100 - slip_x, 110 - 20 - height - slip_y
                assert left <= WINDOW_X
                assert left + 100 >= WINDOW_X + WINDOW_WIDTH
                assert top <= WINDOW_Y
                assert top + height >= WINDOW_Y + WINDOW_HEIGHT


def test_the_code_is_the_one_of_the_mail_with_a_line_beside_it() -> None:
    letter = a_letter()
    [(payload, beside)] = letter.codes
    assert payload.decode().splitlines()[5:8] == ["Atelier Dupont", IBAN, "EUR1250.00"]
    assert plain(beside).startswith("Virement de 1 250,00 € : scannez ce code")
    assert " ".join(plain(beside).split()) in words_of(letter)
    [image] = read(letter).pages[0].images
    assert image.image is not None
    drawn = Image.open(io.BytesIO(png_of(payload)))
    assert image.image.convert("1").tobytes() == drawn.convert("1").tobytes()


def test_who_has_paid_is_shown_no_code() -> None:
    assert a_letter(lines=(a_line(iban=None, payment_url=None),)).codes == ()


def test_the_same_letter_is_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    letter = a_letter()
    said = f"""
import sys
from datetime import UTC, datetime
from channels.paper import pdf_of
from channels.port import Letter
sys.stdout.buffer.write(pdf_of({letter!r}, datetime(2026, 12, 22, 9, tzinfo=UTC)))
"""
    root = Path(__file__).parents[2]
    again = subprocess.run([sys.executable, "-c", said], capture_output=True, check=True, cwd=root).stdout  # noqa: S603
    assert pdf_of(letter, AT) == pdf_of(letter, AT) == again


def test_a_long_letter_goes_on_with_numbered_pages() -> None:
    lines = tuple(a_line(number=f"F-{at}", iban=IBAN, payment_url=None) for at in range(40))
    pages = read(a_letter(lines=lines)).pages
    assert len(pages) > 1
    assert pages[1].extract_text().rstrip().endswith(f"2/{len(pages)}")
    assert f"1/{len(pages)}" not in pages[0].extract_text()


@pytest.mark.parametrize(
    "words", ["", "{nb}", "漢字 Zoë 🙂", "a\u2011b\u2009c", "x" * 3_000, "\n\n\n", "**b** __i__"]
)
def test_whatever_strangers_write_is_printed_or_seen_to_be_missing(words: str) -> None:
    letter = replace(a_letter(), sender=(words,), address=(words,), subject=words, body=words, dated=words)
    assert read(letter).pages


def test_signs_that_the_typeface_has_not_are_seen() -> None:
    assert "Zoë ?? a-b Ÿ œ « … » — €" in words_of(replace(a_letter(), subject="Zoë 漢字 a\u2011b Ÿ œ « … » — €"))
