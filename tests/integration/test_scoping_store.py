"""Every public function of the store that speaks SQL: it is asked as another seller, or it says here why it need not.

The list is the store's own. A function that is new and takes a seller has to be called here; one that takes none has
to say why. So nobody writes a query over all sellers without noticing.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import store
from cli.main import main
from config.wiring import DEFAULT_SELLER
from domain.customer import Seller
from domain.ids import AccountKey, CustomerId, InvoiceId, ReminderId, UnitId
from domain.naming import attempt_id
from store import (
    accounts,
    asking,
    book,
    contacted,
    facts,
    finding,
    history,
    log,
    log_changes,
    overview,
    quarantine,
    sellers,
    unfolded,
    waking,
    worklist,
)  # fmt: skip
from store.contacted import Asked
from store.engine import Connection
from tests.factories import event, invoice_event
from tests.pipeline import TUESDAY_0930, Pipeline, clock_setting
from tests.two_sellers import EMAIL, OTHER, PRIVATE, book_two_sellers, rows_of_first
from workers.receive import receive_in

OF_ROWS = "it is given row numbers, which a step has from rows that it read by seller, or for all sellers"
OF_ALL = "a worker's step serves all sellers"
OF_NOBODY = "it touches nothing of a seller's"
OF_OPERATOR = "the operator's command line and health check, for the whole installation; ids are not to be guessed"
IN_ALL = "a figure of the whole installation, with nothing of anybody in it"
ITS_ROWS = "it writes rows that name their seller, which the caller has from the key or from the account"
OF_PROVIDER = "signed by the provider, who knows no sellers"

UNSCOPED = {
    "accounts.lock": OF_ROWS, "accounts.save_plans": OF_ROWS, "accounts.wake": OF_ROWS, "accounts.quiet": OF_ROWS,
    "accounts.open_accounts": OF_ROWS,
    "accounts.next_looks": OF_ROWS,
    "announced.announce": OF_ROWS,
    "asking.take": OF_ALL, "asking.put": OF_ROWS, "asking.told_at": OF_NOBODY, "asking.named": OF_OPERATOR,
    "asking.states_of": OF_OPERATOR,
    "attempts.close": OF_ROWS, "attempts.expire_leases": OF_ALL, "attempts.change_reminders": OF_ROWS,
    "attempts.tries_of": OF_ROWS, "attempts.find": OF_ROWS, "attempts.report": OF_ROWS,
    "attempts.accounts_reached_at": "a reply names no seller: it is about all that wrote there",
    "attempts.find_by_provider": OF_PROVIDER,
    "contacted.last_mails": "a late bounce names no seller: it is about all that wrote there",
    "claims.write": ITS_ROWS, "claims.close_reminders": OF_ROWS,
    "due.nudge_due": OF_ALL, "due.let_go": OF_ROWS,
    "facts.add": ITS_ROWS, "facts.copy_to": OF_ROWS, "facts.load": OF_ROWS, "facts.marks": OF_ROWS,
    "facts.copy_said": OF_ROWS, "facts.newest_statements": OF_ROWS,
    "facts.all_naming": "a reply names no seller: it is about all that know its number",
    "figures.be_quick": OF_NOBODY, "figures.database_now": OF_NOBODY, "figures.due_accounts": IN_ALL,
    "figures.unfolded_events": IN_ALL, "figures.due_receipts": IN_ALL, "figures.calls": IN_ALL,
    "figures.unconfirmed": IN_ALL, "figures.quarantined": IN_ALL, "figures.open_tasks": IN_ALL,
    "history.load": OF_ROWS,
    "inbox.take": OF_ROWS, "inbox.mark_folded": OF_ROWS, "inbox.set_aside": OF_ROWS, "inbox.take_up_again": OF_ROWS,
    "inbox.drop": OF_ROWS, "inbox.accounts_about": OF_ROWS, "inbox.count_failure": OF_ROWS,
    "inbox.forgotten": OF_ALL, "unfolded.with_unfolded": OF_ROWS,
    "journal.write": ITS_ROWS, "journal.of_account": OF_ROWS, "journal.of_reminder": OF_ROWS,
    "log_changes.start": OF_OPERATOR, "log_changes.look": OF_OPERATOR,
    "migrate.is_current": OF_NOBODY,
    "months.alone": OF_NOBODY, "months.months": OF_NOBODY, "months.ahead": OF_NOBODY, "months.make": OF_NOBODY,
    "months.drop": OF_ALL,
    "overview.unfinished": OF_ALL, "overview.ping": OF_NOBODY,
    "policies.publish": OF_NOBODY, "policies.newest_versions": OF_NOBODY, "policies.newest_of_each": OF_NOBODY,
    "policies.versions": OF_NOBODY, "policies.bodies_of": OF_NOBODY, "policies.ladders_on": OF_OPERATOR,
    "quarantine.set_aside": ITS_ROWS, "quarantine.one": OF_OPERATOR, "quarantine.close": OF_OPERATOR,
    "quarantine.say": OF_ROWS, "quarantine.look_alone": OF_NOBODY, "quarantine.with_problem": OF_ALL,
    "quarantine.replies_from": "who wrote from a number that nobody was written to may be any seller's customer",
    "receipts.put": OF_PROVIDER, "receipts.raw_of": OF_PROVIDER, "receipts.take": OF_PROVIDER,
    "receipts.mark_settled": OF_PROVIDER, "receipts.park": OF_PROVIDER, "receipts.forgotten": OF_PROVIDER,
    "retention.count": IN_ALL, "retention.let_go": OF_ALL, "retention.written": OF_ALL,
    "retention.oldest_words": OF_ALL, "retention.take_your_time": OF_ALL,
    "retention.let_words_go": OF_ROWS,
    "sellers.names": OF_OPERATOR, "sellers.everyone": OF_OPERATOR, "sellers.revoke_key": OF_OPERATOR,
    "sellers.make_none": OF_NOBODY,
    "sellers.key_of": "it says whose a key is", "sellers.active_keys": "it says whose a signature may be",
    "tasks.open_tasks": ITS_ROWS, "tasks.close": OF_ROWS, "tasks.cancel_moot": OF_ROWS,
    "telling.keep": OF_NOBODY, "ticks.note": OF_NOBODY, "ticks.read": OF_NOBODY,
    "waking.wake_outdated": OF_ALL, "waking.wake_everyone": OF_ALL,
    "worklist.named": OF_OPERATOR, "worklist.locked": OF_OPERATOR,
}  # fmt: skip


def asked_as_other(
    connection: Connection, key: AccountKey, reminder: ReminderId, now: datetime
) -> dict[str, Callable[[], Any]]:
    """Each scoped function, asked by the other seller for the first one's customer, invoice, unit, address."""
    butcher, bill, unit = CustomerId("C-19"), InvoiceId("F-18"), UnitId("F-18")
    named = Seller(OTHER, name="Renamed")
    return {
        "accounts.make": lambda: accounts.make(connection, OTHER, [butcher]) and None,
        "accounts.lock_invoices": lambda: accounts.lock_invoices(connection, [(OTHER, bill)])[OTHER, bill],
        "accounts.own_invoices": lambda: accounts.own_invoices(connection, [(OTHER, bill, key, "")]),
        "accounts.find": lambda: accounts.find(connection, [(OTHER, butcher)]),
        "asking.in_doubt": lambda: asking.in_doubt(connection, OTHER),
        "book.batch": lambda: book.batch(connection, 10, seller=OTHER, customer=butcher),
        "book.named": lambda: book.named(connection, OTHER, "F-18"),
        "book.is_to_come": lambda: book.is_to_come(connection, CustomerId("C-20"), OTHER),
        "book.is_mentioned": lambda: book.is_mentioned(connection, OTHER, "F-20"),
        "contacted.load": lambda: contacted.load(connection, {(OTHER, EMAIL): Asked(now - timedelta(days=30))}),
        "contacted.accounts_at": lambda: contacted.accounts_at(connection, OTHER, EMAIL),
        "contacted.lock": lambda: contacted.lock(connection, [(OTHER, EMAIL)]),
        "facts.adopt": lambda: facts.adopt(connection, [(OTHER, bill)]),
        "facts.accounts_naming": lambda: facts.accounts_naming(connection, OTHER, EMAIL),
        "finding.customers": lambda: finding.customers(connection, OTHER, "F-18", CustomerId(""), 100),
        "finding.how_many": lambda: finding.how_many(connection, OTHER, "C-19", 100),
        "finding.keys": lambda: finding.keys(connection, OTHER, "F-18", 100),
        "history.had_elsewhere": lambda: history.had_elsewhere(connection, [(OTHER, AccountKey(0), unit)]),
        "history.suppressed_among": lambda: history.suppressed_among(connection, [(OTHER, EMAIL)]),
        "history.suppress": lambda: history.suppress(connection, [(OTHER, "email", EMAIL, "other", now)]),
        "history.lift": lambda: history.lift(connection, [(OTHER, "email", EMAIL)], None),
        "history.suppressions_of": lambda: history.suppressions_of(connection, OTHER),
        "inbox.put": lambda: receive_in(connection, OTHER, [THEIRS], now).rejected,
        "unfolded.in_quarantine": lambda: unfolded.in_quarantine(connection, [(OTHER, key)]),
        "log.read": lambda: log.read(connection, seller=OTHER, reminder=reminder),
        "log.page": lambda: log.page(connection, None, 100, seller=OTHER),
        "log.before_newest": lambda: log.before_newest(connection, 0, seller=OTHER),
        "log_changes.rows": lambda: log_changes.rows(connection, all_said(connection), seller=OTHER),
        "overview.accounts_of": lambda: [one for one in overview.accounts_of(connection, OTHER) if one.key == key],
        "overview.numbers_of": lambda: overview.numbers_of(connection, OTHER, [bill]),
        "overview.account": lambda: overview.account(connection, OTHER, butcher),
        "quarantine.read": lambda: quarantine.read(connection, seller=OTHER),
        "sellers.ensure": lambda: sellers.ensure(connection, named),
        "sellers.change": lambda: sellers.change(connection, OTHER, {"name": "Renamed"}),
        "sellers.load": lambda: sellers.load(connection, [OTHER]).get(DEFAULT_SELLER),
        "sellers.synced": lambda: sellers.synced(connection, OTHER, now),
        "sellers.keys": lambda: [one for one in sellers.keys(connection, seller=OTHER) if one.seller != OTHER],
        "sellers.add_key": lambda: sellers.add_key(connection, "another", "rk_another", OTHER),
        "waking.wake_seller": lambda: [
            one for one in waking.wake_seller(connection, now, 100, AccountKey(0), seller=OTHER) if one == key
        ],
        "worklist.how_many": lambda: worklist.how_many(connection, OTHER, 10),
        "worklist.message_of": lambda: worklist.message_of(connection, attempt_id(reminder, 1), OTHER),
        "worklist.read": lambda: worklist.read(connection, seller=OTHER),
    }


THEIRS = invoice_event(id="e-18")
"""Under an id that the first seller's event has: it is no conflict, because it is another seller's."""


def all_said(connection: Connection) -> list[log_changes.Said]:
    """What the whole journal says of attempts."""
    return log_changes.look(connection, log_changes.Mark(0, {}))[0]


@pytest.fixture
def booked(pipeline: Pipeline) -> Pipeline:
    book_two_sellers(pipeline)
    pipeline.take(event("invoice.paid", {"invoice_id": "F-20", "paid_on": "2026-11-24"}, id="e-20"))
    pipeline.receive(event("customer.released", {"customer_id": "C-20"}, id="e-21"))
    return pipeline


def speaking_sql() -> dict[str, str]:
    """Each public function that is handed a connection, with its parameters as they are written."""
    found: dict[str, str] = {}
    for info in pkgutil.iter_modules(store.__path__):
        module = importlib.import_module(f"store.{info.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            parameters = inspect.signature(function).parameters
            if function.__module__ == module.__name__ and not name.startswith("_") and "connection" in parameters:
                found[f"{info.name}.{name}"] = " ".join(str(one.annotation) for one in parameters.values())
    return found


def test_each_function_names_its_seller_or_says_why_not(booked: Pipeline) -> None:
    written = speaking_sql()
    scoped = {name for name, words in written.items() if re.search(r"\b(SellerId|Seller|Address)\b", words)}
    with booked.services.engine.connect() as connection:
        asked = asked_as_other(connection, AccountKey(1), ReminderId(""), booked.now)
    assert scoped == set(asked), "a function that takes a seller is asked as another one here"
    assert set(written) - scoped == set(UNSCOPED), "a function that takes none says in UNSCOPED why"


def test_another_seller_reads_and_changes_nothing_of_the_first(booked: Pipeline) -> None:
    [row] = [row for row in booked.log() if row.customer == "C-18"]
    with booked.services.engine.connect() as connection:
        [key] = accounts.find(connection, [(DEFAULT_SELLER, CustomerId("C-18"))]).values()
        before = rows_of_first(connection)
        asked = asked_as_other(connection, key, ReminderId(row.reminder), booked.now)
        for name, ask in asked.items():
            with connection.begin_nested() as alone:
                found = ask()
                assert not found, name
                assert not [word for word in PRIVATE if word in repr(found)], name
                assert rows_of_first(connection) == before, name
                alone.rollback()


def test_the_first_seller_is_answered(booked: Pipeline) -> None:
    """Else the test above would prove nothing."""
    with booked.services.engine.connect() as connection:
        assert asking.in_doubt(connection, DEFAULT_SELLER) == []
        assert book.named(connection, DEFAULT_SELLER, "F-18")
        assert book.is_mentioned(connection, DEFAULT_SELLER, "F-20")
        assert book.is_to_come(connection, CustomerId("C-20"), DEFAULT_SELLER)
        assert facts.accounts_naming(connection, DEFAULT_SELLER, EMAIL)
        assert history.suppressed_among(connection, [(DEFAULT_SELLER, EMAIL)])
        assert history.suppressions_of(connection, DEFAULT_SELLER)
        assert contacted.load(connection, {(DEFAULT_SELLER, EMAIL): Asked(booked.now - timedelta(days=30))})
        assert log.read(connection, seller=DEFAULT_SELLER)
        assert log.page(connection, None, 100, seller=DEFAULT_SELLER)
        assert log.before_newest(connection, 0, seller=DEFAULT_SELLER)
        assert log_changes.rows(connection, all_said(connection), seller=DEFAULT_SELLER)
        assert quarantine.read(connection, seller=DEFAULT_SELLER)
        assert worklist.read(connection, seller=DEFAULT_SELLER)


VERBS = (
    "log",
    "task list --all",
    "unconfirmed list",
    "quarantine list --all",
    "suppress --list",
    "preview",
    "key list",
)


@pytest.mark.parametrize("verb", VERBS)
def test_verbs_with_a_seller_show_that_one_only(
    booked: Pipeline,
    verb: str,
    database_url: str,
    bare_environment: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELANCE_DATABASE_URL", database_url)
    monkeypatch.setenv("RELANCE_CLOCK", clock_setting(TUESDAY_0930))
    monkeypatch.setenv("RELANCE_LOG_LEVEL", "error")
    for words in ([*verb.split(), "--seller", OTHER, *as_json] for as_json in ([], ["--json"])):
        assert main(words) == 0
        told = "".join(capsys.readouterr())
        assert not [word for word in PRIVATE if word in told], words
    assert main(["explain", "F-18", "--seller", OTHER]) == 2
