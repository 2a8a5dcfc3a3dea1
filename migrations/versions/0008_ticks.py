"""A sign of life of each tick and each worker, so that what stands still is seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes forward. The rows come by themselves."""
    op.create_table(
        "ticks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("skew_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", "worker", name="pk_ticks"),
        postgresql_with={"fillfactor": 50},  # a few rows, each written every second: they change in place
    )


def downgrade() -> None:
    """Goes back. Nothing depends on it."""
    op.drop_table("ticks")
