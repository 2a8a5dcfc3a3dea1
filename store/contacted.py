"""Who was contacted at which address, whichever customer it was about; and the lock on a person's addresses.

Addresses are keys (`domain/addresses.address_key`), those in copy too. `store/claims` writes them with each attempt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from domain.addresses import address_key
from domain.contacted import Contacted
from domain.ids import AccountKey, AttemptId, ReminderId, SellerId
from domain.levels import Channel
from domain.outcomes import AttemptState
from domain.task_outcomes import TaskOutcome
from store.arrays import INSTANT, NUMBER, TEXT, Rows, any_of, array_text
from store.tables import attempts, contacted, reminders, sellers, tasks

MOST = 100
"""Of one address at most, the newest: more contacts of one person in a month no cap allows."""

_REACHED = array_text(
    (
        AttemptState.CALLING,
        AttemptState.UNCONFIRMED,
        AttemptState.ACCEPTED,
        AttemptState.DEFERRED,
        AttemptState.SENT,
        AttemptState.DELIVERED,
        AttemptState.READ,
        AttemptState.OPENED,
        AttemptState.DONE,
    )
)
Address = tuple[SellerId, str]
"""A seller's, by its key."""


@dataclass(frozen=True, slots=True)
class ContactedAbout:
    """A contact at an address, and which account it was about."""

    account: AccountKey
    contact: Contacted


_NUMBERS = Rows(number=NUMBER)
_IN_ORDER = sa.select(_NUMBERS.c.number).order_by(_NUMBERS.c.number).subquery()
_LOCK = sa.select(sa.func.pg_advisory_xact_lock(_IN_ORDER.c.number))


def lock(connection: sa.Connection, addresses: Collection[Address]) -> None:
    """Locks these people's addresses until the transaction ends: one after the other, in the order of their numbers.

    Whoever holds accounts may take them, and takes no account afterwards.
    """
    numbers = sorted({_number(*address) for address in addresses})
    if numbers:
        connection.execute(_LOCK, _NUMBERS.sent((number,) for number in numbers))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of an address: what went there after `since`, and was not about the account `besides`."""

    since: datetime
    besides: AccountKey | None = None


_WANTED = Rows("wanted", seller=TEXT, address=TEXT, since=INSTANT, besides=NUMBER)
_IS_OPEN = sa.and_(reminders.c.state == "open", attempts.c.number == reminders.c.attempts)
_NEWEST = (
    sa.select(
        contacted.c.called_at,
        attempts.c.account_id,
        attempts.c.reminder_id,
        (attempts.c.channel == Channel.PHONE.value).label("is_call"),
        sa.func.coalesce(tasks.c.outcome == TaskOutcome.NO_ANSWER.value, sa.false()).label("in_vain"),
    )
    .select_from(contacted)
    .join(attempts, attempts.c.id == contacted.c.attempt_id)
    .join(reminders, reminders.c.id == attempts.c.reminder_id)
    .outerjoin(tasks, tasks.c.id == attempts.c.id)
    .where(
        contacted.c.seller == _WANTED.c.seller,
        contacted.c.address == _WANTED.c.address,
        contacted.c.called_at > _WANTED.c.since,
        attempts.c.account_id.is_distinct_from(_WANTED.c.besides),
        sa.or_(any_of(attempts.c.state, "reached"), _IS_OPEN),
    )
    .order_by(contacted.c.called_at.desc(), contacted.c.attempt_id)
    .limit(MOST)
    .lateral("newest")
)
_LOAD = sa.select(_WANTED.c.seller, _WANTED.c.address, _NEWEST).join(_NEWEST, sa.true())


def load(connection: sa.Connection, asked: Mapping[Address, Asked]) -> dict[Address, list[ContactedAbout]]:
    """What went to these addresses, newest first and MOST of each, in one round trip.

    It counts if it reached the address or may have; the last try of a reminder that is to be tried again counts too.
    """
    found: dict[Address, list[ContactedAbout]] = defaultdict(list)
    if not asked:
        return found
    wanted = _WANTED.sent((*address, one.since, one.besides) for address, one in asked.items())
    for row in connection.execute(_LOAD, {**wanted, "reached": _REACHED}).all():
        contact = Contacted(row.called_at, row.address, ReminderId(row.reminder_id), row.is_call, row.in_vain)
        found[SellerId(row.seller), row.address].append(ContactedAbout(AccountKey(row.account_id), contact))
    return found


def accounts_at(connection: sa.Connection, seller: SellerId, address: str) -> list[AccountKey]:
    """The accounts about which the seller ever tried to contact this address, in whatever way it is written."""
    joined = sa.select(attempts.c.account_id).join(contacted, contacted.c.attempt_id == attempts.c.id)
    found = joined.where(contacted.c.seller == seller, contacted.c.address == address_key(address)).distinct()
    return sorted(AccountKey(key) for key in connection.execute(found).scalars())


_LAST_MAILS = (
    sa.select(contacted.c.address, attempts.c.id, contacted.c.called_at)
    .ext(distinct_on(contacted.c.address, attempts.c.account_id))
    .select_from(sellers)  # there are few: the addresses are looked up for each
    .join(contacted, contacted.c.seller == sellers.c.id)
    .join(attempts, attempts.c.id == contacted.c.attempt_id)
    .where(
        any_of(contacted.c.address, "addresses"),
        contacted.c.called_at > sa.bindparam("since", type_=INSTANT),
        attempts.c.channel == Channel.EMAIL.value,
        any_of(attempts.c.state, "reached"),
    )
    .order_by(contacted.c.address, attempts.c.account_id, contacted.c.called_at.desc())
)


def last_mails(connection: sa.Connection, addresses: Collection[str], since: datetime) -> dict[str, list[AttemptId]]:
    """By address key, of each account the last mail after `since` that went or may have gone there, also as a copy.

    Of all sellers, the newest first.
    """
    found: dict[str, list[AttemptId]] = defaultdict(list)
    asked = {"addresses": array_text(addresses), "since": since, "reached": _REACHED}
    rows = connection.execute(_LAST_MAILS, asked).all() if addresses else []
    for address, attempt, _at in sorted(rows, key=lambda row: row.called_at, reverse=True):
        found[address].append(AttemptId(attempt))
    return found


def _number(seller: SellerId, address: str) -> int:
    """The address as PostgreSQL locks it; two that share a number only wait for each other."""
    return int.from_bytes(sha256(f"{seller}\x1f{address}".encode()).digest()[:8], "big", signed=True)
