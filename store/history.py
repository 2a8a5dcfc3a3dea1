"""The reminders that were claimed, as planning knows them; and the addresses that must not be used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from domain.addresses import address_key
from domain.ids import AccountKey, ReminderId, SellerId, StepId, UnitId
from domain.levels import Channel, Level
from domain.past import PastReminder, Suppressed
from store.arrays import INSTANT, NUMBER, TEXT, Columns, among, unnested
from store.fact_codec import members_from_row
from store.tables import attempts, reminders, steps_had, suppressions

_CALLS = sa.func.array(
    sa.select(attempts.c.called_at)
    .where(attempts.c.reminder_id == reminders.c.id, attempts.c.channel == Channel.PHONE.value)
    .order_by(attempts.c.number)
    .scalar_subquery(),
    type_=ARRAY(sa.DateTime(timezone=True)),
).label("calls")


def load(connection: sa.Connection, keys: Collection[AccountKey]) -> dict[AccountKey, list[PastReminder]]:
    """All reminders of these accounts, in one round trip."""
    found: dict[AccountKey, list[PastReminder]] = defaultdict(list)
    for row in connection.execute(sa.select(reminders, _CALLS).where(among(reminders.c.account_id, keys))):
        found[AccountKey(row.account_id)].append(past_reminder(row))
    return found


def had_elsewhere(
    connection: sa.Connection, units: Collection[tuple[SellerId, AccountKey, UnitId]]
) -> dict[AccountKey, list[PastReminder]]:
    """What these units of these accounts had while their invoices belonged to other accounts, in one round trip.

    No step comes twice for a unit, whoever owes it; but for this customer it was no contact, so it is `failed`.
    What waits there for a retry does not count: it is withdrawn, because the unit is not there any more.
    """
    mine = set(units)
    wanted = unnested([("seller", TEXT), ("account_id", NUMBER), ("unit_id", TEXT)], sorted(mine))
    rows = connection.execute(
        sa.select(wanted.c.account_id.label("now_of"), reminders, _CALLS)
        .distinct()
        .select_from(wanted)
        .join(steps_had, sa.and_(steps_had.c.seller == wanted.c.seller, steps_had.c.unit_id == wanted.c.unit_id))
        .join(reminders, reminders.c.id == steps_had.c.reminder_id)
        .where(reminders.c.account_id != wanted.c.account_id, reminders.c.state != "open")
    )
    found: dict[AccountKey, list[PastReminder]] = defaultdict(list)
    for row in rows:
        past = past_reminder(row)
        members = tuple(one for one in past.members if (row.seller, row.now_of, one.unit_id) in mine)
        found[AccountKey(row.now_of)].append(replace(past, members=members, state="failed", calls=()))
    return found


def past_reminder(row: Any) -> PastReminder:
    """A row of `reminders` as the domain's value."""
    return PastReminder(
        id=ReminderId(row.id),
        at=row.claimed_at,
        step=StepId(row.step),
        level=Level(row.level),
        channel=Channel(row.channel),
        members=members_from_row(row.members),
        state=row.state,
        attempts=row.attempts,
        used=tuple(Channel(channel) for channel in row.spent),
        retry_at=row.retry_at,
        policy=row.policy,
        calls=tuple(row.calls),
    )


def suppressed_among(
    connection: sa.Connection, addresses: Collection[tuple[SellerId, str]]
) -> dict[tuple[SellerId, str], list[Suppressed]]:
    """What is suppressed among these (seller, address) pairs, by (seller, address key), in one round trip."""
    keys = sorted({(seller, address_key(address)) for seller, address in addresses})
    wanted = unnested([("seller", TEXT), ("address", TEXT)], keys)
    found: dict[tuple[SellerId, str], list[Suppressed]] = defaultdict(list)
    rows = connection.execute(
        sa.select(suppressions).join(
            wanted,
            sa.and_(wanted.c.seller == suppressions.c.seller, wanted.c.address == suppressions.c.address),
        )
    )
    for row in rows:
        entry = Suppressed(Channel(row.channel), row.address, row.reason)
        found[SellerId(row.seller), row.address].append(entry)
    return found


def suppress(connection: sa.Connection, entries: Collection[tuple[SellerId, str, str, str, object]]) -> None:
    """Puts (seller, channel, address, reason, since) out of use; the first reason stays."""
    columns: Columns = [
        ("seller", TEXT),
        ("channel", TEXT),
        ("address", TEXT),
        ("reason", TEXT),
        ("since_at", INSTANT),
    ]
    rows = [
        (seller, channel, address_key(address), reason, since) for seller, channel, address, reason, since in entries
    ]
    # In the order of their names, so that two batches wait for each other and never in a circle.
    new = unnested(columns, sorted(rows, key=lambda row: (row[0], row[1], row[2])))
    names = [name for name, _ in columns]
    statement = insert(suppressions).from_select(names, sa.select(*(new.c[name] for name in names)))
    connection.execute(statement.on_conflict_do_nothing())


def lift(connection: sa.Connection, entries: Collection[tuple[SellerId, str, str]], reason: str | None) -> int:
    """Takes back the suppression of these (seller, channel, address); returns how many there were.

    Only where it stands for this reason; None: whatever the reason.
    """
    rows = [(seller, channel, address_key(address)) for seller, channel, address in entries]
    old = unnested([("seller", TEXT), ("channel", TEXT), ("address", TEXT)], rows)
    statement = sa.delete(suppressions).where(
        suppressions.c.seller == old.c.seller,
        suppressions.c.channel == old.c.channel,
        suppressions.c.address == old.c.address,
    )
    if reason is not None:
        statement = statement.where(suppressions.c.reason == reason)
    return len(connection.execute(statement.returning(suppressions.c.address)).all())


@dataclass(frozen=True, slots=True)
class SuppressionRow:
    """An address that is out of use on a channel, since when, and why."""

    seller: SellerId
    channel: str
    address: str
    reason: str
    since_at: datetime

    def as_dict(self) -> dict[str, str]:
        """As `--json` shows it."""
        return {
            "seller": self.seller,
            "channel": self.channel,
            "address": self.address,
            "reason": self.reason,
            "since_at": self.since_at.isoformat(),
        }


def suppressions_of(connection: sa.Connection, seller: SellerId) -> list[SuppressionRow]:
    """A seller's, the oldest first."""
    statement = sa.select(suppressions).where(suppressions.c.seller == seller)
    rows = connection.execute(statement.order_by(suppressions.c.since_at, suppressions.c.address))
    return [SuppressionRow(*row) for row in rows]
