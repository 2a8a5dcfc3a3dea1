"""The parts for as long as a verb works with them. Used by every verb that needs the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from config.wiring import Services, build


@contextmanager
def opened_services() -> Iterator[Services]:
    """The parts from the environment; their connections to the database are closed at the end. Raises as `build`."""
    services = build()
    try:
        yield services
    finally:
        services.engine.dispose()
