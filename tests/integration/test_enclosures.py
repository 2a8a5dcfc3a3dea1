"""What travels with a mail: the invoice's document, or a task to mend its link; the code that is scanned to pay."""

import html
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from channels.documents import Documents
from channels.port import Message
from domain.levels import Channel
from domain.outcomes import Outcome, OutcomeClass
from store.engine import make_engine
from tests.factories import Json, event, invoice_event
from tests.no_sockets import no_sockets
from tests.pipeline import Pipeline
from tests.services import KEY
from tests.web_server import run_web
from workers.claim import claim_due
from workers.deliver import call_all, record

PDF = b"%PDF-1.7 an invoice"
IBAN = "FR7630006000011234567890189"


class Keeping:
    """A channel that keeps what it is given."""

    provider = "kept"

    def __init__(self) -> None:
        self.sent: list[Message] = []

    async def send(self, message: Message) -> Outcome:
        """Takes everything."""
        self.sent.append(message)
        return Outcome(OutcomeClass.ACCEPTED)


class _Billing(BaseHTTPRequestHandler):
    """Has the PDF of every invoice but F-404. `meanwhile` happens while one is fetched."""

    meanwhile: Callable[[], object] = staticmethod(lambda: None)

    def do_GET(self) -> None:
        self.meanwhile()
        self.send_response(404 if "404" in self.path else 200)
        self.send_header("Content-Type", "application/pdf")
        self.end_headers()
        self.wfile.write(PDF)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
        """Keep the test's output quiet."""


@contextmanager
def billing(meanwhile: Callable[[], object] = lambda: None) -> Iterator[str]:
    """The seller's billing system, on this machine."""
    handler = type("Handler", (_Billing,), {"meanwhile": staticmethod(meanwhile)})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def late(name: str, url: str, **changes: Any) -> Json:
    invoice = {"id": name, "number": name, "due_on": "2026-11-20", "issued_on": "2026-10-20", "document_url": url}
    return invoice_event(invoice=invoice | changes, id=f"issue-{name}")


@pytest.fixture
def kept() -> Keeping:
    return Keeping()


@pytest.fixture
def mailing(pipeline: Pipeline, kept: Keeping) -> Pipeline:
    """Mails are kept, and documents may be fetched from this machine."""
    channels = {**pipeline.services.channels, Channel.EMAIL: kept}
    documents = Documents(lambda _: True, 2)
    return replace(pipeline, services=replace(pipeline.services, channels=channels, documents=documents))


def names(message: Message) -> list[str]:
    return [file.name for file in message.files if file.cid is None]


def fixes(pipeline: Pipeline) -> list[tuple[str, tuple[str, ...]]]:
    return [(task.step, tuple(task.units)) for task in pipeline.tasks() if task.kind == "fix"]


def test_the_invoices_of_a_message_are_attached(mailing: Pipeline, kept: Keeping) -> None:
    with billing() as url:
        mailing.take(late("F-1", f"{url}/1.pdf"), late("F/2 é", f"{url}/2.pdf"))
        assert mailing.deliver_due() == 1

    [message] = kept.sent
    assert names(message) == ["F-1.pdf", "F_2.pdf"]
    assert [file.data for file in message.files if file.cid is None] == [PDF, PDF]
    assert fixes(mailing) == []


def test_a_document_that_is_missing_keeps_nothing_back_and_is_a_task_once(mailing: Pipeline, kept: Keeping) -> None:
    with billing() as url:
        mailing.take(late("F-1", f"{url}/1.pdf"), late("F-404", f"{url}/404.pdf"))
        mailing.deliver_due()

    [message] = kept.sent
    assert names(message) == ["F-1.pdf"]
    assert fixes(mailing) == [("document_missing", ("F-404",))]
    told = [dict(entry.facts) for entry in mailing.journal() if entry.event == "document.missing"]
    assert told == [{"invoice": "F-404", "why": "http_404"}]


def test_the_task_stays_while_the_invoice_is_owed_and_no_longer(mailing: Pipeline) -> None:
    mailing.take(late("F-1", "http://127.0.0.1:1/1.pdf"))
    mailing.deliver_due()
    later = mailing.at(mailing.now + timedelta(hours=1))

    later.take(late("F-2", "http://127.0.0.1:1/2.pdf", due_on="2027-02-01"))
    assert fixes(later) == [("document_missing", ("F-1",))]

    later.take(event("invoice.paid", {"invoice_id": "F-1", "paid_on": "2026-11-24"}, id="paid-1"))
    assert fixes(later) == []


def test_nothing_inside_the_house_is_fetched(mailing: Pipeline, kept: Keeping) -> None:
    with billing() as url:
        careful = replace(mailing, services=replace(mailing.services, documents=Documents()))
        careful.take(late("F-1", f"{url}/1.pdf"))
        careful.deliver_due()

    assert [names(message) for message in kept.sent] == [[]]
    [told] = [dict(entry.facts) for entry in careful.journal() if entry.event == "document.missing"]
    assert told["why"] == "private_address"


@pytest.mark.parametrize("is_folded", [True, False])
def test_who_pays_while_documents_are_fetched_hears_nothing(
    mailing: Pipeline, kept: Keeping, is_folded: bool
) -> None:
    """The 202 came before the call began: folded since, or not yet."""
    paid = event("invoice.paid", {"invoice_id": "F-1", "paid_on": "2026-11-24"}, id="paid-1")
    with billing(lambda: mailing.take(paid) if is_folded else mailing.receive(paid)) as url:
        mailing.take(late("F-1", f"{url}/1.pdf"))
        mailing.deliver_due()
        mailing.at(mailing.now + timedelta(minutes=1)).deliver_due()

    assert kept.sent == []
    assert [row.error_code for row in mailing.log()] == ["too_late"]


def test_who_pays_while_documents_of_others_are_fetched_hears_nothing(mailing: Pipeline, kept: Keeping) -> None:
    """All calls of a batch wait for the documents of one."""
    paid = event("invoice.paid", {"invoice_id": "F-99", "paid_on": "2026-11-24"}, id="paid-99")
    other = invoice_event(
        customer={"id": "C-99", "contacts": [{"id": "luc", "name": "Luc", "email": "luc@example.com"}]},
        invoice={"id": "F-99", "number": "F-99", "due_on": "2026-11-20", "document_url": None},
        id="other",
    )
    with billing(lambda: mailing.take(paid)) as url:
        mailing.take(late("F-1", f"{url}/1.pdf"), other)
        mailing.deliver_due()

    assert [message.to for message in kept.sent] == ["anne@example.com"]
    assert sorted((row.state, row.error_code) for row in mailing.log()) == [
        ("accepted", None),
        ("refused", "too_late"),
    ]


def test_what_is_folded_right_after_the_claim_is_seen(mailing: Pipeline, kept: Keeping) -> None:
    """Its intake waits for the claim's lock, and is through before anything is fetched."""
    with billing() as url:
        mailing.take(late("F-1", f"{url}/1.pdf"))
        calls = claim_due(mailing.services, [mailing.account().key], "deliver.email", mailing.now)
        mailing.take(event("invoice.paid", {"invoice_id": "F-1", "paid_on": "2026-11-24"}, id="paid-1"))
        answered = mailing.runner.run(call_all(mailing.services, calls))

    assert [outcome.code for _, outcome in answered] == ["too_late"]
    assert kept.sent == []


def test_a_database_that_goes_away_meanwhile_leaves_no_mail_in_doubt(mailing: Pipeline, kept: Keeping) -> None:
    """What was not sent is known not to be."""
    with billing() as url:
        mailing.take(late("F-1", f"{url}/1.pdf"))
        calls = claim_due(mailing.services, [mailing.account().key], "deliver.email", mailing.now)
        away = make_engine("postgresql://127.0.0.1:1/nothing")
        answered = mailing.runner.run(call_all(replace(mailing.services, engine=away), calls))
        record(mailing.services, answered, mailing.now)

    assert kept.sent == []
    assert [(row.state, row.error_code) for row in mailing.log()] == [("refused", "too_late")]


def test_a_machine_without_sockets_sends_no_mail_without_its_document(mailing: Pipeline, kept: Keeping) -> None:
    """Nothing is wrong with the link: no person is asked to mend it."""
    with billing() as url:
        mailing.take(late("F-1", f"{url}/1.pdf"))
        calls = claim_due(mailing.services, [mailing.account().key], "deliver.email", mailing.now)
        with no_sockets():
            answered = mailing.runner.run(call_all(mailing.services, calls))
        record(mailing.services, answered, mailing.now)
        assert (kept.sent, fixes(mailing)) == ([], [])
        mailing.at(mailing.now + timedelta(minutes=1)).deliver_due()

    assert [names(message) for message in kept.sent] == [["F-1.pdf"]]


def test_what_concerns_others_keeps_no_mail_back(mailing: Pipeline, kept: Keeping) -> None:
    other = invoice_event(customer={"id": "C-99"}, invoice={"id": "F-99", "number": "F-99"}, id="other")
    with billing(lambda: mailing.take(other)) as url:
        mailing.take(late("F-1", f"{url}/1.pdf"))
        mailing.deliver_due()

    assert [names(message) for message in kept.sent] == [["F-1.pdf"]]


def test_where_documents_are_linked_none_is_missed(mailing: Pipeline, kept: Keeping) -> None:
    linking = replace(mailing, services=replace(mailing.services, documents=None))
    linking.take(late("F-1", "http://127.0.0.1:1/1.pdf"))
    linking.deliver_due()

    assert [names(message) for message in kept.sent] == [[]]
    assert fixes(linking) == []


def test_the_code_to_scan_travels_with_the_mail_that_shows_it(mailing: Pipeline, kept: Keeping) -> None:
    mailing.take(late("F-1", "", iban=IBAN, document_url=None))
    mailing.deliver_due()

    [message] = kept.sent
    [picture] = message.files
    assert picture.data.startswith(b"\x89PNG")
    assert f"cid:{picture.cid}" in (message.rendered.html or "")
    assert message.rendered.codes[0].payload.endswith(b"EUR1250.00\n\n\nF-1")


# --- What the log's page shows of it ------------------------------------------------------------------------


def page_of(pipeline: Pipeline) -> str:
    [row] = pipeline.log()
    with run_web(pipeline.services) as web:
        opened = web.post("/login", f"key={KEY}".encode(), {"Content-Type": "application/x-www-form-urlencoded"})
        cookie = {"Cookie": opened.headers["set-cookie"].partition(";")[0]}
        return html.unescape(web.get(f"/reminders/{row.reminder}?lang=en", cookie).text)


def test_the_page_shows_the_very_code_that_was_sent(mailing: Pipeline, kept: Keeping) -> None:
    mailing.take(late("F-1", "", iban=IBAN, document_url=None))
    mailing.deliver_due()

    [picture] = kept.sent[0].files
    page = page_of(mailing)
    assert f'src="data:image/png;base64,{b64encode(picture.data).decode()}"' in page
    assert "cid:" not in page


def test_the_page_names_what_was_attached_and_what_was_missed(mailing: Pipeline) -> None:
    with billing() as url:
        mailing.take(late("F/1", f"{url}/1.pdf"), late("F-404", f"{url}/404.pdf"))
        mailing.deliver_due()

    page = page_of(mailing)
    assert "<dt>Attached</dt><dd>F_1.pdf</dd>" in page
    assert "<dt>Document missing</dt><dd>F-404 (answer 404)</dd>" in page
    assert "F-404.pdf" not in page


def test_the_page_does_not_say_attached_of_a_call_that_never_reported_back(mailing: Pipeline) -> None:
    with billing() as url:
        mailing.take(late("F-1", f"{url}/1.pdf"))
        mailing.deliver_due()
    with mailing.services.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM journal WHERE event = 'attempt.answered'")

    page = page_of(mailing)
    assert "<dt>Attached</dt>" not in page
    assert "<dt>To be attached; whether they were is not known</dt><dd>F-1.pdf</dd>" in page


def test_the_page_names_no_files_where_documents_are_linked(mailing: Pipeline) -> None:
    linking = replace(mailing, services=replace(mailing.services, documents=None))
    linking.take(late("F-1", "http://127.0.0.1:1/1.pdf"))
    linking.deliver_due()

    assert ".pdf</dd>" not in page_of(linking)
