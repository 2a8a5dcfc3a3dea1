"""Events that the command line itself makes of what a person says. Used by the verbs that hold, release and close."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from config.wiring import Services

SOURCE = "relance-cli"


def event_of(kind: str, data: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A CloudEvent of ours. What was not said is not in it."""
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": SOURCE,
        "type": kind,
        "time": now.isoformat(),
        "data": {name: value for name, value in data.items() if value is not None},
    }


def nudge(services: Services, inbox_ids: Sequence[int]) -> None:
    """Has these rows of the inbox folded at once; without a broker the sweep finds them."""
    if services.settings.redis_url is not None and inbox_ids:
        from workers.app import publish  # noqa: PLC0415 - reads the broker's address when it is imported
        from workers.nudges import of_events  # noqa: PLC0415 - belongs to the line above

        publish(of_events(inbox_ids))
