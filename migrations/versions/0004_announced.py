"""What came to be because time went by, told once: promises kept and broken, payment plans broken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes forward."""
    op.create_table(
        "announced",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_announced_account_id")),
        sa.PrimaryKeyConstraint("account_id", "event", "name", name=op.f("pk_announced")),
    )


def downgrade() -> None:
    """Goes back."""
    op.drop_table("announced")
