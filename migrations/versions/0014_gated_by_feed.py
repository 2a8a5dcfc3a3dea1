"""Who waits for a payment feed is found by how far it has to come: those who go on waiting are not read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes forward."""
    _make_anew("seller", "gated_as_of")


def downgrade() -> None:
    """Goes back."""
    _make_anew("seller")


def _make_anew(*key: str) -> None:
    op.drop_index("ix_accounts_gated", "accounts")
    op.create_index("ix_accounts_gated", "accounts", list(key), postgresql_where=sa.text("gated_as_of IS NOT NULL"))
