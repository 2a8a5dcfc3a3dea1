"""Business now for a batch: one instant for all, or each account's own.

In production every step is handed one instant. `replay` lets accounts that know nothing of each other run ahead of
each other, so that one transaction serves instants that lie days apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from domain.ids import AccountKey

Now = datetime | Mapping[AccountKey, datetime]


def now_of(now: Now, key: AccountKey) -> datetime:
    """Business now for one account of the batch."""
    return now if isinstance(now, datetime) else now[key]


def latest(now: Now) -> datetime:
    """The instant before which nothing of the batch is in the future."""
    return now if isinstance(now, datetime) else max(now.values())


def by_instant(now: Now, keys: Iterable[AccountKey]) -> dict[datetime, list[AccountKey]]:
    """These accounts by their business now: in production one entry at most."""
    found: dict[datetime, list[AccountKey]] = defaultdict(list)
    for key in keys:
        found[now_of(now, key)].append(key)
    return found
