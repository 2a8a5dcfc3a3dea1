"""Which accounts to give out next: those whose time has come, sellers in turn, as many as there is room for.

Giving out is a hint and no lock: an account stays due until it is claimed or planned again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32

import sqlalchemy as sa

from domain.ids import AccountKey
from store.arrays import INSTANT, NUMBER, TEXT, Rows, any_of, array_text, seconds
from store.tables import accounts, sellers


@dataclass(frozen=True, slots=True)
class Room:
    """How many accounts that are due over some channels a queue can take.

    No channels: those that are only to be planned again.
    """

    queue: str
    channels: tuple[str, ...]
    most: int


_IS_FREE = sa.or_(
    accounts.c.nudged_at.is_(None),
    accounts.c.nudged_at < sa.func.clock_timestamp() - seconds(sa.bindparam("renudge_s", type_=sa.Double())),
)
_MOST = sa.bindparam("most", type_=NUMBER)
_RELEASED = (
    sa.select(accounts.c.id)
    .where(accounts.c.seller == sellers.c.id, accounts.c.gated_as_of < sellers.c.synced_as_of, _IS_FREE)
    .order_by(accounts.c.gated_as_of)
    .limit(_MOST)
    .lateral("released")
)
_FED = sa.select(_RELEASED.c.id).select_from(sellers.join(_RELEASED, sa.true())).limit(_MOST)
"""Those that wait for a payment feed that has moved on since: one probe of an index for each seller."""
_ASKED = Rows("asked", queue=TEXT, channel=TEXT, most=NUMBER)


def _in_turn(over: Callable[[sa.ColumnElement[str]], sa.ColumnElement[bool]]) -> sa.Select[Any]:
    """(queue, turn, account): each seller's first due, second due … as far as its even share of the room goes.

    Twice the share, because others may not use theirs. One probe of an index for each seller and channel.
    """

    def due(seller: sa.ColumnElement[str], channel: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        is_due = accounts.c.due_at <= sa.bindparam("now", type_=INSTANT)
        return sa.and_(accounts.c.seller == seller, over(channel), is_due, _IS_FREE)

    rivals = sa.func.count().over(partition_by=_ASKED.c.queue)
    busy = (
        sa.select(sellers.c.id, _ASKED.c.queue, _ASKED.c.channel, (_ASKED.c.most * 2 // rivals + 1).label("share"))
        .select_from(sellers.join(_ASKED.table, sa.true()))
        .where(sa.exists().where(due(sellers.c.id, _ASKED.c.channel)))
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


_TO_DELIVER = _in_turn(lambda channel: accounts.c.channel == channel)
_TO_PLAN = _in_turn(lambda _: accounts.c.channel.is_(None))


def nudge_due(
    connection: sa.Connection, now: datetime, renudge_s: float, rooms: Sequence[Room]
) -> dict[str, list[AccountKey]]:
    """The accounts due at `now` for which there is room, by queue, each given out once per `renudge_s` wall seconds.

    Sellers take turns: whoever has a thousand due does not keep another's ten waiting. Where there are more sellers
    than room, lots are drawn, each time anew, so that nobody is always the last. An account that waits for its
    seller's payment feed is due as soon as the feed has moved on; it is only to be planned again. Any number of
    schedulers may ask at once: rows that another one holds are skipped. Four round trips at most.
    """
    at = {"now": now, "renudge_s": renudge_s}
    to_deliver = [(room.queue, channel, room.most) for room in rooms if room.most > 0 for channel in room.channels]
    to_plan = [(room.queue, "", room.most) for room in rooms if room.most > 0 and not room.channels]
    turns: list[Any] = []
    if to_deliver:
        turns += connection.execute(_TO_DELIVER, {**at, **_ASKED.sent(to_deliver)})
    if to_plan:
        turns += connection.execute(_TO_PLAN, {**at, **_ASKED.sent(to_plan)})
        queue, _, most = to_plan[0]
        fed = connection.execute(_FED, {"renudge_s": renudge_s, "most": most}).scalars()
        # As if of one seller more: a feed that moves on releases thousands at once.
        turns += [(queue, turn, key) for turn, key in enumerate(fed, start=1)]
    lots = {key: crc32(f"{key} {now}".encode()) for _, _, key in turns}
    turns.sort(key=lambda one: (one[1], lots[one[2]]))
    return _take(connection, _chosen(turns, {room.queue: room.most for room in rooms}), renudge_s)


_HELD = sa.select(accounts.c.id).where(any_of(accounts.c.id, "keys")).order_by(accounts.c.id)
_FREE = _HELD.with_for_update(skip_locked=True).cte("free")
_LET_GO = sa.update(accounts).where(accounts.c.id == _FREE.c.id).values(nudged_at=None)


def let_go(connection: sa.Connection, keys: Collection[AccountKey]) -> None:
    """These accounts were given out and not taken up: they may be given out again at once.

    Those that somebody holds are left alone: whoever holds them plans them.
    """
    if keys:
        connection.execute(_LET_GO, {"keys": array_text(keys)})


def _chosen(turns: Sequence[tuple[str, int, AccountKey]], most: Mapping[str, int]) -> dict[AccountKey, str]:
    """For each queue as many as it has room for, in this order."""
    chosen: dict[AccountKey, str] = {}
    left = dict(most)
    for queue, _, key in turns:
        if left[queue] > 0 and key not in chosen:
            chosen[key] = queue
            left[queue] -= 1
    return chosen


_STILL = sa.select(accounts.c.id).where(any_of(accounts.c.id, "keys"), _IS_FREE)
_LOCKED = _STILL.order_by(accounts.c.id).with_for_update(skip_locked=True).cte("locked")
_TAKE = (
    sa.update(accounts)
    .where(accounts.c.id == _LOCKED.c.id)
    .values(nudged_at=sa.func.clock_timestamp())
    .returning(accounts.c.id)
)


def _take(
    connection: sa.Connection, chosen: Mapping[AccountKey, str], renudge_s: float
) -> dict[str, list[AccountKey]]:
    """Marks as given out those that nobody else has taken meanwhile, or holds."""
    if not chosen:
        return {}
    taken = connection.execute(_TAKE, {"keys": array_text(chosen), "renudge_s": renudge_s})
    mine = set(taken.scalars())
    found: dict[str, list[AccountKey]] = {}
    for key, queue in chosen.items():
        if key in mine:
            found.setdefault(queue, []).append(key)
    return found
