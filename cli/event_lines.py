"""Lines of JSON as batches of events, each with its number and what is wrong with it. For `emit`, `replay`.

Whether an event is valid is not decided here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cli.errors import BadInputError
from domain.exact_json import JsonError, read_json

BATCH = 500
LONGEST_LINE = 1 << 20
"""Bytes; what one request may hold over HTTP."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not blank: its number from 1, its size in bytes, and its event or what is wrong with it."""

    number: int
    size: int
    event: object = None
    problem: str | None = None


def in_batches(source: BinaryIO) -> Iterator[list[Line]]:
    """The lines of a file, BATCH at a time; no more than that is held in memory."""
    batch: list[Line] = []
    for line in _lines(source):
        batch.append(line)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _lines(source: BinaryIO) -> Iterator[Line]:
    number = 0
    while raw := source.readline(LONGEST_LINE + 1):
        number += 1
        if len(raw) > LONGEST_LINE:
            yield Line(number, len(raw) + _rest_of_line(source, raw), problem=f"is longer than {LONGEST_LINE} bytes")
        elif raw.strip():
            yield _read(number, raw)


def _read(number: int, raw: bytes) -> Line:
    try:
        return Line(number, len(raw), read_json(raw.rstrip(b"\r\n")))
    except JsonError as error:
        return Line(number, len(raw), problem=str(error))


def _rest_of_line(source: BinaryIO, read: bytes) -> int:
    """Passes over what is left of a line; returns its size."""
    passed = 0
    while read and not read.endswith(b"\n"):
        read = source.readline(LONGEST_LINE)
        passed += len(read)
    return passed


@contextmanager
def opened(file: str) -> Iterator[BinaryIO]:
    """The file's bytes; `-` is standard input, which stays open."""
    if file == "-":
        yield sys.stdin.buffer
    elif not file.strip():
        raise BadInputError("the file's name is empty; give a file of JSON Lines, or - for standard input")
    else:
        with Path(file).open("rb") as source:
            yield source
