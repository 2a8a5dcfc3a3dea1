"""What is kept of a message shows it as it was sent: its pictures are drawn again, its letter is printed again."""

import json
from base64 import b64encode
from typing import Any

from channels.codes import png_of
from channels.kept import keep, letter_of, pictured
from channels.port import Code, Document, Letter, Rendered
from domain.ids import UnitId

CODE = Code("BCD\n002\n1\nSCT\n\nÉtude\nFR76\nEUR1.00\n\n\nF-1".encode(), ("F-1",))
OTHER = Code(b"https://pay.example.com/F-2", ("F-2",))


def stored(rendered: Rendered, *documents: Document) -> dict[str, Any]:
    """As it comes back from the database."""
    found: dict[str, Any] = json.loads(json.dumps(keep(rendered, documents)))
    return found


def test_each_code_of_a_mail_is_drawn_again_in_its_place() -> None:
    html = f'<img src="cid:{CODE.cid}"><img src="cid:{OTHER.cid}">'
    shown = pictured(stored(Rendered("fr/email/firm", "text", html=html, codes=(CODE, OTHER))))
    first, second = (b64encode(png_of(code.payload)).decode() for code in (CODE, OTHER))
    assert shown == f'<img src="data:image/png;base64,{first}"><img src="data:image/png;base64,{second}">'


def test_what_has_no_codes_is_shown_as_it_is() -> None:
    """Also what was kept before codes were."""
    assert pictured({"subject": "s", "text": "t", "html": "<p>t</p>"}) == "<p>t</p>"
    assert pictured({"subject": None, "text": "t", "html": None}) is None
    assert keep(Rendered("fr/sms/firm", "t"), ()) == {"subject": None, "text": "t", "html": None}


def test_documents_are_kept_by_number_and_file() -> None:
    message = stored(Rendered("fr/email/firm", "t"), Document("https://x.example.com/1", "F/1 é", UnitId("F-1")))
    assert message["documents"] == [{"number": "F/1 é", "name": "F_1.pdf"}]


def test_a_letter_comes_back_as_it_was() -> None:
    letter = Letter(
        ("Atelier Dupont",), ("Anne", "1 rue"), "Le 1er mai 2026", "Objet", "Bonjour", ((CODE.payload, "À scanner"),)
    )
    assert letter_of(stored(Rendered("fr/email/firm", "t", letter=letter))) == letter
    assert letter_of(stored(Rendered("fr/email/firm", "t"))) is None
