"""What a look at the journal finds new in the delivery log: each state of an attempt, and once."""

from dataclasses import dataclass, field
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
from tests.factories import event, invoice_event
from tests.integration.test_settle import mail_event
from tests.pipeline import TUESDAY_0930, Pipeline
from workers.claim import claim_due
from workers.resolve import NOT_SENT, Resolution, resolve
from workers.sweep import sweep


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


@dataclass
class Follower:
    """Who looks after each step, and has to know the log by that alone."""

    pipeline: Pipeline
    mark: Mark
    known: dict[str, str] = field(default_factory=dict)

    def states(self) -> list[str]:
        """The states that are known after a look, in the order of the log, which has them too."""
        new, self.mark = found(self.pipeline.services.engine, self.mark)
        self.known |= dict(new)
        log = {row.attempt: row.state for row in self.pipeline.log()}
        assert self.known == log
        return list(log.values())


def test_whatever_step_moves_an_attempt_its_journal_says_so(pipeline: Pipeline) -> None:
    """A claim, a lost caller, a person who knows, an answer, a receipt; a click moves nothing."""
    follower = Follower(pipeline, started(pipeline.services.engine))
    pipeline.take(invoice_event(invoice={"due_on": "2026-11-20"}))
    key = pipeline.account().key
    [call] = claim_due(pipeline.services, [key], "deliver.email", pipeline.now)
    assert follower.states() == ["calling"]
    with pipeline.services.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE attempts SET leased_until = leased_until - interval '1 hour'")
    sweep(pipeline.services, pipeline.now)
    assert follower.states() == ["unconfirmed"]
    with pipeline.services.engine.begin() as connection:
        resolve(connection, pipeline.services, [Resolution(call.claim.attempt, NOT_SENT, "person")], pipeline.now)
    assert follower.states() == ["refused"]
    again = pipeline.at(pipeline.now + timedelta(minutes=1))
    assert again.deliver_due() == 1
    assert follower.states() == ["refused", "accepted"]
    [_, second] = pipeline.log()
    for word, state in (("delivered", "delivered"), ("open", "delivered"), ("bounce", "undelivered")):
        again.settle("sendgrid", [mail_event(second.attempt, word)])
        assert follower.states()[1] == state


def test_what_becomes_of_a_persons_work_is_found(pipeline: Pipeline) -> None:
    """One call is made, and one has nobody to make it any more."""
    at = pipeline.at(TUESDAY_0930 + timedelta(hours=1))
    follower = Follower(at, started(at.services.engine))
    for number in (1, 2):
        invoice = {"id": f"F-{number}", "number": f"F-{number}", "due_on": "2026-11-12", "issued_on": "2026-08-20"}
        at.take(invoice_event(customer={"id": f"C-{number}"}, invoice=invoice, id=f"issue-{number}"))
    at.deliver_due()
    assert follower.states() == ["opened", "opened"]
    task = next(row for row in at.log() if row.customer == "C-1")
    closed = {"customer_id": "C-1", "task_id": task.attempt, "kind": "phone", "step": "call", "units": ["F-1"]}
    said = {"cycle": 0, "outcome": "promised", "next_on": "2026-12-01"}
    at.take(event("task.closed", closed | said, id="closed", time=at.now.isoformat()))
    at.take(event("invoice.paid", {"invoice_id": "F-2", "paid_on": "2026-11-24"}, id="paid"))
    at.deliver_due()
    assert sorted(follower.states()) == ["cancelled", "done"]
