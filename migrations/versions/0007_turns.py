"""Due accounts are found seller by seller, so that sellers take turns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes forward."""
    op.create_index(
        "ix_accounts_turn",
        "accounts",
        ["seller", "channel", "due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )


def downgrade() -> None:
    """Goes back."""
    op.drop_index("ix_accounts_turn", "accounts")
