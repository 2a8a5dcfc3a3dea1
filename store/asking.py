"""Attempts whose fate is not known: those to ask a provider about, and those that are left to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import sqlalchemy as sa

from domain.ids import AccountKey, AttemptId, CustomerId, SellerId
from domain.outcomes import AttemptState
from store.arrays import BY_NOW, NUMBER, TEXT, Rows
from store.attempts import in_seconds
from store.tables import accounts, attempts, receipts, reminders

SEVERAL = 2
"""As many as tell that a name is of more than one attempt."""

_NEWEST_RECEIPTS = 10_000


@dataclass(frozen=True, slots=True)
class ToAsk:
    """An attempt to ask about, taken under a fence of its own. `called_at` is wall time, `asked` how often before."""

    id: AttemptId
    account: AccountKey
    provider: str
    channel: str
    recipient: str
    text: str
    state: AttemptState
    fence: int
    provider_id: str | None
    asked: int
    called_at: datetime


@dataclass(frozen=True, slots=True)
class Put:
    """When an attempt is asked about again (None: never), if it is still ours. `counts`: it was answered."""

    attempt: AttemptId
    fence: int
    in_s: float | None
    counts: bool


@dataclass(frozen=True, slots=True)
class InDoubt:
    """An unconfirmed attempt for people. `at` has the customer's offset. `ask_at` None: nobody is asked any more."""

    id: AttemptId
    seller: SellerId
    customer: CustomerId
    name: str
    invoices: tuple[str, ...]
    step: str
    channel: str
    provider: str
    to: str
    at: datetime
    error_code: str | None
    asked: int
    ask_at: datetime | None

    def as_dict(self) -> dict[str, Any]:
        """As `--json` shows it; the address as sent."""
        return {
            "attempt": self.id,
            "seller": self.seller,
            "customer": self.customer,
            "name": self.name,
            "invoices": list(self.invoices),
            "step": self.step,
            "channel": self.channel,
            "provider": self.provider,
            "to": self.to,
            "at": self.at.isoformat(),
            "error_code": self.error_code,
            "asked": self.asked,
            "asked_again_at": None if self.ask_at is None else self.ask_at.isoformat(),
        }


def take(connection: sa.Connection, limit: int, lease_s: float) -> list[ToAsk]:
    """Takes attempts whose provider is to be asked now; nobody else takes them for so many seconds.

    One that nobody has put elsewhere by then comes back. The fence of who had it before is broken.
    """
    due = (
        sa.select(attempts.c.id)
        .where(attempts.c.ask_at <= BY_NOW)
        .order_by(attempts.c.ask_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        sa.update(attempts)
        .where(attempts.c.id.in_(due))
        .values(ask_at=in_seconds(lease_s), fence=attempts.c.fence + 1)
        .returning(
            attempts.c.id,
            attempts.c.account_id.label("account"),
            attempts.c.provider,
            attempts.c.channel,
            attempts.c.recipient,
            sa.func.coalesce(attempts.c.message["text"].astext, "").label("text"),
            attempts.c.state,
            attempts.c.fence,
            attempts.c.provider_id,
            attempts.c.asked,
            attempts.c.stored_at.label("called_at"),
        )
    )
    rows = connection.execute(statement).mappings()
    return sorted(
        (ToAsk(**{**row, "state": AttemptState(row["state"])}) for row in rows), key=lambda one: one.called_at
    )


_PUTS = Rows(id=TEXT, fence=NUMBER, in_s=sa.Double(), counts=NUMBER)
_PUT = (
    sa.update(attempts)
    .where(attempts.c.id == _PUTS.c.id, attempts.c.fence == _PUTS.c.fence)
    .values(ask_at=in_seconds(_PUTS.c.in_s), asked=attempts.c.asked + _PUTS.c.counts)
)


def put(connection: sa.Connection, puts: Sequence[Put]) -> None:
    """Puts attempts that are still ours to when they are asked about next."""
    if puts:
        connection.execute(_PUT, _PUTS.sent((one.attempt, one.fence, one.in_s, int(one.counts)) for one in puts))


def told_at(connection: sa.Connection) -> dict[str, datetime]:
    """When each provider last reported on anything (wall), among the newest receipts."""
    newest = sa.select(sa.func.max(receipts.c.id)).scalar_subquery()
    rows = connection.execute(
        sa.select(receipts.c.provider, sa.func.max(receipts.c.stored_at).label("at"))
        .where(receipts.c.id > newest - _NEWEST_RECEIPTS)
        .group_by(receipts.c.provider)
    )
    return {row.provider: row.at for row in rows}


def in_doubt(connection: sa.Connection, seller: SellerId | None = None) -> list[InDoubt]:
    """The unconfirmed attempts, oldest first."""
    statement = _IN_DOUBT.order_by(attempts.c.called_at, attempts.c.id)
    if seller is not None:
        statement = statement.where(attempts.c.seller == seller)
    return [_in_doubt(row) for row in connection.execute(statement)]


def named(connection: sa.Connection, name: str) -> list[InDoubt]:
    """The unconfirmed attempts whose ids begin so: at most `SEVERAL`."""
    statement = _IN_DOUBT.where(attempts.c.id.startswith(name, autoescape=True)).order_by(attempts.c.id)
    return [_in_doubt(row) for row in connection.execute(statement.limit(SEVERAL))]


def states_of(connection: sa.Connection, name: str) -> list[AttemptState]:
    """The states of the attempts whose ids begin so, in doubt or not: at most `SEVERAL`."""
    begins = attempts.c.id.startswith(name, autoescape=True)
    # No digit of an id comes after a `z`, whatever the order of the database: the index finds them.
    among = attempts.c.id.between(name, f"{name}z")
    found = sa.select(attempts.c.state).where(among, begins).order_by(attempts.c.id).limit(SEVERAL)
    return [AttemptState(state) for state in connection.execute(found).scalars()]


_IN_DOUBT = (
    sa.select(attempts, reminders.c.step, reminders.c.invoice_ids, accounts.c.customer_id, accounts.c.name)
    .select_from(attempts.join(reminders).join(accounts, accounts.c.id == attempts.c.account_id))
    .where(attempts.c.state == AttemptState.UNCONFIRMED.value)
)


def _in_doubt(row: Any) -> InDoubt:
    return InDoubt(
        id=row.id,
        seller=row.seller,
        customer=row.customer_id,
        name=row.name,
        invoices=tuple(row.invoice_ids),
        step=row.step,
        channel=row.channel,
        provider=row.provider,
        to=row.recipient,
        at=row.called_at.astimezone(timezone(timedelta(seconds=row.utc_offset_s))),
        error_code=row.error_code,
        asked=row.asked,
        ask_at=row.ask_at,
    )
