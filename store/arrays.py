"""One statement for a whole batch: rows as columns of arrays, unnested by PostgreSQL.

A statement is built once, when its module is imported, and executed with parameters: building one anew for each call
cost nine tenths of executing it (measured).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert

INSTANT = sa.DateTime(timezone=True)
TEXT = sa.Text()
NUMBER = sa.BigInteger()
DAY = sa.Date()

_BETWEEN = "\x1f"
"""Stands between texts that are sent as one: names and addresses hold no such sign."""
BY_NOW = sa.func.statement_timestamp(type_=INSTANT)
"""The database's clock as the statement came. What is due is compared with this: by `clock_timestamp()`, which may
be another for each row, no index is narrowed down, and all that waits in it is read."""

Kind = sa.types.TypeEngine[Any]


class Rows:
    """Rows that a statement is executed with, as a table of these columns: `FROM unnest(array, array, …) AS name`.

    JSON and array values travel as text and are cast where they are used: an array of arrays is not a column.
    Of two in one statement each needs a name of its own.
    """

    def __init__(self, name: str = "new", /, **columns: Kind) -> None:
        self._parameters = [f"{name}_{column}" for column in columns]
        arrays = map(array, self._parameters, columns.values())
        kinds = (sa.column(column, kind) for column, kind in columns.items())
        self.table = sa.func.unnest(*arrays).table_valued(*kinds).render_derived(name=name)
        self.c = self.table.c

    def sent(self, rows: Iterable[Sequence[Any]]) -> dict[str, str]:
        """These rows as the statement's parameters."""
        columns = list(zip(*rows, strict=True)) or [()] * len(self._parameters)
        return {name: array_text(column) for name, column in zip(self._parameters, columns, strict=True)}

    def into(self, table: sa.Table, **values: sa.ColumnElement[Any]) -> Insert:
        """Inserts the rows into the table's columns of the same names; `values` go there instead or besides."""
        all_values = {**self.c, **values}
        return insert(table).from_select(list(all_values), sa.select(*all_values.values()))


def any_of(column: sa.ColumnElement[Any], parameter: str) -> sa.ColumnElement[bool]:
    """`column = ANY(array)`. The statement is executed with the values' `array_text` as that parameter."""
    return column == sa.any_(array(parameter, column.type))


def array(name: str, kind: Kind) -> sa.Cast[Any]:
    """`CAST($1 AS kind[])`: the parameter has no type of its own, so that it is read once, as that array."""
    return sa.cast(sa.bindparam(name, type_=sa.types.NullType()), ARRAY(kind))


def texts(column: sa.ColumnElement[str]) -> sa.ColumnElement[Any]:
    """The texts that were sent as one, `joined`, as an array."""
    return sa.func.string_to_array(column, _BETWEEN, type_=ARRAY(TEXT))


def joined(words: Iterable[str]) -> str:
    """Several texts as one, for a column of `Rows` that is read by `texts`."""
    return _BETWEEN.join(words)


def seconds(number: float | sa.ColumnElement[float] | None) -> sa.ColumnElement[timedelta]:
    """So many seconds, as PostgreSQL adds them to an instant; null for null."""
    return sa.func.make_interval(0, 0, 0, 0, 0, 0, number, type_=sa.Interval())


def array_text(values: Iterable[Any]) -> str:
    """The values as PostgreSQL writes an array: `{"1",NULL,"a word"}`.

    The driver would do it item by item and sign by sign, which cost half of taking in an event (measured). Texts are
    escaped all at once, with U+0000 between them, which no text in a database holds.
    Source: PostgreSQL 18, 8.15.2 "Array Value Input" (read 2026-11-22).
    """
    items = list(values)
    if {*map(type, items)} == {str}:
        joined = "\0".join(items)
        if joined.count("\0") == len(items) - 1:
            return '{"' + _escaped(joined).replace("\0", '","') + '"}'
    return f"{{{','.join(map(_item, items))}}}"


def _item(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return f'"{_escaped(value)}"'
    return f'"\\\\x{value.hex()}"' if isinstance(value, bytes) else f'"{value!s}"'


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace('"', '\\"')
