"""Which accounts have an event that is not folded: asked for each claim, and as quick in the middle of a burst."""

from typing import Any

import pytest
import sqlalchemy as sa

from domain.ids import AccountKey
from store import unfolded
from store.engine import Connection
from tests.factories import event, invoice_event
from tests.pipeline import Pipeline

BURST = 2_000


def issued(name: str, **changes: Any) -> dict[str, Any]:
    """A customer of that name with an invoice of that name."""
    return invoice_event(customer={"id": f"C-{name}"}, invoice={"id": f"F-{name}"}, id=f"issued-{name}", **changes)


def paid(invoice: str) -> dict[str, Any]:
    """A payment that names no customer."""
    money = {"payment_id": "p", "amount": "1.00", "currency": "EUR", "paid_on": "2026-11-20"}
    return event("payment.received", {"invoice_id": invoice, **money}, id="paid")


def promised(*invoices: str) -> dict[str, Any]:
    """A promise about several invoices."""
    return event("promise.made", {"invoice_ids": list(invoices), "promised_on": "2026-12-20"}, id="promised")


def keys_of(connection: Connection) -> dict[str, AccountKey]:
    """The accounts' keys, by their customers' ids."""
    rows = connection.execute(sa.text("SELECT customer_id, id FROM accounts"))
    return {customer: AccountKey(key) for customer, key in rows}


def rows_read(connection: Connection) -> int:
    """How many rows of the inbox this transaction has read so far."""
    asked = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'inbox'"
    return int(connection.execute(sa.text(asked)).scalar_one())


@pytest.mark.parametrize("statistics", ["none", "of an empty table", "of the burst"])
def test_a_burst_is_not_read_for_each_claim(pipeline: Pipeline, statistics: str) -> None:
    pipeline.take(issued("one"), issued("two"))
    with pipeline.services.engine.begin() as connection:
        keys = keys_of(connection)
        for _ in range(12):  # so that the plan that is kept is from before the burst
            assert unfolded.with_unfolded(connection, keys.values()) == set()
    if statistics == "of an empty table":
        analyse(pipeline)
    for at in range(0, BURST, 500):
        pipeline.receive(*(issued(f"burst-{number}") for number in range(at, at + 500)))
    assert pipeline.receive(paid("F-two")).accepted == 1
    if statistics == "of the burst":
        analyse(pipeline)
    with pipeline.services.engine.begin() as connection:
        assert unfolded.with_unfolded(connection, keys.values()) == {keys["C-two"]}
        assert rows_read(connection) < BURST / 20


def analyse(pipeline: Pipeline) -> None:
    """As autovacuum does, sooner or later."""
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text("ANALYZE inbox"))


@pytest.mark.parametrize(
    "news",
    [
        issued("one", time="2026-11-03T09:00:00+01:00", sequence="2") | {"id": "again"},
        paid("F-one"),
        promised("F-one", "F-nobody"),
        promised("F-nobody", "F-one"),
        invoice_event(customer={"id": "C-other"}, invoice={"id": "F-one"}, id="moves"),
    ],
    ids=["of the customer", "of an invoice", "of it first", "of it last", "of one that moves away"],
)
def test_whoever_an_event_is_about_waits_for_it(pipeline: Pipeline, news: dict[str, Any]) -> None:
    pipeline.take(issued("one"), issued("two"))
    assert pipeline.receive(news).accepted == 1
    with pipeline.services.engine.begin() as connection:
        keys = keys_of(connection)
        assert unfolded.with_unfolded(connection, keys.values()) == {keys["C-one"]}
