"""What came to be because time went by, told once for each account, event and name."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from domain.ids import AccountKey
from store.arrays import INSTANT, NUMBER, TEXT, Rows
from store.tables import announced

_NEWS = Rows(account_id=NUMBER, event=TEXT, name=TEXT, at=INSTANT)
_ANNOUNCE = (
    _NEWS.into(announced)
    .on_conflict_do_nothing()
    .returning(announced.c.account_id, announced.c.event, announced.c.name)
)


def announce(
    connection: sa.Connection, news: Collection[tuple[AccountKey, str, str, datetime]]
) -> set[tuple[AccountKey, str, str]]:
    """Notes (account, event, name, at) and returns those that were not told before; no round trip for none."""
    if not news:
        return set()
    rows = connection.execute(_ANNOUNCE, _NEWS.sent(sorted(news)))
    return {(AccountKey(key), event, name) for key, event, name in rows}
