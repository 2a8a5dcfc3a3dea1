"""From a Content to the words that leave the house. Called by `workers/deliver`; reads templates, sends nothing.

A template is looked up by language, channel and words: `fr/email/steps/first` (the step's own wording, for the
step's own tone only), else `fr/email/courteous`. One file of words serves mail's text, HTML and subject: it
extends whatever `layout` it is given, and the HTML layout's environment escapes every value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

import jinja2
from jinja2.ext import Extension
from jinja2.lexer import Token
from jinja2.sandbox import ImmutableSandboxedEnvironment

from channels.port import Content, Rendered
from channels.sms_text import count_segments, normalise
from channels.view import view_of
from channels.words import one_line
from domain.levels import Channel, Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from jinja2.lexer import TokenStream

WHATSAPP_VARIABLES = ("contact", "seller", "invoices", "amount", "due_on", "pay")
"""What `{{1}}` to `{{6}}` of the approved WhatsApp texts stand for, in order."""

SMS_BUDGET = 2
"""Segments that an SMS may take before it goes without what it can spare."""

SMS_SAVINGS = ({"brief": False}, {"reason": None}, {"reply_to": None}, {"brief": True})
"""What an SMS above its budget gives up, one after the other: the shortest wording comes last."""

BROKEN = (jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a template can raise when its own code is wrong; the sandbox keeps the rest from it."""

_EMPTY_LINES = re.compile(r"\n{3,}")
_FRENCH_SPACE = re.compile(r" (?=[:;?!»])|(?<=«) ")


class TemplateError(Exception):
    """A template cannot be rendered: it is missing, does not parse, or names what there is not."""

    def __init__(self, template: str, problem: str) -> None:
        super().__init__(f"template {template}: {problem}")
        self.template = template
        self.problem = problem


class FrenchSpaces(Extension):
    """Sets the no-break spaces of French typography in the words of `fr/` templates, never in their values."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """The same tokens, with `?` bound to the word before it."""
        is_french = (stream.name or "").startswith("fr/")
        for token in stream:
            if is_french and token.type == "data":
                yield Token(token.lineno, token.type, _FRENCH_SPACE.sub("\u00a0", token.value))
            else:
                yield token


class Renderer:
    """Holds the compiled templates of one directory. `whatsapp_content_sids` has keys such as `fr.courteous`.

    Safe to share between threads. A changed file is seen by a new Renderer only.
    """

    def __init__(self, templates: Path, whatsapp_content_sids: Mapping[str, str]) -> None:
        loader = jinja2.FileSystemLoader(templates)
        self._text = _environment(loader, autoescape=False)
        self._html = _environment(loader, autoescape=True)
        self._sids = dict(whatsapp_content_sids)
        self._chosen: dict[tuple[str, str, str], str] = {}

    def render(self, content: Content) -> Rendered:
        """The message in the customer's language (English if we do not write it).

        Raises TemplateError if the template is broken, never for what the content says.
        """
        view = view_of(content)
        template = self._choose(content, view)
        try:
            match content.channel:
                case Channel.EMAIL:
                    return self._mail(template, view)
                case Channel.SMS:
                    return self._sms(template, view)
                case Channel.WHATSAPP:
                    return self._whatsapp(template, view)
                case Channel.LETTER:
                    return self._sheet(template, view, "letter.txt", "letter_subject.txt")
                case _:
                    return self._sheet(template, view, "sheet.txt", "subject.txt")
        except BROKEN as error:
            _blame(template, error)

    def _mail(self, template: str, view: dict[str, object]) -> Rendered:
        subject = one_line(self._fill(template, view, layout="subject.txt"))
        return Rendered(
            template=template,
            subject=subject,
            text=_paragraphs(self._fill(template, view, layout="mail.txt")),
            html=self._html.get_template(f"{template}.j2").render(
                view, layout="layouts/mail.html.j2", subject=subject
            ),
        )

    def _sms(self, template: str, view: dict[str, object]) -> Rendered:
        """The fullest text within the budget; if no wording is, the shortest, and `segments` says what it costs."""
        text, segments = "", 0
        for saving in SMS_SAVINGS:
            view |= saving
            text = " ".join(normalise(self._fill(template, view)).split())
            segments = count_segments(text).segments
            if segments <= SMS_BUDGET:
                break
        return Rendered(template=template, text=text, segments=segments)

    def _whatsapp(self, template: str, view: dict[str, object]) -> Rendered:
        """Without a `content_sid`, if none is set up for these words: the channel cannot send it then."""
        values = self._fill(f"{view['language']}/whatsapp/variables", view).splitlines()
        # Meta refuses empty values, line breaks and runs of spaces in a variable.
        variables = [" ".join(value.split()) or "-" for value in values]
        words = dict(zip(WHATSAPP_VARIABLES, variables, strict=True))
        return Rendered(
            template=template,
            text=_paragraphs(self._fill(template, words)),
            content_sid=self._sids.get(f"{view['language']}.{template.rsplit('/', 1)[1]}"),
            content_variables={str(at): value for at, value in enumerate(variables, start=1)},
        )

    def _sheet(self, template: str, view: dict[str, object], layout: str, title: str) -> Rendered:
        return Rendered(
            template=template,
            subject=one_line(self._fill(template, view, layout=title)),
            text=_paragraphs(self._fill(template, view, layout=layout)),
        )

    def _fill(self, template: str, view: Mapping[str, object], *, layout: str = "none") -> str:
        return self._text.get_template(f"{template}.j2").render(view, layout=f"layouts/{layout}.j2")

    def _choose(self, content: Content, view: Mapping[str, object]) -> str:
        # A capped step does not speak its own words: they were written for the level it may not use.
        step = content.step if content.tone == content.level else ""
        key = (f"{view['language']}/{content.channel.value}", step, str(view["tone"]))
        if key not in self._chosen:
            self._chosen[key] = self._first_of(_candidates(content.channel, *key))
        return self._chosen[key]

    def _first_of(self, names: list[str]) -> str:
        for name in names:
            try:
                self._text.get_template(f"{name}.j2")
            except jinja2.TemplateNotFound:
                continue
            except jinja2.TemplateError as error:
                _blame(name, error)
            return name
        raise TemplateError(names[-1], "does not exist")


def _candidates(channel: Channel, folder: str, step: str, tone: str) -> list[str]:
    """Where the words may be, best first. A letter says what the mail says; `final` may say what `formal` says."""
    language = folder.split("/", 1)[0]
    own = [f"{folder}/steps/{step}"] if step else []
    tones = [tone, Level.FORMAL.word] if tone == Level.FINAL.word else [tone]
    match channel:
        case Channel.LETTER:
            folders = [folder, f"{language}/email"]
        case Channel.EMAIL | Channel.SMS | Channel.WHATSAPP | Channel.PHONE:
            folders = [folder]
        case _:
            return [*own, *(f"{folder}/{tone}" for tone in tones), f"{language}/person/any"]
    return own + [f"{place}/{tone}" for place in folders for tone in tones]


def _environment(loader: jinja2.BaseLoader, *, autoescape: bool) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=loader,
        autoescape=autoescape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        extensions=[FrenchSpaces],
    )


def _paragraphs(text: str) -> str:
    """No more than one empty line between two paragraphs: blocks that said nothing leave no hole."""
    return _EMPTY_LINES.sub("\n\n", text).strip() + "\n"


def _blame(template: str, error: Exception) -> NoReturn:
    raise TemplateError(template, str(error) or type(error).__name__) from error
