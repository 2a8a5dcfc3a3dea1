"""`relance task`: what people have to do is listed, shown, closed and approved, each by one of them."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
import sqlalchemy as sa

from cli import task_closing
from cli.main import main
from cli.task_closing import Said
from domain.customer import Seller
from domain.ids import SellerId
from store import inbox, sellers, worklist
from store.worklist import TaskRow
from tests.command import run_relance
from tests.factories import Json, contact_data, invoice_event
from tests.integration.test_cli_holds import count
from tests.integration.test_replies import heard
from tests.pipeline import TUESDAY_0930, Pipeline, clock_setting
from workers.intake import intake

Captured = pytest.CaptureFixture[str]
CALL_HOURS = TUESDAY_0930 + timedelta(hours=1)


@pytest.fixture
def database(database_url: str, bare_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A database that the verbs find in their environment, in the hours of calls of the same Tuesday. No broker."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELANCE_DATABASE_URL", database_url)
    monkeypatch.setenv("RELANCE_CLOCK", clock_setting(CALL_HOURS))
    monkeypatch.setenv("RELANCE_LOG_LEVEL", "error")
    return database_url


def late(number: int, due_on: str, customer: str, **changes: Any) -> Json:
    invoice = {"id": f"F-{number}", "number": f"F-{number}", "due_on": due_on, "issued_on": "2026-08-20"}
    return invoice_event(customer={"id": customer, **changes}, invoice=invoice, id=f"issue-{number}")


@pytest.fixture
def busy(pipeline: Pipeline, database: str) -> Pipeline:
    """C-17 is to be called about F-1; C-18 lives in Auckland and cannot be reached about F-2."""
    at = pipeline.at(CALL_HOURS)
    at.take(late(1, "2026-11-12", "C-17"))
    at.deliver_due()
    at.take(late(2, "2026-11-12", "C-18", name="Kiwi", timezone="Pacific/Auckland", country="NZ", contacts=[]))
    assert [task.kind for task in at.tasks()] == ["phone", "repair"]
    return at


@pytest.fixture
def asked(pipeline: Pipeline, database: str) -> Pipeline:
    """The formal notice about F-3 waits for approval: all before it has been had. A consumer is charged nothing."""
    at = pipeline.at(CALL_HOURS)
    at.take(late(3, "2026-09-20", "C-17", kind="consumer"))
    member = {"unit_id": "F-3", "step": "widen", "cycle": 0, "balance": {"minor": 125000, "currency": "EUR"}}
    had = sa.text(
        "INSERT INTO reminders (id, seller, account_id, claimed_at, step, level, tone, channel, policy, members,"
        " invoice_ids, state) SELECT 'r-1', seller, id, '2026-10-20 10:00Z', 'widen', 2, 2, 'email', 'standard@1',"
        " CAST(:members AS jsonb), ARRAY['F-3'], 'done' FROM accounts"
    )
    with at.services.engine.begin() as connection:
        connection.execute(had, {"members": json.dumps([member])})
    at.take(late(4, "2026-12-20", "C-17", kind="consumer"))
    assert [task.kind for task in at.tasks()] == ["approve"]
    return at


def tasks_of(pipeline: Pipeline, *, is_all: bool = False) -> list[TaskRow]:
    with pipeline.services.engine.connect() as connection:
        return worklist.read(connection, is_all=is_all)


def said(pipeline: Pipeline) -> dict[str, Any]:
    """The source and the data of the newest event in the inbox."""
    with pipeline.services.engine.connect() as connection:
        event = json.loads(connection.exec_driver_sql("SELECT body FROM inbox ORDER BY id DESC LIMIT 1").scalar_one())
    return {"source": event["source"], "type": event["type"], **event["data"]}


def plain(text: str) -> str:
    """With spaces in the places of those that do not break."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def events(pipeline: Pipeline) -> int:
    with pipeline.services.engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM inbox").scalar_one())


# --- Reading ------------------------------------------------------------------------------------------------


def test_open_tasks_are_listed_oldest_first_at_the_customers_own_time(busy: Pipeline, capsys: Captured) -> None:
    assert main(["task", "list", "--json"]) == 0
    call, repair = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (call["kind"], call["customer"], call["name"]) == ("phone", "C-17", "Boulangerie Martin")
    assert (call["step"], call["units"], call["invoices"]) == ("call", ["F-1"], ["F-1"])
    assert call["opened_at"].startswith("2026-11-24T10:30:")
    assert call["opened_at"].endswith("+01:00")
    assert (repair["kind"], repair["units"], repair["state"]) == ("repair", [], "open")
    assert repair["opened_at"].startswith("2026-11-24T22:30:")
    assert repair["opened_at"].endswith("+13:00")


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        (["--kind", "repair"], ["repair"]),
        (["--customer", "C-17"], ["phone"]),
        (["--seller", "acme"], []),  # it is there, and has none
        (["--seller", "default", "--all"], ["phone", "repair"]),
    ],
)
def test_a_list_may_be_narrowed(words: list[str], kinds: list[str], busy: Pipeline, capsys: Captured) -> None:
    with busy.services.engine.begin() as connection:
        sellers.ensure(connection, Seller(SellerId("acme")))
    assert main(["task", "list", "--json", *words]) == 0
    assert [json.loads(line)["kind"] for line in capsys.readouterr().out.splitlines()] == kinds


def test_the_table_shows_as_much_of_an_id_as_closes_it(
    busy: Pipeline, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["task", "list"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "phone" in line)
    assert "C-17 Boulangerie Martin" in line
    assert main(["task", "close", line.split()[0], "--outcome", "done", "--next", "2026-11-30"]) == 0
    count(busy)
    capsys.readouterr()
    assert main(["task", "list", "--all"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "phone" in line)
    assert "done" in line
    assert "2026-11-30" in line


def test_nothing_to_do_is_said(pipeline: Pipeline, database: str, capsys: Captured) -> None:
    assert main(["task", "list"]) == 0
    assert main(["task", "list", "--all"]) == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "There is no open task.\nThere is no task.\n")
    assert main(["task", "list", "--json"]) == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "")


def test_a_call_sheet_is_shown(busy: Pipeline, capsys: Captured) -> None:
    call = tasks_of(busy)[0]
    assert main(["task", "show", call.id[:9]]) == 0
    shown = capsys.readouterr().out
    assert call.body in shown
    assert call.id in shown
    assert "+33612345678" in shown
    assert main(["task", "show", call.id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["body"] == call.body


def test_a_reply_is_shown_in_the_customers_words(busy: Pipeline, capsys: Captured) -> None:
    """The call went to his phone: who answers from it is known."""
    intake(busy.services, heard(busy, "Je paie demain, promis"), busy.now)
    reply = next(task for task in tasks_of(busy) if task.kind == "reply")
    assert main(["task", "show", reply.id]) == 0
    assert capsys.readouterr().out.endswith("\nJe paie demain, promis\n")


def test_a_task_without_a_sheet_says_what_it_asks_for(
    busy: Pipeline, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is to repair a contact has to know which channels were tried and why none of them can be used."""
    monkeypatch.setenv("COLUMNS", "200")
    repair = tasks_of(busy)[1]
    assert main(["task", "list", "--kind", "repair"]) == 0
    assert "Contact à corriger : étape « call »" in plain(capsys.readouterr().out)
    assert main(["task", "show", repair.id]) == 0
    shown = capsys.readouterr()
    assert "Contact à corriger : étape « call »" in plain(shown.out)
    assert "Pas par appel : aucun contact." in plain(shown.out)
    assert f"relance task close {repair.id[:8]} --outcome done --next DATE" in shown.err
    assert main(["task", "show", repair.id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["body"] == ""  # programs read what is kept, and not what is so now


def test_a_task_of_an_account_that_breaks_whoever_plans_it_is_shown_all_the_same(
    busy: Pipeline, capsys: Captured
) -> None:
    """Found in review: it ended in a traceback."""
    repair = tasks_of(busy)[1]
    with busy.services.engine.begin() as connection:
        connection.execute(sa.text("UPDATE facts SET body = '{}'"))
    assert main(["task", "show", repair.id]) == 0
    shown = capsys.readouterr()
    assert "Contact à corriger : étape « call »" in plain(shown.out)
    assert "Où en est ce client ne peut pas être montré" in plain(shown.out)
    assert f"relance task close {repair.id[:8]}" in shown.err


def test_a_contact_to_repair_is_named(busy: Pipeline, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """The column of what tasks are about was empty where they are about no invoice."""
    monkeypatch.setenv("COLUMNS", "200")
    busy.take(late(3, "2026-11-12", "C-19", contacts=[contact_data(name="Zoé Roux", email=None, phone=None)]))
    assert main(["task", "list", "--customer", "C-19"]) == 0
    [line] = plain(capsys.readouterr().out).splitlines()[1:]
    assert line.endswith("Zoé Roux  Contact à corriger : étape « call »")
    assert main(["task", "show", line.split()[0]]) == 0
    assert "call · Zoé Roux" in plain(capsys.readouterr().out)


def test_who_is_asked_to_approve_sees_what_would_be_sent(
    asked: Pipeline, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A formal notice is approved by somebody who has read it."""
    for name, value in (("API_KEY", "SG.x"), ("API_URL", "http://127.0.0.1:9")):
        monkeypatch.setenv(f"RELANCE_SENDGRID_{name}", value)
    monkeypatch.setenv("RELANCE_MAIL_FROM", "compta@seller.example")
    [task] = tasks_of(asked)
    assert main(["task", "show", task.id]) == 0
    shown = capsys.readouterr()
    assert "Étape à valider : étape « formal-notice »" in plain(shown.out)
    assert "F-3 : l’étape « formal-notice » attend l’accord d’une personne." in plain(shown.out)
    assert "e-mail · anne@example.com" in plain(shown.out)
    assert "mise en demeure" in shown.out
    told, text = plain(shown.out).split("e-mail · anne@example.com")
    assert told.endswith("Tel qu’il partirait seul ; il peut être groupé avec d’autres quand il part :\n\n")
    assert "groupé" not in text
    assert f"relance task approve {task.id[:8]}" in shown.err
    assert main(["task", "approve", task.id, "--decline", "--next", "2026-12-01"]) == 0
    count(asked)
    capsys.readouterr()
    assert main(["task", "show", task.id]) == 0
    shown = capsys.readouterr()
    assert "mise en demeure" not in shown.out
    assert shown.err == ""


def test_a_step_whose_rate_is_unknown_says_so_in_the_place_of_its_words(
    asked: Pipeline, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A business is charged by rates, and those of this half-year are not shipped."""
    asked.take(late(3, "2026-09-20", "C-17", kind="business") | {"type": "invoice.updated", "id": "now-business"})
    [task] = [task for task in tasks_of(asked) if task.kind == "approve"]
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["task", "list", "--kind", "fix", "--customer", "C-17"]) == 0
    assert "rate_unknown  default Relance" in plain(
        capsys.readouterr().out
    )  # the seller's own business, of no invoice
    assert main(["task", "show", task.id]) == 0
    assert "2e semestre 2026 n’est pas connu" in plain(capsys.readouterr().out)
    assert main(["template", "show", "formal-notice", "--invoice", "F-3"]) == 2
    assert capsys.readouterr().err == (
        "relance: formal-notice names statutory charges, and the rate of 2026-H2 is unknown or too low:"
        " see RELANCE_RATES\n"
    )


# --- Closing ------------------------------------------------------------------------------------------------


def test_a_call_is_closed_with_what_came_of_it(busy: Pipeline, capsys: Captured) -> None:
    call = tasks_of(busy)[0]
    words = ["--outcome", "promised", "--next", "2026-12-01", "--note", "Anne: mardi", "--by", "Paul"]
    assert main(["task", "close", call.id[:8], *words]) == 0
    assert capsys.readouterr().out == "C-17 (Boulangerie Martin): phone promised, next 2026-12-01\n"
    assert said(busy) == {
        "source": "relance-cli",
        "type": "task.closed",
        "customer_id": "C-17",
        "task_id": call.id,
        "kind": "phone",
        "step": "call",
        "units": ["F-1"],
        "cycle": 0,
        "outcome": "promised",
        "next_on": "2026-12-01",
        "note": "Anne: mardi",
        "by": "Paul",
    }
    assert [task.kind for task in tasks_of(busy)] == ["repair"]  # said, if not counted yet
    assert count(busy) == 1
    [task] = [task for task in tasks_of(busy, is_all=True) if task.id == call.id]
    assert (task.state, task.outcome, task.note, task.by) == ("closed", "promised", "Anne: mardi", "Paul")
    assert main(["log", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "done"


def test_the_date_is_the_customers(busy: Pipeline, capsys: Captured) -> None:
    """At half past ten in the morning in Paris, it is night in Auckland, and soon tomorrow."""
    repair = tasks_of(busy)[1]
    tomorrow = busy.at(CALL_HOURS + timedelta(hours=2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RELANCE_CLOCK", clock_setting(tomorrow.now))
        assert main(["task", "close", repair.id, "--outcome", "done", "--next", "2026-11-24"]) == 2
        told = "relance: --next: 2026-11-24 is over already; at the customer's it is 2026-11-25\n"
        assert capsys.readouterr().err == told
        assert main(["task", "close", repair.id, "--outcome", "done", "--next", "2026-11-25"]) == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "--outcome and --next are missing: of a task of kind phone the outcome is one of done, promised, "),
        (["--next", "2026-12-01"], "--outcome is missing: "),
        (["--outcome", "done"], "--next is missing: "),
        (
            ["--outcome", "approved", "--next", "2026-12-01"],
            "--outcome: 'approved' cannot come of this: of a task of kind phone",
        ),
        (["--outcome", "done", "--next", "01/12/2026"], '--next: "01/12/2026" '),
        (["--outcome", "done", "--next", "\udcff"], "--next: "),
        (["--outcome", "done", "--next", "2026-11-23"], "--next: 2026-11-23 is over already"),
        (["--outcome", "done", "--next", "2026-12-01", "--note", "x" * 10_001], "--note: has 10001 characters"),
        (["--outcome", "done", "--next", "2026-12-01", "--by", "\udcff"], "--by: "),
    ],
)
def test_a_wrong_word_is_named_and_nothing_is_stored(
    words: list[str], told: str, busy: Pipeline, capsys: Captured
) -> None:
    before = events(busy)
    assert main(["task", "close", tasks_of(busy)[0].id, *words]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"relance: {told}")
    assert err.count("\n") == 1
    assert events(busy) == before


def test_a_task_that_is_not_there_or_not_open_is_one_line_and_1(busy: Pipeline, capsys: Captured) -> None:
    words = ["--outcome", "done", "--next", "2026-12-01"]
    call = tasks_of(busy)[0]
    assert main(["task", "close", "\udcff", *words]) == 2
    assert capsys.readouterr().err.startswith("relance: ID: ")
    assert main(["task", "close", call.id, *words]) == 0
    assert main(["task", "close", call.id, *words]) == 1
    assert capsys.readouterr().err == f"there is no open task '{call.id}'; {call.id} is being closed\n"
    count(busy)
    assert main(["task", "close", call.id, *words]) == 1
    assert capsys.readouterr().err == f"there is no open task '{call.id}'; {call.id} is done\n"


def test_a_closing_that_was_set_aside_hides_no_task(busy: Pipeline, capsys: Captured) -> None:
    """It broke intake, and nobody folds it: the work is still to do, and may be closed again."""
    call = tasks_of(busy)[0]
    words = ["task", "close", call.id, "--outcome", "done", "--next", "2026-12-01"]
    assert main(words) == 0
    with busy.services.engine.begin() as connection:
        inbox.set_aside(connection, connection.exec_driver_sql("SELECT max(id) FROM inbox").scalar_one())
    assert [(task.id, task.state) for task in tasks_of(busy)][:1] == [(call.id, "open")]
    assert main(words) == 0


def test_a_beginning_that_several_tasks_share_is_refused(busy: Pipeline, capsys: Captured) -> None:
    with busy.services.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tasks SET id = 'abcd-' || kind")
    for verb in (["close"], ["approve"], ["show"]):
        assert main(["task", *verb, "abcd"]) == 2
        assert capsys.readouterr().err == "relance: ID: several tasks begin with 'abcd'; give more of it\n"
    assert main(["task", "close", "abcd-p", "--outcome", "done", "--next", "2026-12-01"]) == 0


def test_two_people_who_close_a_task_at_once_are_one_who_does(busy: Pipeline) -> None:
    """Below the command line, which is made for one thread a process."""
    call = tasks_of(busy)[0]
    said = [Said(outcome, "2026-12-01", None, None) for outcome in ("done", "no_answer", "says_paid", "refused")]
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda one: task_closing.close(busy.services, call.id, one), said))
    assert sorted(codes) == [0, 1, 1, 1]
    assert count(busy) == 1
    assert next(task for task in tasks_of(busy, is_all=True) if task.id == call.id).state == "closed"


def test_a_closing_tells_a_worker_at_once(busy: Pipeline, database: str, redis_url: str, tmp_path: Path) -> None:
    settings = {"database_url": database, "redis_url": redis_url, "clock": clock_setting(CALL_HOURS)}
    words = ("task", "close", tasks_of(busy)[0].id, "--outcome", "done", "--next", "2026-12-01")
    ended = run_relance(*words, folder=tmp_path, settings=settings)
    assert (ended.returncode, ended.stderr) == (0, "")
    broker = redis.Redis.from_url(redis_url)
    assert broker.llen("intake") == 1
    broker.close()


# --- Approving ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "outcome", "next_on"),
    [
        ([], "approved", "2026-11-24"),
        (["--next", "2026-12-01", "--note", "ok", "--by", "Paul"], "approved", "2026-12-01"),
        (["--decline", "--next", "2026-12-01"], "declined", "2026-12-01"),
        (["--postpone", "--next", "2026-12-01"], "postponed", "2026-12-01"),
    ],
)
def test_a_step_is_approved_or_not(words: list[str], outcome: str, next_on: str, asked: Pipeline) -> None:
    [task] = tasks_of(asked)
    assert main(["task", "approve", task.id[:8], *words]) == 0
    assert (said(asked)["outcome"], said(asked)["next_on"], said(asked)["kind"]) == (outcome, next_on, "approve")
    count(asked)
    [row] = [row for row in tasks_of(asked, is_all=True) if row.id == task.id]
    assert (row.state, row.outcome, row.by) == ("closed", outcome, "Paul" if "Paul" in words else "")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--decline", "--postpone"], "--decline and --postpone: say one of them"),
        (["--decline"], "--next is missing: a step that is declined needs a date"),
        (["--postpone"], "--next is missing: a step that is postponed needs a date"),
        (["--next", "2026-11-01"], "--next: 2026-11-01 is over already"),
    ],
)
def test_what_cannot_be_approved_so_is_one_line(
    words: list[str], told: str, asked: Pipeline, capsys: Captured
) -> None:
    assert main(["task", "approve", tasks_of(asked)[0].id, *words]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"relance: {told}")
    assert err.count("\n") == 1


def test_only_a_step_is_approved(busy: Pipeline, capsys: Captured) -> None:
    assert main(["task", "approve", tasks_of(busy)[0].id]) == 2
    assert capsys.readouterr().err.endswith(" is a phone task; close it with `relance task close`\n")
    assert main(["task", "approve", "ffff0000"]) == 2
