"""What all tables share: where they are listed, how their keys are named, their kinds of columns."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Instant = sa.DateTime(timezone=True)
NOW = sa.text("clock_timestamp()")


def identity() -> sa.Column[int]:
    """A row number that the database gives."""
    return sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True)
