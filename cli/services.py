"""The parts for as long as a verb works with them. Used by every verb that needs the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from config.wiring import Services, build, read_settings

_A_PERSONS = "warning"
"""From where on a person at a terminal sees logs between the words, unless the operator says from where."""


@contextmanager
def opened_services(*, is_a_persons: bool = True) -> Iterator[Services]:
    """The parts from the environment; their connections to the database are closed at the end. Raises as `build`.

    For a person's verb they log what is wrong, and no more than that, unless RELANCE_LOG_LEVEL is set.
    """
    settings = read_settings()
    if is_a_persons and "log_level" not in settings.model_fields_set:
        settings = settings.model_copy(update={"log_level": _A_PERSONS})
    services = build(settings)
    try:
        yield services
    finally:
        services.engine.dispose()
