"""Events become facts of the right account, once, in whatever order they come."""

from datetime import date

import pytest
import sqlalchemy as sa

from domain.fold import fold
from domain.ids import CustomerId
from store import facts as fact_store
from store import inbox
from tests.factories import Json, contact_data, customer_data, event, invoice_event
from tests.pipeline import Pipeline
from workers.intake import intake


def late(number: int = 1, **customer: object) -> Json:
    """An invoice four days late."""
    invoice = {"id": f"F-{number}", "number": f"F-{number}", "due_on": "2026-11-20", "issued_on": "2026-10-20"}
    return invoice_event(customer=dict(customer), invoice=invoice, id=f"issue-{number}")


def paid(number: int = 1, amount: str = "1250.00") -> Json:
    data = {"invoice_id": f"F-{number}", "payment_id": f"p-{number}", "amount": amount, "currency": "EUR"}
    return event("payment.received", {**data, "paid_on": "2026-11-23"}, id=f"paid-{number}-{amount}")


def test_an_event_counts_once_however_often_it_is_folded(pipeline: Pipeline) -> None:
    reply = pipeline.take(late())
    assert intake(pipeline.services, reply.inbox_ids, pipeline.now) == 0
    assert pipeline.take(late()).duplicate == 1
    assert [entry.event for entry in pipeline.journal()] == ["event.folded", "plan.changed"]


def test_a_payment_that_comes_before_its_invoice_waits_for_it(pipeline: Pipeline) -> None:
    pipeline.take(paid())
    pipeline.take(late())
    assert pipeline.codes() == ["nothing_owed"]


def test_a_payment_and_its_invoice_in_one_batch_find_each_other_in_any_order(pipeline: Pipeline) -> None:
    pipeline.take(paid(), late())
    assert pipeline.codes() == ["nothing_owed"]


def test_a_batch_without_times_is_taken_in_the_order_of_the_batch(pipeline: Pipeline) -> None:
    """By the text of their ids evt-10 came before evt-9, and what had been resolved was disputed for ever."""
    told = [
        late(),
        event("invoice.disputed", {"invoice_id": "F-1"}),
        event("dispute.resolved", {"invoice_id": "F-1"}),
    ]
    pipeline.take(*[raw | {"id": f"evt-{n}", "time": None} for n, raw in enumerate(told, start=8)])
    assert "unit_disputed" not in pipeline.codes()


def test_a_sequence_orders_a_batch_without_times_however_it_stands_in_it(pipeline: Pipeline) -> None:
    told = [
        event("dispute.resolved", {"invoice_id": "F-1"}, sequence=2),
        event("invoice.disputed", {"invoice_id": "F-1"}, sequence=1),
    ]
    pipeline.take(late(), *[raw | {"id": f"evt-{n}", "time": None} for n, raw in enumerate(told, start=8)])
    assert "unit_disputed" not in pipeline.codes()


def test_an_invoice_that_changes_hands_takes_its_past_along(pipeline: Pipeline) -> None:
    """Its payments were about the invoice, not about the customer that it was first stated for."""
    pipeline.take(late(), paid(amount="250.00"))
    moved = invoice_event(
        customer={"id": "C-18", "name": "Menuiserie Roux"},
        invoice={"id": "F-1", "number": "F-1", "due_on": "2026-11-20"},
        type="invoice.updated",
        id="moved",
        time="2026-11-03T09:00:00+01:00",
    )
    pipeline.take(moved)
    assert pipeline.codes("C-17") == ["nothing_owed"]
    key = pipeline.account("C-18").key
    with pipeline.services.engine.connect() as connection:
        account = fold(CustomerId("C-18"), fact_store.load(connection, [key])[key], pipeline.seller())
    assert [unit.balance.minor for unit in account.units] == [100_000]


def test_an_older_statement_does_not_take_an_invoice_back(pipeline: Pipeline) -> None:
    """Facts come in any order: the newest statement decides whose the invoice is."""
    newer = invoice_event(
        customer={"id": "C-18", "name": "Menuiserie Roux"},
        invoice={"id": "F-1", "number": "F-1", "due_on": "2026-11-20"},
        id="newer",
        time="2026-11-03T09:00:00+01:00",
    )
    pipeline.take(newer)
    pipeline.take(late())
    pipeline.take(paid())
    assert pipeline.codes("C-17") == ["nothing_owed"]
    assert pipeline.codes("C-18") == ["nothing_owed"]
    assert "event.folded" in [entry.event for entry in pipeline.journal("C-18")]


@pytest.mark.parametrize("customer", ["C-17", "C-18"])
def test_an_older_statement_does_not_take_an_invoices_number_back(pipeline: Pipeline, customer: str) -> None:
    """The number is what `explain` finds an invoice by; in one batch, too, the newest statement says it."""
    newer, older = (
        invoice_event(customer={"id": who}, invoice={"id": "F-1", "number": number}, id=number, time=time)
        for who, number, time in (
            ("C-17", "2026/7", "2026-11-03T09:00:00+01:00"),
            (customer, "draft 7", "2026-11-02T09:00:00+01:00"),
        )
    )
    pipeline.take(newer, older | {"id": "in one batch"})
    assert numbers_of(pipeline) == ["2026/7"]
    pipeline.take(older)
    assert numbers_of(pipeline) == ["2026/7"]
    pipeline.take(newer | {"id": "last", "time": "2026-11-04T09:00:00+01:00", "data": changed(newer, "2026/8")})
    assert numbers_of(pipeline) == ["2026/8"]


def changed(raw: Json, number: str) -> Json:
    data: Json = raw["data"]
    return data | {"invoice": data["invoice"] | {"number": number}}


def numbers_of(pipeline: Pipeline) -> list[str]:
    with pipeline.services.engine.connect() as connection:
        return list(connection.execute(sa.text("SELECT number FROM invoices")).scalars())


def test_two_statements_in_one_batch_agree_with_the_newest(pipeline: Pipeline) -> None:
    newer = invoice_event(
        customer={"id": "C-18", "name": "Menuiserie Roux"},
        invoice={"id": "F-1", "number": "F-1", "due_on": "2026-11-20"},
        id="newer",
        time="2026-11-03T09:00:00+01:00",
    )
    pipeline.take(newer, late())
    assert pipeline.codes("C-17") == ["nothing_owed"]
    assert "step_due" in pipeline.codes("C-18")


P_1 = {"invoice_id": "F-1", "payment_id": "p", "amount": "1", "currency": "EUR", "paid_on": "2026-11-01"}
PLAN = {"invoice_ids": ["F-1"], "instalments": [{"due_on": "2026-12-01", "amount": "1250.00"}]}


@pytest.mark.parametrize(
    ("type_name", "data"),
    [
        ("invoice.cancelled", {"invoice_id": "F-1", "reason": "wrong address"}),
        ("payment.received", P_1),
        ("payment.reversed", P_1),
        ("invoice.paid", {"invoice_id": "F-1", "paid_on": "2026-11-01"}),
        ("credit_note.issued", {"invoice_id": "F-1", "credit_note_id": "n", "amount": "1", "currency": "EUR"}),
        ("invoice.disputed", {"invoice_id": "F-1", "reason": "two are broken"}),
        ("dispute.resolved", {"invoice_id": "F-1", "reason": "replaced"}),
        ("terms.extended", {"invoice_id": "F-1", "due_on": "2026-12-20"}),
        ("promise.made", {"invoice_ids": ["F-1"], "amount": None, "promised_on": "2026-11-30", "by": "Anne"}),
        ("payment_plan.agreed", PLAN),
        ("customer.updated", {"customer": customer_data(name="Boulangerie Martin & Fils")}),
        ("customer.held", {"customer_id": "C-17", "reason": "wedding", "until": None}),
        ("customer.released", {"customer_id": "C-17"}),
        ("einvoice.status_changed", {"invoice_id": "F-1", "code": "207"}),
    ],
)
def test_every_type_is_stored_folded_and_journaled(pipeline: Pipeline, type_name: str, data: Json) -> None:
    pipeline.take(late())
    assert pipeline.take(event(type_name, data, id="second", time="2026-11-10T09:00:00+01:00")).accepted == 1
    folded = [entry.facts["type"] for entry in pipeline.journal() if entry.event == "event.folded"]
    assert folded == ["invoice.issued", type_name]


def test_a_payment_feed_belongs_to_no_account_and_is_remembered(pipeline: Pipeline) -> None:
    pipeline.take(event("payments.synced", {"as_of": "2026-11-24T06:00:00+01:00"}, id="feed"))
    assert pipeline.seller().synced_as_of is not None


def test_a_payment_feed_of_a_far_day_is_refused(pipeline: Pipeline) -> None:
    reply = pipeline.take(event("payments.synced", {"as_of": "2062-11-24"}, id="feed"))
    assert [one.field for one in reply.rejected] == ["data.as_of"]
    assert pipeline.seller().synced_as_of is None


def test_a_stale_payment_feed_holds_reminders_until_it_has_caught_up(pipeline: Pipeline) -> None:
    pipeline.take(event("payments.synced", {"as_of": "2026-11-18T06:00:00+01:00"}, id="old feed"), late())
    assert pipeline.codes() == ["feed_stale"]
    assert pipeline.deliver_due() == 0
    pipeline.take(event("payments.synced", {"as_of": "2026-11-24T06:00:00+01:00"}, id="new feed"))
    assert pipeline.deliver_due() == 1


def test_amounts_are_exact_to_the_last_digit(pipeline: Pipeline) -> None:
    """0.1 + 0.2 is the sum that binary floats get wrong."""
    invoice = {"id": "F-1", "number": "F-1", "due_on": "2026-11-20", "total": "0.30"}
    pipeline.take(invoice_event(invoice=invoice))
    for number, amount in enumerate(("0.10", "0.20")):
        data = {"invoice_id": "F-1", "payment_id": str(number), "amount": amount, "currency": "EUR"}
        pipeline.take(event("payment.received", {**data, "paid_on": "2026-11-20"}, id=f"pay {number}"))
    assert pipeline.codes() == ["nothing_owed"]


def test_one_event_that_breaks_intake_stops_nothing_and_ends_in_quarantine(pipeline: Pipeline) -> None:
    reply = pipeline.receive(late(1), late(2, id="C-18"), late(3, id="C-19"))
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text("UPDATE inbox SET fact = '{}' WHERE event_id = 'issue-2'"))
    assert intake(pipeline.services, reply.inbox_ids, pipeline.now) == 2
    for _ in range(2):
        intake(pipeline.services, [reply.inbox_ids[1]], pipeline.now)
    with pipeline.services.engine.connect() as connection:
        kept = connection.execute(sa.text("SELECT kind, raw FROM quarantine")).one()
        forgotten = inbox.forgotten(connection, 0.0, 10)
    assert kept.kind == "crash"
    assert b"issue-2" in bytes(kept.raw)
    assert forgotten == []
    assert intake(pipeline.services, [reply.inbox_ids[1]], pipeline.now) == 0


def test_an_event_is_folded_as_it_was_understood_at_the_door(pipeline: Pipeline) -> None:
    """The seller's country decides how a national phone number reads: at the door, and never again."""
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text("UPDATE sellers SET country = 'DE', timezone = 'Europe/Berlin'"))
    contacts = [contact_data(phone="0151 23456789", email=None)]
    customer = {
        "country": None,
        "timezone": None,
        "region": "DE-BY",
        "contacts": contacts,
        "preferred_channel": "sms",
    }
    reply = pipeline.receive(late(1, **customer))
    assert reply.rejected == ()
    assert intake(pipeline.services, reply.inbox_ids, pipeline.now) == 1
    assert pipeline.deliver_due() == 1
    assert pipeline.log()[0].to == "+4915123456789"


def test_terms_that_are_extended_move_the_ladder(pipeline: Pipeline) -> None:
    pipeline.take(late())
    pipeline.take(
        event("terms.extended", {"invoice_id": "F-1", "due_on": date(2027, 1, 15).isoformat()}, id="extend")
    )
    assert pipeline.deliver_due() == 0
    assert "step_later" in pipeline.codes()
