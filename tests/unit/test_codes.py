"""The codes that a reader scans to pay, byte for byte as banking apps expect them."""

from dataclasses import replace

import pytest

from channels.brand import Brand, Look
from channels.codes import codes_of, png_of, transfer_payload, valid_iban
from channels.port import Kind
from channels.render import Renderer
from domain.levels import Channel
from domain.money import Money
from tests.content_factories import LANGUAGES, RENDERER, SIDS, TEMPLATES, a_content, a_line, html_of

IBAN = "FR76 3000 6000 0112 3456 7890 189"
BARE = "FR7630006000011234567890189"
OTHER = "DE89370400440532013000"


def test_a_transfer_is_written_byte_for_byte_by_the_standard() -> None:
    """Eleven elements by line feeds, none at the end: EPC069-12, chapter 2."""
    [code] = codes_of([a_line(iban=IBAN)], "Atelier Dupont")

    assert code.payload == (
        b"BCD\n002\n1\nSCT\n\nAtelier Dupont\nFR7630006000011234567890189\nEUR1250.00\n\n\nF-2026-0042"
    )
    assert (code.numbers, code.amount) == (("F-2026-0042",), Money(125_000, "EUR"))


@pytest.mark.parametrize(
    ("minor", "amount"),
    [
        (1, b"EUR0.01"),
        (10, b"EUR0.10"),
        (100, b"EUR1.00"),
        (123_456, b"EUR1234.56"),
        (99_999_999_999, b"EUR999999999.99"),
    ],
)
def test_amounts_have_a_point_and_two_places(minor: int, amount: bytes) -> None:
    assert transfer_payload("A", BARE, minor, "F").split(b"\n")[7] == amount


def test_letters_beyond_ascii_are_utf_8_as_the_character_set_says() -> None:
    [code] = codes_of([a_line(iban=IBAN)], "Café Œuvre")
    elements = code.payload.split(b"\n")

    assert elements[2] == b"1"
    assert elements[5] == "Café Œuvre".encode()


def test_several_invoices_of_one_account_are_one_sum() -> None:
    lines = [a_line(number="F-1", iban=IBAN), a_line(number="F-2", iban=BARE), a_line(number="F-3", iban=OTHER)]

    one, other = codes_of(lines, "Atelier Dupont")

    assert one.payload.endswith(b"EUR2500.00\n\n\nF-1, F-2")
    assert other.payload.endswith(b"EUR1250.00\n\n\nF-3")
    assert one.cid != other.cid


@pytest.mark.parametrize(
    "changes",
    [
        {"iban": None},
        {"iban": "FR7630006000011234567890188"},
        {"iban": "nonsense"},
        {"iban": IBAN, "balance": Money(125_000, "USD")},
        {"iban": IBAN, "balance": Money(0, "EUR")},
    ],
)
def test_what_no_transfer_can_pay_is_paid_by_its_page(changes: dict[str, object]) -> None:
    [code] = codes_of([a_line(**changes)], "Atelier Dupont")

    assert (code.payload, code.amount) == (b"https://pay.example.com/F-2026-0042", None)


def test_invoices_with_one_page_share_its_code() -> None:
    page = "https://pay.example.com/all"
    [code] = codes_of([a_line(number="F-1", payment_url=page), a_line(number="F-2", payment_url=page)], "A")
    assert code.numbers == ("F-1", "F-2")


@pytest.mark.parametrize("url", [None, "javascript:alert(1)", "https://pay.example.com/" + "x" * 600])
def test_where_there_is_nothing_to_scan_there_is_no_code(url: str | None) -> None:
    assert codes_of([a_line(payment_url=url)], "A") == ()


def test_no_code_says_more_than_the_standard_lets_it() -> None:
    lines = [a_line(number=f"FACTURE-2026-{at:05}", iban=IBAN) for at in range(30)]
    [code] = codes_of(lines, "Société " * 20)
    *_, name, _iban, _amount, _purpose, _reference, text = code.payload.decode().split("\n")

    assert len(name) <= 70
    assert text == ", ".join(f"FACTURE-2026-{at:05}" for at in range(7))
    assert codes_of([a_line(iban=IBAN, number="é" * 140)], "é" * 70) == ()
    assert codes_of([a_line(iban=IBAN, balance=Money(100_000_000_000, "EUR"))], "A") == ()
    assert codes_of([a_line(iban=IBAN)], " ") == ()


def test_a_strangers_line_break_opens_no_element() -> None:
    [code] = codes_of([a_line(iban=IBAN, number="F-1\nEUR1.00")], "A\nB")
    assert len(code.payload.split(b"\n")) == 11


@pytest.mark.parametrize("iban", [IBAN, IBAN.lower(), OTHER, "GB29NWBK60161331926819", "NO9386011117947"])
def test_a_valid_iban_is_one(iban: str) -> None:
    assert valid_iban(iban) == "".join(iban.split()).upper()


def test_the_picture_is_a_png_and_always_the_same() -> None:
    png = png_of(transfer_payload("Atelier Dupont", BARE, 125_000, "F-1"))

    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert png == png_of.__wrapped__(transfer_payload("Atelier Dupont", BARE, 125_000, "F-1"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_shows_its_code_and_asks_nobody_for_the_picture(language: str) -> None:
    content = a_content(language=language, lines=(a_line(iban=IBAN, payment_url=None),))
    [code] = codes_of(content.lines, content.seller_name)

    html = html_of(content)

    assert f'src="cid:{code.cid}"' in html
    assert "http" not in html.split("<img")[1].split(">")[0]
    assert html_of(replace(content, lines=(a_line(payment_url=None),))).count("<img") == 0


def test_what_is_rendered_says_which_codes_its_html_shows() -> None:
    content = a_content(lines=(a_line(number="F-1", iban=IBAN), a_line(number="F-2")))

    assert RENDERER.render(content).codes == codes_of(content.lines, content.seller_name)
    assert RENDERER.render(replace(content, kind=Kind.THANKS)).codes == ()
    assert RENDERER.render(replace(content, channel=Channel.SMS)).codes == ()


def test_a_transfer_goes_to_the_name_that_the_words_use() -> None:
    """A brand's name stands for the seller's: who scans reads no other one in his bank's app."""
    branded = Renderer(TEMPLATES, SIDS, {"": Look(brand=Brand(name="Maison Dupont"))})
    content = a_content(lines=(a_line(iban=IBAN),), address=("Boulangerie Martin", "75001 Paris"))

    mail = branded.render(content)
    letter = branded.render(replace(content, channel=Channel.LETTER)).letter

    assert letter is not None
    payloads = [code.payload for code in mail.codes] + [payload for payload, _ in letter.codes]
    assert [payload.decode().split("\n")[5] for payload in payloads] == ["Maison Dupont", "Maison Dupont"]
    assert all("Maison Dupont" in text and "Atelier Dupont" not in text for text in (mail.text, letter.body))
