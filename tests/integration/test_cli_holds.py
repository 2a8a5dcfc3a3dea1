"""`relance hold` and `release`: a held customer gets nothing, a released one goes on."""

from datetime import timedelta
from pathlib import Path

import pytest
import redis

from cli.main import main
from store import inbox
from tests.command import run_relance
from tests.factories import invoice_event
from tests.pipeline import TUESDAY_0930, Pipeline, clock_setting
from workers.intake import intake

Captured = pytest.CaptureFixture[str]
Monkeypatch = pytest.MonkeyPatch


@pytest.fixture
def database(database_url: str, bare_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A database that the verbs find in their environment, at half past nine of the same Tuesday. No broker."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELANCE_DATABASE_URL", database_url)
    monkeypatch.setenv("RELANCE_CLOCK", clock_setting(TUESDAY_0930))
    monkeypatch.setenv("RELANCE_LOG_LEVEL", "error")
    return database_url


def count(pipeline: Pipeline) -> int:
    """Folds what the verbs left in the inbox, as the sweep has it done where no broker told a worker."""
    with pipeline.services.engine.connect() as connection:
        ids = inbox.forgotten(connection, 0, 100)
    intake(pipeline.services, ids, pipeline.now)
    return len(ids)


def received(pipeline: Pipeline) -> list[tuple[str, str]]:
    with pipeline.services.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT source, type FROM inbox ORDER BY id").all()
    return [(source, kind) for source, kind in rows]


@pytest.fixture
def due(pipeline: Pipeline, database: str) -> Pipeline:
    """C-17 has a reminder that would leave now."""
    pipeline.take(invoice_event(invoice={"due_on": "2026-11-20"}))
    return pipeline


def test_a_held_customer_gets_nothing_until_released(due: Pipeline, capsys: Captured) -> None:
    assert main(["hold", "C-17", "--reason", "we are talking"]) == 0
    assert capsys.readouterr().out == "C-17 (Boulangerie Martin): held until released\n"
    assert count(due) == 1
    assert due.deliver_due() == 0
    assert due.codes() == ["customer_held"]
    assert main(["release", "C-17"]) == 0
    assert capsys.readouterr().out == "C-17 (Boulangerie Martin): released\n"
    assert count(due) == 1
    assert due.deliver_due() == 1
    assert received(due)[1:] == [("relance-cli", "customer.held"), ("relance-cli", "customer.released")]


def test_nothing_leaves_between_the_word_and_its_counting(due: Pipeline) -> None:
    """The hold is in the inbox and no worker has taken it up: the claim leaves the account alone."""
    assert main(["hold", "C-17"]) == 0
    assert due.deliver_due() == 0
    assert due.log() == []


def test_a_hold_ends_by_itself_at_the_end_of_its_day(due: Pipeline, capsys: Captured) -> None:
    assert main(["hold", "C-17", "--until", "2026-11-25"]) == 0
    assert capsys.readouterr().out == "C-17 (Boulangerie Martin): held to the end of 2026-11-25\n"
    count(due)
    assert due.at(TUESDAY_0930 + timedelta(days=1)).deliver_due() == 0
    assert due.at(TUESDAY_0930 + timedelta(days=2, hours=8)).deliver_due() == 1


@pytest.mark.parametrize(
    ("zone", "ended", "told"),
    [
        ("Pacific/Auckland", 2, "relance: --until: 2026-11-24 is over already\n"),
        ("Pacific/Honolulu", 0, ""),
    ],
)
def test_a_date_is_over_when_it_is_over_at_the_customers(
    zone: str, ended: int, told: str, pipeline: Pipeline, database: str, capsys: Captured, monkeypatch: Monkeypatch
) -> None:
    """In the afternoon of the 24th in Paris it is the 25th in Auckland; at night it is the 24th in Honolulu still."""
    pipeline.take(invoice_event(customer={"timezone": zone}))
    hours = 6 if zone.endswith("Auckland") else 19
    monkeypatch.setenv("RELANCE_CLOCK", clock_setting(TUESDAY_0930 + timedelta(hours=hours)))
    assert main(["hold", "C-17", "--until", "2026-11-24"]) == ended
    assert capsys.readouterr().err == told


@pytest.mark.parametrize("words", [["hold", "C-18", "--reason", "x"], ["release", "C-18"]])
def test_a_customer_that_nobody_knows_is_one_line_and_2_and_nothing_is_stored(
    words: list[str], due: Pipeline, capsys: Captured
) -> None:
    assert main(words) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "relance: there is no customer 'C-18' of the seller default\n")
    assert len(received(due)) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--until", "soon"], '--until: "soon" is not'),
        (["--until", "24/11/2026"], '--until: "24/11/2026" is not a date; write it year first'),
        (["--until", "2026-11-23"], "--until: 2026-11-23 is over already"),
        (["--reason", "x" * 20_000], "data.reason: "),
        (["--seller", "acme"], "--seller: there is no seller 'acme'"),
    ],
)
def test_a_wrong_word_is_named_and_nothing_is_stored(
    words: list[str], told: str, due: Pipeline, capsys: Captured
) -> None:
    assert main(["hold", "C-17", *words]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"relance: {told}")
    assert said.err.count("\n") == 1
    assert len(received(due)) == 1


@pytest.mark.parametrize("customer", ["", "\udcff"])
def test_an_id_that_no_customer_can_have_is_named(customer: str, due: Pipeline, capsys: Captured) -> None:
    """A terminal in another encoding makes halves of characters, which no database takes."""
    for words in (["release", customer], ["hold", customer, "--until", "2026-11-25"]):
        assert main(words) == 2
        assert capsys.readouterr().err.startswith("relance: data.customer_id: ")


def test_a_hold_tells_a_worker_at_once(due: Pipeline, database: str, redis_url: str, tmp_path: Path) -> None:
    """The broker's queue of intake holds a nudge for it."""
    settings = {"database_url": database, "redis_url": redis_url}
    ended = run_relance("hold", "C-17", folder=tmp_path, settings=settings)
    assert (ended.returncode, ended.stderr) == (0, "")
    broker = redis.Redis.from_url(redis_url)
    assert broker.llen("intake") == 1
    broker.close()
