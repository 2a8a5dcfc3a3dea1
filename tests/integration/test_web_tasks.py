"""The page of open tasks: what a collector has to do, the oldest first, with what is owed and how each is closed."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from config.wiring import DEFAULT_SELLER, Services
from domain.ids import AccountKey
from store import tasks as task_store
from store import worklist
from store.tasks import NewTask
from tests.asked import statements
from tests.factories import Json, contact_data, customer_data, event, invoice_event
from tests.integration.test_web_pages import ENGLISH, log_in, owing
from tests.pipeline import TUESDAY_0930, Pipeline
from tests.two_sellers import OTHER, OTHER_KEY, book_two_sellers
from tests.web_server import Web, run_web
from web import pages, tasks

CALL_HOURS = TUESDAY_0930.replace(hour=9)
"""Half past ten in Paris: hours of calls."""


@pytest.fixture
def web(pipeline: Pipeline) -> Iterator[Web]:
    with run_web(pipeline.services) as web:
        yield web


def late(number: str, customer: str, due_on: str = "2026-11-12", **changes: object) -> Json:
    bill = {"id": f"in_{number}", "number": f"F-{number}", "due_on": due_on, "issued_on": "2026-08-20"}
    return invoice_event(customer={"id": customer, **changes}, invoice=bill, id=f"issue-{number}")


@pytest.fixture
def busy(pipeline: Pipeline) -> Pipeline:
    """C-17 is to be called about F-1; the butcher, later, cannot be reached at all."""
    at = pipeline.at(CALL_HOURS)
    at.take(late("1", "C-17"), late("3", "C-17", "2026-12-20"))
    at.deliver_due()
    nobody = [contact_data(email=None, phone=None)]
    at.take(late("2", "C/18 é", "2026-11-20", name="<b>Boucherie</b> & fils", contacts=nobody))
    assert [task.kind for task in at.tasks()] == ["phone", "repair"]
    return at


def rows_of(page: str) -> list[str]:
    """The words of each row of the table, with plain spaces."""
    body = page[page.index("<tbody>") : page.index("</tbody>")]
    return [words(row) for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)]


def words(part: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", part)).split())


def opened(pipeline: Pipeline, names: list[str], **changes: Any) -> None:
    """Tasks of the seller's first account, all opened at the same instant."""
    with pipeline.services.engine.begin() as connection:
        key = AccountKey(connection.execute(sa.text("SELECT min(id) FROM accounts")).scalar_one())
        one = NewTask("", DEFAULT_SELLER, key, "letter", "letter", ("in_1",), pipeline.now)
        task_store.open_tasks(connection, [replace(one, id=name, **changes) for name in names])


# --- What it shows ------------------------------------------------------------------------------------------


def test_open_tasks_are_listed_with_what_is_owed_and_how_to_close_them(web: Web, busy: Pipeline) -> None:
    call, repair = busy.tasks()
    page = web.get("/tasks", log_in(web), ENGLISH).text
    first, second = rows_of(page)
    assert first.startswith("Phone call: step “call”")
    assert "Boulangerie Martin" in first
    assert "F-1 €1,250.00 12 Nov 2026 24 Nov 2026, 10:30" in first
    assert f"relance task close {call.id[:8]} --outcome done|promised|" in first
    assert second.startswith("Contact to repair: Anne Martin")
    assert "all that is owed €1,250.00 20 Nov 2026" in second
    assert f"relance task close {repair.id[:8]} --outcome done --next DATE" in second
    assert 'title="in_1">F-1<' in page
    assert f'href="/customers/C%2F18%20%C3%A9?lang=en#task-{repair.id}"' in page
    assert "<b>Boucherie" not in page


def test_they_are_told_in_the_readers_language(web: Web, busy: Pipeline) -> None:
    page = web.get("/tasks?lang=fr", log_in(web), ENGLISH).text
    first, second = rows_of(page)
    assert "<h1>Tâches ouvertes</h1>" in page
    assert first.startswith("Appel : étape « call » Boulangerie Martin")
    assert "1 250,00 € 12/11/2026" in first
    assert second.startswith("Contact à corriger : ")
    assert "tout ce qui est dû" in second
    assert "Heures du client." in page


def test_a_step_to_approve_has_a_command_for_each_word(web: Web, busy: Pipeline) -> None:
    opened(busy, ["approve-1"], kind="approve", step="formal-notice")
    page = web.get("/tasks", log_in(web), ENGLISH).text
    for command in ("approve-", "approve- --decline --next DATE", "approve- --postpone --next DATE"):
        assert f"<code>relance task approve {command}</code>" in page
    assert "Step to approve: step “formal-notice”" in words(page)


def test_a_letter_can_be_printed_and_its_id_is_shown_as_far_as_tells_it_apart(web: Web, busy: Pipeline) -> None:
    opened(busy, ["twins-of-1", "twins-of-2"])
    page = web.get("/tasks", log_in(web), ENGLISH).text
    assert 'href="/tasks/twins-of-1.pdf"' in page
    assert "relance task close twins-of-1 --outcome done --next DATE" in words(page)


def test_a_reply_is_about_all_that_is_owed_and_not_about_the_receipt_it_is_kept_with(
    web: Web, busy: Pipeline
) -> None:
    opened(busy, ["reply-1"], kind="reply", step="", units=("SM0123",))
    [told] = [row for row in rows_of(web.get("/tasks", log_in(web), ENGLISH).text) if row.startswith("Reply to read")]
    assert "SM0123" not in told
    assert "all that is owed €2,500.00 12 Nov 2026" in told


def test_the_order_is_that_of_the_command_line_and_what_somebody_has_closed_is_gone(web: Web, busy: Pipeline) -> None:
    opened(busy, ["b-second", "a-first"])
    visitor = log_in(web)
    assert ids_on(web.get("/tasks", visitor).text) == [task.id for task in busy.tasks()]
    call = next(task for task in busy.tasks() if task.kind == "phone")
    told = {"customer_id": "C-17", "task_id": call.id, "kind": "phone", "outcome": "done", "next_on": "2026-12-01"}
    busy.receive(event("task.closed", told, id="closed-1"))
    assert call.id not in ids_on(web.get("/tasks", visitor).text)


def ids_on(page: str) -> list[str]:
    return re.findall(r'#task-([^"]*)"', page)


def test_a_task_leads_to_its_place_on_the_customers_page(web: Web, busy: Pipeline) -> None:
    visitor = log_in(web)
    path = html.unescape(re.findall(r'href="(/customers/C-17[^"]*)#task', web.get("/tasks", visitor).text)[0])
    assert f'id="task-{busy.tasks()[0].id}"' in web.get(path, visitor).text


def test_an_empty_list_says_so(web: Web) -> None:
    visitor = log_in(web)
    assert "<p>Aucune tâche ouverte.</p>" in web.get("/tasks?lang=fr", visitor).text
    assert "Tâches ouvertes\u00a0:" not in web.get("/?lang=fr", visitor).text


# --- How much of it -----------------------------------------------------------------------------------------


def test_more_tasks_than_a_page_holds_are_counted_and_come_page_by_page(
    web: Web, busy: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of one instant are told apart by their ids."""
    opened(busy, ["one", "two", "three"])
    monkeypatch.setattr(tasks, "PAGE", 2)
    visitor, path, found = log_in(web), "/tasks?lang=fr", []
    while path:
        page = html.unescape(web.get(path, visitor).text)
        found.append(ids_on(page))
        assert f"Tâches affichées\u00a0: {len(found[-1])} sur 5" in page
        assert ("Première page" in page) == (len(found) > 1)
        path = (re.findall(r'rel="next" href="([^"]*)"', page) or [""])[0]
    assert [len(one) for one in found] == [2, 2, 1]
    assert [name for one in found for name in one] == [task.id for task in busy.tasks()]
    monkeypatch.setattr(tasks, "MOST_COUNTED", 4)
    assert "Tâches affichées\u00a0: 2 sur plus de 3" in web.get("/tasks?lang=fr", visitor).text


def test_what_is_no_place_in_the_list_is_refused(web: Web) -> None:
    answer = web.get("/tasks?after=x", log_in(web))
    assert answer.status == 422
    assert answer.json == {"error": "after: no place in the list; take the link on its page"}


def test_a_list_takes_as_many_questions_for_many_tasks_and_customers_as_for_one(web: Web, pipeline: Pipeline) -> None:
    visitor, asked = log_in(web), []
    for numbers in ((1,), range(2, 9)):
        for n in numbers:
            unreached = customer_data(id=f"D-{n}", name=f"D {n}", contacts=[contact_data(email=None, phone=None)])
            bill = {"due_on": "2026-11-20", "issued_on": "2026-10-20", "id": f"in_{n}", "number": f"F-{n}"}
            pipeline.take(invoice_event(customer=unreached, invoice=bill, id=f"d-{n}"))
        with statements(pipeline.services) as found:
            page = web.get("/tasks", visitor).text
        asked.append((len(ids_on(page)), len(found)))
    (few, first), (many, second) = asked
    assert (few, many) == (1, 8)
    assert first == second < 15


# --- Whose, and whatever breaks -----------------------------------------------------------------------------


def test_another_sellers_tasks_are_nobodys_business(web: Web, pipeline: Pipeline) -> None:
    book_two_sellers(pipeline)
    assert "Quatremer" in web.get("/tasks", log_in(web)).text
    page = web.get("/tasks?lang=en", log_in(web, OTHER_KEY)).text
    assert "Quatremer" not in page
    with pipeline.services.engine.connect() as connection:
        assert ids_on(page) == [task.id for task in worklist.read(connection, seller=OTHER)]
        assert worklist.how_many(connection, OTHER, 10) == len(ids_on(page))


def test_accounts_that_break_leave_the_others_amounts_and_every_task(
    web: Web, services: Services, busy: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    with services.engine.begin() as connection:
        connection.execute(sa.text("UPDATE facts SET body = '{}' WHERE account_id = (SELECT min(id) FROM accounts)"))
    told = structlog.testing.CapturingLogger()
    monkeypatch.setattr(tasks, "log", told)
    first, second = rows_of(web.get("/tasks", log_in(web), ENGLISH).text)
    assert "Boulangerie Martin in_1" not in first
    assert "F-1 — —" in first
    assert "€1,250.00" in second
    assert [(line.method_name, line.args) for line in told.calls] == [("warning", ("owed.not_told",))]


def test_strangers_are_sent_to_the_login(web: Web) -> None:
    assert web.get("/tasks").headers["location"] == "/login"


# --- From the other pages -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/customers", "/customers/C-17"])
def test_every_page_leads_to_the_list(web: Web, busy: Pipeline, path: str) -> None:
    assert '<a href="/tasks?lang=en">Open tasks</a>' in web.get(path, log_in(web), ENGLISH).text


def test_the_first_page_counts_them(web: Web, busy: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = log_in(web)
    assert '<a href="/tasks?lang=en">Open tasks: 2</a>' in web.get("/?lang=en", visitor).text
    assert "Tâches ouvertes\u00a0: 2" in html.unescape(web.get("/?lang=fr", visitor).text)
    monkeypatch.setattr(pages, "MOST_TASKS", 2)
    assert "Open tasks: more than 1" in web.get("/?lang=en", visitor).text


def test_the_list_can_be_heard_and_runs_nothing(web: Web, pipeline: Pipeline) -> None:
    owing(pipeline, 1)
    opened(pipeline, ["one"])
    page = web.get("/tasks", log_in(web)).text
    assert page.count("<table") == page.count("<caption") == 1
    assert not re.findall(r"<th(?![^>]*scope=)[ >]", page)
    assert "<script" not in page
