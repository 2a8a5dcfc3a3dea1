"""Brings a database to the newest schema. Safe to run from many places at once: one does it, the others wait."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from store.engine import make_engine

_LOCK = 7_263_541
"""The advisory lock that migrating processes share; the number means nothing."""


def migrate(url: str) -> None:
    """Upgrades the database at `url` to the newest revision, in one transaction under an advisory lock."""
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))  # a large table's index takes minutes
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


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
