"""The compiled templates of one look, and which of them holds the words that are meant. Used by `render` alone.

A template is looked up by language, channel and words: `fr/email/steps/first` (the step's own wording, for the
step's own tone only), else `fr/email/courteous`; in the look's own folders first, then among the shipped ones.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

import jinja2
from jinja2.ext import Extension
from jinja2.lexer import Token

from channels.port import Address, Content, Kind
from channels.sandbox import Sandbox
from channels.words import unbroken
from domain.levels import Channel, Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from jinja2.lexer import TokenStream

TWO_ADDRESSES = frozenset({"fr"})
"""The languages that tell vous from tu."""

NOT_ASKING = frozenset(kind.value for kind in Kind if kind is not Kind.REMINDER)
"""The words of messages that ask for no payment."""

_EITHER_ADDRESS = re.compile(r"\[([^\[\]|]*)\|([^\[\]|]*)\]")


class TemplateError(Exception):
    """A template cannot be rendered: it is missing, does not parse, or names what there is not."""

    def __init__(self, template: str, problem: str) -> None:
        super().__init__(f"template {template}: {problem}")
        self.template = template
        self.problem = problem


class FrenchWords(Extension):
    """Sets the no-break spaces and the form of address in the words of `fr/` templates, never in their values.

    Words are what stands outside of `{{ }}` and, inside, in quotes.
    """

    chosen = r"\1"

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """The same tokens, with `?` bound to the word before it, and of `[vous|tu]` the one that is meant."""
        is_french = (stream.name or "").removeprefix("shipped/").startswith("fr/")
        for token in stream:
            if is_french and token.type in ("data", "string"):
                words = _EITHER_ADDRESS.sub(self.chosen, token.value)
                yield Token(token.lineno, token.type, unbroken(words))
            else:
                yield token


class InformalFrenchWords(FrenchWords):
    """The same, with tu."""

    chosen = r"\2"


class Templates(jinja2.FileSystemLoader):
    """The first of some folders that has a template. What else lies there cannot be read, nor other sellers' own."""

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """The text; TemplateNotFound for what is no template."""
        folders = [part for part in template.split("/") if part not in ("", ".")]
        if not template.endswith(".j2") or folders[0].casefold() == "sellers":
            raise jinja2.TemplateNotFound(template)
        return super().get_source(environment, template)


class Shelf:
    """The compiled templates of a look in one form of address."""

    def __init__(self, shipped: Path, folders: Sequence[Path], address: Address) -> None:
        self._address = address
        own = Templates([*folders, shipped])
        loader = jinja2.ChoiceLoader([own, jinja2.PrefixLoader({"shipped": Templates(shipped)})])
        self.text = _environment(loader, address, autoescape=False)
        self.html = _environment(loader, address, autoescape=True)
        self._chosen: dict[tuple[str, str, str], str] = {}

    def choose(self, content: Content, view: Mapping[str, object]) -> str:
        """The name of the template whose words are meant."""
        # A capped step does not speak its own words: they were written for the level it may not use.
        step = content.step if content.tone == content.level else ""
        key = (f"{view['language']}/{content.channel.value}", step, str(view["tone"]))
        if key not in self._chosen:
            self._chosen[key] = self._first_of(_candidates(content.channel, *key))
        return self._chosen[key]

    def fill(self, template: str, view: Mapping[str, object], *, layout: str = "none") -> str:
        """The template's text with these values."""
        return self.text.get_template(f"{template}.j2").render(view, layout=f"layouts/{layout}.j2")

    def approved_name(self, template: str) -> str:
        """What an approved text is called: `fr.courteous`, with tu `fr.courteous.informal`; English has one form."""
        language, words = template.split("/", 1)[0], template.rsplit("/", 1)[1]
        has_two = language in TWO_ADDRESSES and self._address is Address.INFORMAL
        return f"{language}.{words}.informal" if has_two else f"{language}.{words}"

    def _first_of(self, names: list[str]) -> str:
        for name in names:
            try:
                self.text.get_template(f"{name}.j2")
            except jinja2.TemplateNotFound:
                continue
            except jinja2.TemplateError as error:
                blame(name, error)
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
        case Channel.EMAIL | Channel.SMS | Channel.WHATSAPP:
            folders = [folder]
        case Channel.PHONE if tone not in NOT_ASKING:
            folders = [folder]
        case _:
            return [*own, *(f"{folder}/{tone}" for tone in tones), f"{language}/person/any"]
    return own + [f"{place}/{tone}" for place in folders for tone in tones]


def _environment(loader: jinja2.BaseLoader, address: Address, *, autoescape: bool) -> Sandbox:
    return Sandbox(
        loader=loader,
        autoescape=autoescape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        extensions=[InformalFrenchWords if address is Address.INFORMAL else FrenchWords],
    )


def blame(template: str, error: Exception, private: Iterable[str] = ()) -> NoReturn:
    """Says which template is broken, and why: without any of these words, as it goes to logs."""
    problem = str(error)
    is_told = problem and not any(word in problem for word in private if word)
    raise TemplateError(template, problem if is_told else type(error).__name__) from error
