"""`relance quarantine`: what could not be taken in holds what it may concern, until a person has looked."""

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cli.main import main
from config.wiring import DEFAULT_SELLER
from domain.customer import Seller
from domain.ids import SellerId
from store import inbox, quarantine, sellers
from store.quarantine import Quarantined
from tests.factories import contact_data, event, invoice_event
from tests.pipeline import TUESDAY_0930, Pipeline, clock_setting
from workers.due import due
from workers.intake import intake
from workers.settle import settle

Captured = pytest.CaptureFixture[str]
PAID = {"invoice_id": "F-1", "paid_on": "2026-11-23"}


@pytest.fixture
def verbs(
    pipeline: Pipeline, database_url: str, bare_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Pipeline:
    """A pipeline, and verbs that find its database in their environment at the same business time. No broker."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELANCE_DATABASE_URL", database_url)
    monkeypatch.setenv("RELANCE_CLOCK", clock_setting(TUESDAY_0930))
    monkeypatch.setenv("RELANCE_LOG_LEVEL", "error")
    return pipeline


def issued(number: int = 1, **invoice: Any) -> dict[str, Any]:
    told = {"id": f"F-{number}", "number": f"F-{number}", "due_on": "2026-11-20", "issued_on": "2026-10-20"}
    return invoice_event(customer={"id": f"C-{number}"}, invoice={**told, **invoice}, id=f"issue-{number}")


@pytest.fixture
def poisoned(verbs: Pipeline) -> Pipeline:
    """C-1 and C-2 owe; the payment of C-1 is in the inbox, and breaks intake three times."""
    verbs.take(issued(1), issued(2))
    reply = verbs.receive(event("invoice.paid", PAID, id="paid-1"))
    execute(verbs, "UPDATE inbox SET fact = '{}' WHERE event_id = 'paid-1'")
    for _ in range(3):
        intake(verbs.services, reply.inbox_ids, verbs.now)
    return verbs


def execute(pipeline: Pipeline, statement: str) -> None:
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text(statement))


def mended(pipeline: Pipeline) -> None:
    """Whatever broke the intake does so no more."""
    good = '{"invoice_id": "F-1", "paid_on": "2026-11-23"}'
    with pipeline.services.engine.begin() as connection:
        connection.execute(sa.text("UPDATE inbox SET fact = :fact WHERE event_id = 'paid-1'"), {"fact": good})


def count(pipeline: Pipeline) -> int:
    """Folds what waits in the inbox, as the sweep has it done where no broker told a worker."""
    with pipeline.services.engine.connect() as connection:
        ids = inbox.forgotten(connection, 0, 100)
    return intake(pipeline.services, ids, pipeline.now)


def waiting(pipeline: Pipeline) -> list[quarantine.QuarantineRow]:
    with pipeline.services.engine.connect() as connection:
        return quarantine.read(connection)


def test_a_payment_that_cannot_be_folded_holds_its_account_and_no_other(poisoned: Pipeline) -> None:
    assert poisoned.deliver_due() == 1
    assert [row.customer for row in poisoned.log()] == ["C-2"]
    assert poisoned.codes("C-1")[0] == "event_in_quarantine"
    assert [e.event for e in poisoned.journal("C-1")].count("event.quarantined") == 1


def test_a_held_account_makes_nobody_spin(poisoned: Pipeline) -> None:
    """It is due no more, also after half a minute, and after another event has been folded."""
    poisoned.deliver_due()
    poisoned.take(issued(1, total="1300.00") | {"id": "issue-1b"})
    execute(poisoned, "UPDATE accounts SET nudged_at = NULL")
    assert due(poisoned.services, poisoned.now) == []
    assert poisoned.account("C-1").due_at is None


def test_explain_says_that_a_person_has_to_look_and_foresees_nothing(poisoned: Pipeline, capsys: Captured) -> None:
    poisoned.deliver_due()
    assert main(["explain", "C-1", "--lang", "en"]) == 0
    told = capsys.readouterr().out
    assert "Event invoice.paid (paid-1) could not be taken in: nothing goes out before a person" in told
    assert "Nothing is planned." in told


def test_a_retry_folds_it_as_if_it_had_just_come(poisoned: Pipeline, capsys: Captured) -> None:
    poisoned.deliver_due()
    mended(poisoned)
    [one] = waiting(poisoned)
    assert main(["quarantine", "retry", str(one.id)]) == 0
    assert capsys.readouterr().out == f"{one.id}: taken in again\n"
    assert count(poisoned) == 1
    assert poisoned.codes("C-1") == ["nothing_owed"]
    assert waiting(poisoned) == []
    assert main(["quarantine", "retry", str(one.id)]) == 1
    assert capsys.readouterr().err == f"{one.id}: it does not wait any more\n"
    assert main(["quarantine", "retry", "--all"]) == 0
    assert capsys.readouterr().err.startswith("Nothing waits that could be taken in again; ")


def test_what_breaks_again_is_in_quarantine_again_and_holds_still(poisoned: Pipeline) -> None:
    assert main(["quarantine", "retry", "--all"]) == 0
    for _ in range(3):
        count(poisoned)
    assert len(waiting(poisoned)) == 1
    poisoned.deliver_due()
    assert [row.customer for row in poisoned.log()] == ["C-2"]


def test_what_is_dropped_counts_for_nothing_and_is_kept(poisoned: Pipeline, capsys: Captured) -> None:
    poisoned.deliver_due()
    [one] = waiting(poisoned)
    assert main(["quarantine", "drop", str(one.id), "--reason", "sent by mistake"]) == 0
    assert capsys.readouterr().out == f"{one.id}: dropped\n"
    assert poisoned.deliver_due() == 1
    assert {row.customer for row in poisoned.log()} == {"C-1", "C-2"}
    told = [e.facts for e in poisoned.journal("C-1") if e.event == "event.dropped"]
    assert told == [{"quarantine": one.id, "kind": "crash", "reason": "sent by mistake"}]
    assert main(["quarantine", "drop", str(one.id), "--reason", "again"]) == 1
    assert main(["quarantine", "list"]) == 0
    assert main(["quarantine", "list", "--all", "--json"]) == 0
    kept = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (kept["outcome"], kept["reason"]) == ("dropped", "sent by mistake")


def test_what_waits_is_listed_and_shown_whole(poisoned: Pipeline, capsys: Captured) -> None:
    [one] = waiting(poisoned)
    assert main(["quarantine", "list", "--seller", "default"]) == 0
    told = capsys.readouterr().out
    assert f"{one.id} " in told
    assert "crash" in told
    assert main(["quarantine", "show", str(one.id)]) == 0
    assert '"paid-1"' in capsys.readouterr().out
    assert main(["quarantine", "show", str(one.id), "--json"]) == 0
    assert json.loads(json.loads(capsys.readouterr().out)["raw"])["id"] == "paid-1"
    with poisoned.services.engine.begin() as connection:
        sellers.ensure(connection, Seller(SellerId("acme")))
    assert main(["quarantine", "list", "--seller", "acme"]) == 0
    assert capsys.readouterr().err == "Nothing is in quarantine.\n"


def test_an_event_that_was_refused_is_read_again_by_the_rules_of_today(verbs: Pipeline, capsys: Captured) -> None:
    """Its place among the facts is that of its arrival."""
    verbs.receive(issued(1, currency="XXZ"))
    [one] = waiting(verbs)
    assert main(["quarantine", "retry", str(one.id)]) == 1
    assert capsys.readouterr().err.startswith(f"{one.id}: data.invoice.currency")
    assert [row.id for row in waiting(verbs)] == [one.id]
    execute(verbs, "UPDATE quarantine SET raw = convert_to(replace(convert_from(raw, 'UTF8'), 'XXZ', 'EUR'), 'UTF8')")
    assert main(["quarantine", "retry", "--all"]) == 0
    with verbs.services.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT received_at FROM inbox")).scalar_one() == one.at
    assert count(verbs) == 1
    assert verbs.deliver_due() == 1


def test_what_is_no_json_stays(verbs: Pipeline, capsys: Captured) -> None:
    put(verbs, Quarantined(DEFAULT_SELLER, "event", None, "too deep", b"[[[", TUESDAY_0930))
    assert main(["quarantine", "retry", "--all"]) == 1
    assert "it is not JSON" in capsys.readouterr().err


def test_a_conflict_is_taken_in_beside_the_first_one_if_a_person_says_so(verbs: Pipeline, capsys: Captured) -> None:
    verbs.take(issued(1, due_on="2026-11-20"))
    assert verbs.receive(issued(1, due_on="2027-01-20")).rejected[0].is_conflict
    [one] = waiting(verbs)
    assert main(["quarantine", "retry", "--all"]) == 0
    assert [row.id for row in waiting(verbs)] == [one.id]
    assert main(["quarantine", "retry", str(one.id)]) == 0
    count(verbs)
    assert verbs.deliver_due() == 0
    plan = verbs.account("C-1").plan
    assert plan is not None
    assert plan["reminder"]["at"] > "2027-01"


def put(pipeline: Pipeline, *items: Quarantined) -> None:
    with pipeline.services.engine.begin() as connection:
        quarantine.set_aside(connection, items)


def test_a_callback_that_could_not_be_read_is_read_again(verbs: Pipeline) -> None:
    """What it reports finds its attempt by the provider's id; a reply holds; what is still wrong stays."""
    invoice = issued(1)
    invoice["data"]["customer"] |= {"preferred_channel": "sms", "contacts": [contact_data()]}
    verbs.take(invoice)
    verbs.deliver_due()
    [row] = verbs.log()
    status = f"MessageSid={row.provider_id}&MessageStatus=delivered&To=%2B33612345678"
    reply = "MessageSid=SM9&From=%2B33612345678&To=%2B33755000001&Body=Bonjour"
    mail = b'[{"event": "delivered", "email": "anne@example.com", "sg_message_id": "m"}]'
    nobody = SellerId("")
    for reference, raw in (
        ("twilio", status.encode()),
        ("twilio", reply.encode()),
        ("sendgrid", mail),
        ("twilio", b"To=x"),
    ):
        put(verbs, Quarantined(nobody, "callback", reference, "?", raw, verbs.now))
    assert main(["quarantine", "retry", "--all"]) == 1
    assert [one.raw for one in waiting(verbs)] == [b"To=x"]
    with verbs.services.engine.connect() as connection:
        ids = [id_ for (id_,) in connection.execute(sa.text("SELECT id FROM receipts WHERE settled_at IS NULL"))]
    settle(verbs.services, ids, verbs.now)
    assert [one.state for one in verbs.log()] == ["delivered"]
    assert count(verbs) == 1
    assert "reply_unread" in verbs.codes("C-1")


def test_what_is_sent_again_each_night_is_kept_once(verbs: Pipeline) -> None:
    """A nightly export with a bad line: a person has one row to look at, until that is closed."""
    bad, other = issued(1, total="much"), issued(2, total="a lot")
    for _ in range(3):
        verbs.receive(bad, other)
    assert [row.reference for row in waiting(verbs)] == ["issue-1", "issue-2"]
    assert main(["quarantine", "drop", str(waiting(verbs)[0].id), "--reason", "wrong"]) == 0
    verbs.receive(bad)
    assert [row.reference for row in waiting(verbs)] == ["issue-2", "issue-1"]


def test_two_events_that_broke_intake_are_two_whatever_they_say(verbs: Pipeline) -> None:
    items = [Quarantined(DEFAULT_SELLER, "crash", str(number), "broke", b"{}", TUESDAY_0930) for number in (1, 2)]
    for one in items:
        with verbs.services.engine.begin() as connection:
            quarantine.set_aside(connection, [one])
    assert [row.reference for row in waiting(verbs)] == ["1", "2"]


def test_one_that_takes_too_long_ends_no_retry_of_all(verbs: Pipeline, capsys: Captured) -> None:
    owner = SellerId("")
    with verbs.services.engine.begin() as connection:
        quarantine.set_aside(connection, [Quarantined(owner, "callback", "sendgrid", "p", b"[]", verbs.now)])
        quarantine.set_aside(connection, [Quarantined(owner, "callback", "sendgrid", "p", b"[ ]", verbs.now)])
    with verbs.services.engine.connect() as connection:
        first, second = [one.id for one in quarantine.read(connection)]
        quarantine.one(connection, first, is_locked=True)
        assert main(["quarantine", "retry", "--all"]) == 1
    told = capsys.readouterr()
    assert told.out.splitlines() == [f"{second}: taken in again"]
    assert told.err.splitlines() == [f"{first}: it took too long; try it again alone, when less is going on"]
