"""The tables of what is known and decided: sellers, policies, events, accounts, work for people, the journal."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB

from store.schema import NOW, Instant, identity, metadata

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
    sa.Column("stored_at", Instant, nullable=False, server_default=NOW),
    sa.Column("revoked_at", Instant),
)

policies = sa.Table(
    "policies",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("stored_at", Instant, nullable=False, server_default=NOW),
    sa.Column("moves", sa.Boolean, nullable=False, server_default=sa.false()),
)

inbox = sa.Table(
    "inbox",
    metadata,
    identity(),
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
    sa.Column("stored_at", Instant, nullable=False, server_default=NOW),
    sa.Column("folded_at", Instant),
    sa.Column("failures", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("quarantined_at", Instant),
    sa.UniqueConstraint("seller", "source", "event_id"),
    sa.Index("ix_inbox_quarantined", "seller", postgresql_where=sa.text("quarantined_at IS NOT NULL")),
    sa.Index("ix_inbox_unfolded", "id", postgresql_where=sa.text("folded_at IS NULL AND quarantined_at IS NULL")),
    sa.Index(
        "ix_inbox_unfolded_customer",
        "customer_id",
        "seller",
        postgresql_where=sa.text("folded_at IS NULL AND customer_id IS NOT NULL"),
    ),
    sa.Index(
        "ix_inbox_unfolded_invoice",
        sa.text("(invoice_ids[1])"),
        "seller",
        postgresql_where=sa.text("folded_at IS NULL AND invoice_ids[1] IS NOT NULL"),
    ),
    sa.Index(
        "ix_inbox_unfolded_invoices",
        "invoice_ids",
        postgresql_using="gin",
        postgresql_where=sa.text("folded_at IS NULL AND cardinality(invoice_ids) > 1"),
    ),
    sa.Index("ix_inbox_body", "received_at", postgresql_where=sa.text("body <> ''")),
    postgresql_with={"autovacuum_vacuum_scale_factor": 0.02},
)

STANDS_ON = tuple(f"coalesce(plan ->> '{name}', '')" for name in ("footing", "pinned", "policy"))
"""What an account's plan stands on, as `ix_accounts_stands_on` has it."""

accounts = sa.Table(
    "accounts",
    metadata,
    identity(),
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
    sa.Index("ix_accounts_turn", "seller", "channel", "due_at", postgresql_where=sa.text("due_at IS NOT NULL")),
    sa.Index("ix_accounts_stands_on", *map(sa.text, STANDS_ON)),
    sa.Index("ix_accounts_gated", "seller", "gated_as_of", postgresql_where=sa.text("gated_as_of IS NOT NULL")),
    postgresql_with={"fillfactor": 75, "autovacuum_vacuum_scale_factor": 0.02},
)

invoices = sa.Table(
    "invoices",
    metadata,
    sa.Column("seller", sa.Text, primary_key=True),
    sa.Column("invoice_id", sa.Text, primary_key=True),
    sa.Column("account_id", sa.BigInteger, sa.ForeignKey("accounts.id"), index=True),
    sa.Column("number", sa.Text, nullable=False, server_default=""),
    sa.Index("ix_invoices_number", "seller", "number"),
)

facts = sa.Table(
    "facts",
    metadata,
    identity(),
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
    sa.Index(
        "ix_tasks_open",
        "seller",
        "opened_at",
        postgresql_include=["kind"],
        postgresql_where=sa.text("closed_at IS NULL"),
    ),
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
    identity(),
    sa.Column("seller", sa.Text, nullable=False),
    sa.Column("account_id", sa.BigInteger),
    sa.Column("reminder_id", sa.Text),
    sa.Column("attempt_id", sa.Text),
    sa.Column("at", Instant, primary_key=True),  # which part a row is in: see store/months
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("facts", JSONB, nullable=False),
    sa.Index("ix_journal_account", "account_id", "id"),
    sa.Index("ix_journal_reminder", "reminder_id", "id", postgresql_where=sa.text("reminder_id IS NOT NULL")),
    postgresql_partition_by="RANGE (at)",
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    identity(),
    sa.Column("seller", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("reference", sa.Text),
    sa.Column("problem", sa.Text, nullable=False),
    sa.Column("raw", BYTEA, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    sa.Column("outcome", sa.Text),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Index("ix_quarantine_open", "id", postgresql_where=sa.text("closed_at IS NULL")),
    sa.Index("ix_quarantine_known", "seller", sa.text("md5(raw)"), postgresql_where=sa.text("closed_at IS NULL")),
)
