"""The tables of what goes out: reminders, the steps that they take, attempts, receipts, addresses out of use."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB

from store.schema import NOW, Instant, identity, metadata

reminders = sa.Table(
    "reminders",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("seller", sa.Text, nullable=False),
    sa.Column("account_id", sa.BigInteger, sa.ForeignKey("accounts.id"), nullable=False, index=True),
    sa.Column("claimed_at", Instant, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("level", sa.SmallInteger, nullable=False),
    sa.Column("tone", sa.SmallInteger, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("members", JSONB, nullable=False),
    sa.Column("invoice_ids", ARRAY(sa.Text), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("spent", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("retry_at", Instant),
    sa.CheckConstraint("state IN ('open', 'calling', 'done', 'failed', 'withdrawn')", name="state"),
    sa.Index(
        "uq_reminders_running",
        "account_id",
        unique=True,
        postgresql_where=sa.text("state IN ('open', 'calling')"),
    ),
    postgresql_with={"fillfactor": 75, "autovacuum_vacuum_scale_factor": 0.02},
)

steps_had = sa.Table(
    "steps_had",
    metadata,
    sa.Column("seller", sa.Text, primary_key=True),
    sa.Column("unit_id", sa.Text, primary_key=True),
    sa.Column("step", sa.Text, primary_key=True),
    sa.Column("cycle", sa.SmallInteger, primary_key=True),
    sa.Column("reminder_id", sa.Text, sa.ForeignKey("reminders.id"), nullable=False, index=True),
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("seller", sa.Text, nullable=False),
    sa.Column("account_id", sa.BigInteger, sa.ForeignKey("accounts.id"), nullable=False, index=True),
    sa.Column("reminder_id", sa.Text, sa.ForeignKey("reminders.id"), nullable=False),
    sa.Column("number", sa.SmallInteger, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("contact", sa.Text),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("cc", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("called_at", Instant, nullable=False),
    sa.Column("utc_offset_s", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("fence", sa.Integer, nullable=False, server_default="1"),
    sa.Column("leased_until", Instant),
    sa.Column("provider_id", sa.Text),
    sa.Column("error_class", sa.Text),
    sa.Column("error_code", sa.Text),
    sa.Column("template", sa.Text, nullable=False),
    sa.Column("segments", sa.SmallInteger),
    sa.Column("message", JSONB, nullable=False),
    sa.Column("stored_at", Instant, nullable=False, server_default=NOW),
    sa.Column("ask_at", Instant),
    sa.Column("asked", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("let_go_at", Instant),
    sa.UniqueConstraint("reminder_id", "number"),
    sa.Index("ix_attempts_ask_at", "ask_at", postgresql_where=sa.text("ask_at IS NOT NULL")),
    sa.Index("ix_attempts_unconfirmed", "called_at", postgresql_where=sa.text("state = 'unconfirmed'")),
    sa.Index("ix_attempts_leased", "leased_until", postgresql_where=sa.text("state = 'calling'")),
    sa.Index("ix_attempts_provider_id", "provider_id", postgresql_where=sa.text("provider_id IS NOT NULL")),
    sa.Index("ix_attempts_recipient", "recipient"),
    sa.Index("ix_attempts_log", "seller", sa.text("called_at DESC")),
    sa.Index("ix_attempts_log_of_all", sa.text("called_at DESC")),
    sa.Index("ix_attempts_words", "called_at", postgresql_where=sa.text("let_go_at IS NULL")),
    postgresql_with={"fillfactor": 75, "autovacuum_vacuum_scale_factor": 0.02},
)

contacted = sa.Table(
    "contacted",
    metadata,
    sa.Column("seller", sa.Text, primary_key=True),
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("called_at", Instant, primary_key=True),
    sa.Column("attempt_id", sa.Text, sa.ForeignKey("attempts.id"), primary_key=True),
)

receipts = sa.Table(
    "receipts",
    metadata,
    identity(),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("raw", BYTEA, nullable=False),
    sa.Column("body", JSONB, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("stored_at", Instant, nullable=False, server_default=NOW),
    sa.Column("look_at", Instant),
    sa.Column("settled_at", Instant),
    sa.Column("attempt_id", sa.Text),
    sa.UniqueConstraint("provider", "key"),
    sa.Index("ix_receipts_look_at", "look_at", postgresql_where=sa.text("look_at IS NOT NULL")),
    sa.Index("ix_receipts_raw", "received_at", postgresql_where=sa.text("raw <> ''::bytea")),
    postgresql_with={"autovacuum_vacuum_scale_factor": 0.02},
)

suppressions = sa.Table(
    "suppressions",
    metadata,
    sa.Column("seller", sa.Text, primary_key=True),
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("since_at", Instant, nullable=False),
)
