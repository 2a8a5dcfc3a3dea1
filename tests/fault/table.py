"""The table of a run on standard output, and its rows as JSON lines in `build/fault/`."""

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.fault.run import Row

FOLDER = Path(__file__).parents[2] / "build" / "fault"
_MOST_SHOWN = 5


def show(rows: Sequence[Row], seed: int) -> None:
    """Print the table, and each breach with what, who and the seed."""
    console = Console(markup=False, highlight=False, width=None)
    console.print(_table(rows, seed))
    for row in rows:
        for breach in row.verdict.breaches[:_MOST_SHOWN]:
            console.print(f"BREACH {row.fault}: {breach.what}: {breach.who} (seed {seed})")
        if more := len(row.verdict.breaches[_MOST_SHOWN:]):
            console.print(f"BREACH {row.fault}: and {more} more, in {_file(seed)}")


def keep(row: Row) -> None:
    """Append a row to the file of its seed."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _file(row.seed).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row.as_dict()) + "\n")


def _file(seed: int) -> Path:
    return FOLDER / f"{seed}.jsonl"


def _table(rows: Sequence[Row], seed: int) -> Table:
    table = Table(
        "Fault", "Reminders", "Messages", "Lost", "Doubled", "Unconfirmed, and how resolved", "Healed in s", "",
        title=f"seed {seed}", box=None, pad_edge=False,
    )  # fmt: skip
    for row in rows:
        verdict = row.verdict
        how = ", ".join(f"{number} {word}" for word, number in sorted(verdict.unconfirmed.items()))
        table.add_row(
            f"{row.fault}: {row.says}",
            str(verdict.reminders),
            str(verdict.messages),
            str(verdict.lost),
            str(verdict.doubled),
            f"{verdict.unconfirmed.total()}: {how}" if how else "0",
            "never" if row.healed_s is None else f"{row.healed_s:.0f}",
            "holds" if row.holds else "BREACH",
        )
    return table
