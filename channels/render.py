"""From a Content to the words that leave the house. Called by `workers/deliver`; reads templates, sends nothing.

`shelf` finds the template. One file of words serves mail's text, HTML and subject: it
extends whatever `layout` it is given, and the HTML layout's environment escapes every value.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jinja2

from channels.brand import PLAIN, Look
from channels.port import Address, Content, Kind, Letter, Rendered
from channels.shelf import TWO_ADDRESSES, Shelf, TemplateError, blame
from channels.sms_text import count_segments, normalise
from channels.view import codes_in, view_of
from channels.words import LOCALES, one_line
from domain.levels import Channel, Level

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["SMS_BUDGET", "WHATSAPP_VARIABLES", "Renderer", "TemplateError"]

WHATSAPP_VARIABLES = ("contact", "seller", "invoices", "amount", "due_on", "pay")
"""What `{{1}}` to `{{6}}` of the approved WhatsApp texts stand for, in order."""

WHATSAPP_USED = {Kind.REMINDER: 6, Kind.THANKS: 4, Kind.CHECK_IN: 2, Kind.SURVEY: 2}
"""How many of them the texts of each kind use: no other value is sent."""

LONGEST_FREE_TEXT = 1600
"""Characters that Twilio takes in a body. Source: https://www.twilio.com/docs/api/errors/21617"""

SMS_BUDGET = 2
"""Segments that an SMS may take before it goes without what it can spare."""

SMS_SAVINGS = (
    {"brief": False, "briefest": False},
    {"reason": None},
    {"after_call": False},
    {"reply_to": None},
    {"promised": None},
    {"brief": True},
    {"briefest": True},
)
"""What an SMS above its budget gives up, one after the other: the shortest wording comes last."""

EXACT = "exact"
"""What an SMS template sets `letters` to if accents matter more to it than segments."""

BROKEN = (jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a template can raise when its own code is wrong; the sandbox keeps the rest from it."""

_WHATSAPP_TEXTS = "*/whatsapp/**/*.j2"

_PLAIN_SPACES = re.compile(r"[ \t\n]+")
_EMPTY_LINES = re.compile(r"\n{3,}")


class Renderer:
    """Holds the compiled templates. `whatsapp_content_sids` has keys such as `fr.courteous`.

    `looks` are the sellers' own by seller id; that of "" is for all others. Safe to share between threads. A changed
    file is seen by a new Renderer only.
    """

    def __init__(
        self,
        templates: Path,
        whatsapp_content_sids: Mapping[str, str],
        looks: Mapping[str, Look] | None = None,
    ) -> None:
        self._templates = templates
        self._looks = dict(looks or {})
        self._sids = dict(whatsapp_content_sids)
        self._shelves: dict[tuple[tuple[Path, ...], Address], Shelf] = {}

    @property
    def looks(self) -> tuple[str, ...]:
        """Whose there are: "" (that of all), and each seller's own."""
        return ("", *(name for name in self._looks if name))

    def look_of(self, seller_id: str) -> Look:
        """The seller's own look, else that of all."""
        return self._looks.get(seller_id) or self._looks.get("", PLAIN)

    def shelf_of(self, look: Look) -> Shelf:
        """The templates of a look, compiled once."""
        key = (look.folders, look.brand.address)
        if key not in self._shelves:
            self._shelves[key] = Shelf(self._templates, *key)
        return self._shelves[key]

    def approved_names(self) -> frozenset[str]:
        """What the WhatsApp texts are called that any look may need: `fr.courteous`, `fr.courteous.informal`."""
        formal = {*self._whatsapp_texts(), *(f"{language}.{Level.FINAL.word}" for language in LOCALES)}
        return frozenset(formal | {f"{name}.informal" for name in formal if name.split(".")[0] in TWO_ADDRESSES})

    def not_approved(self) -> tuple[str, ...]:
        """The WhatsApp texts that some look speaks and that have no content SID: only as free text they can leave."""
        forms = {self.look_of(name).brand.address for name in self.looks}
        one_form = {name for name in self._whatsapp_texts() if name.split(".")[0] not in TWO_ADDRESSES}
        two_forms = self._whatsapp_texts() - one_form
        formal = two_forms if Address.FORMAL in forms else frozenset()
        informal = {f"{name}.informal" for name in two_forms} if Address.INFORMAL in forms else set()
        return tuple(sorted((one_form | formal | informal) - self._sids.keys()))

    def _whatsapp_texts(self) -> frozenset[str]:
        """What those are called that have a file in some look, with vous; `final` may say what `formal` says."""
        folders = {self._templates, *(folder for look in self._looks.values() for folder in look.folders)}
        found = {(file.relative_to(at).parts[0], file.stem) for at in folders for file in at.glob(_WHATSAPP_TEXTS)}
        return frozenset(f"{lang}.{words}" for lang, words in found if lang in LOCALES and words != "variables")

    def render(self, content: Content) -> Rendered:
        """The message in the customer's language (English if we do not write it).

        Raises TemplateError if the template is broken, never for what the content says.
        """
        look = self.look_of(content.seller_id)
        view = view_of(content, look.brand)
        shelf = self.shelf_of(look)
        template = shelf.choose(content, view)
        try:
            match content.channel:
                case Channel.EMAIL:
                    return _mail(shelf, template, view, content, look)
                case Channel.SMS:
                    return _sms(shelf, template, view)
                case Channel.WHATSAPP:
                    return self._whatsapp(shelf, template, view, content)
                case Channel.LETTER:
                    sheet = _sheet(shelf, template, view, ("letter.txt", "letter_subject.txt"))
                    return replace(sheet, letter=_letter(shelf, template, view, content))
                case _:
                    return _sheet(shelf, template, view, ("sheet.txt", "subject.txt"))
        except BROKEN as error:
            blame(template, error, _private(content))

    def _whatsapp(self, shelf: Shelf, template: str, view: Mapping[str, object], content: Content) -> Rendered:
        """Without a `content_sid`, if none is set up for these words: the channel can send it as free text alone."""
        values = shelf.fill(f"{view['language']}/whatsapp/variables", view).split("\n")
        # Meta refuses empty values, line breaks and runs of spaces in a variable; what no line may part stays bound.
        variables = [_PLAIN_SPACES.sub(" ", value).strip() or "-" for value in values]
        words = dict(zip(WHATSAPP_VARIABLES, variables, strict=True))
        text = _paragraphs(shelf.fill(template, words))
        return Rendered(
            template=template,
            text=text,
            content_sid=self._sids.get(shelf.approved_name(template)),
            content_variables={
                str(at): value for at, value in enumerate(variables[: WHATSAPP_USED[content.kind]], start=1)
            },
            is_free_text=content.takes_free_text and len(text) <= LONGEST_FREE_TEXT,
        )


def _mail(shelf: Shelf, template: str, view: Mapping[str, Any], content: Content, look: Look) -> Rendered:
    subject = one_line(shelf.fill(template, view, layout="subject.txt"))
    html = shelf.html.get_template(f"{template}.j2").render(view, layout="layouts/mail.html.j2", subject=subject)
    return Rendered(
        template=template,
        subject=subject,
        text=_paragraphs(shelf.fill(template, view, layout="mail.txt")),
        html=html,
        from_name=look.brand.name,
        reply_to=look.brand.reply_to,
        codes=tuple(code for code in codes_in(content, view["seller"]) if f"cid:{code.cid}" in html),
    )


def _sms(shelf: Shelf, template: str, view: dict[str, object]) -> Rendered:
    """The fullest text within the budget; if no wording is, the shortest, and `segments` says what it costs."""
    text, segments = "", 0
    for saving in SMS_SAVINGS:
        view |= saving
        module = shelf.text.get_template(f"{template}.j2").make_module(view)
        is_exact = getattr(module, "letters", None) == EXACT
        text = " ".join(normalise(str(module), transliterate=not is_exact).split())
        segments = count_segments(text).segments
        if segments <= SMS_BUDGET:
            break
    return Rendered(template=template, text=text, segments=segments)


def _sheet(shelf: Shelf, template: str, view: Mapping[str, object], layouts: tuple[str, str]) -> Rendered:
    text, title = layouts
    return Rendered(
        template=template,
        subject=one_line(shelf.fill(template, view, layout=title)),
        text=_paragraphs(shelf.fill(template, view, layout=text)),
    )


def _letter(shelf: Shelf, template: str, view: Mapping[str, Any], content: Content) -> Letter:
    """The same words as the sheet's, in the parts that are printed; without the note for whoever posts it."""
    dated, subject, *beside = shelf.fill(template, view, layout="letter_parts.txt").splitlines()
    return Letter(
        sender=view["sender"],
        address=view["address"],
        dated=dated,
        subject=one_line(subject),
        body=_paragraphs(shelf.fill(template, view, layout="mail.txt")),
        codes=tuple(
            (code.payload, words) for code, words in zip(codes_in(content, view["seller"]), beside, strict=True)
        ),
    )


def _private(content: Content) -> set[str]:
    """What of a customer an error could quote."""
    own = {content.customer_name, content.contact_name}
    numbers = {one.number for line in content.lines for one in line.invoices}
    return own | numbers | {word for line in content.lines for word in (line.purchase_order or "", line.iban or "")}


def _paragraphs(text: str) -> str:
    """No more than one empty line between two paragraphs: blocks that said nothing leave no hole."""
    return _EMPTY_LINES.sub("\n\n", text).strip() + "\n"
