"""README's way to the first reminder and to another channel order, played as it stands there."""

import json
import os
import re
import subprocess
from datetime import date, datetime
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, build_opener
from zoneinfo import ZoneInfo

import pytest

from tests.command import run_relance
from tests.e2e.test_up import TUESDAY_1000, Up, cleared, running_up
from tests.simulator_process import eventually

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FOUR_DAYS_BEFORE = "2026-11-20"
TUESDAY_2030 = "2026-11-24T20:30:00+01:00"
"""Outside the hours of the shipped policies."""


def bodies() -> list[dict[str, Any]]:
    """What README's first commands send, in order, as a shell on that Tuesday makes it of them."""
    return [
        json.loads(as_a_shell_reads(one)) for one in re.findall(r"-d @- (<<JSON\n.*?\nJSON)\n", README, re.DOTALL)
    ]


def as_a_shell_reads(here_document: str) -> bytes:
    ended = subprocess.run(  # noqa: S603 - README's own words
        ["/bin/sh", "-c", f"cat {here_document}"],
        env={**os.environ, "DUE": FOUR_DAYS_BEFORE},
        capture_output=True,
        check=True,
    )
    return ended.stdout


def own_policy() -> str:
    """The shipped policy with README's lines in the place of its own. What they were stands in README, too."""
    text = (ROOT / "config/policies/standard.yaml").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n(name: mine\n.*?)```", README, re.DOTALL)
    assert block is not None
    name, _, hours, holidays, _, step = block[1].splitlines()
    for line, there in ((hours, "default:"), (holidays, "holidays:")):
        new, _, was = line.partition("# was ")
        assert one_line_with(there, text).split(": ", 1)[1].strip("{}") == was
        text = text.replace(one_line_with(there, text), new.rstrip())
    new, _, was = step.partition("…}")
    old, is_now, was_before = one_line_with("{id: first,", text), _order_in(new), _order_in(was)
    assert re.sub(r", +", ", ", old).startswith(new.replace(is_now, was_before))
    return text.replace(old, old.replace(was_before, is_now)).replace("name: standard", name)


def _order_in(words: str) -> str:
    """The channels in a list: `[sms, email]`."""
    (found,) = re.findall(r"\[.*?\]", words)
    return str(found)


def one_line_with(words: str, text: str) -> str:
    (found,) = (line for line in text.splitlines() if words in line)
    return found


def shell(up: Up, *words: str) -> str:
    """What a verb says in another shell, in another folder, that knows the home and nothing else."""
    ended = run_relance(*words, folder=up.home, settings=up.settings)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout + ended.stderr


def test_the_first_reminder_is_a_mail_and_after_the_change_the_next_customer_has_an_sms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second time it is evening, and both invoices have come within one day."""
    monkeypatch.setenv("COLUMNS", "200")  # or the table of the log is broken to fit a terminal
    first, paid, second = bodies()
    with cleared(tmp_path):
        with running_up(tmp_path, TUESDAY_1000) as up:
            assert up.post(first) == 202
            eventually(lambda: "delivered" in shell(up, "log"), 40.0)
            assert (
                columns(shell(up, "log").splitlines()[-1])[1:]
                == columns(one_line_with("an…@example.com", README))[1:]
            )
            assert up.post(paid) == 202
        (tmp_path / "mine.yaml").write_text(own_policy(), encoding="utf-8")
        (tmp_path / "words").mkdir()
        (tmp_path / "words" / "brand.yaml").write_text(
            "name: Moulin SARL\nsignature: À bientôt, Léa\n", encoding="utf-8"
        )
        with running_up(tmp_path, TUESDAY_2030, policy="mine.yaml", templates="words") as up:
            assert up.post(second) == 202
            row = eventually(lambda: next((row for row in up.log() if row["invoices"] == ["F-43"]), None), 40.0)
            assert (row["channel"], row["to"], row["policy"]) == ("sms", "+33639980043", "mine@1")
            eventually(lambda: [(one["channel"], one["to"]) for one in up.received()] == [("sms", "+33639980043")])
            check_that_other_shells_answer_by_what_up_was_given(up)


def columns(line: str) -> list[str]:
    return re.split(r" {2,}", line.strip())


def check_that_other_shells_answer_by_what_up_was_given(up: Up) -> None:
    """Its policy and its words, though both were given as they lie in its own folder."""
    assert [line.split()[0] for line in shell(up, "policy", "list").splitlines() if "default" in line] == ["mine@1"]
    assert "À bientôt, Léa" in shell(up, "template", "show", "first")
    coming = json.loads(shell(up, "preview", "--customer", "C-18", "--json").splitlines()[0])
    assert coming["policy"] == "mine@1"


def test_outside_business_hours_nothing_goes_out_and_the_customers_page_says_when(tmp_path: Path) -> None:
    with cleared(tmp_path), running_up(tmp_path, TUESDAY_2030) as up:
        assert up.post(bodies()[0]) == 202
        planned = eventually(lambda: next_reminder_on_page(up, "C-17"), 20.0)
        assert "Nothing has gone out yet." in shell(up, "log")
    there = planned.astimezone(ZoneInfo("Europe/Paris"))
    assert there.date() == date(2026, 11, 25)
    assert 9 <= there.hour < 12
    assert (there.minute, there.second) != (0, 0)


def next_reminder_on_page(up: Up, customer: str) -> datetime | None:
    """When the customer's page says that his next reminder will go out; None until it is planned."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    sign_in = next(line.split()[-1] for line in up.said.splitlines() if "/login?token=" in line)
    browser.open(sign_in, timeout=10).close()
    try:
        with browser.open(f"{up.url}/customers/{customer}", timeout=10) as answer:
            told = re.search(r'<dd><time datetime="([^"]+)">', answer.read().decode())
    except HTTPError as unknown:
        with unknown:
            return None
    return None if told is None else datetime.fromisoformat(told[1])
