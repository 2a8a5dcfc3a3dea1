"""Looks into the database, one after the other; for a verb that goes on for days, also over its restarts."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep
from typing import TypeVar

import typer

from store.book import reading
from store.engine import Connection, Engine, Unavailable, told_in_a_line, took_too_long

AGAIN_S = 1.0

T = TypeVar("T")


class Reader:
    """Asks within a look of its own each time, so that what breaks off is asked again as a whole.

    With `is_wanted` it waits while the database is away, and says so once on standard error, for as long as its
    answers are wanted; what takes too long is raised all the same.
    """

    def __init__(self, engine: Engine, is_wanted: Callable[[], bool] | None = None) -> None:
        self._engine = engine
        self._is_wanted = is_wanted

    def __call__(self, ask: Callable[[Connection], T]) -> T:
        """What `ask` answers. Raises as the database does; BrokenPipeError if nobody wants it any more."""
        is_told = False
        while True:
            try:
                with reading(self._engine) as connection:
                    return ask(connection)
            except Unavailable as error:
                if self._is_wanted is None or took_too_long(error):
                    raise
                if not is_told:
                    typer.echo(f"relance: {told_in_a_line(error)}; waiting for it", err=True)
                is_told = True
            if not self._is_wanted():
                raise BrokenPipeError
            sleep(AGAIN_S)
