"""Names, numbers and links that others wrote, and templates that admins broke: nothing of them gets out."""

from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import pytest

from channels.port import Line
from channels.render import Renderer, TemplateError
from channels.samples import Case, sample
from domain.levels import Channel, Level
from tests.content_factories import RENDERER, TEMPLATES, a_content, a_line, content_in, text_of

NAUGHTY = [
    '<script>alert("1")</script>',
    "Max & Söhne <b>",
    "{{ 7 * 7 }}{% raw %}",
    "'; DROP TABLE accounts; --",
    "O’Reilly\u00a0& fils\u202f« été »",
    "株式会社 🙂",
    "\u202eDupont",
    "%s %(x)s ${x} \\n",
    "A : B ? C",
]


@pytest.mark.parametrize("name", NAUGHTY)
@pytest.mark.parametrize(
    "part", ["seller_name", "customer_name", "contact_name", "number", "purchase_order", "reason"]
)
def test_what_strangers_wrote_is_escaped_in_html_and_verbatim_in_text(part: str, name: str) -> None:
    is_line = part in {"number", "purchase_order"}
    changes: dict[str, Any] = {"lines": (a_line(**{part: name}),)} if is_line else {part: name}

    rendered = RENDERER.render(a_content(**changes))

    assert name in rendered.text
    assert name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;").replace(
        "'", "&#39;"
    ) in (rendered.html or "")


def _named(line: Line, name: str) -> Line:
    return replace(line, number=name, agreed=tuple(replace(one, number=name) for one in line.agreed))


@pytest.mark.parametrize("name", NAUGHTY)
@pytest.mark.parametrize("case", list(Case))
def test_it_is_so_in_every_kind_of_message(case: Case, name: str) -> None:
    """Verbatim in text and subject, escaped in HTML, and one line in what becomes a header."""
    content = replace(sample(case, Channel.EMAIL, "fr"), seller_name=name, customer_name=name, contact_name=name)
    content = replace(content, lines=tuple(_named(line, name) for line in content.lines))

    rendered = RENDERER.render(content)

    assert name in rendered.text
    assert escape(name, quote=True).replace("&quot;", "&#34;").replace("&#x27;", "&#39;") in (rendered.html or "")
    assert not content.lines or name in (rendered.subject or "")
    assert len((rendered.subject or "").splitlines()) == 1


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028"])
@pytest.mark.parametrize("channel", list(Channel))
def test_no_line_break_of_a_stranger_opens_a_line(channel: Channel, end: str) -> None:
    name = f"Dupont{end}Bcc: everyone@example.com"
    content = content_in(Level.FIRM, channel, "fr", seller_name=name, customer_name=name, contact_name=name)
    content = replace(content, lines=(a_line(number=name),), reason=name)

    rendered = RENDERER.render(content)

    assert not any(line.startswith("Bcc") for line in rendered.text.splitlines())
    assert len((rendered.subject or "one line").splitlines()) == 1
    assert all(len(value.splitlines()) == 1 for value in rendered.content_variables.values())


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "ftp://x", "https://", "//x", "no address"]
)
def test_only_web_addresses_become_links(url: str) -> None:
    rendered = RENDERER.render(a_content(lines=(a_line(payment_url=url, document_url=url),)))

    assert "href" not in (rendered.html or "")
    assert url not in rendered.text


def test_an_address_is_written_in_plain_letters() -> None:
    """So that the SMS alphabet, a quote or a bracket cannot cut or bend it."""
    line = a_line(payment_url='https://pay.example.com/reçu"<b>?id=1&x=%20')

    assert "https://pay.example.com/re%C3%A7u%22%3Cb%3E?id=1&x=%20" in text_of(a_content(lines=(line,)))


def own(tmp_path: Path, name: str, text: str) -> Renderer:
    """A renderer of the shipped templates with one file more or another."""
    for shipped in TEMPLATES.rglob("*.j2"):
        copy = tmp_path / shipped.relative_to(TEMPLATES)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return Renderer(tmp_path, {})


def test_a_step_may_have_words_of_its_own_and_keep_the_rest(tmp_path: Path) -> None:
    words = '{% extends "fr/email/courteous.j2" %}{% block signature %}Anne, de la part de {{ seller }}{% endblock %}'
    renderer = own(tmp_path, "fr/email/steps/first.j2", words)

    rendered = renderer.render(a_content())

    assert rendered.template == "fr/email/steps/first"
    assert "Anne, de la part de Atelier Dupont" in rendered.text
    assert "Anne, de la part de Atelier Dupont" in (rendered.html or "")
    assert "pas encore reçu" in rendered.text


def test_a_capped_step_does_not_speak_its_own_words(tmp_path: Path) -> None:
    renderer = own(tmp_path, "fr/email/steps/first.j2", "never")

    assert renderer.render(a_content(level=Level.FIRM)).template == "fr/email/courteous"


def test_a_step_cannot_leave_the_directory(tmp_path: Path) -> None:
    renderer = own(tmp_path / "templates", "fr/email/steps/first.j2", "")
    (tmp_path / "secret.j2").write_text("secret")

    assert renderer.render(a_content(step="../../../../secret")).template == "fr/email/courteous"


@pytest.mark.parametrize(
    "words",
    [
        "{{ nothing }}",
        "{% if %}",
        '{% extends "fr/missing.j2" %}',
        "{% extends layout %}",
        "{{ 1 / 0 }}",
        "{{ lead.number + 1 }}",
        "{{ seller.__class__.__mro__ }}",
        "{{ lines.append(1) }}",
        "{{ range(10**9) | list }}",
    ],
)
def test_a_broken_template_is_named(tmp_path: Path, words: str) -> None:
    renderer = own(tmp_path, "fr/email/courteous.j2", words)

    with pytest.raises(TemplateError) as caught:
        renderer.render(a_content())

    assert caught.value.template == "fr/email/courteous"
    assert caught.value.problem


@pytest.mark.parametrize("words", ["{{ lines[customer] }}", "{{ lines[lead.number] }}", "{{ totals[contact] }}"])
def test_what_goes_to_the_logs_quotes_no_customer(tmp_path: Path, words: str) -> None:
    with pytest.raises(TemplateError) as caught:
        own(tmp_path, "fr/email/courteous.j2", words).render(a_content())

    assert caught.value.problem == "UndefinedError"


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="fr/email/courteous: does not exist"):
        Renderer(tmp_path, {}).render(a_content())
