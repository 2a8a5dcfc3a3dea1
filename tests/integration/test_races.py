"""Two connections at once: whoever comes first, each event counts once and each reminder leaves once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa

from domain.ids import AccountKey
from tests.factories import Json, event, invoice_event
from tests.pipeline import Pipeline
from workers.calls import Call
from workers.claim import claim_due
from workers.due import due
from workers.intake import intake

ROUNDS = 12


def late(number: int) -> Json:
    customer = {"id": f"C-{number}"}
    invoice = {"id": f"F-{number}", "number": f"F-{number}", "due_on": "2026-11-20", "issued_on": "2026-10-20"}
    return invoice_event(customer=customer, invoice=invoice, id=f"issue-{number}")


def paid(number: int) -> Json:
    return event("invoice.paid", {"invoice_id": f"F-{number}", "paid_on": "2026-11-24"}, id=f"paid-{number}")


def disputed(number: int) -> Json:
    return event("invoice.disputed", {"invoice_id": f"F-{number}", "reason": "broken"}, id=f"disputed-{number}")


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Runs the acts in threads of their own, all starting at the same moment; returns what each came to."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(run, act) for act in acts]]


def test_the_same_event_received_twice_at_once_is_accepted_once(pipeline: Pipeline) -> None:
    for number in range(ROUNDS):
        replies = at_once(*[partial(pipeline.receive, late(number))] * 3)
        assert sorted((reply.accepted, reply.duplicate) for reply in replies) == [(0, 1), (0, 1), (1, 0)]


def test_the_same_events_folded_twice_at_once_make_each_fact_once(pipeline: Pipeline) -> None:
    for number in range(ROUNDS):
        ids = pipeline.receive(late(number)).inbox_ids
        folded = at_once(*[folding(pipeline, ids)] * 3)
        assert sorted(folded) == [0, 0, 1]
    with pipeline.services.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM facts")).scalar_one() == ROUNDS


def test_a_payment_and_its_invoice_folded_at_once_find_each_other(pipeline: Pipeline) -> None:
    """Neither sees the other's uncommitted row: without the lock on the invoice's name the payment is lost."""
    for number in range(ROUNDS):
        if number % 2:
            pipeline.take(disputed(number))  # the invoice's name is known already, its owner is not
        invoice = pipeline.receive(late(number)).inbox_ids
        payment = pipeline.receive(paid(number)).inbox_ids
        at_once(folding(pipeline, invoice), folding(pipeline, payment))
        assert pipeline.codes(f"C-{number}") == ["nothing_owed"]


def test_batches_that_touch_the_same_accounts_in_opposite_orders_do_not_block_each_other(pipeline: Pipeline) -> None:
    there = [late(number) for number in range(ROUNDS)]
    back = [paid(number) for number in reversed(range(ROUNDS))]
    first, second = pipeline.receive(*there).inbox_ids, pipeline.receive(*back).inbox_ids
    folded = at_once(
        lambda: intake(pipeline.services, first, pipeline.now),
        lambda: intake(pipeline.services, second, pipeline.now),
    )
    assert folded == [ROUNDS, ROUNDS]
    assert {tuple(pipeline.codes(f"C-{number}")) for number in range(ROUNDS)} == {("nothing_owed",)}


def test_a_reminder_claimed_by_two_workers_at_once_is_claimed_once(pipeline: Pipeline) -> None:
    pipeline.take(*[late(number) for number in range(ROUNDS)])
    for number in range(ROUNDS):
        key = pipeline.account(f"C-{number}").key
        claimed = at_once(*[claiming(pipeline, key)] * 3)
        assert sorted(len(calls) for calls in claimed) == [0, 0, 1]


def test_a_payment_folded_while_its_reminder_is_claimed_comes_before_or_after_it(pipeline: Pipeline) -> None:
    """Both take the account's lock: either the claim sees the payment, or it had committed before."""
    pipeline.take(*[late(number) for number in range(ROUNDS)])
    for number in range(ROUNDS):
        key = pipeline.account(f"C-{number}").key
        ids = pipeline.receive(paid(number)).inbox_ids
        _, calls = at_once(folding(pipeline, ids), claiming(pipeline, key))
        assert calls == []


def test_accounts_found_due_by_two_schedulers_at_once_are_nudged_once(pipeline: Pipeline) -> None:
    pipeline.take(*[late(number) for number in range(ROUNDS)])
    found = at_once(*[partial(due, pipeline.services, pipeline.now)] * 3)
    nudged = [key for nudges in found for nudge in nudges for key in nudge.ids]
    assert len(nudged) == len(set(nudged)) == ROUNDS


def test_the_database_itself_refuses_a_step_twice_and_two_reminders_at_once(pipeline: Pipeline) -> None:
    """Whatever the code does: these rows cannot be written."""
    pipeline.take(late(1))
    [call] = claim_due(pipeline.services, [pipeline.account("C-1").key], "deliver.email", pipeline.now)
    again = "INSERT INTO steps_had SELECT seller, unit_id, step, cycle, reminder_id FROM steps_had"
    second = (
        "INSERT INTO reminders SELECT 'other', seller, account_id, claimed_at, step, level, tone, channel, policy,"
        " members, invoice_ids, state, attempts, spent, retry_at FROM reminders"
    )
    for statement in (again, second):
        with pytest.raises(sa.exc.IntegrityError), pipeline.services.engine.begin() as connection:
            connection.execute(sa.text(statement))
    assert call.claim.number == 1


def claiming(pipeline: Pipeline, key: AccountKey) -> Callable[[], list[Call]]:
    return partial(claim_due, pipeline.services, [key], "deliver.email", pipeline.now)


def folding(pipeline: Pipeline, ids: Sequence[int]) -> Callable[[], int]:
    return partial(intake, pipeline.services, ids, pipeline.now)
