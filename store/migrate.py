"""Brings a database to the newest schema. Safe to run from many places at once: one does it, the others wait."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from store.engine import make_engine

LOCK = 7_263_541
"""The advisory lock that migrating processes share; the number means nothing."""

LOCK_WITHIN_S = 60
"""How long a table is waited for that somebody uses: whoever wants to use it next waits behind the migration."""


def migrate(url: str, tell: Callable[[str], None] = lambda _: None) -> None:
    """Upgrades the database at `url` to the newest revision, in one transaction under an advisory lock.

    Another migration under way is waited for, however long it takes; `tell` is given a line that says so.
    """
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(sa.text("SET LOCAL statement_timeout = 0"))  # a large table's index takes minutes
            _take_turn(connection, tell)
            connection.execute(sa.text(f"SET LOCAL lock_timeout = '{LOCK_WITHIN_S}s'"))
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def _take_turn(connection: sa.Connection, tell: Callable[[str], None]) -> None:
    connection.execute(sa.text("SET LOCAL lock_timeout = 0"))
    if not connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(LOCK))).scalar_one():
        tell("another migration is under way; waiting for its end")
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))


def is_current(connection: sa.Connection) -> bool:
    """Whether the database's schema is the newest that this code knows."""
    found = MigrationContext.configure(connection).get_current_revision()
    return found == ScriptDirectory.from_config(alembic_config()).get_current_head()


def alembic_config() -> Config:
    """Alembic's configuration, pointing at the migrations beside this package."""
    spec = find_spec("migrations")
    if spec is None or spec.origin is None:
        raise LookupError("the migrations are not installed beside the store")
    config = Config()
    config.set_main_option("script_location", str(Path(spec.origin).parent).replace("%", "%%"))
    return config
