"""Which accounts to give out next: those whose time has come, sellers in turn, as many as there is room for.

Giving out is a hint and no lock: an account stays due until it is claimed or planned again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32

import sqlalchemy as sa

from domain.ids import AccountKey
from store.accounts import released
from store.arrays import NUMBER, TEXT, among, unnested
from store.tables import accounts, sellers


@dataclass(frozen=True, slots=True)
class Room:
    """How many accounts that are due over some channels a queue can take.

    No channels: those that are only to be planned again.
    """

    queue: str
    channels: tuple[str, ...]
    most: int


def nudge_due(
    connection: sa.Connection, now: datetime, renudge_s: float, rooms: Sequence[Room]
) -> dict[str, list[AccountKey]]:
    """The accounts due at `now` for which there is room, by queue, each given out once per `renudge_s` wall seconds.

    Sellers take turns: whoever has a thousand due does not keep another's ten waiting. Where there are more sellers
    than room, lots are drawn, each time anew, so that nobody is always the last. An account that waits for its
    seller's payment feed is due as soon as the feed has moved on; it is only to be planned again. Any number of
    schedulers may ask at once: rows that another one holds are skipped. Four round trips at most.
    """
    free = _is_free(renudge_s)
    to_deliver = [(room.queue, channel, room.most) for room in rooms if room.most > 0 for channel in room.channels]
    to_plan = [(room.queue, "", room.most) for room in rooms if room.most > 0 and not room.channels]
    turns: list[Any] = []
    if to_deliver:
        turns += connection.execute(_in_turn(to_deliver, now, free, to_plan=False))
    if to_plan:
        turns += connection.execute(_in_turn(to_plan, now, free, to_plan=True))
        queue, _, most = to_plan[0]
        fed = released(sa.select(accounts.c.id).where(free).limit(most))
        # As if of one seller more: a feed that moves on releases thousands at once.
        turns += [(queue, turn, key) for turn, key in enumerate(connection.execute(fed).scalars(), start=1)]
    lots = {key: crc32(f"{key} {now}".encode()) for _, _, key in turns}
    turns.sort(key=lambda one: (one[1], lots[one[2]]))
    return _take(connection, _chosen(turns, {room.queue: room.most for room in rooms}), free)


def let_go(connection: sa.Connection, keys: Collection[AccountKey]) -> None:
    """These accounts were given out and not taken up: they may be given out again at once.

    Those that somebody holds are left alone: whoever holds them plans them.
    """
    held = sa.select(accounts.c.id).where(among(accounts.c.id, keys)).order_by(accounts.c.id)
    free = held.with_for_update(skip_locked=True).cte("free")
    connection.execute(sa.update(accounts).where(accounts.c.id == free.c.id).values(nudged_at=None))


def _is_free(renudge_s: float) -> sa.ColumnElement[bool]:
    long_ago = sa.func.clock_timestamp() - sa.func.make_interval(0, 0, 0, 0, 0, 0, renudge_s)
    return sa.or_(accounts.c.nudged_at.is_(None), accounts.c.nudged_at < long_ago)


def _in_turn(
    wanted: Sequence[tuple[str, str, int]], now: datetime, free: sa.ColumnElement[bool], *, to_plan: bool
) -> sa.Select[Any]:
    """(queue, turn, account): each seller's first due, second due … as far as its even share of the room goes.

    Twice the share, because others may not use theirs. One probe of an index for each seller and channel.
    """
    asked = unnested([("queue", TEXT), ("channel", TEXT), ("most", NUMBER)], wanted)

    def due(seller: sa.ColumnElement[str], channel: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        over = accounts.c.channel.is_(None) if to_plan else accounts.c.channel == channel
        return sa.and_(accounts.c.seller == seller, over, accounts.c.due_at <= now, free)

    rivals = sa.func.count().over(partition_by=asked.c.queue)
    busy = (
        sa.select(sellers.c.id, asked.c.queue, asked.c.channel, (asked.c.most * 2 // rivals + 1).label("share"))
        .select_from(sellers.join(asked, sa.true()))
        .where(sa.exists().where(due(sellers.c.id, asked.c.channel)))
        .cte("busy")
    )
    mine = (
        sa.select(accounts.c.id, accounts.c.due_at)
        .where(due(busy.c.id, busy.c.channel))
        .order_by(accounts.c.due_at)
        .limit(busy.c.share)
        .lateral("mine")
    )
    turn = sa.func.row_number().over(partition_by=(busy.c.queue, busy.c.id), order_by=mine.c.due_at)
    return sa.select(busy.c.queue, turn, mine.c.id).select_from(busy.join(mine, sa.true()))


def _chosen(turns: Sequence[tuple[str, int, AccountKey]], most: Mapping[str, int]) -> dict[AccountKey, str]:
    """For each queue as many as it has room for, in this order."""
    chosen: dict[AccountKey, str] = {}
    left = dict(most)
    for queue, _, key in turns:
        if left[queue] > 0 and key not in chosen:
            chosen[key] = queue
            left[queue] -= 1
    return chosen


def _take(
    connection: sa.Connection, chosen: Mapping[AccountKey, str], free: sa.ColumnElement[bool]
) -> dict[str, list[AccountKey]]:
    """Marks as given out those that nobody else has taken meanwhile, or holds."""
    if not chosen:
        return {}
    still = sa.select(accounts.c.id).where(among(accounts.c.id, chosen), free)
    locked = still.order_by(accounts.c.id).with_for_update(skip_locked=True).cte("locked")
    taken = sa.update(accounts).where(accounts.c.id == locked.c.id).values(nudged_at=sa.func.clock_timestamp())
    mine = set(connection.execute(taken.returning(accounts.c.id)).scalars())
    found: dict[str, list[AccountKey]] = {}
    for key, queue in chosen.items():
        if key in mine:
            found.setdefault(queue, []).append(key)
    return found
