"""Rows travel as arrays, and arrive as they were, whatever is in them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA

from store.arrays import DAY, INSTANT, NUMBER, TEXT, Rows, any_of, array_text
from store.engine import make_engine

WORDS = [
    "",
    " ",
    "NULL",
    "null",
    '"',
    "\\",
    '\\"',
    "{a,b}",
    "a\nb\t\x1f",
    "é\u2003\u3000😀",
    "%s %(x)s",
    "'; --",
    None,
]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        pytest.param(TEXT, WORDS, id="texts"),
        pytest.param(NUMBER, [0, -1, 2**62, None], id="numbers"),
        pytest.param(INSTANT, [datetime(2026, 11, 2, 9, 0, 0, 5, UTC), None], id="instants"),
        pytest.param(DAY, [date(2026, 11, 2), None], id="days"),
        pytest.param(BYTEA(), [b"", b'\x00\\"{}', None], id="bytes"),
        pytest.param(sa.Double(), [0.1, 1e300, -2.5, None], id="doubles"),
        pytest.param(TEXT, [], id="nothing"),
    ],
)
def test_what_is_sent_as_an_array_comes_back_as_it_was(
    database_url: str, kind: sa.types.TypeEngine[Any], values: list[Any]
) -> None:
    """Quotes, backslashes and the word NULL mean something in the text of an array."""
    engine = make_engine(database_url)
    with engine.connect() as connection:
        rows = Rows(at=NUMBER, value=kind)
        statement = sa.select(rows.c.value).order_by(rows.c.at)
        found = connection.execute(statement, rows.sent(enumerate(values))).scalars().all()
    engine.dispose()

    assert found == values


def test_a_text_is_found_among_those_that_mean_something_in_an_array(database_url: str) -> None:
    statement = sa.select(any_of(sa.bindparam("word", type_=TEXT), "words"))
    engine = make_engine(database_url)
    with engine.connect() as connection:
        hits = [
            connection.execute(statement, {"word": word, "words": array_text([word, "other"])}).scalar_one()
            for word in WORDS
            if word is not None
        ]
    engine.dispose()

    assert hits == [True] * (len(WORDS) - 1)


def test_rows_go_into_a_table_by_the_names_of_their_columns(database_url: str) -> None:
    """Other values may go there instead, or besides."""
    table = sa.Table(
        "kept",
        sa.MetaData(),
        sa.Column("b", TEXT),
        sa.Column("a", NUMBER),
        sa.Column("c", TEXT),
        prefixes=["TEMPORARY"],
    )
    rows = Rows(a=NUMBER, b=TEXT)
    into = rows.into(table, b=sa.func.upper(rows.c.b), c=sa.literal("besides"))
    engine = make_engine(database_url)
    with engine.connect() as connection:
        table.create(connection)
        for batch in ([(1, "one"), (2, "two")], [(3, "three")], []):
            connection.execute(into, rows.sent(batch))
        found = connection.execute(sa.select(table.c.a, table.c.b, table.c.c).order_by(table.c.a)).all()
    engine.dispose()

    assert found == [(1, "ONE", "besides"), (2, "TWO", "besides"), (3, "THREE", "besides")]


def test_two_batches_meet_in_one_statement_under_names_of_their_own(database_url: str) -> None:
    old, new = Rows("old", name=TEXT, size=NUMBER), Rows(name=TEXT, size=NUMBER)
    grown = sa.select(new.c.name).join(old.table, old.c.name == new.c.name).where(new.c.size > old.c.size)
    engine = make_engine(database_url)
    with engine.connect() as connection:
        rows = {**old.sent([("a", 1), ("b", 1)]), **new.sent([("a", 2), ("b", 1), ("c", 9)])}
        found = connection.execute(grown, rows).scalars().all()
    engine.dispose()

    assert found == ["a"]
