"""An invoice is found by its number, too, without reading all of them."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes forward."""
    op.create_index("ix_invoices_number", "invoices", ["seller", "number"])


def downgrade() -> None:
    """Goes back."""
    op.drop_index("ix_invoices_number", "invoices")
