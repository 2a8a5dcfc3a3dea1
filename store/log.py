"""The delivery log: one row for each attempt to contact a customer, newest first or after a given one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import sqlalchemy as sa

from domain.ids import CustomerId, ReminderId, SellerId
from domain.levels import Channel, Level
from store.tables import accounts, attempts, reminders, sellers


@dataclass(frozen=True, slots=True)
class LogRow:
    """An attempt as outsiders see it; `at` is the call's instant in the customer's own offset.

    `cursor` orders rows for `--follow`; `message` is what was sent (subject, text, html).
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

    def as_dict(self) -> dict[str, Any]:
        """The keys that `relance log --json` and `replay --out` promise, in their order; addresses as sent."""
        keys = (
            "seller", "customer", "invoices", "step", "level", "tone", "channel", "provider", "to", "cc", "contact",
            "state", "attempt", "reminder", "policy", "template", "error_class", "error_code", "provider_id",
            "segments",
        )  # fmt: skip
        return {"at": self.at.isoformat(), **{key: getattr(self, key) for key in keys}}


def read(
    connection: sa.Connection,
    *,
    seller: SellerId | None = None,
    customer: CustomerId | None = None,
    reminder: ReminderId | None = None,
    limit: int = 1000,
) -> list[LogRow]:
    """The newest `limit` rows that match, oldest first. Hand-offs inside the house are no contacts, and no rows."""
    statement = (
        sa.select(
            attempts,
            reminders.c.step,
            reminders.c.level,
            reminders.c.tone,
            reminders.c.policy,
            reminders.c.invoice_ids,
            accounts.c.customer_id,
            accounts.c.name,
        )
        .select_from(attempts.join(reminders).join(accounts, accounts.c.id == attempts.c.account_id))
        .where(attempts.c.channel != Channel.TASK.value)
        .order_by(attempts.c.called_at.desc(), attempts.c.id.desc())
        .limit(limit)
    )
    if seller is not None:
        statement = statement.where(attempts.c.seller == seller)
    if customer is not None:
        # Customers are indexed seller by seller: without one, each is asked for its own.
        of_any = accounts.c.seller.in_(sa.select(sellers.c.id))
        statement = statement.where(accounts.c.customer_id == customer, of_any)
    if reminder is not None:
        statement = statement.where(attempts.c.reminder_id == reminder)
    return [_log_row(row) for row in reversed(connection.execute(statement).all())]


def _log_row(row: Any) -> LogRow:
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
        message=row.message,
    )
