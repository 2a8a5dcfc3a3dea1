"""Structured logs on standard error: one JSON object a line, dotted event names, ids and figures, no personal data.

Fields that could hold an address, a name or a secret are dropped before anything is written.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_PRIVATE = frozenset(
    {"to", "cc", "email", "phone", "name", "body", "text", "token", "key", "secret", "url", "recipient", "address"}
)


def set_up_logs(level: str) -> None:
    """Sets up logging for this process; called once by each entry point. `level` is debug, info, warning or error."""
    number = getattr(logging, level.upper())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_private,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _without_private(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for field in _PRIVATE & event.keys():
        del event[field]
    return event
