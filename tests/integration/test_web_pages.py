"""The pages over real HTTP: closed to strangers, scoped by seller, showing what was sent and saying why."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
import sqlalchemy as sa
import structlog

from channels.kept import pictured
from config.keys import LOGIN, SESSION, login_token, new_key, sign_token
from config.wiring import Services
from domain.customer import Seller
from domain.ids import SellerId
from store import log, overview, sellers
from tests.asked import statements
from tests.factories import contact_data, customer_data, event, invoice_event
from tests.pipeline import Pipeline
from tests.services import KEY, KEY_ID, SECRET_KEY, using_services
from tests.web_server import BEARER, Answer, Web, run_web
from web import owed, pages

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ENGLISH = {"Accept-Language": "de, en-GB;q=0.8"}
SOON = timedelta(minutes=10)


@pytest.fixture(scope="module")
def shared_web(shared_database_url: str) -> Iterator[Web]:
    """One edge with an empty book, for what changes nothing."""
    with using_services(shared_database_url) as services, run_web(services) as web:
        yield web


@pytest.fixture
def web(services: Services) -> Iterator[Web]:
    with run_web(services) as web:
        yield web


@pytest.fixture
def reminded(pipeline: Pipeline) -> Pipeline:
    """A bakery with a mail that went out, and a butcher without an address."""
    late = {"due_on": "2026-11-20", "issued_on": "2026-10-20"}
    butcher = customer_data(
        id="C/18 é", name="<b>Boucherie</b> & fils", contacts=[contact_data(email=None, phone=None)]
    )
    pipeline.take(
        invoice_event(invoice=late),
        invoice_event(customer=butcher, invoice=late | {"id": "F-18", "number": "F-18"}, id="evt-18"),
    )
    pipeline.deliver_due()
    return pipeline


def cookie_of(answer: Answer) -> dict[str, str]:
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


def log_in(web: Web, key: str = KEY) -> dict[str, str]:
    answer = web.post("/login", f"key={key}".encode(), FORM)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    return cookie_of(answer)


def token(purpose: str = LOGIN, key_id: str = KEY_ID, lasts: timedelta = SOON, secret: str = SECRET_KEY) -> str:
    return sign_token(secret, purpose, key_id, datetime.now(UTC) + lasts)


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_language_that_was_chosen_stays(shared_web: Web, lang: str) -> None:
    """Whoever chose one was back in the browser's after the login, and without the filter in the log."""
    assert shared_web.get(f"/customers?lang={lang}").headers["location"] == f"/login?lang={lang}"
    answer = shared_web.post(f"/login?lang={lang}", f"key={KEY}".encode(), FORM)
    assert answer.headers["location"] == f"/?lang={lang}"
    page = shared_web.get("/?customer=C%2F1&refresh=off", cookie_of(answer)).text
    assert f'href="?lang={lang}&amp;customer=C%2F1&amp;refresh=off"' in page
    assert f'action="/logout?lang={lang}"' in shared_web.get(f"/customers?lang={lang}", cookie_of(answer)).text
    assert shared_web.post(f"/logout?lang={lang}", b"", FORM).headers["location"] == f"/login?lang={lang}"
    assert shared_web.get("/customers?lang=//evil").headers["location"] == "/login"


# --- Who may look -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/customers", "/customers/C-17", "/reminders/x"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        BEARER,
        {"Cookie": "relance_session=x"},
        {"Cookie": f"relance_session={token(LOGIN)}"},
        {"Cookie": f"relance_session={token(SESSION, lasts=-SOON)}"},
        {"Cookie": f"relance_session={token(SESSION, secret='another')}"},
        {"Cookie": f"relance_session={token(SESSION, key_id='another')}"},
    ],
)
def test_strangers_are_sent_to_the_login(shared_web: Web, path: str, headers: dict[str, str]) -> None:
    answer = shared_web.get(path, headers)
    assert (answer.status, answer.headers["location"]) == (303, "/login")
    assert "Boulangerie" not in answer.text


def test_a_key_opens_the_pages_and_stays_out_of_the_cookie(shared_web: Web) -> None:
    answer = shared_web.post("/login", f"key=+{KEY}+".encode(), FORM)
    cookie = answer.headers["set-cookie"]
    assert answer.status == 303
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert KEY not in cookie
    assert shared_web.get("/", cookie_of(answer)).status == 200


def test_a_signed_link_opens_them_until_it_is_over(shared_web: Web) -> None:
    """`up` and `demo` print one; the key itself stands in no address."""
    good = shared_web.get(f"/login?token={login_token(SECRET_KEY, KEY_ID, datetime.now(UTC) + SOON)}")
    assert (good.status, shared_web.get("/", cookie_of(good)).status) == (303, 200)
    for bad in (token(SESSION), token(lasts=-SOON), token(secret="x"), token(key_id="x"), "", "..", "é.1.2"):
        answer = shared_web.get(f"/login?token={quote(bad)}")
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_a_wrong_key_opens_nothing(shared_web: Web) -> None:
    for body in (b"key=rk_wrong", b"", b"\xff", b"key="):
        answer = shared_web.post("/login", body, FORM)
        assert (answer.status, "set-cookie" in answer.headers) == (401, False)
        assert answer.headers["www-authenticate"] == "Bearer"  # RFC 9110, 11.6.1: no 401 without
    elsewhere = shared_web.post("/login", f"key={KEY}".encode(), FORM, {"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status == 403


def test_logging_out_forgets_the_visitor(shared_web: Web) -> None:
    answer = shared_web.post("/logout", b"", log_in(shared_web))
    assert (answer.status, 'relance_session=""' in answer.headers["set-cookie"]) == (303, True)


def test_a_revoked_key_closes_its_sessions(web: Web, services: Services) -> None:
    cookie = log_in(web)
    with services.engine.begin() as connection:
        connection.execute(sa.text("update api_keys set revoked_at = now()"))
    assert web.get("/", cookie).status == 303


def test_over_https_the_cookie_stays_there(services: Services) -> None:
    public = services.settings.model_copy(update={"public_url": "https://relance.example.com"})
    with run_web(replace(services, settings=public)) as web:
        assert "Secure" in web.post("/login", f"key={KEY}".encode(), FORM).headers["set-cookie"]


def test_without_a_secret_the_pages_are_closed(database_url: str) -> None:
    with using_services(database_url, secret_key=None) as services, run_web(services) as web:
        assert web.get("/").status == 303
        assert (web.get("/login").status, "RELANCE_SECRET_KEY" in web.get("/login").text) == (503, True)
        assert web.post("/login", f"key={KEY}".encode(), FORM).status == 401


def test_another_seller_sees_nothing_of_it(web: Web, services: Services, reminded: Pipeline) -> None:
    key_id, key = new_key()
    with services.engine.begin() as connection:
        sellers.ensure(connection, Seller(SellerId("other")))
        sellers.add_key(connection, key_id, key, SellerId("other"))
    cookie = log_in(web, key)
    assert "Boulangerie" not in web.get("/", cookie).text
    assert "Boulangerie" not in web.get("/customers", cookie).text
    assert web.get("/customers/C-17", cookie).status == 404
    assert web.get(f"/reminders/{reminded.log()[0].reminder}", cookie).status == 404


# --- What they show -----------------------------------------------------------------------------------------


def test_the_log_shows_what_went_out_and_can_be_narrowed(web: Web, reminded: Pipeline) -> None:
    cookie = log_in(web)
    page = web.get("/", cookie, ENGLISH)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for words in ("Boulangerie Martin", "anne@example.com", "F-2026-0042", "accepted", '<html lang="en">'):
        assert words in page.text
    assert 'http-equiv="refresh"' in page.text
    assert 'http-equiv="refresh"' not in web.get("/?refresh=off", cookie).text
    assert "anne@example.com" not in web.get(f"/?customer={quote('C/18 é')}", cookie).text
    assert "anne@example.com" in web.get("/?customer=C-17", cookie).text


def test_a_reminder_shows_each_message_exactly_as_sent(web: Web, reminded: Pipeline) -> None:
    [row] = reminded.log()
    page = web.get(f"/reminders/{row.reminder}", log_in(web), ENGLISH).text
    for words in (str(row.message["subject"]), str(row.message["text"]).splitlines()[0]):
        assert escaped(words) in page
    shown = str(pictured(row.message))
    assert f'sandbox="" title="The mail as displayed" srcdoc="{escaped(shown)}"' in page
    assert "cid:" in str(row.message["html"])
    assert "cid:" not in shown
    assert "Attempt 1 by e-mail, step “first”, policy standard@1." in page
    assert "Answer: accepted" in page


def test_a_customer_shows_what_comes_next_and_why(web: Web, reminded: Pipeline) -> None:
    page = web.get("/customers/C-17?lang=fr", log_in(web), ENGLISH).text
    for words in (
        "La suite",
        "Planifié",
        "Événement invoice.issued reçu (evt-0001, source\u00a0: billing)",
        "Aucune tâche ouverte",
    ):
        assert escaped(words) in page


def test_pages_name_invoices_by_the_number_that_people_know(web: Web, pipeline: Pipeline) -> None:
    """The billing system's id is on no letter, and whoever calls about `in_1PgafmB7` is understood by nobody."""
    late = {"due_on": "2026-11-20", "issued_on": "2026-10-20", "id": "in_1Pgaf", "number": "F-2026-0099"}
    later = {"due_on": "2026-12-20", "issued_on": "2026-11-20", "id": "in_2Pgaf", "number": "F-2026-0100"}
    pipeline.take(invoice_event(invoice=late), invoice_event(invoice=later, id="evt-2"))
    pipeline.deliver_due()
    visitor = log_in(web)
    paths = ("/", "/customers", "/customers/C-17", f"/reminders/{pipeline.log()[0].reminder}")
    for page in (web.get(path, visitor, ENGLISH).text for path in paths):
        assert not re.findall(r"in_\dPgaf", re.sub(r'title="in_\dPgaf"', "", page))
        assert "F-2026-0099" in page or "F-2026-0100" in page
    assert 'title="in_1Pgaf">F-2026-0099<' in web.get("/", visitor).text


def owing(pipeline: Pipeline, *numbers: int) -> None:
    """Invoices of the bakery, each due four days before the pipeline's Tuesday."""
    late = {"due_on": "2026-11-20", "issued_on": "2026-10-20"}
    for n in numbers:
        pipeline.take(invoice_event(invoice=late | {"id": f"in_{n}", "number": f"F-{n}"}, id=f"owing-{n}"))


@pytest.fixture
def web_there(pipeline: Pipeline) -> Iterator[Web]:
    """The edge at the pipeline's business time: what is owed is told as of now."""
    with run_web(pipeline.services) as web:
        yield web


def test_a_customer_shows_what_is_owed_first(web_there: Web, pipeline: Pipeline) -> None:
    owing(pipeline, 1, 2, 3, 4)
    in_parts = [{"due_on": "2026-11-20", "amount": "50.00"}, {"due_on": "2026-12-20", "amount": "1200.00"}]
    pipeline.take(
        invoice_event(invoice={"id": "in_5", "number": "F-5", "instalments": in_parts}, id="owing-5"),
        invoice_event(invoice={"id": "J-1", "number": "J-1", "currency": "JPY", "total": "900"}, id="owing-6"),
        event("payment.received", PAID | {"invoice_id": "in_1"}, id="e1"),
        event("invoice.paid", {"invoice_id": "in_2", "paid_on": "2026-11-23"}, id="e2"),
        event("invoice.disputed", {"invoice_id": "in_3", "reason": "x"}, id="e3"),
        event("promise.made", {"invoice_ids": ["in_4"], "amount": None, "promised_on": "2026-11-30"}, id="e4"),
    )
    pipeline.deliver_due()
    visitor = log_in(web_there)
    table = owed_part(web_there.get("/customers/C-17?lang=fr", visitor).text)
    for words in (
        "Total dû EUR 4 750,00 € , dont échu : 3 550,00 €",
        "Total dû JPY 900 JPY , dont échu : 0 JPY",
        "F-1 20/10/2026 20/11/2026 1 250,00 € 1 000,00 € en retard de 4 jours first, 24/11/2026",
        "F-3 20/10/2026 20/11/2026 1 250,00 € 1 250,00 € en retard de 4 jours, contestée — —",
        "F-4 20/10/2026 20/11/2026 1 250,00 € 1 250,00 € en retard de 4 jours, paiement promis, on attend jusqu’au",
        "F-5 02/11/2026 02/12/2026 1 250,00 € 1 250,00 € en 2 échéances voir les échéances",
        "F-5 (échéance 2) 20/12/2026 1 200,00 € pas encore échue",
    ):
        assert words in table
    assert "F-2" not in table
    english = owed_part(web_there.get("/customers/C-17?lang=en", visitor).text)
    assert "F-1 20 Oct 2026 20 Nov 2026 €1,250.00 €1,000.00 4 days late first, 24 Nov 2026" in english


def owed_part(page: str) -> str:
    """The words of the part above what comes next, with plain spaces."""
    part = page[page.index("</h1>") : page.index("<h2>", page.index("<table"))]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", part)).split())


PAID = {"payment_id": "p1", "amount": "250.00", "currency": "EUR", "paid_on": "2026-11-23"}


def test_what_is_owed_takes_as_many_questions_for_many_invoices_as_for_one(
    web: Web, services: Services, pipeline: Pipeline
) -> None:
    visitor, asked = log_in(web), []
    owing(pipeline, 1)
    web.get("/customers/C-17", visitor)  # reads the policies, once for each process
    for numbers in ((), range(2, 8)):
        owing(pipeline, *numbers)
        with statements(services) as found:
            web.get("/customers/C-17", visitor)
        asked.append(len(found))
    assert asked[0] == asked[1] < 25


def test_an_account_that_breaks_whoever_plans_it_has_its_page_all_the_same(
    web: Web, services: Services, reminded: Pipeline
) -> None:
    with services.engine.begin() as connection:
        connection.execute(sa.text("update facts set body = '{}'"))
    page = web.get("/customers/C-17", log_in(web))
    assert (page.status, "Ce qui est dû ne peut pas être montré" in page.text) == (200, True)
    assert "anne@example.com" in page.text


def test_a_table_that_breaks_takes_nothing_else_off_the_page(
    web: Web, reminded: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise KeyError("F-1")

    monkeypatch.setattr(owed, "owed_of", breaks)
    told = structlog.testing.CapturingLogger()
    monkeypatch.setattr(owed, "log", told)
    page = web.get("/customers/C-17?lang=fr", log_in(web))
    assert (page.status, "Ce qui est dû ne peut pas être montré" in page.text) == (200, True)
    assert "anne@example.com" in page.text
    [line] = told.calls
    assert (line.method_name, line.args, line.kwargs["error"]) == ("warning", ("owed.not_told",), "KeyError")


@pytest.mark.parametrize(
    "facts",
    [
        {"unit": 7, "lead": ["F-1"], "units": "F-1", "invoices": 12},
        {"units": [None, {"id": "F-1"}], "invoices": [["F-1"]], "reasons": "none"},
        {"reasons": [{"code": "x", "facts": ["F-1"]}], "invoices": {"F-1": 1}},
    ],
)
def test_facts_of_any_shape_leave_the_page_whole(
    web: Web, services: Services, reminded: Pipeline, facts: dict[str, object]
) -> None:
    """The journal keeps what earlier releases wrote."""
    with services.engine.begin() as connection:
        connection.execute(sa.text("UPDATE journal SET facts = :facts"), {"facts": json.dumps(facts)})
    assert web.get("/customers/C-17", log_in(web)).status == 200


def test_who_owes_nothing_has_no_table(web: Web, reminded: Pipeline) -> None:
    reminded.take(event("invoice.paid", {"invoice_id": "F-18", "paid_on": "2026-11-24"}, id="paid-18"))
    page = web.get(f"/customers/{quote('C/18 é', safe='')}?lang=fr", log_in(web)).text
    assert "<p>Rien n’est dû.</p>" in page


@pytest.mark.parametrize("path", ["/", "/customers", "/customers/C-17"])
def test_tables_can_be_heard(web: Web, reminded: Pipeline, path: str) -> None:
    """Who listens to a page is told what each table and each column is about."""
    page = web.get(path, log_in(web)).text
    assert page.count("<table") == page.count("<caption") > 0
    assert not re.findall(r"<th(?![^>]*scope=)[ >]", page)


def test_a_customer_who_cannot_be_reached_shows_the_open_task(web: Web, reminded: Pipeline) -> None:
    """Their name and id are strangers' text: shown as written, and never as markup."""
    page = web.get(f"/customers/{quote('C/18 é', safe='')}", log_in(web), ENGLISH).text
    assert "contact to repair" in page
    assert "no address" in page
    assert f"<code>{reminded.tasks()[0].id[:8]}</code>" in page  # by which `relance task` knows it
    assert '<p class="soft"> ·' not in page  # a contact to repair is about no invoice
    assert "<b>Boucherie" not in page
    assert "&lt;b&gt;Boucherie&lt;/b&gt; &amp; fils" in page


def test_a_task_that_somebody_has_just_closed_is_on_no_page(web: Web, reminded: Pipeline) -> None:
    """As `relance task list` has it: while its `task.closed` waits to be folded, nobody is asked to do it again."""
    path, visitor = f"/customers/{quote('C/18 é', safe='')}", log_in(web)
    [task] = reminded.tasks()
    assert "<h3>contact to repair" in web.get(path, visitor, ENGLISH).text
    told = {"customer_id": "C/18 é", "task_id": task.id, "kind": task.kind, "outcome": "done"}
    reminded.receive(event("task.closed", told | {"next_on": "2026-12-01"}, id="closed-1"))
    assert "<h3>contact to repair" not in web.get(path, visitor, ENGLISH).text


def test_customers_lists_all_with_the_reason_for_each_silence(web: Web, reminded: Pipeline) -> None:
    reminded.take(event("invoice.paid", {"invoice_id": "F-18", "paid_on": "2026-11-24"}, id="paid-18"))
    page = web.get("/customers", log_in(web), ENGLISH).text
    assert "Boulangerie Martin" in page
    assert "Nothing is owed." in page


SEVERAL = (("C-1", "Épicerie d’Étienne"), ("C-10", "50% Discount_GmbH"), ("C-2", "Anne"), ("C-3", "Bernard"))
LIGATURES = (("D-1", "Cœur & Œuvre"), ("D-2", "Weiß"), ("D-3", "Ex Æquo"))


@pytest.fixture
def several(services: Services) -> Services:
    """Customers with names of all kinds; of Anne there is an invoice."""
    add = sa.text("INSERT INTO accounts (seller, customer_id, name) VALUES ('default', :id, :name)")
    owe = sa.text("INSERT INTO invoices SELECT 'default', 'in_7', id, 'F-7' FROM accounts WHERE customer_id = 'C-2'")
    with services.engine.begin() as connection:
        for customer, name in SEVERAL:
            connection.execute(add, {"id": customer, "name": name})
        connection.execute(owe)
    return services


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["Épicerie d’Étienne", "50% Discount_GmbH", "Anne", "Bernard"]),
        ("  etienne ", ["Épicerie d’Étienne"]),
        ("ÉPICERIE D'", ["Épicerie d’Étienne"]),
        ("%", ["50% Discount_GmbH"]),
        ("t_g", ["50% Discount_GmbH"]),
        ("C-1", ["Épicerie d’Étienne"]),
        ("c-1", ["Épicerie d’Étienne", "50% Discount_GmbH"]),
        ("f-7", ["Anne"]),
        ("in_7", ["Anne"]),
        ("<nobody>", []),
    ],
)
def test_a_customer_is_found_by_name_id_or_invoice_number(
    web: Web, several: Services, text: str, names: list[str]
) -> None:
    """Of five thousand customers nobody scrolls to one. An id that there is means just that customer."""
    page = web.get(f"/customers?lang=fr&q={quote(text)}", log_in(web)).text
    found = re.findall(r'<a href="/customers/[^"]*">([^<]*)</a>', page)
    assert [html.unescape(one) for one in found] == names
    assert f'value="{escaped(text.strip())}"' in page
    assert ("Rien ne correspond à cette recherche." in page) == (not names)


@pytest.mark.parametrize(
    ("text", "name"),
    [("coeur", "Cœur"), ("CŒUR", "Cœur"), ("& oeuvre", "Cœur"), ("WEISS", "Weiß"), ("weiß", "Weiß"), ("aeq", "Ex Æ")],
)
def test_letters_that_are_two_are_found_as_two_and_as_one(web: Web, services: Services, text: str, name: str) -> None:
    add = sa.text("INSERT INTO accounts (seller, customer_id, name) VALUES ('default', :id, :name)")
    with services.engine.begin() as connection:
        for customer, called in LIGATURES:
            connection.execute(add, {"id": customer, "name": called})
    page = html.unescape(web.get(f"/customers?lang=fr&q={quote(text)}", log_in(web)).text)
    assert [one.startswith(name) for one in re.findall(r'<a href="/customers/[^"]*">([^<]*)</a>', page)] == [True]


def test_more_customers_than_a_page_holds_are_counted_and_come_page_by_page(
    web: Web, several: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those after the first five hundred were nowhere, and nothing said so."""
    monkeypatch.setattr(pages, "PAGE", 2)
    visitor, path, found = log_in(web), "/customers?lang=fr", []
    while path:
        page = html.unescape(web.get(path, visitor).text)
        found.append(re.findall(r'<a href="/customers/([^"]*)[?]', page))
        assert "Clients affichés\u00a0: 2 sur 4" in page
        assert ("Première page" in page) == (len(found) > 1)
        path = (re.findall(r'rel="next" href="([^"]*)"', page) or [""])[0]
    assert found == [["C-1", "C-10"], ["C-2", "C-3"]]
    monkeypatch.setattr(pages, "MOST_COUNTED", 4)
    assert "Clients affichés\u00a0: 2 sur plus de 3" in web.get("/customers?lang=fr", visitor).text


def test_the_log_goes_back_page_by_page(web: Web, reminded: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was older than the newest two hundred contacts could not be seen."""
    monkeypatch.setattr(pages, "NEWEST", 1)
    for n in (1, 2):
        bill = {"due_on": "2026-11-20", "issued_on": "2026-10-20", "id": f"F-{n}", "number": f"F-{n}"}
        reminded.take(invoice_event(customer=customer_data(id=f"D-{n}", name=f"D {n}"), invoice=bill, id=f"d-{n}"))
        reminded.at(reminded.now + timedelta(minutes=n)).deliver_due()
    visitor, path, found = log_in(web), "/?lang=fr", []
    while path:
        page = html.unescape(web.get(path, visitor).text)
        found += re.findall(r'<a href="/customers/([^"]*)[?]', page)
        assert ('http-equiv="refresh"' in page) == (len(found) == 1)
        path = (re.findall(r'rel="next" href="([^"]*)"', page) or [""])[0]
    assert found == ["D-2", "D-1", "C-17"]
    assert "D 1" in web.get("/?customer=d+1", visitor).text
    assert "D 2" not in web.get("/?customer=d+1", visitor).text
    assert web.get("/?before=x", visitor).status == 422


def test_the_log_of_some_customers_reads_no_others_contacts(
    web: Web, services: Services, reminded: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each refresh, every five seconds, looked for the text beside each of the seller's attempts."""
    visitor, asked = log_in(web), []
    for text in ("martin", "C-17", "F-2026-0042", "nobody"):
        with statements(services) as found:
            assert ("anne@example.com" in web.get(f"/?customer={text}", visitor).text) == (text != "nobody")
        asked += [one for one in found if "FROM attempts" in one]
    assert len(asked) == 4
    assert not [one for one in asked if "octet_length" in one]
    monkeypatch.setattr(log, "MOST_MEANT", 0)  # a text that means most: the newest are soon found
    assert "anne@example.com" in web.get("/?customer=martin", visitor).text
    assert "anne@example.com" not in web.get("/?customer=nobody", visitor).text


def test_a_customers_own_log_is_found_by_an_id_with_blanks_at_its_ends(web: Web, pipeline: Pipeline) -> None:
    """The link on its page led to the log of another customer."""
    for name, number in ((" C-1 ", "One"), ("C-1", "Other")):
        bill = {"due_on": "2026-11-20", "issued_on": "2026-10-20", "id": number, "number": number}
        people = [contact_data(email=f"{number}@example.com", phone=None)]
        pipeline.take(
            invoice_event(customer=customer_data(id=name, name=number, contacts=people), invoice=bill, id=number)
        )
    pipeline.deliver_due()
    page = web.get("/?customer=%20C-1%20&lang=en", log_in(web)).text
    assert re.findall(r'<a href="/customers/[^"]*">([^<]*)</a>', page) == ["One"]
    assert 'href="?lang=fr&amp;customer=%20C-1%20&amp;' in page


def test_no_page_is_loaded_again_while_somebody_types_into_it(shared_web: Web) -> None:
    """Every five seconds what had been typed was gone."""
    visitor = log_in(shared_web)
    for path in ("/?lang=fr", "/?lang=fr&refresh=off", "/?lang=fr&customer=x", "/customers?lang=fr"):
        page = shared_web.get(path, visitor).text
        assert ('http-equiv="refresh"' in page) != ('type="search"' in page)
    assert (
        'href="/?lang=fr&amp;customer=x&amp;refresh=off">Chercher un client<'
        in shared_web.get("/?lang=fr&customer=x", visitor).text
    )


def test_a_customers_page_says_what_it_leaves_out(
    web: Web, reminded: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "LINES", 1)
    page = web.get("/customers/C-17?lang=fr", log_in(web)).text
    assert "Seules les lignes les plus récentes sont affichées\u00a0: 1." in page
    assert "Plus anciens" not in page


def test_an_empty_book_has_its_pages_too(shared_web: Web) -> None:
    cookie = log_in(shared_web)
    assert "Rien n’est encore parti." in shared_web.get("/", cookie).text
    assert "Aucun client connu." in shared_web.get("/customers", cookie).text


@pytest.mark.parametrize("path", ["/reminders/none", "/customers/none", "/customers/"])
def test_what_nobody_knows_is_404(shared_web: Web, path: str) -> None:
    assert shared_web.get(path, log_in(shared_web)).status == 404


BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("path", "status", "french", "english"),
    [
        ("/customers/none", 404, "Page introuvable", "Page not found"),
        ("/nowhere", 404, "Page introuvable", "Page not found"),
        ("/tasks/none.pdf", 404, "Page introuvable", "Page not found"),
        ("/?before=x", 422, "Adresse incomplète", "Incomplete address"),
        ("/customers/a%00", 400, "Adresse incomplète", "Incomplete address"),
    ],
)
def test_a_browser_is_refused_in_its_readers_language(
    shared_web: Web, path: str, status: int, french: str, english: str
) -> None:
    """It showed `{"error":"no such customer"}`, in English, without a way back."""
    visitor = log_in(shared_web)
    for languages, words in (({}, french), (ENGLISH, english)):
        answer = shared_web.get(path, visitor, BROWSER, languages)
        assert (answer.status, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert f"<h1>{words}</h1>" in answer.text
        assert 'href="/?lang=' in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_programs_are_refused_in_json(shared_web: Web) -> None:
    """Also who says that he reads HTML where programs go, and who takes anything where people go."""
    visitor = log_in(shared_web)
    assert shared_web.get("/customers/none", visitor).json == {"error": "no such customer"}
    assert shared_web.get("/customers/none", visitor, {"Accept": "*/*"}).json == {"error": "no such customer"}
    for path in ("/v1/events", "/callbacks/none", "/callbacks/twilio/status"):
        assert "error" in shared_web.post(path, b"{", BROWSER).json
    assert "error" in shared_web.get("/metrics/none", BROWSER).json


def test_a_refused_login_and_a_reader_are_not_sent_elsewhere(shared_web: Web) -> None:
    """A stranger who follows a mail's link is not led to pages of the seller's, which ask for a key."""
    elsewhere = shared_web.post("/login", f"key={KEY}".encode(), FORM, BROWSER, {"Sec-Fetch-Site": "cross-site"})
    assert (elsewhere.status, "<h1>Refusé</h1>" in elsewhere.text) == (403, True)
    reader = shared_web.get("/u/x/y", BROWSER)
    assert (reader.status, "Page introuvable" in reader.text, 'href="/?' in reader.text) == (404, True, False)


def test_a_browser_is_told_what_broke_and_that_the_database_is_away(database_url: str) -> None:
    with using_services(database_url) as services, run_web(services) as web:
        visitor = log_in(web)
        with services.engine.begin() as connection:
            connection.execute(
                sa.text("insert into accounts (seller, customer_id, plan) values ('default', 'C', '[1]')")
            )
        crashed = web.get("/customers", visitor, BROWSER)
        assert (crashed.status, "<h1>Une erreur de notre côté</h1>" in crashed.text) == (500, True)
        assert re.search(r"\b[0-9a-f]{16}\b", crashed.text)
        assert re.fullmatch(r"[0-9a-f]{16}", web.get("/customers", visitor).json["id"])
        with services.engine.begin() as connection:
            connection.execute(sa.text("alter table accounts rename to gone"))
        away = web.get("/customers", visitor, BROWSER)
        assert (away.status, "<h1>Indisponible pour un instant</h1>" in away.text) == (503, True)
        assert away.headers["retry-after"] == "1"
        assert "error" in web.get("/customers", visitor).json


@pytest.mark.parametrize("path", ["/reminders/%00", "/customers/a%00", "/?customer=%00", "/login?token=%00"])
def test_what_no_database_can_be_asked_is_400(shared_web: Web, path: str) -> None:
    assert shared_web.get(path, log_in(shared_web)).status == 400


def test_no_page_runs_or_loads_anything(web: Web, reminded: Pipeline) -> None:
    cookie = log_in(web)
    for path in ("/", "/customers", "/customers/C-17", f"/reminders/{reminded.log()[0].reminder}", "/login"):
        page = web.get(path, cookie).text
        outside = re.sub(r'srcdoc="[^"]*"', "", page)
        assert "<script" not in outside
        assert not re.findall(r'(?:src|href)="https?:', outside)


def escaped(text: str) -> str:
    """As Jinja2 escapes it."""
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&#39;"), ('"', "&#34;")):
        text = text.replace(sign, written)
    return text


def test_of_more_customers_than_a_page_shows_the_first_by_id_stand_by_name(services: Services) -> None:
    """Sorting all of them took a third of a second of processor time for each page, with a million invoices."""
    add = sa.text("INSERT INTO accounts (seller, customer_id, name) VALUES ('default', :id, :name)")
    with services.engine.begin() as connection:
        for customer, name in (("C-3", "Bernard"), ("C-2", "Anne"), ("C-1", "Zoé")):
            connection.execute(add, {"id": customer, "name": name})
        found = overview.accounts_of(connection, SellerId("default"), limit=2)
    assert [one.name for one in found] == ["Anne", "Zoé"]


def test_a_contact_is_named_on_his_page_and_by_no_id_anywhere(reminded: Pipeline, web: Web) -> None:
    """The list reads nobody's contacts, and the page of a reminder shows the address."""
    visitor = log_in(web)
    page = web.get("/customers/C-17?lang=fr", visitor).text
    assert "Par e-mail, à Anne Martin." in page
    assert "Par appel, à Anne Martin." in page
    for path in ("/customers/C-17", "/customers", f"/reminders/{reminded.log()[0].reminder}"):
        assert ", à p1" not in web.get(f"{path}?lang=fr", visitor).text
