"""`relance emit`: a file of events goes in as over HTTP, and what is wrong in it is named by its line."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import redis

from cli.event_lines import BATCH
from cli.main import main
from store.engine import make_engine
from tests.command import run_relance
from tests.factories import invoice_event
from workers.broker import LAST_LIST
from workers.nudges import BULK


def events(number: int) -> list[dict[str, Any]]:
    return [
        invoice_event(id=f"evt-{at}", customer={"id": f"C-{at}"}, invoice={"id": f"F-{at}", "number": f"F-{at}"})
        for at in range(1, number + 1)
    ]


def jsonl(found: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(one) + "\n" for one in found).encode()


def stored_ids(database_url: str) -> set[str]:
    engine = make_engine(database_url)
    with engine.connect() as connection:
        found = set(connection.exec_driver_sql("SELECT event_id FROM inbox").scalars())
    engine.dispose()
    return found


@pytest.fixture
def database(database_url: str, bare_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A database that the command finds in its environment; there is no broker."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELANCE_DATABASE_URL", database_url)
    return database_url


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """What the command reads from `-`; write to it, it is read from its start."""
    content = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(content))
    return content


def fill(stdin: io.BytesIO, content: bytes) -> None:
    stdin.seek(0)
    stdin.truncate()
    stdin.write(content)
    stdin.seek(0)


def test_a_bad_line_17_is_named_and_the_good_lines_go_in(database_url: str, redis_url: str, tmp_path: Path) -> None:
    lines = events(30)
    lines[16] = invoice_event(id="evt-17", invoice={"due_on": "02/12/2026"})
    (tmp_path / "events.jsonl").write_bytes(jsonl(lines))
    settings = {"database_url": database_url, "redis_url": redis_url}
    ended = run_relance("emit", "events.jsonl", folder=tmp_path, settings=settings)
    assert ended.returncode == 2
    assert ended.stdout == "events.jsonl: 29 accepted, 0 duplicate, 1 rejected\n"
    assert ended.stderr.startswith('events.jsonl:17: data.invoice.due_on: "02/12/2026" is not a date')
    assert ended.stderr.count("\n") == 1
    assert stored_ids(database_url) == {f"evt-{at}" for at in range(1, 31) if at != 17}


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (b'{"specversion": \n', "not JSON: "),
        (b'{"id": "\xff"}\n', "not UTF-8: "),
        (b'{"specversion": "1.0", "source": "billing", "type": "invoice.issued"}\n', "id: is required"),
        (b"[1, 2]\n", "a list is not a JSON object"),
    ],
)
def test_what_is_no_event_is_named_too(
    bad: bytes, told: str, database: str, stdin: io.BytesIO, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(stdin, jsonl(events(1)) + bad)
    assert main(["emit", "-"]) == 2
    said = capsys.readouterr()
    assert said.out == "-: 1 accepted, 0 duplicate, 1 rejected\n"
    assert said.err.startswith(f"-:2: {told}")
    assert stored_ids(database) == {"evt-1"}


def test_a_file_may_be_emitted_again_but_a_changed_event_is_a_conflict(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was interrupted is simply run again; nothing that was stored is ever overwritten."""
    file = Path("events.jsonl")
    file.write_bytes(jsonl(events(3)))
    assert main(["emit", "events.jsonl"]) == 0
    assert main(["emit", "events.jsonl"]) == 0
    first, again = capsys.readouterr().out.splitlines()
    assert first == "events.jsonl: 3 accepted, 0 duplicate, 0 rejected"
    assert again == "events.jsonl: 0 accepted, 3 duplicate, 0 rejected"
    changed = events(3)
    changed[1]["data"]["invoice"]["total"] = "1.00"
    file.write_bytes(jsonl(changed))
    assert main(["emit", "events.jsonl"]) == 2
    assert capsys.readouterr().err.startswith("events.jsonl:2: conflict: ")


def test_a_file_longer_than_a_batch_is_numbered_through(
    database: str, stdin: io.BytesIO, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(stdin, jsonl(events(600)) + b"nonsense\n")
    assert main(["emit", "-"]) == 2
    said = capsys.readouterr()
    assert said.out == "-: 600 accepted, 0 duplicate, 1 rejected\n"
    assert said.err.startswith("-:601: not JSON")


def test_a_file_of_the_wrong_kind_does_not_flood_the_screen(
    database: str, stdin: io.BytesIO, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(stdin, b"this is no event\n" * 1000)
    assert main(["emit", "-"]) == 2
    said = capsys.readouterr()
    assert said.out == "-: 0 accepted, 0 duplicate, 1000 rejected\n"
    assert said.err.count("\n") == 21


def test_a_broker_that_is_away_loses_nothing(database_url: str, tmp_path: Path) -> None:
    """The database is the queue of record: the sweep moves on what no nudge was sent for."""
    settings = {"database_url": database_url, "redis_url": "redis://127.0.0.1:1/0"}
    ended = run_relance("emit", "-", folder=tmp_path, stdin=jsonl(events(2)), settings=settings)
    assert ended.returncode == 0
    assert stored_ids(database_url) == {"evt-1", "evt-2"}


@pytest.mark.parametrize(("number", "first", "last"), [(BULK, 1, 0), (BULK + 1, 0, 1), (BATCH + 20, 0, 4)])
def test_a_whole_book_lets_others_go_first(
    number: int, first: int, last: int, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """As over HTTP; its last lines, too, which are few."""
    settings = {"database_url": database_url, "redis_url": redis_url}
    assert run_relance("emit", "-", folder=tmp_path, stdin=jsonl(events(number)), settings=settings).returncode == 0
    with redis.Redis.from_url(redis_url) as broker:
        assert (broker.llen("intake"), broker.llen(f"intake{LAST_LIST}")) == (first, last)


def test_events_of_a_seller_that_nobody_has_set_up_are_refused(
    database: str, stdin: io.BytesIO, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["emit", "-", "--seller", "acme"]) == 2
    told = capsys.readouterr().err
    assert told == "relance: --seller: there is no seller 'acme', only 'default'; `relance seller set` makes one\n"
