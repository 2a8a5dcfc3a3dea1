"""One person behind several customers: nobody gets five reminders a day because he keeps five companies' books."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from config.wiring import DEFAULT_SELLER
from domain.contacted import LOOKS_BACK
from domain.ids import AccountKey, AttemptId, SellerId
from store import claims, contacted
from store.contacted import Address, Asked
from tests.factories import Json, event, invoice_event
from tests.integration.test_big_batches import listening
from tests.integration.test_races import at_once
from tests.pipeline import Pipeline
from workers.calls import Call
from workers.claim import claim_due
from workers.due import plan_again
from workers.intake import intake
from workers.receive import receive

ANNE = {"id": "p1", "name": "Anne", "email": "anne@example.com"}
ROUNDS = 8


def late(name: str, *contacts: Json, due_on: str = "2026-11-20") -> Json:
    """An invoice of `C-name`, whose first reminder is due."""
    invoice = {"id": f"F-{name}", "number": f"F-{name}", "due_on": due_on, "issued_on": "2026-10-20"}
    customer = {"id": f"C-{name}", "contacts": list(contacts or (ANNE,))}
    return invoice_event(customer=customer, invoice=invoice, id=f"issue-{name}")


def keys(pipeline: Pipeline, *names: str) -> list[AccountKey]:
    return [pipeline.account(f"C-{name}").key for name in names]


def claiming(pipeline: Pipeline, *found: AccountKey) -> Callable[[], list[Call]]:
    return partial(claim_due, pipeline.services, found, "deliver.email", pipeline.now)


def reason(pipeline: Pipeline, name: str) -> Json:
    """The facts of what the account waits for."""
    plan = pipeline.account(f"C-{name}").plan
    assert plan is not None
    [facts] = [one["facts"] for one in plan["reasons"] if one["code"] in ("gap", "cap", "calls_cap")]
    return dict(facts)


def sent(pipeline: Pipeline) -> list[tuple[str, str]]:
    """Customer and recipient, in the order of the customers."""
    return sorted((row.customer, row.to) for row in pipeline.log())


def test_of_five_customers_with_one_person_one_is_written_to_and_the_others_wait(pipeline: Pipeline) -> None:
    """They are due at once, so they are claimed in one batch: none of it is written when all are planned."""
    pipeline.take(*[late(name) for name in "12345"])
    assert pipeline.deliver_due() == 1
    assert sent(pipeline) == [("C-1", "anne@example.com")]
    assert reason(pipeline, "5") == {"days": 3, "until": "2026-11-27", "who": "p1"}
    assert pipeline.at(pipeline.now + timedelta(days=2)).deliver_due() == 0
    assert pipeline.at(pipeline.now + timedelta(days=3, hours=2)).deliver_due() == 1
    assert [customer for customer, _ in sent(pipeline)] == ["C-1", "C-2"]


def test_an_address_is_the_same_in_another_case_and_a_number_over_another_channel(pipeline: Pipeline) -> None:
    phone = {"phone": "+33612345678"}
    pipeline.take(late("1", {**ANNE, **phone}))
    assert pipeline.deliver_due() == 1
    pipeline.take(late("2", {"id": "x", "email": "ANNE@Example.com"}), late("3", {"id": "y", "email": None, **phone}))
    assert pipeline.deliver_due() == 1
    assert reason(pipeline, "2")["who"] == "x"
    assert sent(pipeline) == [("C-1", "anne@example.com"), ("C-3", "+33612345678")]
    pipeline.take(late("4", {**ANNE, "email": "other@example.com", **phone}))
    assert pipeline.deliver_due() == 0
    assert reason(pipeline, "4")["who"] == "p1"


def test_who_is_in_copy_is_contacted_but_holds_back_only_what_is_written_to_him(pipeline: Pipeline) -> None:
    boss = {"id": "p2", "role": "executive", "name": "Luc", "email": "Luc@example.com"}
    pipeline.take(late("1", {**ANNE, "email": "one@example.com"}, boss))
    [call] = claiming(pipeline, *keys(pipeline, "1"))()
    widened = replace(call.claim, attempt=AttemptId("widened"), is_new=False, number=2, cc=("Luc@example.com",))
    with pipeline.services.engine.begin() as connection:
        claims.write(connection, [widened])
    pipeline.take(late("2", {**boss, "role": "payer"}), late("3", {**ANNE, "email": "three@example.com"}, boss))
    assert pipeline.deliver_due() == 1
    assert sent(pipeline)[-1] == ("C-3", "three@example.com")
    assert reason(pipeline, "2")["who"] == "p2"


@pytest.mark.parametrize(
    ("state", "waits"),
    [
        ("calling", True),
        ("unconfirmed", True),
        ("delivered", True),
        ("opened", True),
        ("refused", False),
        ("undelivered", False),
        ("expired", False),
        ("cancelled", False),
    ],
)
def test_what_reached_him_or_may_have_counts(pipeline: Pipeline, state: str, waits: bool) -> None:
    pipeline.take(late("1"), late("2"))
    assert pipeline.deliver_due() == 1
    change(pipeline, state)
    assert (elsewhere(pipeline) != []) == waits
    plan_again(pipeline.services, keys(pipeline, "2"), pipeline.now)
    assert ("gap" in pipeline.codes("C-2")) == waits


def test_a_reminder_that_is_to_be_tried_again_counts_with_its_last_try(pipeline: Pipeline) -> None:
    pipeline.take(late("1"), late("2"))
    assert pipeline.deliver_due() == 1
    change(pipeline, "refused", "open")
    assert len(elsewhere(pipeline)) == 1


def test_a_call_in_vain_is_told_from_others(pipeline: Pipeline) -> None:
    pipeline.take(late("1"), late("2"))
    assert pipeline.deliver_due() == 1
    as_call = (
        "UPDATE attempts SET channel = 'phone', state = 'done';"
        " INSERT INTO tasks (id, seller, account_id, kind, step, units, opened_at, outcome)"
        " SELECT id, seller, account_id, channel, 'call', '{}', called_at, 'no_answer' FROM attempts"
    )
    with pipeline.services.engine.begin() as connection:
        connection.exec_driver_sql(as_call)
    assert [(one.contact.is_call, one.contact.in_vain) for one in elsewhere(pipeline)] == [(True, True)]


def change(pipeline: Pipeline, state: str, reminder: str = "done") -> None:
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text("UPDATE attempts SET state = :state"), {"state": state})
        connection.execute(sa.text("UPDATE reminders SET state = :state"), {"state": reminder})


def elsewhere(pipeline: Pipeline, seller: SellerId = DEFAULT_SELLER, back: timedelta = LOOKS_BACK) -> list[Any]:
    address = (seller, "anne@example.com")
    with pipeline.services.engine.connect() as connection:
        return contacted.load(connection, {address: Asked(pipeline.now - back)}).get(address, [])


def test_another_seller_s_contacts_and_those_of_long_ago_do_not_count(pipeline: Pipeline) -> None:
    pipeline.take(late("1"))
    assert pipeline.deliver_due() == 1
    other = SellerId("other")
    with pipeline.services.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO sellers (id, name, language, country, timezone)"
            " SELECT 'other', name, language, country, timezone FROM sellers"
        )
    reply = receive(pipeline.services, other, [late("2")], pipeline.now)
    intake(pipeline.services, reply.inbox_ids, pipeline.now)
    assert (len(elsewhere(pipeline)), elsewhere(pipeline, other)) == (1, [])
    assert elsewhere(pipeline, back=timedelta(0)) == []
    assert pipeline.deliver_due() == 1


def test_of_an_address_that_thousands_share_the_newest_contacts_are_read(pipeline: Pipeline) -> None:
    pipeline.take(late("1"))
    assert pipeline.deliver_due() == 1
    more = (
        "INSERT INTO attempts SELECT 'a' || n, seller, account_id, reminder_id, n, channel, provider, contact,"
        " recipient, cc, called_at - n * interval '1 minute', utc_offset_s, state, fence, leased_until, 'p' || n,"
        " error_class, error_code, template, segments, message FROM attempts, generate_series(2, 3000) AS n;"
        " INSERT INTO contacted SELECT seller, recipient, called_at, id FROM attempts WHERE number > 1"
    )
    with pipeline.services.engine.begin() as connection:
        connection.exec_driver_sql(more)
    found = [one.contact.at for one in elsewhere(pipeline)]
    assert (len(found), found) == (contacted.MOST, sorted(found, reverse=True))
    assert found[0] - found[-1] < timedelta(hours=2)


def test_two_workers_at_once_write_to_one_person_once(pipeline: Pipeline) -> None:
    """Neither sees the other's uncommitted claim: without the lock on the address both would leave."""
    for number in range(ROUNDS):
        anne = {**ANNE, "email": f"anne{number}@example.com"}
        names = [f"{number}a", f"{number}b", f"{number}c"]
        pipeline.take(*[late(name, anne) for name in names])
        claimed = at_once(*[claiming(pipeline, key) for key in keys(pipeline, *names)])
        assert sorted(len(calls) for calls in claimed) == [0, 0, 1]


def test_batches_that_share_people_crosswise_do_not_block_each_other(pipeline: Pipeline) -> None:
    """The accounts of a batch are locked by id, then its people's addresses in their order: there is no circle."""
    people = [{"id": f"p{n}", "role": "payer", "email": f"p{n}@example.com"} for n in range(ROUNDS)]
    there = [f"there{n}" for n in range(ROUNDS)]
    back = [f"back{n}" for n in range(ROUNDS)]
    pipeline.take(*[late(name, person) for name, person in zip(there, people, strict=True)])
    pipeline.take(*[late(name, person) for name, person in zip(back, reversed(people), strict=True)])
    first, second = keys(pipeline, *there), keys(pipeline, *back)
    claimed = at_once(claiming(pipeline, *first), claiming(pipeline, *second), claiming(pipeline, *second[::-1]))
    recipients = [call.claim.recipient for calls in claimed for call in calls]
    assert sorted(recipients) == sorted(person["email"] for person in people)


def test_addresses_are_locked_in_one_order_however_they_are_named(pipeline: Pipeline) -> None:
    """Whoever waits for one of them holds the same others: that is why there is no circle."""
    addresses = [(DEFAULT_SELLER, f"p{number}@example.com") for number in range(ROUNDS)]
    held = [held_while_waiting(pipeline, addresses[3], order) for order in (addresses, addresses[::-1])]
    assert held[0] == held[1]


def held_while_waiting(pipeline: Pipeline, taken: Address, order: list[Address]) -> int:
    """How many locks the one has who wants all of them, while somebody else has `taken`."""
    held = "SELECT count(*) FILTER (WHERE granted), count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = :pid"
    engine = pipeline.services.engine
    with ThreadPoolExecutor(1) as pool, engine.connect() as waiter, engine.connect() as holder, holder.begin():
        contacted.lock(holder, [taken])
        pid = waiter.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        waiting = pool.submit(contacted.lock, waiter, order)
        granted = asked = 0
        while granted == asked:
            granted, asked = holder.execute(sa.text(held), {"pid": pid}).one()
        holder.rollback()
        waiting.result()
    return int(granted)


def test_a_claim_waits_for_the_addresses_and_holds_the_accounts_meanwhile(pipeline: Pipeline) -> None:
    """An event may still come in for whoever is not in the batch: only claims take these locks."""
    pipeline.take(late("1"), late("2"))
    with pipeline.services.engine.connect() as holder, holder.begin():
        contacted.lock(holder, [(DEFAULT_SELLER, "anne@example.com")])
        pipeline.take(event("invoice.paid", {"invoice_id": "F-2", "paid_on": "2026-11-24"}, id="paid"))
        plan_again(pipeline.services, keys(pipeline, "1", "2"), pipeline.now)
        with pipeline.services.engine.begin() as impatient:
            impatient.exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
            with pytest.raises(sa.exc.OperationalError):
                contacted.lock(impatient, [(DEFAULT_SELLER, "anne@example.com")])
    assert len(claiming(pipeline, *keys(pipeline, "1"))()) == 1


def test_those_behind_in_a_batch_leave_as_far_as_the_limits_allow(pipeline: Pipeline) -> None:
    """One of a batch that has an event in the inbox takes nobody's turn."""
    pipeline.take(late("1"), late("2"), late("3", {**ANNE, "email": "three@example.com"}))
    pipeline.receive(event("invoice.paid", {"invoice_id": "F-1", "paid_on": "2026-11-24"}, id="paid"))
    calls = claim_due(pipeline.services, keys(pipeline, "1", "2", "3"), "deliver.email", pipeline.now)
    assert [call.claim.account for call in calls] == keys(pipeline, "2", "3")


def test_reading_the_contacts_of_many_people_needs_no_whole_table(pipeline: Pipeline) -> None:
    pipeline.take(late("1"))
    with pipeline.services.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        with listening(connection) as told:
            contacted.load(
                connection, {(DEFAULT_SELLER, f"{n}@x"): Asked(pipeline.now - LOOKS_BACK) for n in range(500)}
            )
        [(statement, parameters)] = told
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())
    assert "Seq Scan" not in plan
    assert "pk_contacted" in plan
