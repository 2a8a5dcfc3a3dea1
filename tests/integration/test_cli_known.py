"""What the verbs answer to names that nobody has heard of: one line and 2; to known ones with nothing to show, 0."""

import json
from pathlib import Path

import pytest

from cli.main import main
from domain.customer import Seller
from domain.ids import SellerId
from store import sellers
from store.engine import make_engine
from store.migrate import migrate
from tests.factories import customer_data, event, invoice_event
from tests.pipeline import TUESDAY_0930, Pipeline, clock_setting

Captured = pytest.CaptureFixture[str]

LISTS = [
    "log",
    "log --follow",
    "task list",
    "unconfirmed list",
    "quarantine list",
    "suppress --list",
    "preview",
    "key list",
]
OF_A_SELLER = [
    *LISTS,
    "explain C-1",
    "hold C-1",
    "release C-1",
    "emit -",
    "key create",
    "template show first --invoice F-1",
]
OF_A_CUSTOMER = ["log", "log --follow", "task list", "preview"]


@pytest.fixture
def verbs(
    pipeline: Pipeline, database_url: str, bare_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Pipeline:
    """C-1 owes, of the seller `default`; `other` has nothing. The verbs find it all in their environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELANCE_DATABASE_URL", database_url)
    monkeypatch.setenv("RELANCE_SECRET_KEY", "a secret that signs what tests sign")
    monkeypatch.setenv("RELANCE_CLOCK", clock_setting(TUESDAY_0930))
    monkeypatch.setenv("RELANCE_LOG_LEVEL", "error")
    pipeline.take(
        invoice_event(
            customer=customer_data(id="C-1"), invoice={"id": "F-1", "number": "F-1", "due_on": "2027-01-20"}
        )
    )
    with pipeline.services.engine.begin() as connection:
        sellers.ensure(connection, Seller(SellerId("other")))
    return pipeline


def refused(words: list[str], capsys: Captured) -> str:
    """The one line that is said; nothing else is."""
    assert main(words) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    return said.err.removeprefix("relance: ").rstrip("\n")


@pytest.mark.parametrize("as_json", [[], ["--json"]])
@pytest.mark.parametrize("verb", LISTS)
def test_a_list_of_a_seller_that_is_not_there_is_no_empty_list(
    verb: str, as_json: list[str], verbs: Pipeline, capsys: Captured
) -> None:
    told = "--seller: there is no seller 'nosuch', only 'default', 'other'; `relance seller set` makes one"
    assert refused([*verb.split(), "--seller", "nosuch", *as_json], capsys) == told


@pytest.mark.parametrize("verb", OF_A_SELLER)
@pytest.mark.parametrize(
    ("seller", "told"),
    [
        ("nosuch", "--seller: there is no seller 'nosuch', only 'default', 'other'; "),
        (" ", '--seller: " " is blank'),
        ("\udcff", '--seller: "\\udcff" is not UTF-8'),
    ],
)
def test_every_verb_with_a_seller_refuses_one_that_is_not_there(
    verb: str, seller: str, told: str, verbs: Pipeline, capsys: Captured
) -> None:
    assert refused([*verb.split(), "--seller", seller], capsys).startswith(told)


def test_of_many_sellers_none_is_named(verbs: Pipeline, capsys: Captured) -> None:
    with verbs.services.engine.begin() as connection:
        for number in range(10):
            sellers.ensure(connection, Seller(SellerId(f"seller-{number}")))
    told = "--seller: there is no seller 'nosuch'; `relance seller set` makes one"
    assert refused(["log", "--seller", "nosuch"], capsys) == told


@pytest.mark.parametrize("verb", [verb for verb in LISTS if verb != "log --follow"])
def test_the_default_seller_is_there_before_the_first_start(
    verb: str, database_url: str, bare_environment: None, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """`migrate` makes none; the first process or event does. Until then there is nothing to show, and no mistake."""
    migrate(database_url)
    engine = make_engine(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE sellers CASCADE")
    engine.dispose()
    monkeypatch.setenv("RELANCE_DATABASE_URL", database_url)
    for words in ([], ["--seller", "default"]):
        assert main([*verb.split(), *words]) == 0
        assert capsys.readouterr().out == ""


@pytest.mark.parametrize("verb", OF_A_CUSTOMER)
def test_a_customer_that_nobody_has_heard_of_is_no_empty_list(verb: str, verbs: Pipeline, capsys: Captured) -> None:
    assert refused([*verb.split(), "--customer", "NOPE"], capsys) == "there is no customer 'NOPE'"
    told = refused([*verb.split(), "--customer", "C-1", "--seller", "other", "--json"], capsys)
    assert told == "there is no customer 'C-1' of the seller other"
    assert refused([*verb.split(), "--customer", "\udcff"], capsys) == '--customer: "\\udcff" is not UTF-8'


@pytest.mark.parametrize("verb", ["log", "task list"])
def test_a_known_customer_with_nothing_to_show_is_0(verb: str, verbs: Pipeline, capsys: Captured) -> None:
    assert main([*verb.split(), "--customer", "C-1", "--json"]) == 0
    assert capsys.readouterr() == ("", "")
    verbs.receive(event("customer.updated", {"customer": customer_data(id="C-2")}, id="evt-2"))
    assert main([*verb.split(), "--customer", "C-2"]) == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["explain", "NOPE"], "the seller default has no customer and no invoice 'NOPE'"),
        (["explain", "F-1", "--seller", "other"], "the seller other has no customer and no invoice 'F-1'"),
        (["explain", "\udcff"], 'CUSTOMER-OR-INVOICE: "\\udcff" is not UTF-8'),
        (
            ["template", "show", "first", "--invoice", "NOPE"],
            "the seller default has no customer and no invoice 'NOPE'",
        ),
        (["hold", "NOPE"], "there is no customer 'NOPE' of the seller default"),
        (["release", "NOPE"], "there is no customer 'NOPE' of the seller default"),
        (["task", "show", "nope"], "ID: there is no task 'nope'; `relance task list --all` shows which there are"),
        (["task", "close", "nope"], "ID: there is no task 'nope'; `relance task list --all` shows which there are"),
        (["task", "approve", "nope"], "ID: there is no task 'nope'; `relance task list --all` shows which there are"),
        (
            ["unconfirmed", "resolve", "nope", "--sent"],
            "ATTEMPT: there is no attempt 'nope'; `relance unconfirmed list` shows those in doubt",
        ),
        (
            ["quarantine", "show", "77"],
            "ID: there is no 77 in quarantine; `relance quarantine list` shows what waits",
        ),
        (
            ["quarantine", "retry", "77"],
            "ID: there is no 77 in quarantine; `relance quarantine list` shows what waits",
        ),
        (
            ["quarantine", "drop", "77", "--reason", "x"],
            "ID: there is no 77 in quarantine; `relance quarantine list` shows what waits",
        ),
    ],
)
def test_a_name_that_nobody_has_heard_of_is_one_line_and_2(
    words: list[str], told: str, verbs: Pipeline, capsys: Captured
) -> None:
    assert refused(words, capsys) == told


def test_a_number_that_no_row_can_have_is_one_line_and_2(verbs: Pipeline, capsys: Captured) -> None:
    assert refused(["quarantine", "retry", str(2**63)], capsys).startswith("Invalid value for '[ID]'")


@pytest.mark.parametrize(
    ("words", "name"),
    [(["explain"], "C-2"), (["explain"], "F-2"), (["explain"], "F-9"), (["preview", "--customer"], "C-2")],
)
def test_what_has_come_and_is_not_counted_yet_is_told_as_such(
    words: list[str], name: str, verbs: Pipeline, capsys: Captured
) -> None:
    """C-2 and F-2 are in the inbox; of F-9 only a payment has come."""
    verbs.take(event("invoice.paid", {"invoice_id": "F-9", "paid_on": "2026-11-23"}, id="evt-9"))
    verbs.receive(invoice_event(customer=customer_data(id="C-2"), invoice={"id": "F-2", "number": "F-2"}, id="evt-2"))
    assert main([*words, name]) == 1
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert told.err.startswith(f"{name}: an event that names it is not counted yet: it waits for a worker, ")


def test_a_customer_who_has_just_come_can_be_held(verbs: Pipeline, capsys: Captured) -> None:
    """The hold is counted after the event that it follows, and nothing goes out in between."""
    verbs.receive(
        invoice_event(customer=customer_data(id="C-2"), invoice={"id": "F-2", "due_on": "2026-11-20"}, id="evt-2")
    )
    assert main(["hold", "C-2"]) == 0
    assert capsys.readouterr().out == "C-2: held until released\n"


def test_json_of_known_names_is_as_it_was(verbs: Pipeline, capsys: Captured) -> None:
    assert main(["preview", "--customer", "C-1", "--days", "90", "--seller", "default", "--json"]) == 0
    assert {json.loads(line)["customer"] for line in capsys.readouterr().out.splitlines()} == {"C-1"}


def test_a_known_invoice_of_which_nothing_is_owed_is_1(verbs: Pipeline, capsys: Captured) -> None:
    verbs.take(event("invoice.paid", {"invoice_id": "F-1", "paid_on": "2026-11-23"}, id="evt-2"))
    assert main(["template", "show", "first", "--invoice", "F-1"]) == 1
    assert capsys.readouterr().err == "relance: default has no open invoice 'F-1'\n"
