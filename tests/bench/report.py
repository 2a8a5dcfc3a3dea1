"""Figures as people read them: lines on the terminal, tables in docs/benchmarks.md, and JSON for the next tool."""

import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console

from tests.bench.figures import Figure

DOCS = Path(__file__).parents[2] / "docs"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
_console = Console(soft_wrap=True, highlight=False)


@dataclass(frozen=True, slots=True)
class Target:
    """What is wanted of a value made of medians (None: not measured): at least, or at most, so much."""

    about: str
    value: float | None
    wanted: float
    unit: str
    is_least: bool

    @property
    def is_met(self) -> bool:
        """Whether it is as wanted, and known to be."""
        if self.value is None:
            return False
        return self.value >= self.wanted if self.is_least else self.value <= self.wanted


def say(figures: Iterable[Figure]) -> list[Figure]:
    """Print each as soon as it is known; return them all."""
    found = []
    for one in figures:
        found.append(one)
        _console.print(f"{one.name:38} {shown(one.median):>10} {one.unit:5} ({_range(one)})  {one.about}")
    return found


def say_target(one: Target) -> None:
    """Print whether it is met."""
    sign = "≥" if one.is_least else "≤"
    word = "met" if one.is_met else "NOT met"
    _console.print(f"{one.about}: {_value(one)} (wanted {sign} {shown(one.wanted)}): {word}")


def write(figures: Sequence[Figure], targets: Sequence[Target]) -> None:
    """The JSON file, and the tables between the marks of docs/benchmarks.md; the words around them stay."""
    machine = machine_told()
    content = {
        "machine": machine,
        "targets": [{"about": one.about, "value": one.value, "wanted": one.wanted, "unit": one.unit,
                     "at": "least" if one.is_least else "most", "met": one.is_met} for one in targets],
        "figures": [{"name": one.name, "about": one.about, "unit": one.unit, "values": list(one.values)}
                    for one in figures],
    }  # fmt: skip
    (DOCS / "benchmarks.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    page = DOCS / "benchmarks.md"
    before, _, rest = page.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n{tables(machine, figures, targets)}\n{END}{after}")


def tables(machine: str, figures: Sequence[Figure], targets: Sequence[Target]) -> str:
    """Both tables in Markdown."""
    lines = [f"Measured on {machine}.", "", "| target | measured | wanted | |", "| --- | ---: | ---: | --- |"]
    for one in targets:
        sign = "≥" if one.is_least else "≤"
        met = "met" if one.is_met else "**not met**"
        lines.append(f"| {one.about} | {_value(one)} | {sign} {shown(one.wanted)} | {met} |")
    lines += ["", "| figure | median | least – most | |", "| --- | ---: | ---: | --- |"]
    lines += [f"| `{one.name}` | {shown(one.median)} {one.unit} | {_range(one)} | {one.about} |" for one in figures]
    return "\n".join(lines)


def machine_told() -> str:
    """Cores, memory, and the versions that count, without the machine's name."""
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.machine()}"
    return f"{psutil.cpu_count()} cores, {memory:.0f} GiB, {system}, Python {platform.python_version()}"


def shown(value: float) -> str:
    """Three digits that count."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.3g}"


def _value(one: Target) -> str:
    return "not measured" if one.value is None else f"{shown(one.value)} {one.unit}".rstrip()


def _range(one: Figure) -> str:
    return f"{shown(min(one.values))} – {shown(max(one.values))}"
