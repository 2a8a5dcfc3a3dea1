"""Writes the letter of a task as PDF. Called by `cli/tasks`."""

from __future__ import annotations

from pathlib import Path

from channels.kept import letter_of
from cli.errors import BadInputError
from store import worklist
from store.engine import Connection
from store.worklist import TaskRow


def write(connection: Connection, task: TaskRow, file: Path) -> None:
    """Raises BadInputError for what is no letter, OSError for a file that cannot be written."""
    from channels.paper import pdf_of  # noqa: PLC0415 - no other verb needs the library that draws, which loads slowly

    found = worklist.message_of(connection, task.id)
    letter = None if found is None else letter_of(found.message)
    if found is None or letter is None:
        raise BadInputError(f"--pdf: task {task.id} ({task.kind}) has no letter that could be printed")
    file.write_bytes(pdf_of(letter, found.at))
