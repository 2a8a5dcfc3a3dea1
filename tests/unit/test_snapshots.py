"""Every shipped wording as it was read by eye once: template × language × kind. A change shows here, word by word.

After a change that is meant: RENEW_SNAPSHOTS=1 .venv/bin/pytest tests/unit/test_snapshots.py, then read the diff.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from channels.brand import Brand, Look
from channels.port import Address
from channels.render import Renderer
from channels.samples import Case, sample, samples
from domain.levels import Channel, Level
from tests.content_factories import TEMPLATES

SNAPSHOTS = Path(__file__).parents[1] / "snapshots"
BRAND = Brand(
    name="Dupont & fils",
    logo="https://dupont.example.com/logo.png",
    signature="Claire Dupont\nComptabilité",
    colour="#5b2a86",
    reply_to="compta@dupont.example.com",
)
RENDERERS = {
    "fr": Renderer(TEMPLATES, {}),
    "fr-tu": Renderer(TEMPLATES, {}, {"": Look(brand=Brand(address=Address.INFORMAL))}),
    "en": Renderer(TEMPLATES, {}),
}
BRANDED = Renderer(TEMPLATES, {}, {"": Look(brand=BRAND)})

EVERY_LEVEL = (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.PHONE)
"""The others say the same at every level, or (a letter) what the mail says."""

HTML = {
    "fr-courteous-several": sample(Case.SEVERAL, Channel.EMAIL, "fr"),
    "en-formal-broken_promise": sample(Case.BROKEN_PROMISE, Channel.EMAIL, "en", Level.FORMAL),
    "fr-firm-agreed": sample(Case.AGREED, Channel.EMAIL, "fr", Level.FIRM),
    "fr-thanks": sample(Case.THANKS, Channel.EMAIL, "fr"),
    "en-survey": sample(Case.SURVEY, Channel.EMAIL, "en"),
}


def holds(name: str, text: str) -> None:
    file = SNAPSHOTS / name
    if os.environ.get("RENEW_SNAPSHOTS"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("form", "channel"),
    [(form, channel) for form in RENDERERS for channel in Channel if form != "fr-tu" or channel in EVERY_LEVEL],
)
def test_every_wording_is_the_one_that_was_read(form: str, channel: Channel) -> None:
    """`final` says what `formal` says, under its own banner; that of people's work is in the seller's language."""
    holds(f"{form}/{channel.value}.txt", "\n".join(_told(RENDERERS[form], form[:2], channel)))


@pytest.mark.parametrize("name", HTML)
def test_the_html_is_the_one_that_was_looked_at(name: str) -> None:
    html = BRANDED.render(HTML[name]).html
    assert html is not None
    holds(f"html/{name}.html", html + "\n")


def _told(renderer: Renderer, language: str, channel: Channel) -> Iterator[str]:
    for one in samples(language, channel):
        if one.content.level is Level.FINAL or (
            channel not in EVERY_LEVEL and one.content.level is not Level.COURTEOUS
        ):
            continue
        rendered = renderer.render(one.content)
        segments = f", {rendered.segments} segments" if rendered.segments else ""
        yield f"===== {rendered.template}: {one.case.value}{segments} ====="
        if rendered.subject:
            yield f"[{rendered.subject}]"
        yield rendered.text
