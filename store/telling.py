"""Says in the log what was journaled of calls, tasks and receipts: a line each, as it is committed, and ids only.

A worker's engine is followed (`follow`); the command line's is not, because its user sees what he has done.
What a transaction or a savepoint took back is never told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
import structlog

log = structlog.get_logger()

TOLD = frozenset(
    {
        "attempt.calling",
        "attempt.answered",
        "attempt.unconfirmed",
        "attempt.resolved",
        "receipt.settled",
        "task.opened",
        "task.closed",
        "task.cancelled",
    }
)
"""What somebody looks for in the logs. The journal has more."""

_FACTS = ("channel", "step", "number", "state", "class", "code", "provider", "word", "kind", "outcome", "why")
_LINES, _MARKS = "relance.lines", "relance.marks"


def _say(event: str, fields: Mapping[str, Any]) -> None:
    log.info(event, **fields)


def follow(engine: sa.Engine, say: Callable[[str, Mapping[str, Any]], None] = _say) -> None:
    """From now on this engine's transactions tell what they have journaled.

    SQLAlchemy speaks up just before a commit: one that fails then is told by its own error.
    """

    def tell(connection: sa.Connection) -> None:
        for event, fields in connection.info.pop(_LINES, ()):
            say(event, fields)

    sa.event.listen(engine, "begin", _begin)
    sa.event.listen(engine, "savepoint", _mark)
    sa.event.listen(engine, "rollback_savepoint", _take_back)
    sa.event.listen(engine, "release_savepoint", _let_stand)
    sa.event.listen(engine, "rollback", _forget)
    sa.event.listen(engine, "commit", tell)


def keep(connection: sa.Connection, event: str, ids: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """This line is told with the commit, if the engine is followed and the event is one to tell."""
    lines = connection.info.get(_LINES)
    if lines is not None and event in TOLD:
        told = {name: facts[name] for name in _FACTS if facts.get(name) is not None}
        lines.append((event, {name: value for name, value in ids.items() if value is not None} | told))


def _begin(connection: sa.Connection) -> None:
    connection.info[_LINES], connection.info[_MARKS] = [], []


def _mark(connection: sa.Connection, _name: str | None) -> None:
    connection.info[_MARKS].append(len(connection.info[_LINES]))


def _take_back(connection: sa.Connection, _name: str, _context: None) -> None:
    if not connection.invalidated:
        del connection.info[_LINES][connection.info[_MARKS].pop() :]


def _let_stand(connection: sa.Connection, _name: str, _context: None) -> None:
    connection.info[_MARKS].pop()


def _forget(connection: sa.Connection) -> None:
    """A connection that was cut has nothing to forget: asking it would hide what cut it behind another error."""
    if not connection.invalidated:
        connection.info.pop(_LINES, None)
