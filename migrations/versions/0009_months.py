"""The journal in parts by month, which leave whole; what else leaves is found; hot tables are vacuumed sooner."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_COLUMNS = "id, seller, account_id, reminder_id, attempt_id, at, event, facts"
_AHEAD = 3
_SOONER = ("inbox", "receipts", "reminders")


def upgrade() -> None:
    """Goes forward. Copies the whole journal, a minute or so for ten million rows: nobody writes to it meanwhile."""
    _set_aside()
    _make("id", "at", partition_by="RANGE (at)")
    op.execute("CREATE TABLE journal_default PARTITION OF journal DEFAULT")
    for number in _months():
        since, until = _first(number), _first(number + 1)
        name = f"journal_{since:%Y_%m}"
        op.execute(f"CREATE TABLE {name} PARTITION OF journal FOR VALUES FROM ('{since}') TO ('{until}')")
    _take_over()
    op.add_column("attempts", sa.Column("let_go_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_attempts_words",
        "attempts",
        ["called_at"],
        postgresql_where=sa.text("let_go_at IS NULL"),
    )
    op.create_index("ix_inbox_body", "inbox", ["received_at"], postgresql_where=sa.text("body <> ''"))
    op.create_index("ix_receipts_raw", "receipts", ["received_at"], postgresql_where=sa.text("raw <> ''::bytea"))
    for table in _SOONER:
        op.execute(f"ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = 0.02)")


def downgrade() -> None:
    """Goes back, with every row of the journal that is still there."""
    op.execute("SET LOCAL statement_timeout = 0")
    for table in _SOONER:
        op.execute(f"ALTER TABLE {table} RESET (autovacuum_vacuum_scale_factor)")
    op.drop_index("ix_receipts_raw", "receipts")
    op.drop_index("ix_inbox_body", "inbox")
    op.drop_index("ix_attempts_words", "attempts")
    op.drop_column("attempts", "let_go_at")
    _set_aside()
    _make("id")
    _take_over()


def _set_aside() -> None:
    """The journal as it is makes room for another one of its name."""
    op.execute("ALTER TABLE journal RENAME TO journal_before")
    op.execute("ALTER TABLE journal_before RENAME CONSTRAINT pk_journal TO pk_journal_before")
    op.execute("ALTER SEQUENCE journal_id_seq RENAME TO journal_before_id_seq")
    op.execute("DROP INDEX ix_journal_account, ix_journal_reminder")


def _make(*key: str, partition_by: str | None = None) -> None:
    op.create_table(
        "journal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("seller", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("reminder_id", sa.Text(), nullable=True),
        sa.Column("attempt_id", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_journal")),
        postgresql_partition_by=partition_by,
    )


def _months() -> list[int]:
    """Those that have rows, up to some months ahead, and those from now on. Older than 12 years is nobody's month."""
    found = op.get_bind().execute(
        sa.text("SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'UTC') AS month FROM journal_before")
    )
    now = datetime.now(UTC)
    this = now.year * 12 + now.month - 1
    numbers = {row.month.year * 12 + row.month.month - 1 for row in found}
    return sorted({n for n in numbers if this - 144 <= n <= this} | set(range(this, this + _AHEAD + 1)))


def _first(number: int) -> datetime:
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def _take_over() -> None:
    """The new journal takes over the rows and the numbers of the one before, and its indexes come last."""
    op.execute(
        f"INSERT INTO journal ({_COLUMNS}) OVERRIDING SYSTEM VALUE SELECT {_COLUMNS} FROM journal_before"  # noqa: S608
    )
    op.execute("SELECT setval('journal_id_seq', last_value, is_called) FROM journal_before_id_seq")
    op.execute("DROP TABLE journal_before")
    op.create_index("ix_journal_account", "journal", ["account_id", "id"])
    op.create_index(
        "ix_journal_reminder",
        "journal",
        ["reminder_id", "id"],
        postgresql_where=sa.text("reminder_id IS NOT NULL"),
    )
