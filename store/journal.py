"""The append-only record of every decision and event, with its reason."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from domain.ids import AccountKey, AttemptId, ReminderId, SellerId
from store import telling
from store.arrays import INSTANT, NUMBER, TEXT, Rows
from store.tables import journal


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal. `event` is dotted and fixed (`plan.changed`); `facts` hold no address, no secret.

    `task` is told in the log only: the journal names a task by what it is about.
    """

    seller: SellerId
    at: datetime
    event: str
    facts: Mapping[str, Any]
    account: AccountKey | None = None
    reminder: ReminderId | None = None
    attempt: AttemptId | None = None
    task: str | None = None


_ENTRIES = Rows(seller=TEXT, account_id=NUMBER, reminder_id=TEXT, attempt_id=TEXT, at=INSTANT, event=TEXT, facts=TEXT)
_APPEND = _ENTRIES.into(journal, facts=sa.cast(_ENTRIES.c.facts, JSONB))


def write(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    """Appends the entries, in one round trip; none for none."""
    if not entries:
        return
    rows = [(e.seller, e.account, e.reminder, e.attempt, e.at, e.event, json.dumps(e.facts)) for e in entries]
    connection.execute(_APPEND, _ENTRIES.sent(rows))
    for e in entries:
        ids = {"seller": e.seller, "account": e.account, "reminder": e.reminder, "attempt": e.attempt, "task": e.task}
        telling.keep(connection, e.event, ids, e.facts)


def of_account(connection: sa.Connection, key: AccountKey, limit: int = 500) -> list[Entry]:
    """An account's newest entries, oldest first."""
    rows = connection.execute(
        sa.select(journal).where(journal.c.account_id == key).order_by(journal.c.id.desc()).limit(limit)
    ).all()
    return [_entry(row) for row in reversed(rows)]


def of_reminder(connection: sa.Connection, reminder: ReminderId) -> list[Entry]:
    """A reminder's entries, oldest first."""
    rows = connection.execute(sa.select(journal).where(journal.c.reminder_id == reminder).order_by(journal.c.id))
    return [_entry(row) for row in rows]


def _entry(row: Any) -> Entry:
    return Entry(row.seller, row.at, row.event, row.facts, row.account_id, row.reminder_id, row.attempt_id)
