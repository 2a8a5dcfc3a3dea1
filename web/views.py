"""Turns values into pages: one Jinja2 environment, everything escaped, in the reader's language.

Called by the endpoints that answer with HTML.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from channels.words import money, short_date
from web.owed import part_stands, stands
from web.sentences import shown, unit_named, when
from web.task_words import named_beside
from web.words import LANGUAGES, counted, labels, shown_of, word

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals.update(word=word, shown=shown, unit_named=unit_named, when=when)
_TEMPLATES.globals.update(day=short_date, money=money, shown_of=shown_of, stands=stands, part_stands=part_stands)
_TEMPLATES.globals.update(named_beside=named_beside, counted=counted)
_TEMPLATES.filters["as_path"] = lambda text: quote(text, safe="")
_TEMPLATES.filters["as_place"] = lambda row: quote(f"{row.place[0].isoformat()}~{row.place[1]}", safe="")


def language_of(request: Request) -> str:
    """`fr` or `en`: by `?lang=`, else as the browser prefers, else French."""
    asked = request.query_params.get("lang", "")
    if asked in LANGUAGES:
        return asked
    preferred = request.headers.get("accept-language", "").split(",")
    known = [tag.strip()[:2].lower() for tag in preferred]
    return next((tag for tag in known if tag in LANGUAGES), LANGUAGES[0])


Language = Annotated[str, Depends(language_of)]


def show(template: str, language: str, *, status: int = 200, problem: str | None = None, **values: Any) -> Response:
    """The page that a template makes of these values; `problem` is a label's name."""
    page = _TEMPLATES.get_template(template)
    return HTMLResponse(page.render(t=labels(language), lang=language, problem=problem, **values), status)
