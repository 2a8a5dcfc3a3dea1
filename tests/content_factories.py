"""Boring messages for the tests of what customers read: each is complete, and a test changes what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from channels.port import Content, Line
from channels.render import Renderer
from domain.levels import Channel, Level
from domain.money import Money

TEMPLATES = Path(__file__).parents[1] / "config" / "templates"

TODAY = date(2026, 12, 22)

TONES = tuple(Level)
LANGUAGES = ("fr", "en")

SIDS = {f"{language}.{tone.word}": f"HX{language}{tone.word}" for language in LANGUAGES for tone in TONES}
RENDERER = Renderer(TEMPLATES, SIDS)


def a_line(**changes: Any) -> Line:
    """An invoice of 1250.00 EUR, due on 2 December 2026, 20 days late on TODAY."""
    line = Line(
        number="F-2026-0042",
        due_on=date(2026, 12, 2),
        balance=Money(125_000, "EUR"),
        days_late=0,
        issued_on=date(2026, 11, 2),
        document_url="https://billing.example.com/F-2026-0042.pdf",
        payment_url="https://pay.example.com/F-2026-0042",
    )
    changed = replace(line, **changes)
    return changed if "days_late" in changes else replace(changed, days_late=(TODAY - changed.due_on).days)


def a_content(**changes: Any) -> Content:
    """A courteous French mail about one late invoice; `when=-5` moves every due date to 5 days from TODAY."""
    content = Content(
        channel=Channel.EMAIL,
        language="fr",
        step="first",
        level=Level.COURTEOUS,
        tone=Level.COURTEOUS,
        seller_name="Atelier Dupont",
        customer_name="Boulangerie Martin",
        contact_name="Anne Martin",
        lines=(a_line(),),
        today=TODAY,
    )
    return replace(content, **changes)


def content_in(tone: Level, channel: Channel, language: str, *, count: int = 1, **changes: Any) -> Content:
    """A message whose invoices fit its tone: still to fall due for `upcoming`, late for the others."""
    due = TODAY + timedelta(days=5) if tone is Level.UPCOMING else date(2026, 12, 2)
    lines = tuple(
        a_line(number=f"F-2026-{42 + at:04}", due_on=due + timedelta(days=at), balance=Money(125_000 + at, "EUR"))
        for at in range(count)
    )
    changes = {"lines": lines, "level": tone, "tone": tone, **changes}
    return a_content(channel=channel, language=language, **changes)


def plain(text: str) -> str:
    """The text with ordinary spaces, as one reads it."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def text_of(content: Content) -> str:
    """The text of the message as the shipped templates say it, with ordinary spaces."""
    return plain(RENDERER.render(content).text)


def html_of(content: Content) -> str:
    """The HTML of the mail as the shipped templates say it."""
    html = RENDERER.render(content).html
    assert html is not None
    return html
