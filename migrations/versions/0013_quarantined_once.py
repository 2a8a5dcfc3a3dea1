"""What waits in quarantine is found by its content, so that it is not kept again with each resend."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes forward."""
    key: list[str | sa.TextClause] = ["seller", sa.text("md5(raw)")]
    op.create_index("ix_quarantine_known", "quarantine", key, postgresql_where=sa.text("closed_at IS NULL"))


def downgrade() -> None:
    """Goes back."""
    op.drop_index("ix_quarantine_known", "quarantine")
