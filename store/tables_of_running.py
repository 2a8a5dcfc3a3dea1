"""The table of who works: which ticks ran when, on which worker. Of no use but to those who watch over it all."""

from __future__ import annotations

import sqlalchemy as sa

from store.schema import NOW, Instant, metadata

ticks = sa.Table(
    "ticks",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("worker", sa.Text, primary_key=True),
    sa.Column("at", Instant, nullable=False, server_default=NOW),
    sa.Column("skew_s", sa.Double, nullable=False),
    postgresql_with={"fillfactor": 50},
)
