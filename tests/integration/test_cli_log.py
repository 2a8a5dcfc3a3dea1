"""`relance log`: a follower is told of each change once, and the whole log can be had."""

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from cli.main import main
from store.log import LogRow
from tests.attempt_copies import copied, first_of, moved, name_of
from tests.command import start_relance
from tests.pipeline import Pipeline
from tests.running import soon

Captured = pytest.CaptureFixture[str]
CUT = "There are more than the newest {}: --limit and --since show them.\n"
Told = list[tuple[str, str]]
"""Attempts with their states, as they were told."""


@pytest.fixture
def first(pipeline: Pipeline) -> LogRow:
    return first_of(pipeline)


@contextmanager
def following(folder: Path, database_url: str, first: LogRow, *words: str) -> Iterator[Told]:
    """What `log --follow` has told so far, from when it has told of the first attempt."""
    settings = {"database_url": database_url, "log_level": "error"}
    follower = start_relance("log", "--follow", "--json", *words, folder=folder, settings=settings)
    told: Told = []

    def listen() -> None:
        assert follower.stdout is not None
        for line in follower.stdout:
            row = json.loads(line)
            told.append((row["attempt"], row["state"]))

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        assert soon(lambda: told == [(first.attempt, "accepted")])
        told.clear()
        yield told
    finally:
        follower.terminate()
        listener.join()
        follower.communicate()


def test_a_follower_is_told_of_each_of_many_attempts_and_of_late_states(
    pipeline: Pipeline, first: LogRow, database_url: str, tmp_path: Path
) -> None:
    names = [name_of(number) for number in range(1, 1502)]
    with following(tmp_path, database_url, first) as told:
        with pipeline.services.engine.begin() as connection:
            copied(connection, first, range(1, 1502), at_s=60)
        assert soon(lambda: len(told) >= len(names))
        assert told == [(name, "calling") for name in names]
        told.clear()
        with pipeline.services.engine.begin() as connection:
            moved(connection, first, "receipt.settled", "undelivered", [first.attempt])
        assert soon(lambda: bool(told))
    assert told == [(first.attempt, "undelivered")]


def test_what_is_committed_late_is_told_though_newer_was_told_before(
    pipeline: Pipeline, first: LogRow, database_url: str, tmp_path: Path
) -> None:
    engine = pipeline.services.engine
    with following(tmp_path, database_url, first) as told, engine.begin() as slow:
        copied(slow, first, [1])
        with engine.begin() as quick:
            copied(quick, first, [2])
        assert soon(lambda: told == [(name_of(2), "calling")])
        slow.commit()
        assert soon(lambda: told == [(name_of(2), "calling"), (name_of(1), "calling")])


def test_a_follower_outlives_the_databases_restart(
    pipeline: Pipeline, first: LogRow, database_url: str, tmp_path: Path
) -> None:
    """Found in review: it ended with 2, and whoever had left it open saw nothing more. Ctrl-C ends it."""
    engine = pipeline.services.engine
    address = sa.make_url(database_url)
    elsewhere = sa.create_engine(engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    follower = start_relance("log", "--follow", "--json", folder=tmp_path, settings={"database_url": database_url})
    assert follower.stdout is not None
    assert follower.stderr is not None
    assert json.loads(follower.stdout.readline())["attempt"] == first.attempt
    with elsewhere.connect() as admin, engine.connect() as ours:
        for number in (1, 2):
            admin.execute(sa.text(f'ALTER DATABASE "{address.database}" ALLOW_CONNECTIONS false'))
            mine = ours.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name AND pid <> :mine"
            admin.execute(sa.text(others), {"name": address.database, "mine": mine})
            line = follower.stderr.readline()
            assert line.startswith("relance: the database cannot be used: ")
            ours.rollback()
            copied(ours, first, [number])
            ours.commit()
            time.sleep(2.5)
            admin.execute(sa.text(f'ALTER DATABASE "{address.database}" ALLOW_CONNECTIONS true'))
            assert json.loads(follower.stdout.readline())["attempt"] == name_of(number)
    elsewhere.dispose()
    follower.send_signal(signal.SIGINT)
    out, err = follower.communicate(timeout=20)
    assert (follower.returncode, out, err.strip()) == (130, "", "")


@pytest.fixture
def many(
    pipeline: Pipeline, first: LogRow, database_url: str, bare_environment: None, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """The ids of 2,501 attempts in the order of the log: one, and a minute later 2,500 at once."""
    monkeypatch.setenv("RELANCE_DATABASE_URL", database_url)
    monkeypatch.setenv("RELANCE_LOG_LEVEL", "error")
    with pipeline.services.engine.begin() as connection:
        copied(connection, first, range(1, 2501), at_s=60)
    return [first.attempt, *(name_of(number) for number in range(1, 2501))]


def asked(capsys: Captured, *words: str) -> tuple[list[str], str]:
    """The attempts that `log --json` has with these words, and what it says aside."""
    assert main(["log", "--json", *words]) == 0
    said = capsys.readouterr()
    return [json.loads(line)["attempt"] for line in said.out.splitlines()], said.err


def test_as_json_the_whole_log_is_told(many: list[str], capsys: Captured) -> None:
    assert asked(capsys) == (many, "")
    assert asked(capsys, "--seller", "default", "--customer", "C-17") == (many, "")
    assert asked(capsys, "--limit", "1000000") == (many, "")
    assert asked(capsys, "--limit", "2501") == (many, "")


def test_a_follower_ends_when_nobody_reads_it_any_more(first: LogRow, database_url: str, tmp_path: Path) -> None:
    """As in `relance log --follow | head -1`: the next contact may be days away."""
    settings = {"database_url": database_url, "log_level": "error"}
    follower = start_relance("log", "--follow", "--json", folder=tmp_path, settings=settings)
    assert follower.stdout is not None
    assert json.loads(follower.stdout.readline())["attempt"] == first.attempt
    follower.stdout.close()
    assert follower.stderr is not None
    assert (follower.wait(20), follower.stderr.read()) == (0, "")
    follower.stderr.close()


def test_the_newest_are_told_and_that_there_are_more(many: list[str], capsys: Captured) -> None:
    assert asked(capsys, "--limit", "2500") == (many[1:], CUT.format(2500))
    assert asked(capsys, "--customer", "C-17", "--limit", "1") == (many[-1:], CUT.format(1))


def test_for_people_a_thousand_are_shown_and_that_there_are_more(
    many: list[str], capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["log"]) == 0
    said = capsys.readouterr()
    assert (len(said.out.splitlines()), said.err) == (1001, CUT.format(1000))
    assert main(["log", "--limit", "2501"]) == 0
    said = capsys.readouterr()
    assert (len(said.out.splitlines()), said.err) == (2502, "")


def test_since_an_instant_or_the_start_of_a_day(many: list[str], capsys: Captured) -> None:
    assert asked(capsys, "--since", "2026-11-24") == (many, "")
    assert asked(capsys, "--since", "2026-11-24T09:30:30+01:00") == (many[1:], "")
    assert asked(capsys, "--since", "2026-11-24T09:30:30+01:00", "--limit", "2500") == (many[1:], "")
    assert asked(capsys, "--since", "2026-11-25") == ([], "")


@pytest.mark.parametrize(
    ("since", "told"),
    [
        ("yesterday", '"yesterday" is not an instant; write it with its offset from UTC'),
        ("2026-11-24T09:30:30", '"2026-11-24T09:30:30" is not an instant; write it with its offset from UTC'),
        ("2026-11-31", '"2026-11-31" is not a date of the calendar'),
        ("24/11/2026", '"24/11/2026" is not a date; write it year first'),
    ],
)
def test_since_what_is_no_instant_is_bad_input(
    since: str, told: str, bare_environment: None, capsys: Captured
) -> None:
    assert main(["log", "--since", since]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith(f"relance: --since: {told}")
