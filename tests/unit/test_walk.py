"""What the documentation names exists: files, functions, links, commands."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from cli.verbs import VERBS, loaded
from domain.read_event import event_type_names
from domain.task_outcomes import OUTCOMES_OF, TaskOutcome

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])

_NAME = re.compile(r"`([\w./-]+\.py)(?::([A-Za-z_][\w.]*))?`")
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
_CODE = re.compile(r"^```.*?^```|^    .*?$|`[^`]+`", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(?:^|[\s`/])relance ([a-z]+)(?: ([a-z]+))?", re.MULTILINE)


def told(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def label(page: Path) -> str:
    return str(page.relative_to(ROOT))


@cache
def names_in(path: str) -> frozenset[str]:
    """The functions, classes, methods and constants of a file: `fold`, `Ledger`, `Ledger.apply`, `READERS`."""
    return frozenset(_names(ast.parse((ROOT / path).read_text(encoding="utf-8")).body))


def _names(body: list[ast.stmt], inside: str = "") -> Iterator[str]:
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield f"{inside}{name}"
            case ast.ClassDef(name=name, body=members):
                yield f"{inside}{name}"
                yield from _names(members, f"{inside}{name}.")
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield f"{inside}{name}"
            case ast.Assign(targets=targets):
                yield from (f"{inside}{one.id}" for one in targets if isinstance(one, ast.Name))
            case _:
                pass


def commands() -> dict[str, frozenset[str]]:
    """The verbs of `relance`, each with the verbs below it."""
    return {name: frozenset(getattr(loaded(name), "commands", ())) for name in VERBS}


def is_missing(path: str, name: str) -> bool:
    return not (ROOT / path).is_file() or (name != "" and name not in names_in(path))


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_file_and_function_that_a_page_names_exists(page: Path) -> None:
    """Whoever renames a function finds here the pages that speak of it."""
    assert [f"{path}:{name}" for path, name in _NAME.findall(told(page)) if is_missing(path, name)] == []


def test_the_walk_passes_through_every_step_of_the_pipeline() -> None:
    named = {path for path, _ in _NAME.findall(told(ROOT / "docs/walk.md"))}
    steps = {f"workers/{step}.py" for step in ("receive", "intake", "due", "claim", "deliver", "settle", "sweep")}
    assert steps - named == set()


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_link_leads_to_a_file(page: Path) -> None:
    assert [link for link in _LINK.findall(told(page)) if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_command_that_a_page_names_can_be_run(page: Path) -> None:
    """A reader who types what stands there must not be told that there is no such command."""
    known = commands()
    code = "\n".join(_CODE.findall(told(page)))
    said = [(verb, below) for verb, below in _COMMAND.findall(code)]
    wrong = [
        f"{verb} {below}" for verb, below in said if verb not in known or (known[verb] and below not in known[verb])
    ]
    assert wrong == []


def test_every_type_of_event_stands_in_the_contract() -> None:
    page = told(ROOT / "docs/events.md")
    assert [name for name in event_type_names() if f"`{name}`" not in page] == []


def test_every_decision_stands_in_the_index() -> None:
    index = told(ROOT / "docs/decisions/README.md")
    decisions = {page.name for page in (ROOT / "docs/decisions").glob("0*.md")}
    assert decisions == set(re.findall(r"\((0[\w-]+\.md)\)", index))


def test_every_kind_of_task_stands_there_with_its_outcomes_and_each_outcome_with_its_meaning() -> None:
    """`as visit` is short for the outcomes of a visit."""
    kinds, _, meanings = told(ROOT / "docs/people.md").partition("## What an outcome means")
    found = {
        kind: cell.replace("as `visit`", " ".join(f"`{one.value}`" for one in OUTCOMES_OF["visit"]))
        for names, _, cell in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| ([^|]+) \| ([^|]+) \|$", kinds, re.MULTILINE)
        for kind in re.findall(r"`(\w+)`", names)
    }
    outcomes = {kind: set(re.findall(r"`(\w+)`", cell)) for kind, cell in found.items()}
    assert outcomes == {str(kind): {one.value for one in each} for kind, each in OUTCOMES_OF.items()}
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", meanings, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == {one.value for one in TaskOutcome}
