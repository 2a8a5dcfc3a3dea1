"""What leaves when nobody needs it any more: bodies and words, never what planning reads. Called by `workers/keep`.

    what came in, as it came          let go by        what stays
    inbox.body, inbox.fact            folded           its name and digest: an event counts once for ever
    receipts.raw                      settled          its name, word and attempt: a receipt counts once for ever
    quarantine                        closed           the journal's word on it

    what was said and decided
    attempts.message, .cc, contacted  owed no more     when, over which channel, to whom, and what came of it
    tasks.title, .body, .note         closed           kind, step, outcome
    receipts.raw of a reply           read             its name
    journal_default                   at once          nothing (all other months: `store/months`)

Each call is one statement over at most `limit` rows. It takes no row that somebody has locked, and what has left
once is not found again, so any number may run at once, be killed, and run again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.addresses import address_key
from domain.ids import AccountKey, AttemptId, InvoiceId, SellerId
from domain.task_outcomes import TaskKind
from store.accounts import AccountRow
from store.arrays import INSTANT, TEXT, Rows, any_of, array_text
from store.tables import accounts, attempts, contacted, inbox, journal, quarantine, receipts, reminders, tasks

_NOTHING_SAID = {"subject": None, "text": "", "html": None}
"""What is left of a message: pages show it without words."""

_UNADDRESSED = {"raw": b"", "body": receipts.c.body.op("-")(sa.literal("address", TEXT))}

_is_reply = receipts.c.body["word"].astext == "inbound"
_waits_in_quarantine = sa.exists().where(
    quarantine.c.kind == "crash",
    quarantine.c.closed_at.is_(None),
    quarantine.c.reference == sa.cast(inbox.c.id, sa.Text),
)
_is_read = ~sa.exists().where(
    tasks.c.kind == TaskKind.REPLY.value, tasks.c.closed_at.is_(None), receipts.c.key == sa.any_(tasks.c.units)
)
_default_part = sa.table("journal_default", *(sa.column(column.name, column.type) for column in journal.c))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing that leaves by itself: which rows of a table, and what is left of one (None: nothing)."""

    name: str
    table: sa.FromClause
    by: sa.ColumnElement[datetime]
    which: sa.ColumnElement[bool]
    left: Mapping[str, Any] | None = field(default=None)


RAW = (
    Kind(
        "bodies of events",
        inbox,
        inbox.c.received_at,
        sa.and_(
            inbox.c.body != sa.literal_column("''"),
            inbox.c.folded_at.is_not(None),
            sa.not_(_waits_in_quarantine),
        ),
        {"body": "", "fact": ""},
    ),
    Kind(
        "bodies of receipts",
        receipts,
        receipts.c.received_at,
        sa.and_(receipts.c.raw != sa.literal_column("''::bytea"), receipts.c.look_at.is_(None), ~_is_reply),
        _UNADDRESSED,
    ),
    Kind("quarantine", quarantine, quarantine.c.closed_at, sa.true()),
)
"""What came in, as it came."""

SAID = (
    Kind(
        "replies",
        receipts,
        receipts.c.received_at,
        sa.and_(receipts.c.raw != sa.literal_column("''::bytea"), receipts.c.look_at.is_(None), _is_reply, _is_read),
        _UNADDRESSED,
    ),
    Kind(
        "words of tasks",
        tasks,
        tasks.c.closed_at,
        sa.or_(tasks.c.title != "", tasks.c.body != "", tasks.c.note != ""),
        {"title": "", "body": "", "note": ""},
    ),
    Kind("journal of no month", _default_part, _default_part.c.at, sa.true()),
)
"""What was said and decided, but for the words of messages and the journal's months."""


def take_your_time(connection: sa.Connection) -> None:
    """Until this transaction ends, a statement may take as long as it does: a whole table is counted."""
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


def count(connection: sa.Connection, kind: Kind, before: datetime) -> int:
    """How many would leave."""
    statement = sa.select(sa.func.count()).select_from(kind.table).where(kind.by < before, kind.which)
    return int(connection.execute(statement).scalar_one())


def let_go(connection: sa.Connection, kind: Kind, before: datetime, limit: int) -> int:
    """Lets go of the oldest; returns how many."""
    table, key = kind.table, kind.table.c.id
    old = sa.select(key).where(kind.by < before, kind.which).order_by(kind.by).limit(limit)
    chosen = old.with_for_update(skip_locked=True).cte("chosen").prefix_with("MATERIALIZED")
    is_chosen = key.in_(sa.select(chosen.c.id))
    change: sa.Delete | sa.Update
    if kind.left is None:
        change = sa.delete(table).where(is_chosen)  # type: ignore[arg-type]
    else:
        change = sa.update(table).where(is_chosen).values(kind.left)  # type: ignore[arg-type]
    return connection.execute(change).rowcount


@dataclass(frozen=True, slots=True)
class Written:
    """An old attempt whose words are still here, and what its reminder was about."""

    attempt: AttemptId
    called_at: datetime
    account: AccountRow
    invoice_ids: tuple[InvoiceId, ...]


Place = tuple[datetime, AttemptId]
"""Where in the order of their calls an attempt stands."""


def oldest_words(connection: sa.Connection) -> datetime | None:
    """When the oldest attempt whose words are still here was called."""
    oldest: datetime | None = connection.execute(_OLDEST_WORDS).scalar_one()
    return oldest


def written(connection: sa.Connection, before: Place, limit: int) -> list[Written]:
    """The newest attempts before this place of which nothing is waited for."""
    statement = (
        sa.select(
            attempts.c.id,
            attempts.c.called_at,
            accounts.c.id.label("key"),
            accounts.c.seller,
            accounts.c.customer_id,
            accounts.c.plan_digest,
            reminders.c.invoice_ids,
        )
        .select_from(attempts.join(reminders).join(accounts, accounts.c.id == attempts.c.account_id))
        .where(attempts.c.let_go_at.is_(None), _is_settled)
        .where(sa.tuple_(attempts.c.called_at, attempts.c.id) < sa.tuple_(*_place(before)))
        .order_by(attempts.c.called_at.desc(), attempts.c.id.desc())
        .limit(limit)
    )
    return [_written(row) for row in connection.execute(statement)]


def let_words_go(connection: sa.Connection, ids: Collection[AttemptId], now: datetime) -> int:
    """Lets go of what these attempts said and who was in copy; returns how many still said anything.

    Whom it went to stays: a stop from there must find its seller. Two round trips.
    """
    rows = connection.execute(_SPEAKING, {"ids": array_text(ids)}).all()
    keys = {
        (row.seller, address_key(address), row.called_at, row.id)
        for row in rows
        for address in (row.recipient, *row.cc)
    }
    silenced = {"ids": array_text([row.id for row in rows]), "now": now}
    return connection.execute(_SILENCE, _GONE.sent(sorted(keys)) | silenced).rowcount


_is_running = sa.select(reminders.c.id).where(
    reminders.c.id == attempts.c.reminder_id, reminders.c.state.in_(["open", "calling"])
)
_is_settled = sa.and_(
    attempts.c.ask_at.is_(None),
    attempts.c.state.not_in(["calling", "unconfirmed"]),
    ~_is_running.correlate(attempts).exists(),
)


_OLDEST_WORDS = sa.select(sa.func.min(attempts.c.called_at)).where(attempts.c.let_go_at.is_(None))


def _place(before: Place) -> tuple[sa.ColumnElement[datetime], sa.ColumnElement[str]]:
    return sa.literal(before[0], INSTANT), sa.literal(before[1], TEXT)


def _written(row: Any) -> Written:
    account = AccountRow(AccountKey(row.key), SellerId(row.seller), row.customer_id, row.plan_digest)
    return Written(AttemptId(row.id), row.called_at, account, tuple(row.invoice_ids))


_SPEAKING = (
    sa.select(attempts.c.id, attempts.c.seller, attempts.c.called_at, attempts.c.recipient, attempts.c.cc)
    .where(any_of(attempts.c.id, "ids"), attempts.c.let_go_at.is_(None), _is_settled)
    .order_by(attempts.c.id)
    .with_for_update(skip_locked=True)
)
_GONE = Rows("gone", seller=TEXT, address=TEXT, called_at=INSTANT, id=TEXT)
_NOTED = sa.delete(contacted).where(
    contacted.c.seller == _GONE.c.seller,
    contacted.c.address == _GONE.c.address,
    contacted.c.called_at == _GONE.c.called_at,
    contacted.c.attempt_id == _GONE.c.id,
)
_SILENCE = (
    sa.update(attempts)
    .where(any_of(attempts.c.id, "ids"))
    .values(message=_NOTHING_SAID, cc=[], let_go_at=sa.bindparam("now", type_=INSTANT))
    .add_cte(_NOTED.cte("noted"))
)
