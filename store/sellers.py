"""Sellers with the defaults of their customers, and their API keys (kept as digests, never as they are)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from domain.customer import Seller
from domain.ids import SellerId
from store.arrays import any_of, array_text
from store.tables import api_keys, sellers, suppressions


@dataclass(frozen=True, slots=True)
class SellerRow:
    """A seller with the name of its policy (None: the installation's)."""

    seller: Seller
    policy: str | None

    def as_dict(self) -> dict[str, Any]:
        """As `--json` shows it."""
        one = self.seller
        return {
            "id": one.id,
            "name": one.name,
            "language": one.language,
            "country": one.country,
            "region": one.region,
            "timezone": one.timezone,
            "policy": self.policy,
            "synced_as_of": None if one.synced_as_of is None else one.synced_as_of.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class ActiveKey:
    """A key that has not been revoked: its public id and whose it is."""

    id: str
    seller: SellerId


@dataclass(frozen=True, slots=True)
class KeyRow:
    """What is known of a key, which is not the key: its public id, whose it is, when it was made, and revoked."""

    id: str
    seller: SellerId
    stored_at: datetime
    revoked_at: datetime | None

    def as_dict(self) -> dict[str, Any]:
        """As `--json` shows it."""
        return {
            "id": self.id,
            "seller": self.seller,
            "stored_at": self.stored_at.isoformat(),
            "revoked_at": None if self.revoked_at is None else self.revoked_at.isoformat(),
        }


ANY_SELLER = SellerId("")
"""Whose a stop is that holds for sellers who are made later."""

_STOPS = 7_263_544
"""The advisory lock of who makes a seller, or has a stop hold for all of them or none; the number means nothing."""
_ITS_STOPS = insert(suppressions).from_select(
    suppressions.c.keys(),
    sa.select(
        sa.bindparam("seller", type_=sa.Text),
        *(one for one in suppressions.c if one is not suppressions.c.seller),
    ).where(suppressions.c.seller == ANY_SELLER),
)


def ensure(connection: sa.Connection, seller: Seller) -> None:
    """Makes the seller if it is new, and has hold for it what holds for any; leaves it alone if not."""
    row = {
        "id": seller.id,
        "name": seller.name,
        "language": seller.language,
        "country": seller.country,
        "region": seller.region,
        "timezone": seller.timezone,
    }
    new = insert(sellers).values(row).on_conflict_do_nothing().returning(sellers.c.id)
    if connection.execute(new).one_or_none() is not None:
        make_none(connection)
        connection.execute(_ITS_STOPS.on_conflict_do_nothing(), {"seller": seller.id})


def make_none(connection: sa.Connection) -> None:
    """No other seller is made until the transaction ends: what holds for all holds for each of them."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_STOPS)))


def change(connection: sa.Connection, seller: SellerId, changes: Mapping[str, str | None]) -> None:
    """Sets these columns of a seller that exists: name, language, country, region, timezone, policy."""
    connection.execute(sa.update(sellers).where(sellers.c.id == seller).values(dict(changes)))


_LOAD = sa.select(sellers).where(any_of(sellers.c.id, "ids"))


def load(connection: sa.Connection, ids: Collection[SellerId]) -> dict[SellerId, SellerRow]:
    """These sellers, in one round trip."""
    rows = connection.execute(_LOAD, {"ids": array_text(ids)})
    return {SellerId(row.id): _seller_row(row) for row in rows}


def everyone(connection: sa.Connection) -> list[SellerRow]:
    """All sellers, in the order of their ids."""
    return [_seller_row(row) for row in connection.execute(sa.select(sellers).order_by(sellers.c.id))]


def _seller_row(row: sa.Row[Any]) -> SellerRow:
    seller = Seller(
        id=SellerId(row.id),
        name=row.name,
        language=row.language,
        country=row.country,
        region=row.region,
        timezone=row.timezone,
        synced_as_of=row.synced_as_of,
    )
    return SellerRow(seller, row.policy)


def names(connection: sa.Connection, limit: int) -> list[SellerId]:
    """The ids of so many sellers, in order."""
    found = connection.execute(sa.select(sellers.c.id).order_by(sellers.c.id).limit(limit))
    return [SellerId(name) for name in found.scalars()]


def synced(connection: sa.Connection, seller: SellerId, as_of: datetime) -> None:
    """The seller's payment feed is complete up to `as_of`; an older statement changes nothing."""
    newer = sa.or_(sellers.c.synced_as_of.is_(None), sellers.c.synced_as_of < as_of)
    connection.execute(sa.update(sellers).where(sellers.c.id == seller, newer).values(synced_as_of=as_of))


def add_key(connection: sa.Connection, key_id: str, key: str, seller: SellerId) -> None:
    """Lets `key` speak for the seller. The same key again changes nothing."""
    row = {"id": key_id, "seller": seller, "digest": digest_of(key)}
    connection.execute(insert(api_keys).values(row).on_conflict_do_nothing())


_KEY_OF = sa.select(api_keys.c.id, api_keys.c.seller).where(
    api_keys.c.digest == sa.bindparam("of_key", type_=api_keys.c.digest.type), api_keys.c.revoked_at.is_(None)
)


def key_of(connection: sa.Connection, key: str) -> ActiveKey | None:
    """Whose key this is, or None for one that is unknown or revoked."""
    row = connection.execute(_KEY_OF, {"of_key": digest_of(key)}).one_or_none()
    return None if row is None else ActiveKey(row.id, SellerId(row.seller))


def active_keys(connection: sa.Connection, limit: int, key_id: str | None = None) -> list[ActiveKey]:
    """The newest keys, or only the one with this id: for who signs instead of showing a key."""
    statement = sa.select(api_keys.c.id, api_keys.c.seller).where(api_keys.c.revoked_at.is_(None))
    if key_id is not None:
        statement = statement.where(api_keys.c.id == key_id)
    rows = connection.execute(statement.order_by(api_keys.c.stored_at.desc()).limit(limit))
    return [ActiveKey(key_id, SellerId(seller)) for key_id, seller in rows]


def keys(connection: sa.Connection, *, seller: SellerId | None = None, key_id: str | None = None) -> list[KeyRow]:
    """All keys, or a seller's, or the one with this id; revoked ones too. By seller, the oldest first."""
    statement = sa.select(api_keys.c.id, api_keys.c.seller, api_keys.c.stored_at, api_keys.c.revoked_at)
    if seller is not None:
        statement = statement.where(api_keys.c.seller == seller)
    if key_id is not None:
        statement = statement.where(api_keys.c.id == key_id)
    rows = connection.execute(statement.order_by(api_keys.c.seller, api_keys.c.stored_at, api_keys.c.id))
    return [KeyRow(name, SellerId(whose), stored_at, revoked_at) for name, whose, stored_at, revoked_at in rows]


def revoke_key(connection: sa.Connection, key_id: str, at: datetime) -> None:
    """From now on it is nobody's. The time (wall) of one that was revoked before stays."""
    active = sa.and_(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
    connection.execute(sa.update(api_keys).where(active).values(revoked_at=at))


def digest_of(key: str) -> bytes:
    """What is kept of a key. Keys hold 32 random bytes, so that a plain hash cannot be guessed back."""
    return hashlib.sha256(key.encode()).digest()
