"""What came to be because time went by, told once for each account, event and name."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from domain.ids import AccountKey
from store.arrays import INSTANT, NUMBER, TEXT, Columns, unnested
from store.tables import announced


def announce(
    connection: sa.Connection, news: Collection[tuple[AccountKey, str, str, datetime]]
) -> set[tuple[AccountKey, str, str]]:
    """Notes (account, event, name, at) and returns those that were not told before; no round trip for none."""
    if not news:
        return set()
    columns: Columns = [("account_id", NUMBER), ("event", TEXT), ("name", TEXT), ("at", INSTANT)]
    new = unnested(columns, sorted(news))
    names = [name for name, _ in columns]
    statement = insert(announced).from_select(names, sa.select(*(new.c[name] for name in names)))
    told = (announced.c.account_id, announced.c.event, announced.c.name)
    rows = connection.execute(statement.on_conflict_do_nothing().returning(*told))
    return {(AccountKey(key), event, name) for key, event, name in rows}
