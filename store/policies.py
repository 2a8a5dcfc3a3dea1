"""Policies as immutable, numbered versions of their text. Only that ladders move to one may be said later."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.arrays import NUMBER, TEXT, Rows
from store.tables import accounts, policies


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """One version of a policy and since when it is stored; `moves`: running ladders go over to it."""

    name: str
    version: int
    stored_at: datetime
    moves: bool
    body: str

    @property
    def label(self) -> str:
        """`standard@3`."""
        return f"{self.name}@{self.version}"


def publish(connection: sa.Connection, name: str, digest: str, body: str, *, moves: bool) -> int:
    """Stores the text as the policy's next version, unless it is the newest one already; returns the newest.

    With `moves` it is marked as one that running ladders move to. That mark is never taken back.
    """
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"policy/{name}"))))
    newest = sa.select(policies).where(policies.c.name == name).order_by(policies.c.version.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    if row is not None and row.digest == digest:
        if moves:
            one = sa.and_(policies.c.name == name, policies.c.version == row.version)
            connection.execute(sa.update(policies).where(one).values(moves=True))
        return int(row.version)
    version = 1 if row is None else int(row.version) + 1
    values = {"name": name, "version": version, "digest": digest, "body": body, "moves": moves}
    connection.execute(insert(policies).values(values))
    return version


def newest_versions(connection: sa.Connection) -> dict[str, int]:
    """The newest version of every policy, by name."""
    return {name: newest for name, (newest, _) in newest_of_each(connection).items()}


_NEWEST_MOVING = sa.func.coalesce(sa.func.max(policies.c.version).filter(policies.c.moves), 0)
_NEWEST = sa.select(policies.c.name, sa.func.max(policies.c.version), _NEWEST_MOVING).group_by(policies.c.name)


def newest_of_each(
    connection: sa.Connection, without: Collection[tuple[str, int]] = ()
) -> dict[str, tuple[int, int]]:
    """The newest version of every policy and the newest that ladders move to (0: none), as if some were not there."""
    statement = _NEWEST
    if without:
        statement = statement.where(sa.tuple_(policies.c.name, policies.c.version).not_in(sorted(without)))
    return {found: (int(newest), int(moved)) for found, newest, moved in connection.execute(statement)}


def versions(connection: sa.Connection) -> list[StoredPolicy]:
    """Every version of every policy, by name and number."""
    columns = (policies.c.name, policies.c.version, policies.c.stored_at, policies.c.moves, policies.c.body)
    rows = connection.execute(sa.select(*columns).order_by(policies.c.name, policies.c.version))
    return [StoredPolicy(name, int(version), *others) for name, version, *others in rows]


_WANTED = Rows("wanted", name=TEXT, version=NUMBER)
_BODIES = sa.select(policies.c.name, policies.c.version, policies.c.body).join(
    _WANTED.table, sa.and_(_WANTED.c.name == policies.c.name, _WANTED.c.version == policies.c.version)
)


def bodies_of(connection: sa.Connection, wanted: Collection[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The texts of these (name, version), of those that are stored, in one round trip."""
    rows = connection.execute(_BODIES, _WANTED.sent(sorted(wanted)))
    return {(name, int(version)): body for name, version, body in rows}


def ladders_on(connection: sa.Connection) -> dict[str, int]:
    """How many accounts' running ladders are on each version, by its label, as they were last planned."""
    label, is_pinned = accounts.c.plan["policy"].astext, accounts.c.plan["pinned"].astext == "true"
    rows = connection.execute(sa.select(label, sa.func.count()).where(is_pinned).group_by(label))
    return {str(found): int(count) for found, count in rows}
