"""Every table, with what keeps its rows true. Only `store` imports this; migrations are checked against it.

    inbox ──intake──▶ facts ──fold──▶ (account, never stored) ──plan──▶ accounts.due_at
                                                                          │ claim
    receipts ◀── callbacks        journal ◀── everything       reminders ─┴─ steps_had, attempts, tasks

Columns ending in `_at` are instants (timestamptz); `leased_until`, `stored_at`, `nudged_at`, `folded_at`,
`look_at` and `settled_at` are wall time, all other instants business time.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Instant = sa.DateTime(timezone=True)
_NOW = sa.text("clock_timestamp()")


def _identity() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True)


sellers = sa.Table(
    "sellers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("country", sa.Text, nullable=False),
    sa.Column("region", sa.Text),
    sa.Column("timezone", sa.Text, nullable=False),
    sa.Column("policy", sa.Text),
    sa.Column("synced_as_of", Instant),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("seller", sa.Text, sa.ForeignKey("sellers.id"), nullable=False),
    sa.Column("digest", BYTEA, nullable=False, unique=True),
    sa.Column("stored_at", Instant, nullable=False, server_default=_NOW),
    sa.Column("revoked_at", Instant),
)

policies = sa.Table(
    "policies",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("stored_at", Instant, nullable=False, server_default=_NOW),
    sa.Column("moves", sa.Boolean, nullable=False, server_default=sa.false()),
)

inbox = sa.Table(
    "inbox",
    metadata,
    _identity(),
    sa.Column("seller", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("customer_id", sa.Text),
    sa.Column("invoice_ids", ARRAY(sa.Text), nullable=False),
    sa.Column("happened_at", Instant),
    sa.Column("sequence", sa.Text, nullable=False),
    sa.Column("fact_type", sa.Text, nullable=False),
    sa.Column("fact", sa.Text, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("stored_at", Instant, nullable=False, server_default=_NOW),
    sa.Column("folded_at", Instant),
    sa.Column("failures", sa.SmallInteger, nullable=False, server_default="0"),
    sa.UniqueConstraint("seller", "source", "event_id"),
    sa.Index("ix_inbox_unfolded", "id", postgresql_where=sa.text("folded_at IS NULL")),
    sa.Index("ix_inbox_unfolded_customer", "seller", "customer_id", postgresql_where=sa.text("folded_at IS NULL")),
    sa.Index(
        "ix_inbox_unfolded_invoices",
        "invoice_ids",
        postgresql_using="gin",
        postgresql_where=sa.text("folded_at IS NULL"),
    ),
)

accounts = sa.Table(
    "accounts",
    metadata,
    _identity(),
    sa.Column("seller", sa.Text, nullable=False),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False, server_default=""),
    sa.Column("due_at", Instant),
    sa.Column("channel", sa.Text),
    sa.Column("nudged_at", Instant),
    sa.Column("gated_as_of", Instant),
    sa.Column("plan", JSONB),
    sa.Column("plan_digest", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("seller", "customer_id"),
    sa.Index("ix_accounts_due", "due_at", postgresql_where=sa.text("due_at IS NOT NULL")),
    sa.Index("ix_accounts_gated", "seller", postgresql_where=sa.text("gated_as_of IS NOT NULL")),
    postgresql_with={"fillfactor": 75, "autovacuum_vacuum_scale_factor": 0.02},
)

invoices = sa.Table(
    "invoices",
    metadata,
    sa.Column("seller", sa.Text, primary_key=True),
    sa.Column("invoice_id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.BigInteger, sa.ForeignKey("accounts.id"), index=True),
    sa.Column("number", sa.Text, nullable=False, server_default=""),
)

facts = sa.Table(
    "facts",
    metadata,
    _identity(),
    sa.Column("seller", sa.Text, nullable=False),
    sa.Column("account_id", sa.BigInteger, sa.ForeignKey("accounts.id"), index=True),
    sa.Column("waits_for", sa.Text),
    sa.Column("invoice_ids", ARRAY(sa.Text), nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("happened_at", Instant, nullable=False),
    sa.Column("sequence", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("ix_facts_waiting", "seller", "waits_for", postgresql_where=sa.text("account_id IS NULL")),
)

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
    postgresql_with={"fillfactor": 75},
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
    sa.UniqueConstraint("reminder_id", "number"),
    sa.Index("ix_attempts_leased", "leased_until", postgresql_where=sa.text("state = 'calling'")),
    sa.Index("ix_attempts_provider_id", "provider_id", postgresql_where=sa.text("provider_id IS NOT NULL")),
    sa.Index("ix_attempts_recipient", "recipient"),
    sa.Index("ix_attempts_log", "seller", sa.text("called_at DESC")),
    sa.Index("ix_attempts_log_of_all", sa.text("called_at DESC")),
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
    _identity(),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("raw", BYTEA, nullable=False),
    sa.Column("body", JSONB, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("stored_at", Instant, nullable=False, server_default=_NOW),
    sa.Column("look_at", Instant),
    sa.Column("settled_at", Instant),
    sa.Column("attempt_id", sa.Text),
    sa.UniqueConstraint("provider", "key"),
    sa.Index("ix_receipts_look_at", "look_at", postgresql_where=sa.text("look_at IS NOT NULL")),
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

tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("seller", sa.Text, nullable=False),
    sa.Column("account_id", sa.BigInteger, sa.ForeignKey("accounts.id"), nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("units", ARRAY(sa.Text), nullable=False),
    sa.Column("reminder_id", sa.Text),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("title", sa.Text, nullable=False, server_default=""),
    sa.Column("body", sa.Text, nullable=False, server_default=""),
    sa.Column("closed_at", Instant),
    sa.Column("outcome", sa.Text),
    sa.Column("utc_offset_s", sa.Integer, nullable=False, server_default="0"),
    sa.Column("cycle", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("next_on", sa.Date),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("closed_by", sa.Text, nullable=False, server_default=""),
    sa.Index("ix_tasks_open", "seller", "opened_at", postgresql_where=sa.text("closed_at IS NULL")),
)

announced = sa.Table(
    "announced",
    metadata,
    sa.Column("account_id", sa.BigInteger, sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("event", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("at", Instant, nullable=False),
)

journal = sa.Table(
    "journal",
    metadata,
    _identity(),
    sa.Column("seller", sa.Text, nullable=False),
    sa.Column("account_id", sa.BigInteger),
    sa.Column("reminder_id", sa.Text),
    sa.Column("attempt_id", sa.Text),
    sa.Column("at", Instant, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("facts", JSONB, nullable=False),
    sa.Index("ix_journal_account", "account_id", "id"),
    sa.Index("ix_journal_reminder", "reminder_id", "id", postgresql_where=sa.text("reminder_id IS NOT NULL")),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    _identity(),
    sa.Column("seller", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("reference", sa.Text),
    sa.Column("problem", sa.Text, nullable=False),
    sa.Column("raw", BYTEA, nullable=False),
    sa.Column("at", Instant, nullable=False),
)
