"""One statement for a whole batch: rows as columns of arrays, unnested by PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import TableValuedAlias

INSTANT = sa.DateTime(timezone=True)
TEXT = sa.Text()
NUMBER = sa.BigInteger()
DAY = sa.Date()

Columns = Sequence[tuple[str, sa.types.TypeEngine[Any]]]


def unnested(columns: Columns, rows: Iterable[Sequence[Any]]) -> TableValuedAlias:
    """A table expression `new` with the given columns and rows: `FROM unnest(array, array, …)`.

    JSON and array values travel as text and are cast where they are used: an array of arrays is not a column.
    """
    values = list(zip(*rows, strict=True)) or [() for _ in columns]
    arrays = [
        sa.cast(sa.bindparam(None, list(column), type_=ARRAY(kind), unique=True), ARRAY(kind))
        for (_, kind), column in zip(columns, values, strict=True)
    ]
    return (
        sa.func.unnest(*arrays)
        .table_valued(*(sa.column(name, kind) for name, kind in columns), name="new")
        .render_derived()
    )


def among(column: sa.ColumnElement[Any], values: Iterable[Any]) -> sa.ColumnElement[bool]:
    """`column = ANY(array)`: one parameter, so that the statement is the same for any number of values."""
    kind = ARRAY(column.type)
    return column == sa.any_(sa.cast(sa.bindparam(None, list(values), type_=kind, unique=True), kind))
