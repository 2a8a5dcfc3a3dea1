"""What the line asks of the database: the same statements for each batch, built once, as many for one as for many."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from domain.ids import AccountKey
from domain.outcomes import AttemptState, Receipt
from store import accounts
from tests.factories import invoice_event
from tests.pipeline import Pipeline
from workers.claim import claim_due
from workers.deliver import call_all, record

ANEW = ("SAVEPOINT",)
"""Statements with one of these words are still built for each call."""


@contextmanager
def asked(pipeline: Pipeline) -> Iterator[list[Any]]:
    """Every statement that is executed meanwhile, as it was built."""
    found: list[Any] = []

    def note(_connection: Any, statement: Any, *_: Any) -> None:
        found.append(statement)

    engine = pipeline.services.engine
    sa.event.listen(engine, "before_execute", note)
    yield found
    sa.event.remove(engine, "before_execute", note)


def remind(pipeline: Pipeline, keys: Sequence[AccountKey]) -> None:
    """These customers are reminded at once, and what became of it is reported."""
    calls = claim_due(pipeline.services, keys, "deliver.email", pipeline.now)
    assert len(calls) == len(keys)
    record(pipeline.services, pipeline.runner.run(call_all(pipeline.services, calls)), pipeline.now)
    attempts = [call.claim.attempt for call in calls]
    reports = [(Receipt(one, "delivered", AttemptState.DELIVERED, attempt_id=one), b"raw") for one in attempts]
    assert pipeline.settle("sendgrid", reports) == len(keys)


def owing(pipeline: Pipeline, name: str) -> AccountKey:
    """A customer of that name who is late, and due now."""
    invoice = {"id": f"F-{name}", "number": f"F-{name}", "due_on": "2026-11-20", "issued_on": "2026-10-20"}
    pipeline.take(invoice_event(customer={"id": name}, invoice=invoice, id=f"issue-{name}"))
    key = pipeline.account(name).key
    with pipeline.services.engine.begin() as connection:
        accounts.wake(connection, [key], pipeline.now)
    return key


def test_a_batch_builds_no_statement_and_takes_no_more_of_them_than_another(pipeline: Pipeline) -> None:
    """Building a statement costs several times as much as executing it, and each is a round trip."""
    one, *twelve = (owing(pipeline, f"C-{number}") for number in range(13))
    with asked(pipeline) as first:
        remind(pipeline, [one])
    with asked(pipeline) as second:
        remind(pipeline, twelve)
    known = {id(statement) for statement in first}
    new = {str(statement) for statement in second if id(statement) not in known}
    assert {text for text in new if not any(word in text for word in ANEW)} == set()
    assert len(second) == len(first)
