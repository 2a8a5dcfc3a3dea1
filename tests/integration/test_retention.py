"""What leaves, when, and what never does: planning answers the same before and after, and no event counts twice."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from cli.main import main
from store import book, retention
from store.retention import Kind
from tests.factories import Json, contact_data, event, invoice_event
from tests.integration.test_replies import heard
from tests.integration.test_settle import mail_event, text_status
from tests.integration.test_web_pages import log_in
from tests.pipeline import TUESDAY_0930, Pipeline, clock_setting
from tests.web_server import run_web
from workers import keep as keep_step
from workers.due import plan_again
from workers.intake import intake
from workers.keep import KINDS, MONTHS, WORDS, keep, would_leave
from workers.planned import plan_as_json
from workers.planning import plan_accounts
from workers.take_again import drop, take_again

NONE = dict.fromkeys(KINDS, 0)
A_YEAR, ELEVEN_YEARS = timedelta(days=430), timedelta(days=366 * 11 + 40)


def late(number: int, customer: str = "C-17", **changes: Any) -> Json:
    invoice = {"id": f"F-{number}", "number": f"F-{number}", "due_on": "2026-11-20", "issued_on": "2026-10-20"}
    return invoice_event(customer={"id": customer} | changes, invoice=invoice, id=f"issue-{number}")


def paid(number: int) -> Json:
    return event("invoice.paid", {"invoice_id": f"F-{number}", "paid_on": "2026-11-25"}, id=f"paid-{number}")


def sql(pipeline: Pipeline, statement: str) -> list[Any]:
    with pipeline.services.engine.begin() as connection:
        found = connection.execute(sa.text(statement))
        return list(found.scalars()) if found.returns_rows else []


def left(pipeline: Pipeline, after: timedelta) -> dict[str, int]:
    """What a run so long after leaves out, without the kinds of which nothing left."""
    found = keep(pipeline.at(TUESDAY_0930 + after).services, TUESDAY_0930 + after).left
    return {name: number for name, number in found.items() if number and name != MONTHS}


@pytest.fixture
def lived(pipeline: Pipeline) -> Pipeline:
    """C-17 was written to, answered and paid; C-18 was written to and owes; one event was refused, one is new."""
    pipeline.take(late(1), late(2, "C-18"))
    assert pipeline.deliver_due() == 2
    for row in pipeline.log():
        pipeline.settle("sendgrid", [mail_event(row.attempt, "delivered", email=row.to)])
    assert [row.state for row in pipeline.log()] == ["delivered", "delivered"]
    heard(pipeline, "START")  # from a number that was never texted: it waits until it is looked for
    pipeline.take(paid(1))
    pipeline.receive({"id": "bad", "specversion": "1.0", "source": "billing", "type": "invoice.issued", "data": {}})
    pipeline.receive(late(3, "C-19"))
    return pipeline


def plans(pipeline: Pipeline, at: datetime) -> list[Json]:
    """Every account planned at that instant, as the database keeps plans."""
    with book.reading(pipeline.services.engine) as connection:
        rows = book.batch(connection, 100)
        return [plan_as_json(one) for one in plan_accounts(connection, pipeline.services, rows, at)]


def test_in_the_first_year_nothing_leaves(lived: Pipeline) -> None:
    assert left(lived, timedelta(days=365)) == {}


def test_after_a_year_the_bodies_of_what_was_taken_in_leave(lived: Pipeline) -> None:
    [refused] = sql(lived, "SELECT id FROM quarantine WHERE kind = 'event'")
    assert drop(lived.services, refused, "sent by mistake", lived.now)
    assert left(lived, A_YEAR) == {"bodies of events": 3, "bodies of receipts": 2, "quarantine": 1}
    kept = sql(lived, "SELECT event_id FROM inbox WHERE body <> '' AND fact <> ''")
    assert kept == ["issue-3"]
    assert sql(lived, "SELECT key FROM receipts WHERE raw <> '' AND body ? 'address'") == ["twilio:SM9:inbound"]
    assert left(lived, A_YEAR) == {}


def test_an_event_whose_body_has_left_counts_once_all_the_same(lived: Pipeline) -> None:
    left(lived, A_YEAR)
    assert lived.receive(late(1)).duplicate == 1
    assert lived.receive(late(1) | {"type": "invoice.updated"}).rejected[0].error.startswith("conflict")


def test_a_receipt_whose_body_has_left_counts_once_all_the_same(lived: Pipeline) -> None:
    left(lived, A_YEAR)
    [row] = [row for row in lived.log() if row.customer == "C-17"]
    assert lived.settle("sendgrid", [mail_event(row.attempt, "delivered")]) == 0


def test_after_eleven_years_the_words_to_who_owes_nothing_leave(lived: Pipeline) -> None:
    gone = left(lived, ELEVEN_YEARS)
    assert {name: gone.get(name) for name in (WORDS, "replies")} == {WORDS: 1, "replies": 1}
    [owed, over] = sorted(lived.log(), key=lambda row: row.customer, reverse=True)
    assert (owed.customer, bool(owed.message["text"])) == ("C-18", True)
    assert (over.customer, over.message) == ("C-17", {"subject": None, "text": "", "html": None})
    assert (over.state, over.to, over.cc) == ("delivered", "anne@example.com", ())
    assert sql(lived, "SELECT DISTINCT attempt_id FROM contacted") == [owed.attempt]


@pytest.mark.parametrize("owes", [1, 2])
def test_what_is_owed_still_does_not_keep_the_words_beside_it(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, owes: int
) -> None:
    """Debts that are never paid gather, before or after what may leave: each run looks at so many of them."""
    monkeypatch.setattr(keep_step, "BATCH", 1)
    monkeypatch.setattr(keep_step, "MOST_BATCHES", 1)
    for number in (1, 2):
        at = pipeline.at(TUESDAY_0930 + timedelta(days=number))
        contact = contact_data(email=f"c{number}@example.com", phone=None)
        at.take(late(number, f"C-{number}", contacts=[contact]))
        assert at.deliver_due() == 1
    pipeline.at(TUESDAY_0930 + timedelta(days=2)).take(paid(3 - owes))
    for row in pipeline.log():
        pipeline.settle("sendgrid", [mail_event(row.attempt, "delivered", email=row.to)])
    first = datetime(2037, 12, 1, tzinfo=UTC) - TUESDAY_0930
    runs = [left(pipeline, first + timedelta(hours=hour)).get(WORDS, 0) for hour in range(100)]
    assert sum(runs) == 1
    [kept] = [row.customer for row in pipeline.log() if row.message["text"]]
    assert kept == f"C-{owes}"


def test_the_page_of_a_reminder_without_words_says_so(lived: Pipeline) -> None:
    left(lived, ELEVEN_YEARS)
    pages = {}
    with run_web(lived.services) as web:
        seen = log_in(web)
        for row in lived.log():
            page = web.get(f"/reminders/{row.reminder}", seen)
            pages[row.customer] = (page.status, "n’est pas ou plus conservé" in page.text)
    assert pages == {"C-17": (200, True), "C-18": (200, False)}


@pytest.mark.parametrize("after", [A_YEAR, ELEVEN_YEARS])
@pytest.mark.parametrize("asked", [timedelta(minutes=5), timedelta(days=20), A_YEAR, ELEVEN_YEARS])
def test_planning_answers_the_same_before_and_after(lived: Pipeline, after: timedelta, asked: timedelta) -> None:
    before = plans(lived, TUESDAY_0930 + asked)
    assert len(before) >= 2
    left(lived, after)
    assert plans(lived, TUESDAY_0930 + asked) == before


def test_nothing_is_sent_again_afterwards(lived: Pipeline) -> None:
    left(lived, ELEVEN_YEARS)
    sql(lived, "UPDATE accounts SET due_at = now() - interval '20 years', channel = 'email', nudged_at = NULL")
    assert lived.deliver_due() == 0


def test_a_stop_years_later_still_finds_whom_it_is_about(pipeline: Pipeline) -> None:
    pipeline.take(late(1, preferred_channel="sms"))
    assert pipeline.deliver_due() == 1
    pipeline.settle("twilio", [text_status(pipeline.log()[0].attempt, "delivered")])
    pipeline.take(paid(1))
    assert left(pipeline, ELEVEN_YEARS)[WORDS] == 1
    heard(pipeline, "STOP")
    assert [entry.event for entry in pipeline.journal()] == ["inbound.stopped"]


def test_what_waits_for_a_person_is_kept_as_long_as_it_waits(lived: Pipeline) -> None:
    """An event that breaks intake, one that was refused, a message in doubt: nobody has seen to them yet."""
    sql(lived, "UPDATE inbox SET quarantined_at = now() WHERE event_id = 'issue-3'")
    sql(
        lived,
        "INSERT INTO quarantine (seller, kind, reference, problem, raw, at)"
        " SELECT 'default', 'crash', id::text, 'broke', ''::bytea, received_at FROM inbox WHERE event_id = 'issue-1'",
    )
    sql(lived, "UPDATE attempts SET state = 'unconfirmed' WHERE recipient = 'anne@example.com'")
    left(lived, ELEVEN_YEARS)
    assert sql(lived, "SELECT event_id FROM inbox WHERE body <> '' ORDER BY id") == ["issue-1", "issue-3"]
    assert sql(lived, "SELECT kind FROM quarantine ORDER BY kind") == ["crash", "event", "reply"]
    assert all(row.message["text"] for row in lived.log())
    [crash] = sql(lived, "SELECT id FROM quarantine WHERE kind = 'crash'")
    assert take_again(lived.services, crash, lived.now).problem is None


def test_a_reply_is_kept_until_somebody_has_read_it(pipeline: Pipeline) -> None:
    pipeline.take(late(1, preferred_channel="sms"))
    pipeline.deliver_due()
    assert intake(pipeline.services, heard(pipeline, "j'ai payé hier"), pipeline.now) == 1
    plan_again(pipeline.services, sql(pipeline, "SELECT id FROM accounts"), pipeline.now)
    left(pipeline, ELEVEN_YEARS)
    words = "SELECT key FROM receipts WHERE raw <> '' AND body ? 'address'"
    assert sql(pipeline, words) == ["twilio:SM9:inbound"]
    sql(pipeline, "UPDATE tasks SET closed_at = now()")
    left(pipeline, ELEVEN_YEARS)
    assert sql(pipeline, words) == []


def test_what_people_noted_leaves_with_the_task_closed_and_not_before(pipeline: Pipeline) -> None:
    pipeline.take(late(1, contacts=[]), late(2, "C-18", contacts=[]))
    pipeline.at(TUESDAY_0930 + timedelta(days=2)).deliver_due()
    told = "title = 'Martin', body = '+33612345678', note = 'will pay'"
    sql(pipeline, f"UPDATE tasks SET {told}")  # noqa: S608 - ours
    sql(pipeline, f"UPDATE tasks SET closed_at = '{TUESDAY_0930}' WHERE id = (SELECT min(id) FROM tasks)")  # noqa: S608
    assert left(pipeline, ELEVEN_YEARS)["words of tasks"] == 1
    assert sql(pipeline, "SELECT title || body || note FROM tasks WHERE closed_at IS NOT NULL") == [""]
    assert set(sql(pipeline, "SELECT note FROM tasks WHERE closed_at IS NULL")) == {"will pay"}


def test_what_people_noted_does_not_come_back_with_the_next_plan(pipeline: Pipeline) -> None:
    """The facts still say it; nothing new is told, so nothing is closed, or journaled, again."""
    pipeline.take(late(1, preferred_channel="sms"))
    assert pipeline.deliver_due() == 1
    intake(pipeline.services, heard(pipeline, "Bonjour, je regarde cela"), pipeline.now)
    [task] = sql(pipeline, "SELECT id FROM tasks")
    said = {
        "customer_id": "C-17",
        "task_id": task,
        "kind": "reply",
        "units": sql(pipeline, "SELECT units[1] FROM tasks"),
    }
    said |= {"outcome": "done", "next_on": "2026-11-24", "note": "Anne is ill"}
    pipeline.take(event("task.closed", said, id="read", time="2026-11-24T10:00:00+01:00"))
    assert sql(pipeline, "SELECT note FROM tasks") == ["Anne is ill"]
    assert left(pipeline, ELEVEN_YEARS)["words of tasks"] == 1
    plan_again(pipeline.services, sql(pipeline, "SELECT id FROM accounts"), TUESDAY_0930 + ELEVEN_YEARS)
    assert sql(pipeline, "SELECT note FROM tasks") == [""]
    assert sql(pipeline, "SELECT count(*) FROM journal WHERE event = 'task.closed'") == [0]


def test_a_dry_run_says_what_leaves_and_touches_nothing(
    lived: Pipeline,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    then = TUESDAY_0930 + ELEVEN_YEARS
    services = lived.at(then).services
    told = would_leave(services, then)
    assert tuple(told) == KINDS
    monkeypatch.chdir(tmp_path)
    for name, value in {"DATABASE_URL": database_url, "CLOCK": clock_setting(then), "LOG_LEVEL": "error"}.items():
        monkeypatch.setenv(f"RELANCE_{name}", value)
    assert main(["keep", "--dry-run"]) == 0
    lines = [f"{name}: {number}" for name, number in told.items()]
    assert capsys.readouterr().out.splitlines() == lines
    assert main(["keep", "--dry-run", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows == [{"kind": name, "count": number} for name, number in told.items()]
    assert would_leave(services, then) == told
    assert main(["keep"]) == 0
    assert capsys.readouterr().out.splitlines() == lines
    assert would_leave(services, then) == NONE


def test_many_at_once_let_go_of_each_thing_once(lived: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep_step, "BATCH", 1)
    then = TUESDAY_0930 + ELEVEN_YEARS
    services = lived.at(then).services
    told = would_leave(services, then)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: keep(services, then).left, range(4)))
    rest = keep(services, then).left
    total = {name: sum(one.get(name, 0) for one in (*found, rest)) for name in KINDS}
    assert total == told


def test_one_that_is_killed_halfway_has_done_what_it_has_done(
    lived: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It breaks after its first batch, as a process does that is killed; the next run does the rest."""
    monkeypatch.setattr(keep_step, "BATCH", 1)
    then = TUESDAY_0930 + ELEVEN_YEARS
    services = lived.at(then).services
    told = would_leave(services, then)
    whole: Callable[[Any, Kind, datetime, int], int] = retention.let_go
    calls = []

    def dies(connection: Any, kind: Kind, before: datetime, limit: int) -> int:
        calls.append(kind)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return whole(connection, kind, before, limit)

    monkeypatch.setattr(retention, "let_go", dies)
    with pytest.raises(KeyboardInterrupt):
        keep(services, then)
    rest = would_leave(services, then)
    assert 0 < sum(rest.values()) < sum(told.values())
    keep(services, then)
    assert would_leave(services, then) == NONE


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> structlog.testing.CapturingLogger:
    """What the job logs."""
    logger = structlog.testing.CapturingLogger()
    monkeypatch.setattr(keep_step, "log", logger)
    return logger


def test_a_worker_whose_clock_is_ahead_lets_nothing_go(
    lived: Pipeline, told: structlog.testing.CapturingLogger
) -> None:
    """It stands eleven years ahead of the database's: by the true time nothing is old."""
    wrong = lived.now + ELEVEN_YEARS
    assert would_leave(lived.services, wrong) == NONE
    assert keep(lived.services, wrong).left == NONE
    off, _done = told.calls[-2:]
    assert (off.method_name, off.args, off.kwargs["here"]) == ("warning", ("keep.clock_off",), wrong.isoformat())
    assert abs(datetime.fromisoformat(off.kwargs["database"]) - lived.now) < timedelta(minutes=1)
    assert left(lived, ELEVEN_YEARS)[WORDS] == 1  # by the true time it does


def test_a_database_whose_clock_is_ahead_lets_nothing_go(lived: Pipeline) -> None:
    ahead = lived.at(TUESDAY_0930 + ELEVEN_YEARS).services
    assert would_leave(ahead, TUESDAY_0930) == NONE
    assert keep(ahead, TUESDAY_0930).left == NONE


def test_clocks_that_stand_minutes_apart_are_nothing_to_tell(
    lived: Pipeline, told: structlog.testing.CapturingLogger
) -> None:
    keep(lived.services, lived.now + timedelta(minutes=2))
    assert [call.args for call in told.calls] == [("keep.done",)]
