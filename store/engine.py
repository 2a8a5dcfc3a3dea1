"""The connection pool: made once per process, after any fork, and handed to whoever needs it."""

from __future__ import annotations

import psycopg
import sqlalchemy as sa
from psycopg.errors import UndefinedColumn, UndefinedTable
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.exc import SQLAlchemyError as DatabaseFault
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

__all__ = ["Connection", "DatabaseFault", "Engine", "Unavailable", "make_engine", "told_in_a_line", "took_too_long"]

_EXAMPLE = "postgresql://user:password@host/name"

Unavailable = (OperationalError, InterfaceError, PoolTimeoutError)
"""What is raised when the database is away, too slow, full, read-only or of another release: try again later.

Nothing was committed, unless the connection was cut in the COMMIT itself."""

_AWAY = frozenset({"0A000", "25006", "25P03", "25P04"})
"""A plan from before a migration, a server that only reads, a transaction that stood still, or took, too long.
Source: PostgreSQL 18, Appendix A "PostgreSQL Error Codes" (read 2026-11-23)."""
_NOT_READY = frozenset({"3F000", "42501", "42703", "42704", "42804", "42883", "42P01", "42P10"})
"""No right to a table, or not the tables, types and indexes of this release: a deploy in the wrong order."""

_TOO_LONG = frozenset({"25P03", "25P04", "55P03", "57014"})
"""A transaction stood still, or took, too long; a lock was not had in time, a statement not done in time."""

LOCK_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 30_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000


class OtherDatabaseError(ArgumentError):
    """An address of another kind of database; the message is one line that shows no more of it than the kind."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"RELANCE_DATABASE_URL begins with {kind}://; the database is PostgreSQL, as in {_EXAMPLE}")


def make_engine(url: str, pool_size: int = 4) -> sa.Engine:
    """An engine for PostgreSQL. Connections are checked before use; locks, statements and idle transactions time out.

    `url` may be plain (`postgresql://…`): the driver is always psycopg 3. All instants come back in UTC. Raises
    ArgumentError for what is no address, or that of another kind of database.
    """
    address = sa.make_url(url)
    if address.get_backend_name() not in {"postgresql", "postgres"}:
        raise OtherDatabaseError(address.drivername)
    options = (
        f"-c lock_timeout={LOCK_TIMEOUT_MS} -c statement_timeout={STATEMENT_TIMEOUT_MS}"
        f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_TIMEOUT_MS} -c timezone=UTC"
        # Everything is looked up by a key: where statistics are of yesterday, an index is the better guess.
        " -c random_page_cost=1.1"
    )
    engine = sa.create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=4,
        pool_pre_ping=True,
        pool_timeout=10,
        hide_parameters=True,  # an error's text must not carry addresses into the logs
        connect_args={"options": options, "connect_timeout": 5, "application_name": "relance"},
    )
    sa.event.listen(engine, "handle_error", _tell_as_away)
    return engine


def _tell_as_away(context: sa.ExceptionContext) -> None:
    """Tells as what it is what psycopg counts among other errors; of another server now no connection is kept."""
    error = context.original_exception
    if not isinstance(error, psycopg.Error) or error.sqlstate not in _AWAY | _NOT_READY:
        return
    context.is_disconnect = is_cut = error.sqlstate in _AWAY
    raise OperationalError(
        context.statement, None, error, hide_parameters=True, connection_invalidated=is_cut
    ) from error


def took_too_long(error: Exception) -> bool:
    """Whether the database ended it for its time: one of many may be why."""
    return isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", None) in _TOO_LONG


def told_in_a_line(fault: DatabaseFault) -> str | None:
    """What an operator can do something about, in one line without the address; None for a fault of ours."""
    match fault:
        case OtherDatabaseError():
            return str(fault)
        case ArgumentError():
            return f"RELANCE_DATABASE_URL is not a database's address, such as {_EXAMPLE}"
        case OperationalError() if isinstance(fault.orig, UndefinedTable | UndefinedColumn):
            return "the database has not the tables of this release: run `relance migrate`"
        case OperationalError() | InterfaceError():
            return f"the database cannot be used: {str(fault.orig).strip().splitlines()[0]}"
        case PoolTimeoutError():
            return "the database has no connection left for us"
        case _:
            return None
