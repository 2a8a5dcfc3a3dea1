"""What is asked of the database, as the driver sends it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from config.wiring import Services


@contextmanager
def statements(services: Services) -> Iterator[list[str]]:
    """What is asked of the database while the block runs."""
    found: list[str] = []

    def keep(*told: Any) -> None:
        found.append(" ".join(told[2].split()))

    sa.event.listen(services.engine, "before_cursor_execute", keep)
    yield found
    sa.event.remove(services.engine, "before_cursor_execute", keep)
