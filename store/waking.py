"""Accounts woken by what they know nothing of: a policy, a channel, a seller's defaults. They are planned again.

Each takes the next accounts after a key, some at a time, and walks over all of them once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.ids import AccountKey, SellerId
from store.accounts import wake
from store.arrays import INSTANT, NUMBER, TEXT, Rows
from store.tables import STANDS_ON, accounts


def _asleep(*which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The next of these after a key, as many as may be woken: all but those that are due to be planned anyway.

    One that is due over a channel may be in a claim just now, and is as the claim leaves it until that is recorded.
    """
    is_later = accounts.c.due_at > sa.bindparam("at", type_=INSTANT)
    is_asleep = sa.or_(accounts.c.due_at.is_(None), is_later, accounts.c.channel.is_not(None))
    is_next = accounts.c.id > sa.bindparam("after", type_=NUMBER)
    asleep = sa.select(accounts.c.id).where(*which, is_asleep, is_next).order_by(accounts.c.id)
    return asleep.limit(sa.bindparam("limit", type_=NUMBER)).with_for_update(of=accounts)


_STANDS_ON = [sa.literal_column(text, TEXT) for text in STANDS_ON]
_TOGETHER = sa.tuple_(*_STANDS_ON)


def _what_plans_stand_on() -> sa.Select[str, str, str]:
    """(footing, pinned, policy), each that there is: one probe of the index from each to the next."""
    named = [one.label(name) for one, name in zip(_STANDS_ON, ("footing", "pinned", "policy"), strict=True)]
    least = sa.select(*named).select_from(accounts).order_by(*_STANDS_ON).limit(1)
    found = sa.select(least.subquery()).cte("found", recursive=True)
    greater = least.where(sa.tuple_(*found.c) < _TOGETHER).lateral("greater")
    every = found.union_all(sa.select(greater).select_from(found.join(greater, sa.true())))
    return sa.select(every.c.footing, every.c.pinned, every.c.policy)


_WHAT_PLANS_STAND_ON = _what_plans_stand_on()
_OLD = Rows("old", footing=TEXT, pinned=TEXT, policy=TEXT)
_OUTDATED = _asleep(sa.exists().where(sa.tuple_(*_OLD.c) == _TOGETHER))
_ANYBODY = _asleep()
_OF_SELLER = _asleep(accounts.c.seller == sa.bindparam("whose", type_=TEXT))


def wake_outdated(
    connection: sa.Connection,
    now: datetime,
    limit: int,
    after: AccountKey,
    *,
    labels: Collection[str],
    overtaken: Collection[str],
    footing: str,
) -> list[AccountKey]:
    """Has accounts planned again at once whose plan would now be by another policy, or stood on something else.

    That is so for a plan by none of these policies, unless a running ladder is pinned there; then if that version
    is overtaken. At most `limit` at a time, the next ones after a key, which are returned, so that nobody waits long
    for an account. An account that is being planned for the first time is among them: by what, is not known yet.
    Where all stand as they should, which is so at nearly every start, it costs a few probes of an index.
    """
    outdated = [
        (stood_on, pinned, label)
        for stood_on, pinned, label in connection.execute(_WHAT_PLANS_STAND_ON)
        if stood_on != footing or not pinned or (label in overtaken if pinned == "true" else label not in labels)
    ]
    return _wake(connection, _OUTDATED, now, limit, after, _OLD.sent(outdated)) if outdated else []


def wake_everyone(connection: sa.Connection, now: datetime, limit: int, after: AccountKey) -> list[AccountKey]:
    """Has every account planned again at once, at most `limit`, the next ones after a key, which are returned."""
    return _wake(connection, _ANYBODY, now, limit, after, {})


def wake_seller(
    connection: sa.Connection, now: datetime, limit: int, after: AccountKey, *, seller: SellerId
) -> list[AccountKey]:
    """Has this seller's accounts planned again at once, as `wake_everyone` does."""
    return _wake(connection, _OF_SELLER, now, limit, after, {"whose": seller})


def _wake(
    connection: sa.Connection,
    asleep: sa.Select[Any],
    now: datetime,
    limit: int,
    after: AccountKey,
    which: Mapping[str, str],
) -> list[AccountKey]:
    keys = list(connection.execute(asleep, {**which, "at": now, "limit": limit, "after": after}).scalars())
    wake(connection, keys, now)
    return keys
