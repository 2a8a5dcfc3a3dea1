"""A seller's policy that changes between a claim and its record is what the account is planned with."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from config.policy_book import store_policy
from config.policy_files import load_policy
from config.wiring import DEFAULT_SELLER
from domain.ids import AccountKey
from store import sellers, waking
from tests.integration.test_onward import ACCEPTED, AT_THE_PHONE, LATER, invoice, pipeline_rows
from tests.pipeline import Pipeline
from workers.claim import claim_due
from workers.deliver import record
from workers.due import plan_again

LONGER_THAN_A_CLAIM_S = 1.0


@pytest.fixture
def two_policies(pipeline: Pipeline) -> Pipeline:
    with pipeline.services.engine.begin() as connection:
        store_policy(connection, load_policy("gentle"), moves=True)
    return pipeline


def choose_gentle(pipeline: Pipeline, at: datetime) -> None:
    """As `relance seller` does: the seller's row, then its accounts are woken."""
    with pipeline.services.engine.begin() as connection:
        sellers.change(connection, DEFAULT_SELLER, {"policy": "gentle"})
    with pipeline.services.engine.begin() as connection:
        waking.wake_seller(connection, at, 100, AccountKey(0), seller=DEFAULT_SELLER)


@pytest.mark.parametrize("is_during_claim", [False, True])
@pytest.mark.parametrize(
    ("queue", "due_on", "at"), [("deliver.task", "2026-11-12", AT_THE_PHONE), ("deliver.email", "2026-11-20", LATER)]
)
def test_it_counts(two_policies: Pipeline, queue: str, due_on: str, at: datetime, is_during_claim: bool) -> None:
    pipeline = two_policies
    pipeline.take(invoice("C-1", 1, due_on))
    [key] = [AccountKey(key) for key in pipeline_rows(pipeline)]
    if is_during_claim:
        with changing_before_the_claim_is_written(pipeline, at):
            [call] = claim_due(pipeline.services, [key], queue, at)
    else:
        [call] = claim_due(pipeline.services, [key], queue, at)
        choose_gentle(pipeline, at)
    record(pipeline.services, [(call, ACCEPTED)], at + timedelta(seconds=1))
    kept = pipeline_rows(pipeline)
    plan_again(pipeline.services, [key], at + timedelta(seconds=1))
    assert pipeline_rows(pipeline) == kept
    assert kept[key][3]["policy"] == "gentle@1"


@contextmanager
def changing_before_the_claim_is_written(pipeline: Pipeline, at: datetime) -> Iterator[None]:
    """Once its sellers are read. Who wakes its account waits for the claim's lock, and the claim for nobody."""
    change = threading.Thread(target=choose_gentle, args=(pipeline, at))

    def begin(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO reminders"):
            change.start()
            change.join(LONGER_THAN_A_CLAIM_S)

    sa.event.listen(pipeline.services.engine, "before_cursor_execute", begin)
    try:
        yield
    finally:
        sa.event.remove(pipeline.services.engine, "before_cursor_execute", begin)
        change.join()
