"""Policies as immutable, numbered versions of their text."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.tables import policies


def publish(connection: sa.Connection, name: str, digest: str, body: str) -> None:
    """Stores the text as the policy's next version, unless it is the newest one already."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"policy/{name}"))))
    newest = sa.select(policies).where(policies.c.name == name).order_by(policies.c.version.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    if row is not None and row.digest == digest:
        return
    version = 1 if row is None else int(row.version) + 1
    values = {"name": name, "version": version, "digest": digest, "body": body}
    connection.execute(insert(policies).values(values))


def newest_versions(connection: sa.Connection) -> dict[str, int]:
    """The newest version of every policy, by name."""
    statement = sa.select(policies.c.name, sa.func.max(policies.c.version)).group_by(policies.c.name)
    return {name: int(version) for name, version in connection.execute(statement)}


def body_of(connection: sa.Connection, name: str, version: int) -> str:
    """The text of one version; the version must exist."""
    statement = sa.select(policies.c.body).where(policies.c.name == name, policies.c.version == version)
    return str(connection.execute(statement).scalar_one())
