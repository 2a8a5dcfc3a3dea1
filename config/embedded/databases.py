"""The databases of an embedded server: their addresses, and how one is made and dropped.

Called by `EmbeddedPostgres`. What is in a database is the store's business.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString
from urllib.parse import quote

import psycopg
from psycopg import sql

from config.embedded.cluster import USER

PORT = 5432  # only a part of the socket's name; said aloud, because the caller's PGPORT would count otherwise
_ALWAYS_THERE = "postgres"


@dataclass(frozen=True, slots=True)
class Databases:
    """The databases of the server whose socket lies in `sockets`."""

    sockets: Path

    def url(self, name: str, driver: str = "postgresql+psycopg") -> str:
        """Return a database's address; by default SQLAlchemy's."""
        return f"{driver}://{USER}@/{name}?host={quote(str(self.sockets))}&port={PORT}"

    def answer(self) -> bool:
        """Tell whether the server takes connections."""
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def has(self, name: str) -> bool:
        """Tell whether there is such a database."""
        with self._connect() as admin:
            return admin.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount > 0

    def create(self, name: str, template: str) -> None:
        """Create a database as a copy of `template`, to which nobody may be connected."""
        self._run("CREATE DATABASE {} TEMPLATE {}", name, template)

    def drop(self, name: str) -> None:
        """Drop a database if it is there, and its connections with it."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _run(self, command: LiteralString, *names: str) -> None:
        with self._connect() as admin:
            admin.execute(sql.SQL(command).format(*map(sql.Identifier, names)))

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self.url(_ALWAYS_THERE, "postgresql"), autocommit=True)
