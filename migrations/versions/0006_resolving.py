"""When a provider is asked about an attempt; events that wait for a person; what came of what was set aside."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    """Goes forward. What is in doubt already is asked about at once.

    For a message without a last receipt nobody asks any more: how long it was good for is not known.
    """
    op.add_column("attempts", sa.Column("stored_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE attempts SET stored_at = called_at")
    op.alter_column("attempts", "stored_at", nullable=False, server_default=_NOW)
    op.add_column("attempts", sa.Column("ask_at", sa.DateTime(timezone=True)))
    op.add_column("attempts", sa.Column("asked", sa.SmallInteger(), server_default="0", nullable=False))
    op.execute("UPDATE attempts SET ask_at = clock_timestamp() WHERE state = 'unconfirmed'")
    op.create_index("ix_attempts_ask_at", "attempts", ["ask_at"], postgresql_where=sa.text("ask_at IS NOT NULL"))
    op.create_index(
        "ix_attempts_unconfirmed", "attempts", ["called_at"], postgresql_where=sa.text("state = 'unconfirmed'")
    )
    op.add_column("inbox", sa.Column("quarantined_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_inbox_quarantined", "inbox", ["seller"], postgresql_where=sa.text("quarantined_at IS NOT NULL")
    )
    op.add_column("quarantine", sa.Column("closed_at", sa.DateTime(timezone=True)))
    op.add_column("quarantine", sa.Column("outcome", sa.Text()))
    op.add_column("quarantine", sa.Column("reason", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_quarantine_open", "quarantine", ["id"], postgresql_where=sa.text("closed_at IS NULL"))


def downgrade() -> None:
    """Goes back. Events that waited for a person count for nothing then, as they did before."""
    op.drop_index("ix_quarantine_open", "quarantine")
    for name in ("reason", "outcome", "closed_at"):
        op.drop_column("quarantine", name)
    op.execute("UPDATE inbox SET folded_at = quarantined_at WHERE quarantined_at IS NOT NULL AND folded_at IS NULL")
    op.drop_index("ix_inbox_quarantined", "inbox")
    op.drop_column("inbox", "quarantined_at")
    op.drop_index("ix_attempts_unconfirmed", "attempts")
    op.drop_index("ix_attempts_ask_at", "attempts")
    for name in ("asked", "ask_at", "stored_at"):
        op.drop_column("attempts", name)
