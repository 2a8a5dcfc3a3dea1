"""The reminders that were claimed, as planning knows them; and the addresses that must not be used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.types import NullType

from domain.addresses import address_key
from domain.ids import AccountKey, ReminderId, SellerId, StepId, UnitId
from domain.levels import Channel, Level
from domain.outcomes import AttemptState, OutcomeClass
from domain.past import PastReminder, Suppressed
from store.arrays import INSTANT, NUMBER, TEXT, Rows, any_of, array_text
from store.fact_codec import members_from_row
from store.tables import attempts, reminders, steps_had, suppressions

_CALLS = sa.func.array(
    sa.select(attempts.c.called_at)
    .where(attempts.c.reminder_id == reminders.c.id, attempts.c.channel == Channel.PHONE.value)
    .order_by(attempts.c.number)
    .scalar_subquery(),
    type_=NullType(),
).label("calls")
_LAST_ERROR = (  # no EXISTS: its plan may read the whole table
    sa.select(attempts.c.error_class)
    .where(
        attempts.c.reminder_id == reminders.c.id,
        attempts.c.number == reminders.c.attempts,
        # A phone that stayed off is a word on the contact; our set-up is to blame whenever that is said.
        sa.or_(
            attempts.c.state == AttemptState.REFUSED.value,
            attempts.c.error_class == OutcomeClass.MISCONFIGURED.value,
        ),
    )
    .scalar_subquery()
)
_LAST_REFUSAL = sa.case(  # nothing is looked up for reminders that are done
    (reminders.c.state == "open", _LAST_ERROR), else_=sa.null()
).label("last_refusal")
_PAST = (
    reminders.c.id,
    reminders.c.claimed_at,
    reminders.c.step,
    reminders.c.level,
    reminders.c.channel,
    sa.cast(reminders.c.members, sa.Text).label("members"),
    reminders.c.state,
    reminders.c.attempts,
    sa.type_coerce(reminders.c.spent, NullType()).label("spent"),
    reminders.c.retry_at,
    reminders.c.policy,
    _CALLS,
    _LAST_REFUSAL,
)
"""What `past_reminder` reads, as the driver gives it: many rows are read for each plan."""
_LOAD = sa.select(reminders.c.account_id, *_PAST).where(any_of(reminders.c.account_id, "keys"))


def load(connection: sa.Connection, keys: Collection[AccountKey]) -> dict[AccountKey, list[PastReminder]]:
    """All reminders of these accounts, in one round trip."""
    found: dict[AccountKey, list[PastReminder]] = defaultdict(list)
    if not keys:
        return found
    for key, *past in connection.execute(_LOAD, {"keys": array_text(keys)}).all():
        found[AccountKey(key)].append(_past_reminder(*past))
    return found


_UNITS = Rows(seller=TEXT, account_id=NUMBER, unit_id=TEXT)
_HAD_ELSEWHERE = (
    sa.select(_UNITS.c.seller, _UNITS.c.account_id, *_PAST)
    .distinct()
    .select_from(_UNITS.table)
    .join(steps_had, sa.and_(steps_had.c.seller == _UNITS.c.seller, steps_had.c.unit_id == _UNITS.c.unit_id))
    .join(reminders, reminders.c.id == steps_had.c.reminder_id)
    .where(reminders.c.account_id != _UNITS.c.account_id, reminders.c.state != "open")
)


def had_elsewhere(
    connection: sa.Connection, units: Collection[tuple[SellerId, AccountKey, UnitId]]
) -> dict[AccountKey, list[PastReminder]]:
    """What these units of these accounts had while their invoices belonged to other accounts, in one round trip.

    No step comes twice for a unit, whoever owes it; but for this customer it was no contact, so it is `failed`.
    What waits there for a retry does not count: it is withdrawn, because the unit is not there any more.
    """
    mine = set(units)
    found: dict[AccountKey, list[PastReminder]] = defaultdict(list)
    for seller, key, *row in connection.execute(_HAD_ELSEWHERE, _UNITS.sent(sorted(mine))) if mine else ():
        past = _past_reminder(*row)
        members = tuple(one for one in past.members if (seller, key, one.unit_id) in mine)
        found[AccountKey(key)].append(replace(past, members=members, state="failed", calls=()))
    return found


def _past_reminder(
    reminder: ReminderId,
    at: datetime,
    step: StepId,
    level: int,
    channel: str,
    members: str,
    state: str,
    tries: int,
    spent: Sequence[str],
    retry_at: datetime | None,
    policy: str,
    calls: Sequence[datetime],
    last_refusal: str | None,
) -> PastReminder:
    """A row of `reminders` as the domain's value."""
    return PastReminder(
        id=reminder,
        at=at,
        step=step,
        level=Level(level),
        channel=Channel(channel),
        members=members_from_row(members),
        state=state,
        attempts=tries,
        used=tuple(Channel(one) for one in spent),
        retry_at=retry_at,
        policy=policy,
        calls=tuple(calls),
        last_refusal=last_refusal,
    )


_ADDRESSES = Rows(seller=TEXT, address=TEXT)
_SUPPRESSED = sa.select(suppressions).join(
    _ADDRESSES.table,
    sa.and_(_ADDRESSES.c.seller == suppressions.c.seller, _ADDRESSES.c.address == suppressions.c.address),
)


def suppressed_among(
    connection: sa.Connection, addresses: Collection[tuple[SellerId, str]]
) -> dict[tuple[SellerId, str], list[Suppressed]]:
    """What is suppressed among these (seller, address) pairs, by (seller, address key), in one round trip."""
    found: dict[tuple[SellerId, str], list[Suppressed]] = defaultdict(list)
    keys = sorted({(seller, address_key(address)) for seller, address in addresses})
    for row in connection.execute(_SUPPRESSED, _ADDRESSES.sent(keys)) if keys else ():
        entry = Suppressed(Channel(row.channel), row.address, row.reason)
        found[SellerId(row.seller), row.address].append(entry)
    return found


_ENTRIES = Rows(seller=TEXT, channel=TEXT, address=TEXT, reason=TEXT, since_at=INSTANT)
_SAID_STOP = OutcomeClass.OPT_OUT.value
_INTO = _ENTRIES.into(suppressions)
_SUPPRESS = _INTO.on_conflict_do_update(
    constraint=suppressions.primary_key,
    set_={"reason": _INTO.excluded.reason, "since_at": _INTO.excluded.since_at},
    where=sa.and_(_INTO.excluded.reason == _SAID_STOP, suppressions.c.reason != _SAID_STOP),
)


def suppress(connection: sa.Connection, entries: Collection[tuple[SellerId, str, str, str, datetime]]) -> None:
    """Puts (seller, channel, address, reason, since) out of use.

    The first reason stays, but for `opt_out`, which takes the place of any other: who repairs a number must see that
    its owner wants no more.
    """
    chosen: dict[tuple[SellerId, str, str], tuple[str, datetime]] = {}
    for seller, channel, address, reason, since in entries:
        place = (seller, channel, address_key(address))
        if place not in chosen or reason == _SAID_STOP:
            chosen[place] = (reason, since)
    if chosen:
        # In the order of their names, so that two batches wait for each other and never in a circle.
        connection.execute(_SUPPRESS, _ENTRIES.sent((*place, *chosen[place]) for place in sorted(chosen)))


_OLD = Rows("old", seller=TEXT, channel=TEXT, address=TEXT)
_REASON = sa.bindparam("why", type_=TEXT)
_LIFT = (
    sa.delete(suppressions)
    .where(
        suppressions.c.seller == _OLD.c.seller,
        suppressions.c.channel == _OLD.c.channel,
        suppressions.c.address == _OLD.c.address,
        sa.or_(_REASON.is_(None), suppressions.c.reason == _REASON),
    )
    .returning(suppressions.c.address)
)


def lift(connection: sa.Connection, entries: Collection[tuple[SellerId, str, str]], reason: str | None) -> int:
    """Takes back the suppression of these (seller, channel, address); returns how many there were.

    Only where it stands for this reason; None: whatever the reason.
    """
    if not entries:
        return 0
    rows = [(seller, channel, address_key(address)) for seller, channel, address in entries]
    return len(connection.execute(_LIFT, {**_OLD.sent(rows), "why": reason}).all())


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
