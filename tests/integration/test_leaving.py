"""One click in a mail: the next call obeys, nothing is told to strangers, and a look changes nothing."""

import re
from asyncio import Runner
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from channels.documents import Documents, Found
from channels.port import Message
from config.keys import LEAVE_PATH, leave_token
from config.wiring import DEFAULT_SELLER, Services
from domain.levels import Channel
from store.engine import make_engine
from store.history import suppressed_among
from tests.factories import contact_data, invoice_event
from tests.integration.test_enclosures import Keeping
from tests.pipeline import TUESDAY_0930, Pipeline
from tests.services import SECRET_KEY, using_services
from tests.web_server import Web, run_web
from workers.put_out_of_use import put_out_of_use

ANNE = "anne@example.com"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
POLICY = """name: copies
steps:
  - {id: first, when: due + 2 days, level: courteous, channels: [email], cc: [executive]}
"""
ONE_CLICK = b"List-Unsubscribe=One-Click"


@pytest.fixture
def kept() -> Keeping:
    return Keeping()


@pytest.fixture
def mailing(pipeline: Pipeline, kept: Keeping) -> Pipeline:
    channels = {Channel.EMAIL: kept, Channel.TASK: pipeline.services.channels[Channel.TASK]}
    return replace(pipeline, services=replace(pipeline.services, channels=channels))


@pytest.fixture
def web(services: Services) -> Iterator[Web]:
    with run_web(services) as web:
        yield web


def mail_of(mailing: Pipeline, kept: Keeping) -> Message:
    mailing.take(invoice_event(invoice={"due_on": "2026-11-20", "issued_on": "2026-10-20"}))
    mailing.deliver_due()
    [message] = kept.sent
    return message


def path_of(message: Message) -> str:
    assert message.unsubscribe_url is not None
    return urlsplit(message.unsubscribe_url).path


def reasons(mailing: Pipeline, address: str = ANNE) -> list[str]:
    with mailing.services.engine.connect() as connection:
        found = suppressed_among(connection, [(DEFAULT_SELLER, address)])
    return [one.reason for each in found.values() for one in each]


def test_a_click_puts_the_address_out_of_use_before_the_next_call(mailing: Pipeline, kept: Keeping, web: Web) -> None:
    path = path_of(mail_of(mailing, kept))
    assert web.post(path, ONE_CLICK, FORM).status == 200
    assert web.post(path, ONE_CLICK, FORM).status == 200

    later = mailing.at(mailing.now + timedelta(days=20))
    later.deliver_due()

    assert reasons(mailing) == ["opt_out"]
    assert len(kept.sent) == 1
    told = [dict(entry.facts) for entry in mailing.journal() if entry.event == "address.suppressed"]
    assert told[0] == {"channel": "email", "why": "opt_out"}


def test_a_click_reads_nothing_but_what_was_sent_to_the_address(mailing: Pipeline, kept: Keeping, web: Web) -> None:
    """A seller has millions of facts; a click holds one of the few threads that take events in."""
    path = path_of(mail_of(mailing, kept))
    with mailing.services.engine.begin() as busy:
        busy.exec_driver_sql("LOCK TABLE facts IN ACCESS EXCLUSIVE MODE")
        assert web.post(path, ONE_CLICK, FORM).status == 200
    assert [entry.event for entry in mailing.journal()].count("address.suppressed") == 1


class Clicked(Documents):
    """While documents are fetched, the reader clicks."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services

    async def fetch(self, urls: Collection[str]) -> Mapping[str, Found]:
        """Has the address put out of use first."""
        put_out_of_use(self._services, DEFAULT_SELLER, Channel.EMAIL, ANNE, "opt_out", TUESDAY_0930)
        return {url: Found(b"%PDF-") for url in urls}


def test_a_click_while_documents_are_fetched_is_obeyed(mailing: Pipeline, kept: Keeping) -> None:
    clicked = replace(mailing, services=replace(mailing.services, documents=Clicked(mailing.services)))
    clicked.take(invoice_event(invoice={"due_on": "2026-11-20", "issued_on": "2026-10-20"}))
    clicked.deliver_due()

    assert kept.sent == []
    assert [(row.state, row.error_code) for row in clicked.log()] == [("refused", "too_late")]


def test_a_click_is_obeyed_however_long_it_takes_to_find_whom_it_concerns(mailing: Pipeline) -> None:
    """A seller has millions of facts, and reading them takes longer than a statement may."""
    mailing.take(invoice_event(invoice={"due_on": "2026-12-20", "issued_on": "2026-10-20"}))
    impatient = make_engine(mailing.services.engine.url.render_as_string(hide_password=False))
    sa.event.listen(impatient, "begin", lambda connection: connection.exec_driver_sql("SET LOCAL lock_timeout = 50"))
    with mailing.services.engine.begin() as busy:
        busy.exec_driver_sql("LOCK TABLE facts IN ACCESS EXCLUSIVE MODE")
        services = replace(mailing.services, engine=impatient)
        put_out_of_use(services, DEFAULT_SELLER, Channel.EMAIL, ANNE, "opt_out", mailing.now)
    impatient.dispose()

    assert reasons(mailing) == ["opt_out"]


def test_who_clicks_again_and_again_makes_no_work(mailing: Pipeline) -> None:
    """Each time all of the seller's facts would be read, by one of the few threads that take events in."""
    mailing.take(invoice_event(invoice={"due_on": "2026-12-20", "issued_on": "2026-10-20"}))
    for _ in range(3):
        put_out_of_use(mailing.services, DEFAULT_SELLER, Channel.EMAIL, ANNE, "opt_out", mailing.now)

    assert [entry.event for entry in mailing.journal()].count("address.suppressed") == 1


def test_a_look_changes_nothing_and_shows_one_button(mailing: Pipeline, kept: Keeping, web: Web) -> None:
    path = path_of(mail_of(mailing, kept))

    french, english = (web.get(path, {"Accept-Language": language}) for language in ("fr-FR", "en-GB"))

    assert (french.status, english.status) == (200, 200)
    assert french.text.count("<button>") == 1
    assert "Ne plus m’écrire à cette adresse" in french.text
    assert "No more e-mails to this address" in english.text
    assert ANNE not in french.text
    assert web.ask("HEAD", path, None).status == 200
    assert reasons(mailing) == []


@pytest.mark.parametrize(
    ("brand", "heading"),
    [(None, "Relance"), ("address: informal\n", "Relance"), ("name: Dupont & fils\n", "Dupont &amp; fils")],
)
def test_the_page_bears_the_name_that_the_mail_bore(
    database_url: str, tmp_path: Path, brand: str | None, heading: str
) -> None:
    """It is worded without vous and tu: whatever the brand's address, it fits."""
    if brand is not None:
        (tmp_path / "brand.yaml").write_text(brand, encoding="utf-8")
    path = f"{LEAVE_PATH}/{leave_token(SECRET_KEY, DEFAULT_SELLER, ANNE)}"
    with using_services(database_url, templates=str(tmp_path)) as services, run_web(services) as web:
        asked, obeyed = web.get(path), web.post(path, ONE_CLICK, FORM)

    for page in (asked.text, obeyed.text):
        assert f"<h1>{heading}</h1>" in page
        said = re.sub(r"<head>.*</head>|<[^>]*>", "", page, flags=re.DOTALL)
        assert re.findall(r"\b(?:vous|votre|vos|tu|toi|ton|ta|tes)\b|\w+ez\b", said, re.IGNORECASE) == []
    assert "Les sommes dues ne changent pas." in asked.text
    assert "plus aucun e-mail à cette adresse" in obeyed.text


def test_no_address_stands_in_the_address(mailing: Pipeline, kept: Keeping) -> None:
    message = mail_of(mailing, kept)

    assert message.to == ANNE
    assert "anne" not in str(message.unsubscribe_url)
    assert "%40" not in str(message.unsubscribe_url)


@pytest.mark.parametrize("token", ["x", "AAAAAAAAAAAAAAAAAAAAAAAA", "%C3%A9", "a" * 5000])
def test_a_forged_link_does_nothing(web: Web, mailing: Pipeline, token: str) -> None:
    assert web.get(f"/u/{token}").status == 404
    assert web.post(f"/u/{token}", ONE_CLICK, FORM).status == 404


def test_a_mail_with_copies_has_no_link_that_others_could_click(database_url: str, tmp_path: Path) -> None:
    """A copy is the same mail: one click of the executive's must not put the payer's address out of use."""
    policy = tmp_path / "copies.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    kept = Keeping()
    contacts = [contact_data(), contact_data(id="p2", role="executive", email="luc@example.com", phone=None)]
    with using_services(database_url, policy=str(policy)) as services, Runner() as runner:
        mailing = Pipeline(replace(services, channels={Channel.EMAIL: kept}), runner).at(TUESDAY_0930)
        due = {"due_on": "2026-11-20", "issued_on": "2026-10-20"}
        mailing.take(invoice_event(customer={"contacts": contacts}, invoice=due))
        mailing.deliver_due()

    [message] = kept.sent
    assert (message.cc, message.unsubscribe_url) == (("luc@example.com",), None)
