"""An event that is not folded is found by its only invoice as quickly in a burst as without one."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


UNFOLDED = "folded_at IS NULL"


def upgrade() -> None:
    """Goes forward."""
    _drop("", "_customer", "_invoices")
    _make("", ["id"], f"{UNFOLDED} AND quarantined_at IS NULL")
    _make("_customer", ["customer_id", "seller"], f"{UNFOLDED} AND customer_id IS NOT NULL")
    _make("_invoice", [sa.text("(invoice_ids[1])"), "seller"], f"{UNFOLDED} AND invoice_ids[1] IS NOT NULL")
    _make("_invoices", ["invoice_ids"], f"{UNFOLDED} AND cardinality(invoice_ids) > 1", using="gin")


def downgrade() -> None:
    """Goes back."""
    _drop("", "_customer", "_invoice", "_invoices")
    _make("", ["id"], UNFOLDED)
    _make("_customer", ["seller", "customer_id"], UNFOLDED)
    _make("_invoices", ["invoice_ids"], UNFOLDED, using="gin")


def _drop(*names: str) -> None:
    for name in names:
        op.drop_index(f"ix_inbox_unfolded{name}", "inbox")


def _make(name: str, key: Sequence[str | sa.TextClause], which: str, using: str = "btree") -> None:
    op.create_index(
        f"ix_inbox_unfolded{name}", "inbox", list(key), postgresql_using=using, postgresql_where=sa.text(which)
    )
