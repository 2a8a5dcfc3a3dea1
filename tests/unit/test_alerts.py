"""`docs/alerts.yaml` holds rules that Prometheus can load, and `docs/runbook.md` says what to do about each."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from web.metrics import OUTCOMES

ROOT = Path(__file__).parents[2]
RULES = yaml.safe_load((ROOT / "docs/alerts.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
_EXPRESSION = re.compile(
    r'(?:(?:abs|increase)\()?relance_[a-z_]+(?:\{[a-z_]+(?:!?=|=~)"[a-z_|]+"\})?(?:\[\d+m\])?\)? (?:==|>|<) \d+'
)


def name_of(rule: dict[str, Any]) -> str:
    return str(rule["alert"])


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_rule_says_when_for_how_long_how_grave_and_what(rule: dict[str, Any]) -> None:
    assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
    assert _EXPRESSION.fullmatch(rule["expr"])
    assert re.fullmatch(r"\d+[mh]", rule["for"])
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"]


def test_the_outcomes_that_the_rules_name_are_told() -> None:
    written = " ".join(rule["expr"] for rule in RULES)
    named = "|".join(re.findall(r'outcome=~?"([a-z_|]+)"', written)).split("|")
    assert named != [""]
    assert set(named) <= set(OUTCOMES)


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_the_runbook_says_what_one_sees_what_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    section = RUNBOOK.split(f"### {rule['alert']}\n", 1)[1].split("\n### ", 1)[0].split("\n## ", 1)[0]
    assert section.splitlines()[0] == f"    {rule['expr']}"
    assert [word for word in ("**You see**", "**It is**", "**Do") if word not in section] == []


def test_the_runbook_knows_no_other_alert() -> None:
    assert re.findall(r"^### (\w+)$", RUNBOOK, re.MULTILINE) == [rule["alert"] for rule in RULES]
    assert set(re.findall(r"`(Relance[A-Z]\w+)`", RUNBOOK)) <= {rule["alert"] for rule in RULES}


def test_the_services_that_the_runbook_stops_starts_and_scales_are_there() -> None:
    """Who copies a command at night must not be told that there is no such service."""
    commands = re.findall(r"docker compose (?:stop|up -d) ([a-z -]+)`", RUNBOOK)
    named = {name for command in commands for name in command.split()}
    named |= set(re.findall(r"--scale ([a-z-]+)=", RUNBOOK)) | set(re.findall(r"worker-[a-z]+", RUNBOOK))
    assert named - set(COMPOSE["services"]) == set()
    assert "worker-email" in named


def test_the_options_that_the_runbook_gives_are_those_of_its_verbs() -> None:
    """`tests/unit/test_walk.py` holds the verbs themselves."""
    of_compose = {"--scale", "--rm"}
    told = set(re.findall(r"(?<!docker compose up -d )(?<![\w-])(--[a-z][a-z-]+)", RUNBOOK)) - of_compose
    written = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "cli").glob("*.py"))
    missing = {option for option in told if f'"{option}' not in written and not is_parameter(option, written)}
    assert missing == set()


def is_parameter(option: str, written: str) -> bool:
    """An option without a name of its own bears its parameter's."""
    return re.search(rf"\b{option[2:].replace('-', '_')}: (?:Annotated\[|_)", written) is not None
