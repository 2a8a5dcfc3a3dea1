"""The pictures of docs/policies.md show the shipped ladders as they are, legibly, and need nothing from elsewhere."""

import re
import shutil
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest

from config.policy_files import policy_names
from domain.levels import Level
from domain.policy import Offset, OffsetKind
from domain.policy_timeline import days_after_due
from tests.domain_factories import a_policy, a_step

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs/pictures"
SVG = "{http://www.w3.org/2000/svg}"
WIDEST, WIDEST_BOLD = 0.56, 0.64
"""How wide a letter of a broad sans-serif font is on average, as a part of its size."""


class Box(NamedTuple):
    """Where a text stands, in pixels."""

    words: str
    left: float
    right: float
    top: float
    bottom: float


def checked(folder: Path) -> tuple[int, str]:
    """The answer of the script that draws them, and what it says on standard error."""
    ran = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "scripts/draw_ladders.py", "--check", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stderr


def boxes(name: str) -> list[Box]:
    found = []
    for text in ET.parse(PICTURES / f"ladder-{name}.svg").iter(f"{SVG}text"):  # noqa: S314 - our own file
        words, size, x, y = text.text or "", *(float(text.get(key, "0")) for key in ("font-size", "x", "y"))
        width = len(words) * size * (WIDEST_BOLD if text.get("font-weight") else WIDEST)
        left = x - {"start": 0, "middle": width / 2, "end": width}[text.get("text-anchor", "start")]
        found.append(Box(words, left, left + width, y - size * 0.8, y + size * 0.2))
    return found


def meet(one: Box, other: Box) -> bool:
    return one.left < other.right and other.left < one.right and one.top < other.bottom and other.top < one.bottom


def test_the_pictures_show_the_shipped_policies() -> None:
    """It fails when a policy was changed and not drawn again; the line says what to run."""
    assert checked(PICTURES) == (0, "")


def test_a_picture_that_is_out_of_date_is_named_with_the_command_that_draws_it(tmp_path: Path) -> None:
    shutil.copytree(PICTURES, tmp_path, dirs_exist_ok=True)
    with (tmp_path / "ladder-firm.svg").open("a") as file:
        file.write("<!-- by hand -->")
    assert checked(tmp_path) == (1, "ladder-firm.svg does not show what its policy says: run `make pictures`\n")


@pytest.mark.parametrize("name", policy_names())
def test_words_do_not_collide_and_stay_in_the_picture(name: str) -> None:
    found = boxes(name)
    assert [(one.words, other.words) for one, other in combinations(found, 2) if meet(one, other)] == []
    assert [box.words for box in found if box.left < 0 or box.right > 440] == []


@pytest.mark.parametrize("name", policy_names())
def test_a_picture_is_told_in_words_and_needs_nothing_from_elsewhere(name: str) -> None:
    root = ET.parse(PICTURES / f"ladder-{name}.svg").getroot()  # noqa: S314 - our own file
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    assert re.search("href|url\\(|@import|@font-face|<script", ET.tostring(root, "unicode")) is None


@pytest.mark.parametrize("name", policy_names())
def test_the_page_shows_each_picture_with_words_in_its_place(name: str) -> None:
    page = (ROOT / "docs/policies.md").read_text(encoding="utf-8")
    assert re.search(rf"!\[[^\]]{{30,}}\]\(pictures/ladder-{name}\.svg\)", page)


def test_a_step_in_business_days_has_an_earliest_and_a_latest_day() -> None:
    """One business day after a Friday is a Monday."""
    steps = (
        a_step("heads-up", -5, Level.UPCOMING),
        a_step("first", 0, when=Offset(OffsetKind.DUE_BUSINESS, 1)),
        a_step("second", 0, when=Offset(OffsetKind.PREVIOUS, 10)),
    )
    assert days_after_due(a_policy(*steps)) == ((-5, -5), (1, 3), (11, 13))
