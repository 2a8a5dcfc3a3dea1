"""A letter is a task with a PDF, from the command line and from the pages: as it was when the task was opened."""

import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from pypdf import PdfReader

from cli.main import main
from config.policy_files import SHIPPED
from domain.customer import Seller
from domain.ids import SellerId
from store import sellers
from tests.content_factories import plain
from tests.factories import contact_data, customer_data, event, invoice_event
from tests.integration.test_policy_change import FIRST, with_policy
from tests.integration.test_web_pages import ENGLISH, log_in
from tests.pipeline import TUESDAY_0930, Pipeline, clock_setting
from tests.web_server import run_web

Captured = pytest.CaptureFixture[str]
IBAN = "FR7630006000011234567890189"
INVOICE = {"id": "F-1", "number": "F-1", "due_on": "2026-11-20", "iban": IBAN, "payment_url": None}


@pytest.fixture
def posting(
    pipeline: Pipeline,
    database_url: str,
    bare_environment: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Pipeline:
    """The first step about F-1 of C-17 is a letter, which waits to be posted; C-18 has a call to make."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELANCE_DATABASE_URL", database_url)
    monkeypatch.setenv("RELANCE_CLOCK", clock_setting(TUESDAY_0930))
    monkeypatch.setenv("RELANCE_LOG_LEVEL", "error")
    file = tmp_path / "mine.yaml"
    file.write_text((SHIPPED / "standard.yaml").read_text().replace(FIRST, "channels: [letter]"))
    changed = with_policy(pipeline, file)
    contact = contact_data(postal_address=["Boulangerie Martin", "3 bis rue de l’Œuvre", "75011 PARIS"])
    changed.take(invoice_event(customer=customer_data(contacts=[contact]), invoice=INVOICE))
    changed.deliver_due()
    assert [task.kind for task in changed.tasks()] == ["letter"]
    return changed


def words_of(pdf: bytes) -> str:
    return " ".join(plain(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)).split())


def test_the_letter_is_written_to_a_file(posting: Pipeline, tmp_path: Path, capsys: Captured) -> None:
    [task] = posting.tasks()
    file = tmp_path / "letter.pdf"
    assert main(["task", "show", task.id[:8], "--pdf", str(file)]) == 0
    assert task.body in capsys.readouterr().out
    words = words_of(file.read_bytes())
    for part in ("3 bis rue de l’Œuvre", "Le 24 novembre 2026", "Objet : ", "Virement de 1 250,00 € : scannez"):
        assert part in words

    first = file.read_bytes()
    assert main(["task", "show", task.id, "--json", "--pdf", str(file)]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "letter"
    assert file.read_bytes() == first


def test_it_says_what_it_said_whatever_has_come_in_since(posting: Pipeline, tmp_path: Path) -> None:
    [task] = posting.tasks()
    before, after = tmp_path / "before.pdf", tmp_path / "after.pdf"
    assert main(["task", "show", task.id, "--pdf", str(before)]) == 0
    paid = {"invoice_id": "F-1", "paid_on": "2026-11-25", "amount": "1000.00"}
    posting.at(TUESDAY_0930 + timedelta(days=1)).take(event("payment.received", paid, id="paid-1"))
    assert main(["task", "show", task.id, "--pdf", str(after)]) == 0
    assert after.read_bytes() == before.read_bytes()


def test_what_is_no_letter_is_one_line(posting: Pipeline, tmp_path: Path, capsys: Captured) -> None:
    [task] = posting.tasks()
    file = tmp_path / "letter.pdf"
    with posting.services.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE attempts SET message = message - 'letter'")
    assert main(["task", "show", task.id, "--pdf", str(file)]) == 2
    told = capsys.readouterr()
    assert (told.out, file.exists()) == ("", False)
    assert told.err == f"relance: --pdf: task {task.id} (letter) has no letter that could be printed\n"


def test_a_file_that_cannot_be_written_is_one_line(posting: Pipeline, tmp_path: Path, capsys: Captured) -> None:
    [task] = posting.tasks()
    assert main(["task", "show", task.id, "--pdf", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"relance: {tmp_path}: Is a directory\n"


def test_the_pages_link_to_it(posting: Pipeline, tmp_path: Path) -> None:
    [task], [row] = posting.tasks(), posting.log()
    assert main(["task", "show", task.id, "--pdf", str(tmp_path / "letter.pdf")]) == 0
    link = f'<a href="/tasks/{task.id}.pdf">The letter as PDF</a>'
    with run_web(posting.services) as web:
        cookie = log_in(web)
        assert link in web.get("/customers/C-17", cookie, ENGLISH).text
        assert link in web.get(f"/reminders/{row.reminder}", cookie, ENGLISH).text
        found = web.get(f"/tasks/{task.id}.pdf", cookie)
        assert found.headers["content-type"] == "application/pdf"
        assert found.headers["content-disposition"] == f'attachment; filename="letter-{task.id[:8]}.pdf"'
        assert (found.status, found.body) == (200, (tmp_path / "letter.pdf").read_bytes())
        assert web.get("/tasks/none.pdf", cookie).status == 404
        assert web.get(f"/tasks/{task.id}.pdf").status == 303


def test_another_seller_has_no_letter_of_ours(posting: Pipeline) -> None:
    [task] = posting.tasks()
    with posting.services.engine.begin() as connection:
        sellers.ensure(connection, Seller(SellerId("other")))
        connection.exec_driver_sql("UPDATE tasks SET seller = 'other'")
    with run_web(posting.services) as web:
        assert web.get(f"/tasks/{task.id}.pdf", log_in(web)).status == 404
