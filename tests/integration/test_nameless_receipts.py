"""Some late bounces carry neither our id nor SendGrid's: whose message it was is told by nothing but the address."""

import json
from datetime import timedelta

import pytest

from channels.sendgrid.callbacks import read_events
from channels.sendgrid.words import ATTEMPT_ARG
from config.wiring import DEFAULT_SELLER
from domain.outcomes import Receipt
from store import history, receipts
from tests.asked import statements
from tests.factories import contact_data, event, invoice_event
from tests.integration.test_settle import mail_event, sent
from tests.pipeline import TUESDAY_0930, Pipeline
from workers.due import due
from workers.settle import settle

HARD = {"type": "bounce", "reason": "550 unknown", "status": "5.1.1"}
A_DAY = TUESDAY_0930 + timedelta(days=1)


def nameless(word: str = "bounce", **fields: object) -> tuple[Receipt, bytes]:
    """An event as it comes without any id."""
    told = {"event": word, "email": "Anne@Example.com", "timestamp": 1_795_000_000, **HARD, **fields}
    raw = json.dumps([{name: value for name, value in told.items() if value is not None}]).encode()
    return read_events(raw)[0][0], raw


def suppressed(pipeline: Pipeline) -> list[tuple[str, str, str]]:
    with pipeline.services.engine.connect() as connection:
        rows = history.suppressions_of(connection, DEFAULT_SELLER)
    return [(row.channel, row.address, row.reason) for row in rows]


def waiting(pipeline: Pipeline) -> int:
    """How many receipts are looked at again some day."""
    with pipeline.services.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE receipts SET look_at = clock_timestamp() WHERE look_at IS NOT NULL")
        return len(receipts.forgotten(connection, 10))


def test_a_bounce_that_names_no_message_puts_the_address_out_of_use_and_asks_a_person(pipeline: Pipeline) -> None:
    sent(pipeline)
    later = pipeline.at(A_DAY)
    later.settle("sendgrid", [nameless()])
    assert suppressed(later) == [("email", "anne@example.com", "hard_bounce")]
    assert [(task.kind, task.step) for task in later.tasks()] == [("repair", "first")]
    assert waiting(later) == 0
    told = [dict(entry.facts) for entry in later.journal() if entry.event == "address.suppressed"]
    assert told == [{"channel": "email", "why": "hard_bounce"}]


def test_all_that_a_batch_puts_out_of_use_is_locked_in_one_order(pipeline: Pipeline) -> None:
    """What names a message first and what names none after it, each in order, let two workers wait for each other."""
    named = mail_event(sent(pipeline), "bounce", 0, **HARD)
    with statements(pipeline.services) as asked:
        pipeline.at(A_DAY).settle("sendgrid", [named, nameless()])
    assert [one.startswith("INSERT INTO suppressions") for one in asked].count(True) == 1
    assert suppressed(pipeline) == [("email", "anne@example.com", "hard_bounce")]


def test_nothing_is_sent_again_for_it(pipeline: Pipeline) -> None:
    """The message may have been another one: what was delivered would come a second time over the next channel."""
    sent(pipeline)
    later = pipeline.at(A_DAY)
    later.settle("sendgrid", [nameless()])
    assert later.deliver_due() == 0
    assert [(row.channel, row.state) for row in later.log()] == [("email", "accepted")]


def test_a_server_that_was_full_asks_a_person_and_spares_the_address(pipeline: Pipeline) -> None:
    sent(pipeline)
    pipeline.at(A_DAY).settle("sendgrid", [nameless(type="blocked", status="4.2.2")])
    assert (suppressed(pipeline), [task.kind for task in pipeline.tasks()]) == ([], ["repair"])


def test_who_complains_wants_no_more_and_has_no_contact_to_repair(pipeline: Pipeline) -> None:
    sent(pipeline)
    pipeline.settle("sendgrid", [nameless("spamreport", type=None, status=None)])
    assert suppressed(pipeline) == [("email", "anne@example.com", "spam_report")]
    assert pipeline.tasks() == []


def test_where_nothing_is_owed_any_more_nobody_is_asked(pipeline: Pipeline) -> None:
    sent(pipeline)
    pipeline.take(event("invoice.paid", {"invoice_id": "F-1", "paid_on": "2026-11-24"}, id="paid"))
    pipeline.settle("sendgrid", [nameless()])
    assert (len(suppressed(pipeline)), pipeline.tasks()) == (1, [])


@pytest.mark.parametrize("days", [0, 31])
def test_an_address_that_we_have_not_written_to_lately_is_somebody_elses(pipeline: Pipeline, days: int) -> None:
    sent(pipeline)
    address = "eve@example.com" if days == 0 else "anne@example.com"
    pipeline.at(TUESDAY_0930 + timedelta(days=days)).settle("sendgrid", [nameless(email=address)])
    assert (suppressed(pipeline), pipeline.tasks(), waiting(pipeline)) == ([], [], 1)


@pytest.mark.parametrize("field", ["sg_message_id", "smtp-id"])
def test_a_bounce_with_sendgrids_id_alone_finds_its_message(pipeline: Pipeline, field: str) -> None:
    sent(pipeline)
    name = pipeline.log()[0].provider_id
    told = f"{name}.recvd-5f54-1.0" if field == "sg_message_id" else f"<{name}@geopod-ismtpd-1>"
    assert pipeline.settle("sendgrid", [nameless(**{field: told})]) == 1
    assert pipeline.deliver_due() == 1
    assert [(row.channel, row.state) for row in pipeline.log()] == [
        ("email", "undelivered"),
        ("whatsapp", "accepted"),
    ]


def test_an_id_that_nobody_knows_is_waited_for_and_then_it_is_the_address(pipeline: Pipeline) -> None:
    """It may be early. After an hour it is lost, or not ours: the address is dead all the same."""
    sent(pipeline)
    foreign = nameless(sg_message_id="another.filter")
    pipeline.settle("sendgrid", [foreign])
    assert (suppressed(pipeline), waiting(pipeline)) == ([], 1)
    with pipeline.services.engine.connect() as connection:
        ids = receipts.forgotten(connection, 10)
    later = pipeline.at(TUESDAY_0930 + timedelta(hours=2))
    settle(later.services, ids, later.now)
    assert (len(suppressed(later)), waiting(later)) == (1, 0)


def test_what_another_application_is_told_through_the_same_account_stays_its_own(pipeline: Pipeline) -> None:
    """Who leaves a newsletter's group says nothing of reminders."""
    sent(pipeline)
    left = nameless("group_unsubscribe", sg_message_id="news.filter", type=None, status=None)
    pipeline.settle("sendgrid", [left])
    with pipeline.services.engine.connect() as connection:
        ids = receipts.forgotten(connection, 10)
    later = pipeline.at(TUESDAY_0930 + timedelta(hours=2))
    settle(later.services, ids, later.now)
    assert (suppressed(later), later.tasks()) == ([], [])


def test_one_of_many_receipts_without_a_name_holds_up_no_other(pipeline: Pipeline) -> None:
    attempt = sent(pipeline)
    assert pipeline.settle("sendgrid", [nameless(), mail_event(attempt, "delivered")]) == 2
    assert [row.state for row in pipeline.log()] == ["delivered"]
    assert ATTEMPT_ARG not in nameless()[1].decode()


def test_one_bounce_of_an_accountant_of_many_plans_the_newest_and_wakes_the_others(pipeline: Pipeline) -> None:
    """A firm may keep the books of 1,500 customers: planning all of them would hold up every other receipt."""
    sent(pipeline)
    later = pipeline.at(TUESDAY_0930 + timedelta(days=6))
    invoice = {"id": "F-2", "number": "F-2", "due_on": "2026-11-27", "issued_on": "2026-10-20"}
    also = {"id": "C-18", "contacts": [contact_data(email="anne@example.com")]}
    later.take(invoice_event(customer=also, invoice=invoice, id="issue-2"))
    later.deliver_due()
    assert sorted((row.customer, row.channel) for row in later.log() if row.channel == "email") == [
        ("C-17", "email"),
        ("C-18", "email"),
    ]
    with later.services.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE accounts SET due_at = NULL, channel = NULL")
    later.settle("sendgrid", [nameless()])
    assert suppressed(later) == [("email", "anne@example.com", "hard_bounce")]
    assert [(task.kind, task.customer) for task in later.tasks() if task.kind == "repair"] == [("repair", "C-18")]
    assert [one.ids for one in due(later.services, later.now)] == [(later.account("C-17").key,)]
