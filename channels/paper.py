"""A letter as PDF, to print, sign and post in a window envelope. Called where a person asks for one.

The same letter gives the same bytes. All measures are millimetres on A4. The library that draws loads slowly: import
this module where it is used.
"""

from __future__ import annotations

import io
from datetime import datetime
from importlib.resources import files

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

from channels.codes import png_of
from channels.port import Letter

FOLDER = files("font_source_sans_pro") / "files"
"""Source Sans Pro, under the SIL Open Font License 1.1, which lies beside it."""
FAMILY = "source"

LEFT, RIGHT, TOP, BOTTOM = 25.0, 20.0, 18.0, 15.0

WINDOW_X, WINDOW_Y, WINDOW_WIDTH, WINDOW_HEIGHT = 105.0, 55.0, 85.0, 24.0
"""What shows in the window of a French DL envelope (110 x 220, window 35 or 45 x 100, 20 from right and bottom),
wherever in it the sheet of 99 x 210 lies: 55 to 79 from its top, 100 to 190 from its left. It holds the six lines of
38 signs of an address by NF Z10-011."""
DATED_Y, SUBJECT_Y = 101.0, 110.0
"""Below the first fold, at 99, so that neither shows in the window."""

BODY_PT, LINE, BETWEEN = 10.0, 4.6, 2.6
SENDER_LINE, SENDER_WIDTH = 4.4, 75.0
SIGNATURE = 14.0
"""For the hand that signs, between the closing and the name."""
CODE, CODE_GAP = 28.0, 4.0
MOST_LINES = 6

PLAINER = {"\u2009": "\u202f", "\u2010": "-", "\u2011": "-", "\t": " ", "\u2028": "\n"}
"""For signs that the typeface has not; any other is shown as a question mark, which whoever signs will see."""


def pdf_of(letter: Letter, written_at: datetime) -> bytes:
    """The letter on as many pages as it needs. `written_at` is the document's own date."""
    page = _Page()
    page.set_creation_date(written_at)
    page.set_title(page.printable(letter.subject))
    page.add_page()
    page.at(LEFT, TOP, SENDER_WIDTH, SENDER_LINE, letter.sender)
    page.in_window(letter.address)
    page.at(WINDOW_X, DATED_Y, WINDOW_WIDTH, LINE, (letter.dated,))
    page.set_y(SUBJECT_Y)
    page.paragraph(letter.subject, "B")
    *words, closing, signature = ["", "", *letter.body.strip().split("\n\n")]
    for one in filter(None, words):
        page.paragraph(one)
    lines = closing.count("\n") + signature.count("\n") + 3
    page.together(lines * LINE + SIGNATURE)
    page.paragraph(closing)
    page.ln(SIGNATURE)
    page.paragraph(signature)
    for payload, beside in letter.codes:
        page.code(payload, beside)
    return bytes(page.output())


class _Page(FPDF):
    """A4 in our typeface."""

    def __init__(self) -> None:
        super().__init__(unit="mm", format="A4")
        self.set_margins(LEFT, TOP, RIGHT)
        self.set_auto_page_break(auto=True, margin=BOTTOM)
        self.set_creator("Relance")
        for style, name in (("", "Regular"), ("B", "Bold")):
            self.add_font(FAMILY, style, str(FOLDER / f"SourceSansPro-{name}.ttf"))
        self.set_font(FAMILY, size=BODY_PT)

    def footer(self) -> None:
        """The page's number, from the second on."""
        if self.page_no() > 1:
            self.set_font(FAMILY, size=8)
            self.set_y(-BOTTOM / 2)
            self.cell(0, LINE, f"{self.page_no()}/{{nb}}", align="R")

    def printable(self, text: str) -> str:
        """The text in signs that the typeface has."""
        font = self.fonts[FAMILY]
        known = font.cmap if isinstance(font, TTFFont) else {}
        plain = "".join(PLAINER.get(sign, sign) for sign in text)
        return "".join(sign if sign == "\n" or ord(sign) in known else "?" for sign in plain)

    def paragraph(self, text: str, style: str = "") -> None:
        """The text across the page, line breaks kept, and some space below it; nothing for none."""
        self.set_font(FAMILY, style, BODY_PT)
        if text:
            self._cells(0, LINE, text)
            self.ln(BETWEEN)

    def at(self, x: float, y: float, width: float, line: float, lines: tuple[str, ...]) -> None:
        """Lines from a point down, wrapped at this width."""
        self.set_y(y)
        for one in lines:
            self.set_x(x)
            self._cells(width, line, one)

    def in_window(self, lines: tuple[str, ...]) -> None:
        """The address, small enough that all of it shows."""
        longest = max((self.get_string_width(self.printable(one)) for one in lines), default=0.0)
        line = min(LINE, WINDOW_HEIGHT / max(len(lines), MOST_LINES))
        size = BODY_PT * min(1.0, WINDOW_WIDTH / (longest + 1), line * MOST_LINES / WINDOW_HEIGHT)
        self.set_font(FAMILY, size=size)
        for at, one in enumerate(lines):
            self.set_xy(WINDOW_X, WINDOW_Y + at * line)
            self.cell(WINDOW_WIDTH, line, self.printable(one))
        self.set_font(FAMILY, size=BODY_PT)

    def code(self, payload: bytes, beside: str) -> None:
        """A code with its line beside it, on one page."""
        self.together(CODE)
        top = self.get_y()
        self.image(io.BytesIO(png_of(payload)), LEFT, top, CODE, CODE)
        self.at(LEFT + CODE + CODE_GAP, top + (CODE - LINE) / 2, 0, LINE, (beside,))
        self.set_y(top + CODE + CODE_GAP)

    def together(self, height: float) -> None:
        """A new page unless this one has so much room left."""
        if self.will_page_break(height):
            self.add_page()

    def _cells(self, width: float, line: float, text: str) -> None:
        self.multi_cell(width, line, self.printable(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
