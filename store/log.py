"""The delivery log, a row for each attempt to contact a customer: the newest, or page by page from a place on.

Hand-offs inside the house are no contacts, and no rows. `store/log_changes` tells what is new in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from domain.ids import AttemptId, CustomerId, ReminderId, SellerId
from domain.levels import Channel, Level
from store import finding
from store.arrays import INSTANT, TEXT, any_of, array_text
from store.retention import Place
from store.tables import accounts, attempts, reminders, sellers


@dataclass(frozen=True, slots=True)
class LogRow:
    """An attempt as outsiders see it; `at` is the call's instant in the customer's own offset.

    `message` is what was sent (subject, text, html); only `read` has it.
    """

    at: datetime
    seller: str
    customer: str
    invoices: tuple[str, ...]
    step: str
    level: str
    tone: str
    channel: str
    provider: str
    to: str
    cc: tuple[str, ...]
    contact: str | None
    state: str
    attempt: str
    reminder: str
    policy: str
    template: str
    error_class: str | None
    error_code: str | None
    provider_id: str | None
    segments: int | None
    customer_name: str
    message: Mapping[str, Any]

    @property
    def place(self) -> Place:
        """Where it stands in the log."""
        return self.at, AttemptId(self.attempt)

    def as_dict(self) -> dict[str, Any]:
        """The keys that `relance log --json` and `replay --out` promise, in their order; addresses as sent."""
        keys = (
            "seller", "customer", "invoices", "step", "level", "tone", "channel", "provider", "to", "cc", "contact",
            "state", "attempt", "reminder", "policy", "template", "error_class", "error_code", "provider_id",
            "segments",
        )  # fmt: skip
        return {"at": self.at.isoformat(), **{key: getattr(self, key) for key in keys}}


ROWS = sa.select(
    *(column for column in attempts.c if column.name != "message"),
    reminders.c.step,
    reminders.c.level,
    reminders.c.tone,
    reminders.c.policy,
    reminders.c.invoice_ids,
    accounts.c.customer_id,
    accounts.c.name,
).select_from(attempts.join(reminders).join(accounts, accounts.c.id == attempts.c.account_id))
"""What `row_of` needs of each."""

_OLDEST_FIRST = (attempts.c.called_at, attempts.c.id)
_NEWEST_FIRST = (attempts.c.called_at.desc(), attempts.c.id.desc())

MOST_MEANT = 5_000
"""Customers whose contacts are read by their keys. Of a text that means more, the newest contacts are soon found."""


def read(
    connection: sa.Connection,
    *,
    seller: SellerId | None = None,
    customer: CustomerId | None = None,
    reminder: ReminderId | None = None,
    text: str = "",
    before: Place | None = None,
    limit: int = 1000,
) -> list[LogRow]:
    """The newest `limit` rows that match and stand before a place, with their messages, oldest first.

    With a seller, a text says of which customers: see `finding.is_meant`.
    """
    statement = matching(ROWS.add_columns(attempts.c.message), seller, customer)
    if reminder is not None:
        statement = statement.where(attempts.c.reminder_id == reminder)
    if text and seller is not None:
        statement = _of_meant(connection, statement, seller, text)
    if before is not None:
        statement = statement.where(sa.tuple_(*_OLDEST_FIRST) < _at(before))
    newest = connection.execute(statement.order_by(*_NEWEST_FIRST).limit(limit)).all()
    return [row_of(row, row.message) for row in reversed(newest)]


def page(
    connection: sa.Connection,
    after: Place | None,
    limit: int,
    *,
    seller: SellerId | None = None,
    customer: CustomerId | None = None,
    since: datetime | None = None,
) -> list[LogRow]:
    """The next `limit` rows after this place that match and were called at `since` or later, oldest first."""
    statement = matching(ROWS, seller, customer, since).order_by(*_OLDEST_FIRST).limit(limit)
    if after is not None:
        statement = statement.where(sa.tuple_(*_OLDEST_FIRST) > _at(after))
    return [row_of(row) for row in connection.execute(statement)]


def _of_meant(connection: sa.Connection, statement: sa.Select[Any], seller: SellerId, text: str) -> sa.Select[Any]:
    """Of whom the text means is asked once, and not beside each of the seller's attempts."""
    keys = finding.keys(connection, seller, text, MOST_MEANT + 1)
    if len(keys) > MOST_MEANT:
        return statement.where(finding.is_meant(seller, text))
    return statement.where(any_of(attempts.c.account_id, "keys")).params(keys=array_text(keys))


def _at(place: Place) -> sa.Tuple:
    called_at, attempt = place
    return sa.tuple_(sa.literal(called_at, INSTANT), sa.literal(attempt, TEXT))


def before_newest(
    connection: sa.Connection,
    count: int,
    *,
    seller: SellerId | None = None,
    customer: CustomerId | None = None,
    since: datetime | None = None,
) -> Place | None:
    """After which place the newest `count` rows come. None: there are no more than these."""
    statement = matching(sa.select(*_OLDEST_FIRST), seller, customer, since)
    row = connection.execute(statement.order_by(*_NEWEST_FIRST).offset(count).limit(1)).one_or_none()
    return None if row is None else (row.called_at, AttemptId(row.id))


def matching(
    statement: sa.Select[Any],
    seller: SellerId | None,
    customer: CustomerId | None,
    since: datetime | None = None,
) -> sa.Select[Any]:
    """The statement, for attempts that are rows, and of these only."""
    statement = statement.where(attempts.c.channel != Channel.TASK.value)
    if seller is not None:
        statement = statement.where(attempts.c.seller == seller)
    if customer is not None:
        # Customers are indexed seller by seller: without one, each is asked for its own.
        of_any = accounts.c.seller.in_(sa.select(sellers.c.id))
        is_theirs = sa.and_(accounts.c.id == attempts.c.account_id, accounts.c.customer_id == customer)
        statement = statement.where(is_theirs, of_any)
    if since is not None:
        statement = statement.where(attempts.c.called_at >= since)
    return statement


def row_of(row: Any, message: Mapping[str, Any] = MappingProxyType({})) -> LogRow:
    """The row that was selected as in `ROWS`."""
    return LogRow(
        at=row.called_at.astimezone(timezone(timedelta(seconds=row.utc_offset_s))),
        seller=row.seller,
        customer=row.customer_id,
        invoices=tuple(row.invoice_ids),
        step=row.step,
        level=Level(row.level).word,
        tone=Level(row.tone).word,
        channel=row.channel,
        provider=row.provider,
        to=row.recipient,
        cc=tuple(row.cc),
        contact=row.contact,
        state=row.state,
        attempt=row.id,
        reminder=row.reminder_id,
        policy=row.policy,
        template=row.template,
        error_class=row.error_class,
        error_code=row.error_code,
        provider_id=row.provider_id,
        segments=row.segments,
        customer_name=row.name,
        message=message,
    )
