"""Policies as immutable, numbered versions of their text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.tables import policies


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """One version of a policy and since when it is stored."""

    name: str
    version: int
    stored_at: datetime


def publish(connection: sa.Connection, name: str, digest: str, body: str) -> int:
    """Stores the text as the policy's next version, unless it is the newest one already; returns the newest."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"policy/{name}"))))
    newest = sa.select(policies).where(policies.c.name == name).order_by(policies.c.version.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    if row is not None and row.digest == digest:
        return int(row.version)
    version = 1 if row is None else int(row.version) + 1
    values = {"name": name, "version": version, "digest": digest, "body": body}
    connection.execute(insert(policies).values(values))
    return version


def newest_versions(connection: sa.Connection) -> dict[str, int]:
    """The newest version of every policy, by name."""
    statement = sa.select(policies.c.name, sa.func.max(policies.c.version)).group_by(policies.c.name)
    return {name: int(version) for name, version in connection.execute(statement)}


def versions(connection: sa.Connection) -> list[StoredPolicy]:
    """Every version of every policy, by name and number."""
    columns = (policies.c.name, policies.c.version, policies.c.stored_at)
    rows = connection.execute(sa.select(*columns).order_by(policies.c.name, policies.c.version))
    return [StoredPolicy(name, int(version), stored_at) for name, version, stored_at in rows]


def body_of(connection: sa.Connection, name: str, version: int) -> str:
    """The text of one version; the version must exist."""
    statement = sa.select(policies.c.body).where(policies.c.name == name, policies.c.version == version)
    return str(connection.execute(statement).scalar_one())
