"""What a look at the journal finds new in the delivery log: each state of an attempt, and once."""

from datetime import timedelta
from functools import partial

import pytest

from domain.ids import CustomerId, SellerId
from store import log_changes
from store.book import reading
from store.engine import Engine
from store.log import LogRow
from store.log_changes import Mark
from tests.attempt_copies import copied, first_of, moved, name_of, told
from tests.pipeline import Pipeline


@pytest.fixture
def first(pipeline: Pipeline) -> LogRow:
    return first_of(pipeline)


@pytest.fixture
def engine(pipeline: Pipeline) -> Engine:
    return pipeline.services.engine


def started(engine: Engine) -> Mark:
    with reading(engine) as connection:
        return log_changes.start(connection)


def found(engine: Engine, mark: Mark, limit: int = log_changes.PAGE) -> tuple[list[tuple[str, str]], Mark]:
    """The attempts and states that a look finds, and the next mark."""
    with reading(engine) as connection:
        said, mark = log_changes.look(connection, mark, limit)
        return [(row.attempt, row.state) for row in log_changes.rows(connection, said)], mark


def test_each_state_of_an_attempt_is_found_once(engine: Engine, first: LogRow) -> None:
    mark = started(engine)
    assert found(engine, mark)[0] == []
    with engine.begin() as connection:
        copied(connection, first, [1])
    calling, mark = found(engine, mark)
    with engine.begin() as connection:
        moved(connection, first, "attempt.answered", "accepted", [name_of(1)])
        moved(connection, first, "receipt.settled", "delivered", [name_of(1)])
    delivered, mark = found(engine, mark)
    with engine.begin() as connection:
        moved(connection, first, "receipt.settled", "undelivered", [name_of(1)])
    undelivered, mark = found(engine, mark)
    assert [calling, delivered, undelivered, found(engine, mark)[0]] == [
        [(name_of(1), "calling")], [(name_of(1), "delivered")], [(name_of(1), "undelivered")], [],
    ]  # fmt: skip


def test_what_leaves_the_state_as_it_was_is_no_news(engine: Engine, first: LogRow) -> None:
    """A click, a report that comes twice, a document that is missing."""
    mark = started(engine)
    with engine.begin() as connection:
        told(connection, first, "receipt.settled", "accepted", [first.attempt])
        told(connection, first, "document.missing", None, [first.attempt])
    assert found(engine, mark)[0] == []
    with engine.begin() as connection:
        copied(connection, first, [1])
        told(connection, first, "receipt.settled", "calling", [name_of(1)])
    assert found(engine, mark)[0] == [(name_of(1), "calling")]


def test_a_state_that_spans_pages_is_told_once(engine: Engine, first: LogRow) -> None:
    """Of a backlog page by page: with the entry that brought the state, not with one before or after."""
    mark = started(engine)
    with engine.begin() as connection:
        copied(connection, first, range(1, 6))
        for state in ("accepted", "delivered", "delivered"):
            moved(connection, first, "receipt.settled", state, [name_of(number) for number in range(1, 6)])
    new, mark = found(engine, mark, limit=3)
    pages = [new]
    while mark.is_behind:
        new, mark = found(engine, mark, limit=3)
        pages.append(new)
    assert len(pages) == 7
    assert [row for page in pages for row in page] == [(name_of(number), "delivered") for number in range(1, 6)]


def test_transactions_that_commit_out_of_order_lose_nothing(engine: Engine, first: LogRow) -> None:
    mark = started(engine)
    with engine.begin() as slow:
        copied(slow, first, [1])
        with slow.begin_nested():
            copied(slow, first, [2])
        with engine.begin() as quick:
            copied(quick, first, [3])
        early, mark = found(engine, mark)
        nothing, mark = found(engine, mark)
        slow.commit()
    late, mark = found(engine, mark)
    assert (early, nothing) == ([(name_of(3), "calling")], [])
    assert late == [(name_of(1), "calling"), (name_of(2), "calling")]
    assert found(engine, mark) == ([], Mark(mark.upto, {}))


def test_what_was_under_way_at_the_start_is_new(engine: Engine, first: LogRow) -> None:
    with engine.begin() as slow:
        copied(slow, first, [1])
        with engine.begin() as quick:
            copied(quick, first, [2])
        mark = started(engine)
        slow.commit()
    assert found(engine, mark)[0] == [(name_of(1), "calling")]


def test_numbers_that_nobody_will_write_any_more_are_not_looked_for(engine: Engine, first: LogRow) -> None:
    """As long as one may that began before, they are; what came to nothing leaves no number behind."""
    mark = started(engine)
    with engine.connect() as gone:
        copied(gone, first, [1, 2])
        with engine.begin() as connection:
            copied(connection, first, [3])
        _, mark = found(engine, mark)
        assert len(mark.missing) == 2
        gone.rollback()
    assert found(engine, mark) == ([], Mark(mark.upto, {}))


def test_only_the_wanted_are_found(engine: Engine, first: LogRow) -> None:
    mark = started(engine)
    with engine.begin() as connection:
        copied(connection, first, [1], at_s=60)
    with reading(engine) as connection:
        said, _ = log_changes.look(connection, mark)
        rows = partial(log_changes.rows, connection, said)
        wanted = rows(seller=SellerId("default"), customer=CustomerId("C-17"), since=first.at + timedelta(seconds=60))
        assert [(row.attempt, row.message) for row in wanted] == [(name_of(1), {})]
        assert rows(seller=SellerId("other")) == []
        assert rows(customer=CustomerId("C-18")) == []
        assert rows(since=first.at + timedelta(seconds=61)) == []
