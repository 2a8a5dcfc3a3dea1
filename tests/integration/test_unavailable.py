"""What is the database's own trouble, or the way's to it, is told as such: no event and no account pays for it."""

import time
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from store.engine import Connection, Unavailable
from tests.pipeline import Pipeline


def cut(connection: Connection) -> None:
    connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))


def stand_still(connection: Connection) -> None:
    """As a worker that is stopped in the middle of a transaction for longer than that may be idle."""
    connection.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = '20ms'"))
    time.sleep(0.2)
    connection.execute(sa.text("SELECT 1"))


def write_to_a_standby(connection: Connection) -> None:
    """As after a fail-over, over a connection to what was the primary."""
    connection.execute(sa.text("SET TRANSACTION READ ONLY"))
    connection.execute(sa.text("CREATE TABLE anything (id int)"))


def take_too_long(connection: Connection) -> None:
    connection.execute(sa.text("SET LOCAL statement_timeout = '20ms'"))
    connection.execute(sa.text("SELECT pg_sleep(1)"))


def find_an_older_schema(connection: Connection) -> None:
    """As a worker that was started before `relance migrate`."""
    connection.execute(sa.text("SELECT a_column_of_the_next_release FROM accounts"))


def miss_an_index(connection: Connection) -> None:
    """As a worker that was started before `relance migrate`, too."""
    connection.execute(sa.text("INSERT INTO sellers (id) VALUES ('x') ON CONFLICT (name) DO NOTHING"))


def have_no_right(connection: Connection) -> None:
    connection.execute(sa.text("CREATE ROLE stranger"))
    connection.execute(sa.text("SET LOCAL ROLE stranger"))
    connection.execute(sa.text("SELECT id FROM accounts"))


@pytest.mark.parametrize(
    "trouble",
    [cut, stand_still, write_to_a_standby, take_too_long, find_an_older_schema, miss_an_index, have_no_right],
)
def test_the_databases_own_trouble_is_told_as_such(pipeline: Pipeline, trouble: Callable[[Connection], None]) -> None:
    with pytest.raises(Unavailable):
        work(pipeline, trouble)
    work(pipeline, lambda connection: connection.execute(sa.text("SELECT 1")))


def test_after_a_fail_over_the_connections_to_the_old_primary_are_left(pipeline: Pipeline) -> None:
    before: list[int] = []
    work(pipeline, lambda connection: before.append(backend(connection)))
    with pytest.raises(Unavailable):
        work(pipeline, write_to_a_standby)
    after: list[int] = []
    work(pipeline, lambda connection: after.append(backend(connection)))
    assert before != after


def backend(connection: Connection) -> int:
    return int(connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one())


def work(pipeline: Pipeline, do: Callable[[Connection], object]) -> None:
    with pipeline.services.engine.begin() as connection:
        do(connection)
