"""Who was contacted at which address, whichever customer it was about: one person's budget is counted by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes forward. What was sent so far is noted too, with those in copy."""
    op.create_table(
        "contacted",
        sa.Column("seller", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_contacted_attempt_id")),
        sa.PrimaryKeyConstraint("seller", "address", "called_at", "attempt_id", name=op.f("pk_contacted")),
    )
    op.execute(
        "INSERT INTO contacted (seller, address, called_at, attempt_id)"
        " SELECT DISTINCT seller, lower(address), called_at, id"
        " FROM attempts CROSS JOIN unnest(cc || recipient) AS address"
        " WHERE channel IN ('email', 'sms', 'whatsapp', 'phone')"
    )


def downgrade() -> None:
    """Goes back."""
    op.drop_table("contacted")
