"""The connection pool: made once per process, after any fork, and handed to whoever needs it."""

from __future__ import annotations

import sqlalchemy as sa
from psycopg.errors import UndefinedTable
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import SQLAlchemyError as DatabaseFault
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

__all__ = ["Connection", "DatabaseFault", "Engine", "Unavailable", "make_engine", "told_in_a_line"]

Unavailable = (OperationalError, InterfaceError, PoolTimeoutError)
"""What is raised when the database is away, too slow, or has no connection left: nothing was committed, try again."""

LOCK_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 30_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000


def make_engine(url: str, pool_size: int = 4) -> sa.Engine:
    """An engine for PostgreSQL. Connections are checked before use; locks, statements and idle transactions time out.

    `url` may be plain (`postgresql://…`): the driver is always psycopg 3. All instants come back in UTC.
    """
    options = (
        f"-c lock_timeout={LOCK_TIMEOUT_MS} -c statement_timeout={STATEMENT_TIMEOUT_MS}"
        f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_TIMEOUT_MS} -c timezone=UTC"
    )
    return sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=4,
        pool_pre_ping=True,
        pool_timeout=10,
        hide_parameters=True,  # an error's text must not carry addresses into the logs
        connect_args={"options": options, "connect_timeout": 5, "application_name": "relance"},
    )


def told_in_a_line(fault: DatabaseFault) -> str | None:
    """What an operator can do something about, in one line without the address; None for a fault of ours."""
    match fault:
        case ArgumentError():
            return "RELANCE_DATABASE_URL is not a database's address, such as postgresql://user:password@host/name"
        case OperationalError() | InterfaceError():
            return f"the database cannot be used: {str(fault.orig).strip().splitlines()[0]}"
        case PoolTimeoutError():
            return "the database has no connection left for us"
        case ProgrammingError() if isinstance(fault.orig, UndefinedTable):
            return "the database has no tables of ours yet: run `relance migrate`"
        case _:
            return None
