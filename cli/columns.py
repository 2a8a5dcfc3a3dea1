"""How the command line prints a list for people. Called by the verbs that list."""

from __future__ import annotations

import os

from rich.console import Console
from rich.table import Table

WIDEST = 10_000
"""Columns where nobody looks at the edge of a terminal: `| grep` has to find whole words, one row a line."""


def print_table(table: Table) -> None:
    """Fits it into the terminal, or into COLUMNS; into a pipe or a file it goes whole."""
    console = Console(markup=False, highlight=False)
    if not console.file.isatty() and not os.environ.get("COLUMNS"):
        console.width = WIDEST
    console.print(table)
