"""A start asks an index whether any plan stands on what is no more, and open tasks are counted in theirs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    """Goes forward."""
    parts = [sa.text(f"coalesce(plan ->> '{name}', '')") for name in ("footing", "pinned", "policy")]
    op.create_index("ix_accounts_stands_on", "accounts", parts)
    op.drop_index("ix_tasks_open", "tasks")
    op.create_index(
        "ix_tasks_open", "tasks", ["seller", "opened_at"], postgresql_include=["kind"], postgresql_where=OPEN
    )


def downgrade() -> None:
    """Goes back."""
    op.drop_index("ix_tasks_open", "tasks")
    op.create_index("ix_tasks_open", "tasks", ["seller", "opened_at"], postgresql_where=OPEN)
    op.drop_index("ix_accounts_stands_on", "accounts")
