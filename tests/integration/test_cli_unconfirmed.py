"""`relance unconfirmed`: a person who has looked at the provider's log ends the doubt."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from cli.main import main
from domain.customer import Seller
from domain.ids import AttemptId, SellerId
from store import sellers
from tests.factories import invoice_event
from tests.integration.test_settle import mail_event
from tests.pipeline import TUESDAY_0930, Pipeline, clock_setting
from tests.simulator_process import Simulator
from workers.ask import ask
from workers.resolve import NOT_SENT, SENT, Resolution, resolve

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def doubt(
    pipeline: Pipeline,
    simulator: Simulator,
    database_url: str,
    bare_environment: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Pipeline:
    """A mail of which nobody knows whether it was sent, and verbs that find it at the same business time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELANCE_DATABASE_URL", database_url)
    monkeypatch.setenv("RELANCE_CLOCK", clock_setting(TUESDAY_0930))
    monkeypatch.setenv("RELANCE_LOG_LEVEL", "error")
    monkeypatch.delenv("COLUMNS", raising=False)
    simulator.switch(fault="5xx-before", times=1)
    pipeline.take(invoice_event(invoice={"id": "F-2026-0042", "number": "F-2026-0042", "due_on": "2026-11-20"}))
    pipeline.deliver_due()
    with pipeline.services.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE attempts SET ask_at = clock_timestamp()")
    ask(pipeline.services, pipeline.runner, pipeline.now)
    return pipeline


def states(pipeline: Pipeline) -> list[str]:
    return [row.state for row in pipeline.log()]


def attempt(pipeline: Pipeline) -> AttemptId:
    return AttemptId(pipeline.log()[0].attempt)


def test_what_is_in_doubt_is_listed_with_whom_it_is_left_to(doubt: Pipeline, capsys: Captured) -> None:
    assert main(["unconfirmed", "list"]) == 0
    told = capsys.readouterr().out
    row = told.splitlines()[1]  # all of it in one line, for grep: this is no terminal
    for word in (attempt(doubt)[:8], "Boulangerie", "email", "an…@example.com", "F-2026-0042"):
        assert word in row
    assert "anne@example.com" not in told
    assert main(["unconfirmed", "list", "--json", "--seller", "default"]) == 0
    one = json.loads(capsys.readouterr().out)
    assert (one["attempt"], one["to"], one["asked_again_at"]) == (attempt(doubt), "anne@example.com", None)
    with doubt.services.engine.begin() as connection:
        sellers.ensure(connection, Seller(SellerId("acme")))
    assert main(["unconfirmed", "list", "--seller", "acme"]) == 0
    assert capsys.readouterr().err == "Nothing is in doubt.\n"


def test_sent_ends_the_reminder_and_nothing_is_sent_again(
    doubt: Pipeline, simulator: Simulator, capsys: Captured
) -> None:
    assert main(["unconfirmed", "resolve", attempt(doubt)[:8], "--sent"]) == 0
    assert capsys.readouterr().out == "C-17 (Boulangerie Martin): email sent\n"
    assert states(doubt) == ["accepted"]
    assert doubt.deliver_due() == 0
    assert "delivery_running" not in doubt.codes()
    assert simulator.messages() == []
    assert main(["unconfirmed", "resolve", attempt(doubt), "--not-sent"]) == 1
    assert capsys.readouterr().err == f"no attempt '{attempt(doubt)}' is in doubt: it is accepted\n"


def test_not_sent_is_sent_once(doubt: Pipeline, simulator: Simulator, capsys: Captured) -> None:
    assert main(["unconfirmed", "resolve", attempt(doubt), "--not-sent"]) == 0
    assert capsys.readouterr().out == "C-17 (Boulangerie Martin): email not sent\n"
    again = doubt.at(doubt.now + timedelta(minutes=1))
    assert again.deliver_due() == 1
    assert states(doubt) == ["refused", "accepted"]
    assert len(simulator.messages()) == 1
    assert [e.facts for e in doubt.journal() if e.event == "attempt.resolved"] == [
        {"channel": "email", "state": "refused", "by_whom": "person"}
    ]


def test_not_sent_after_the_day_is_planned_again(doubt: Pipeline, simulator: Simulator) -> None:
    """The window of that day is over: it goes out in the next one."""
    evening = doubt.at(TUESDAY_0930 + timedelta(hours=10))
    with doubt.services.engine.begin() as connection:
        resolve(connection, evening.services, [Resolution(attempt(doubt), NOT_SENT, "person")], evening.now)
    assert evening.deliver_due() == 0
    assert doubt.at(TUESDAY_0930 + timedelta(days=1, hours=2)).deliver_due() == 1


def test_of_a_person_and_a_receipt_the_first_one_counts(doubt: Pipeline) -> None:
    doubt.settle("sendgrid", [mail_event(attempt(doubt), "delivered")])
    with doubt.services.engine.begin() as connection:
        assert resolve(connection, doubt.services, [Resolution(attempt(doubt), SENT, "person")], doubt.now) == set()
    assert states(doubt) == ["delivered"]
