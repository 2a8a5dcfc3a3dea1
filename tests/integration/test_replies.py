"""What a customer writes back holds at once, whoever dies when, until a person has read it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from channels.twilio.callbacks import read_form, read_inbound
from config.wiring import DEFAULT_SELLER
from domain.customer import Seller
from domain.ids import SellerId
from store import history, inbox, sellers, worklist
from store.worklist import TaskRow
from tests.factories import Json, contact_data, customer_data, event, invoice_event
from tests.pipeline import Pipeline
from workers.hear import hear
from workers.intake import intake
from workers.receive import receive
from workers.sweep import sweep

MOBILE = "+33612345678"


def late(number: int = 1, customer: str = "C-17", **changes: Any) -> Json:
    invoice = {"id": f"F-{number}", "number": f"F-{number}", "due_on": "2026-11-20", "issued_on": "2026-10-20"}
    who = customer_data(id=customer, preferred_channel="sms", **changes)
    return invoice_event(customer=who, invoice=invoice, id=f"issue-{number}")


def heard(pipeline: Pipeline, text: str, sid: str = "SM9", sender: str = MOBILE) -> tuple[int, ...]:
    """The customer writes to us."""
    raw = urlencode({"MessageSid": sid, "From": sender, "To": "+33755000001", "Body": text}).encode()
    return hear(pipeline.services, read_inbound(read_form(raw)), raw, pipeline.now)


def folding(pipeline: Pipeline) -> Callable[..., int]:
    return lambda ids: intake(pipeline.services, ids, pipeline.now)


def unfolded(pipeline: Pipeline) -> list[int]:
    """What waits in the inbox, as the sweep finds it."""
    with pipeline.services.engine.connect() as connection:
        return inbox.forgotten(connection, 0, 100)


def tasks_of(pipeline: Pipeline) -> list[TaskRow]:
    with pipeline.services.engine.connect() as connection:
        return worklist.read(connection)


@pytest.fixture
def reminded(pipeline: Pipeline) -> Pipeline:
    """The bakery was written to by SMS about F-1, and something else is due for it in the meantime."""
    pipeline.take(late(1))
    assert pipeline.deliver_due() == 1
    assert [row.channel for row in pipeline.log()] == ["sms"]
    return pipeline


@pytest.fixture
def due_again(reminded: Pipeline) -> Pipeline:
    """Another customer with the same number is due now: nothing but the reply stands in the way."""
    with reminded.services.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM steps_had"))
        connection.execute(sa.text("UPDATE reminders SET state = 'withdrawn'"))
        connection.execute(sa.text("UPDATE accounts SET due_at = :now, channel = 'sms'"), {"now": reminded.now})
    return reminded


def test_without_a_reply_it_goes_on(due_again: Pipeline) -> None:
    """What the next tests hold up is really due."""
    assert due_again.deliver_due() == 1


def test_nothing_leaves_from_the_reply_on_before_anybody_has_folded_it(due_again: Pipeline) -> None:
    """The provider has its answer, and the process dies there: no nudge, no fold. The inbox alone holds."""
    assert len(heard(due_again, "Je conteste cette facture")) == 1
    assert due_again.deliver_due() == 0
    assert [row.state for row in due_again.log()] == ["accepted"]


def test_a_lost_nudge_is_found_and_then_a_person_has_to_read(due_again: Pipeline) -> None:
    heard(due_again, "Je conteste cette facture")
    with due_again.services.engine.begin() as connection:
        connection.execute(sa.text("UPDATE inbox SET stored_at = stored_at - interval '1 minute'"))
    [nudge] = sweep(due_again.services, due_again.now)
    assert folding(due_again)(nudge.ids) == 1
    assert due_again.codes() == ["reply_unread"]
    assert due_again.deliver_due() == 0
    [task] = tasks_of(due_again)
    assert (task.kind, task.step, task.units, task.customer) == ("reply", "", ("twilio:SM9:inbound",), "C-17")


def test_the_receipt_and_its_hold_are_there_together_or_not_at_all(
    reminded: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the database goes away between the two, the provider gets no answer and tells again."""
    with reminded.services.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE journal ADD CONSTRAINT broken CHECK (event <> 'inbound.received')"))
    with pytest.raises(sa.exc.IntegrityError):
        heard(reminded, "bonjour")
    assert unfolded(reminded) == []
    with reminded.services.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE journal DROP CONSTRAINT broken"))
    assert len(heard(reminded, "bonjour")) == 1


def test_a_reply_that_comes_again_counts_once(reminded: Pipeline) -> None:
    assert (len(heard(reminded, "bonjour")), heard(reminded, "bonjour")) == (1, ())
    assert folding(reminded)(unfolded(reminded)) == 1
    assert len(tasks_of(reminded)) == 1


@pytest.mark.parametrize("word", ["STOP", "START"])
def test_a_stop_or_start_word_is_obeyed_and_asks_nobody_to_read(reminded: Pipeline, word: str) -> None:
    assert heard(reminded, word) == ()
    assert unfolded(reminded) == []


@pytest.mark.parametrize("words", ["Stop. J'ai déjà payé", "Arrêtez de m'écrire, je conteste", "STOP\nLuc Martin"])
def test_a_stop_that_says_more_is_obeyed_and_read_too(reminded: Pipeline, words: str) -> None:
    assert folding(reminded)(heard(reminded, words)) == 1
    assert [task.kind for task in tasks_of(reminded)] == ["reply"]
    assert "reply_unread" in reminded.codes()
    with reminded.services.engine.connect() as connection:
        [stopped] = history.suppressions_of(connection, DEFAULT_SELLER)
    assert (stopped.channel, stopped.address, stopped.reason) == ("sms", MOBILE, "opt_out")


def test_a_stranger_holds_nobody(reminded: Pipeline) -> None:
    assert heard(reminded, "bonjour", sender="+33700000009") == ()


def test_everybody_who_was_reached_at_that_number_is_left_alone(reminded: Pipeline) -> None:
    """Two customers of one seller, and one of another: the reply does not say whom it means."""
    acme = SellerId("acme")
    with reminded.services.engine.begin() as connection:
        sellers.ensure(connection, Seller(acme, name="Acme"))
    ids = receive(reminded.services, acme, [late(3, "C-17")], reminded.now).inbox_ids
    folding(reminded)(ids)
    reminded.take(late(2, "C-18", contacts=[contact_data()]))
    later = reminded.at(reminded.now + timedelta(days=3, hours=2))  # one person: not on the same day for one seller
    assert [reminded.deliver_due(), later.deliver_due()] == [1, 1]
    assert folding(reminded)(heard(reminded, "bonjour")) == 3
    assert sorted((task.seller, task.customer) for task in tasks_of(reminded)) == [
        (acme, "C-17"),
        (DEFAULT_SELLER, "C-17"),
        (DEFAULT_SELLER, "C-18"),
    ]


def test_each_reply_is_a_task_and_the_last_one_that_is_closed_ends_the_hold(reminded: Pipeline) -> None:
    folding(reminded)((*heard(reminded, "bonjour", "SM1"), *heard(reminded, "allo ?", "SM2")))
    first, second = tasks_of(reminded)
    for number, task in enumerate((first, second)):
        assert reminded.codes() == ["reply_unread"]
        data = {"customer_id": "C-17", "task_id": task.id, "kind": "reply", "units": list(task.units)}
        data |= {"outcome": "done", "next_on": "2026-11-24"}
        reminded.take(event("task.closed", data, id=f"read-{number}", time="2026-11-24T10:00:00+01:00"))
    assert "reply_unread" not in reminded.codes()
    assert tasks_of(reminded) == []


def test_a_reply_is_read_also_when_nothing_is_owed_any_more(reminded: Pipeline) -> None:
    folding(reminded)(heard(reminded, "J'ai déjà payé"))
    reminded.take(event("invoice.paid", {"invoice_id": "F-1", "paid_on": "2026-11-24"}, id="paid"))
    assert reminded.codes() == ["nothing_owed"]
    assert [task.kind for task in tasks_of(reminded)] == ["reply"]


def test_a_reply_that_was_read_elsewhere_leaves_no_task(reminded: Pipeline) -> None:
    """A help desk knows the reply and not our task."""
    folding(reminded)(heard(reminded, "bonjour"))
    data = {"customer_id": "C-17", "task_id": "ticket-1", "kind": "reply", "units": ["twilio:SM9:inbound"]}
    data |= {"outcome": "done", "next_on": "2026-11-24"}
    reminded.take(event("task.closed", data, id="read", time="2026-11-24T10:00:00+01:00"))
    assert tasks_of(reminded) == []
    assert "reply_unread" not in reminded.codes()
