"""Versions of a policy that running ladders move to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes forward."""
    op.add_column("policies", sa.Column("moves", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    """Goes back."""
    op.drop_column("policies", "moves")
