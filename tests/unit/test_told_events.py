"""`docs/operations.md` says what each warning and error in the logs means: who reads one at night finds it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("cli", "web", "workers", "config", "channels", "store", "domain")
GRAVE = {"warning", "error", "critical", "exception"}
PASSED_ON = {"told", "otherwise"}
"""Parameters by which a function is given the event that it logs."""


def test_each_warning_and_error_that_is_logged_is_explained() -> None:
    logged = set(events())
    assert len(logged) > 30
    assert {event for event in logged if f"`{event}`" not in table()} == set()


def table() -> str:
    """The events' column."""
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    rows = page.partition("| event | means |")[2].partition("\n\n")[0]
    return "\n".join(row.split("|")[1] for row in rows.splitlines() if row.count("|") > 2)


def events() -> Iterator[str]:
    """The events of all calls that log one, and of those that hand one on to be logged."""
    calls = [node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    handed_on = set(takers())
    for call in calls:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        is_log = name in GRAVE and isinstance(call.func, ast.Attribute)
        match call.args:
            case [ast.Constant(str(event)), *_] if is_log or name in handed_on:
                assert re.fullmatch(r"[a-z]+\.[a-z_]+", event), f"no event: {event}"
                yield event
            case [ast.Name(given), *_] if is_log:
                assert given in PASSED_ON, f"who gives it {given}?"
            case _:
                assert not is_log, ast.unparse(call)


def takers() -> Iterator[str]:
    """The functions that are given the event first."""
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.args.args and node.args.args[0].arg in PASSED_ON:
                yield node.name


def trees() -> list[ast.Module]:
    files = (file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py")))
    return [ast.parse(file.read_text(encoding="utf-8")) for file in files]
