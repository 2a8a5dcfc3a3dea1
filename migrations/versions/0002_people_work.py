"""What came of a task: its outcome's next date, note and author; whose clock it was opened by, and in which cycle."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes forward. Tasks that are there already get the clock and the cycle of the contact that opened them."""
    op.add_column("tasks", sa.Column("utc_offset_s", sa.Integer(), server_default="0", nullable=False))
    op.add_column("tasks", sa.Column("cycle", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("tasks", sa.Column("next_on", sa.Date(), nullable=True))
    op.add_column("tasks", sa.Column("note", sa.Text(), server_default="", nullable=False))
    op.add_column("tasks", sa.Column("closed_by", sa.Text(), server_default="", nullable=False))
    op.execute(
        "UPDATE tasks SET utc_offset_s = attempts.utc_offset_s,"
        " cycle = (reminders.members -> 0 ->> 'cycle')::smallint"
        " FROM attempts JOIN reminders ON reminders.id = attempts.reminder_id WHERE attempts.id = tasks.id"
    )


def downgrade() -> None:
    """Goes back."""
    for name in ("closed_by", "note", "next_on", "cycle", "utc_offset_s"):
        op.drop_column("tasks", name)
