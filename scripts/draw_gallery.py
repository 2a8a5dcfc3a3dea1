#!/usr/bin/env python3
"""Takes pictures of the shipped mails for docs/gallery, on a computer and on a phone, in headless Chromium.

Run by hand (`python scripts/draw_gallery.py`), never by `make test`: it needs a `chromium` on this machine. Each
picture is of the shipped templates and the sample set alone, with a made-up brand in one of them.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from html import escape
from pathlib import Path

from channels.brand import Brand, Look
from channels.kept import keep, pictured
from channels.port import Content
from channels.render import Renderer
from channels.samples import Case, sample
from domain.levels import Channel, Level

ROOT = Path(__file__).parents[1]
GALLERY = ROOT / "docs/gallery"
TEMPLATES = ROOT / "config/templates"
BRAND = Brand(name="Atelier Dupont", signature="Claire Dupont\nComptabilité", colour="#5b2a86")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
WIDE, NARROW, PHONE = 680, 500, 375  # pixels; no window is narrower than 500, so a phone stands in one
ENOUGH_S = 60.0

PICTURES: dict[str, tuple[Content, int, int]] = {
    "fr-upcoming": (sample(Case.ONE, Channel.EMAIL, "fr", Level.UPCOMING), WIDE, 1110),
    "fr-courteous-several": (sample(Case.SEVERAL, Channel.EMAIL, "fr"), WIDE, 1270),
    "fr-firm-broken-promise": (sample(Case.BROKEN_PROMISE, Channel.EMAIL, "fr", Level.FIRM), WIDE, 1170),
    "fr-formal-charges": (sample(Case.FULL, Channel.EMAIL, "fr", Level.FORMAL), WIDE, 2330),
    "fr-thanks": (sample(Case.THANKS, Channel.EMAIL, "fr"), WIDE, 560),
    "en-courteous": (sample(Case.ONE, Channel.EMAIL, "en"), WIDE, 1110),
    "en-firm-instalment": (sample(Case.INSTALMENT, Channel.EMAIL, "en", Level.FIRM), WIDE, 1110),
    "fr-courteous-agreed": (sample(Case.AGREED, Channel.EMAIL, "fr"), WIDE, 1530),
    "en-formal": (sample(Case.ONE, Channel.EMAIL, "en", Level.FORMAL), WIDE, 1210),
    "en-check-in": (sample(Case.CHECK_IN, Channel.EMAIL, "en"), WIDE, 460),
    "en-survey": (sample(Case.SURVEY, Channel.EMAIL, "en"), WIDE, 480),
    "fr-courteous-phone": (sample(Case.ONE, Channel.EMAIL, "fr"), NARROW, 1290),
    "fr-courteous-brand": (replace(sample(Case.ONE, Channel.EMAIL, "fr"), seller_id="brand"), WIDE, 1130),
}


def main() -> int:
    """Takes the pictures; answers 1 without a browser."""
    parser = argparse.ArgumentParser(description="Take pictures of the shipped mails for docs/gallery.")
    parser.add_argument("folder", nargs="?", type=Path, default=GALLERY)
    folder = parser.parse_args().folder
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        sys.stderr.write(f"no browser: install one of {', '.join(BROWSERS)}\n")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    renderer = Renderer(TEMPLATES, {}, {"brand": Look(brand=BRAND)})
    for name, (content, width, height) in PICTURES.items():
        _take(browser, pictured(keep(renderer.render(content), ())) or "", folder / f"{name}.png", width, height)
        sys.stdout.write(f"{name}.png\n")
    return 0


def _on_a_phone(html: str, height: int) -> str:
    """The mail in a frame as wide as a phone."""
    style = f"display:block;margin:0 auto;border:0;width:{PHONE}px;height:{height}px"
    frame = f'<iframe style="{style}" srcdoc="{escape(html)}"></iframe>'
    return f'<body style="margin:0;background:#333333">{frame}</body>'


def _take(browser: str, html: str, picture: Path, width: int, height: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        page = Path(home) / "mail.html"
        page.write_text(html if width == WIDE else _on_a_phone(html, height), encoding="utf-8")
        subprocess.run(  # noqa: S603 - a browser of this machine on a page of ours
            [
                browser,
                *FLAGS,
                f"--user-data-dir={home}/profile",
                f"--window-size={width},{height}",
                f"--screenshot={picture.resolve()}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=ENOUGH_S,
        )


if __name__ == "__main__":
    sys.exit(main())
