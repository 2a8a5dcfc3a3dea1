"""The reading and setting verbs of `relance` on a real database."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.main import main
from config.keys import webhook_secret
from store import sellers
from store.engine import make_engine
from tests.command import PATIENCE_S, RELANCE, environment, run_relance, start_relance
from tests.conftest import Servers
from tests.factories import contact_data, invoice_event
from tests.pipeline import Pipeline
from tests.running import descendants, soon
from tests.services import SECRET_KEY


@pytest.fixture
def database(database_url: str, bare_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A database that the verbs find in their environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELANCE_DATABASE_URL", database_url)
    monkeypatch.setenv("RELANCE_SECRET_KEY", SECRET_KEY)
    return database_url


@pytest.fixture
def delivered(pipeline: Pipeline, database: str) -> Pipeline:
    """Two customers, each with one reminder that went out."""
    late = {"due_on": "2026-11-20"}
    pipeline.take(
        invoice_event(invoice=late),
        invoice_event(
            id="evt-2",
            customer={"id": "C-18", "name": "Café [red]Rouge", "contacts": [contact_data(email="b@example.com")]},
            invoice={**late, "id": "F-2", "number": "F-2"},
        ),
    )
    assert pipeline.deliver_due() == 2
    return pipeline


@pytest.mark.parametrize("words", [["--help"], ["template", "show", "first"], ["policy", "diff", "standard", "firm"]])
def test_output_that_cannot_be_written_is_one_line_and_2(words: list[str], tmp_path: Path) -> None:
    """A disk that is full is the operator's trouble, and none of ours."""
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(  # noqa: S603 - our own command line
            [*RELANCE, *words],
            cwd=tmp_path,
            env=environment({}),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (2, FULL)


FULL = "relance: the output, or RELANCE_HOME, cannot be written: No space left on device\n"
FULL_HOME = """
import sys
from cli import main
def up(*_, **__):
    print("rk_key")
    raise OSError(28, "No space left on device")
main.app = up
sys.exit(main.main(["up"]))
"""


def test_a_home_that_is_full_takes_no_output_away() -> None:
    """It was told as an output that cannot be written, and what had been said was dropped."""
    ended = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-c", FULL_HOME],
        env={},  # its output may wait in a buffer
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "rk_key\n", FULL)


def test_log_as_json_holds_the_keys_of_the_contract_and_nothing_else(
    delivered: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["log", "--json"]) == 0
    said = capsys.readouterr()
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert said.err == ""
    assert {(row["customer"], row["to"]) for row in rows} == {("C-17", "anne@example.com"), ("C-18", "b@example.com")}
    assert list(rows[0]) == [
        "at", "seller", "customer", "invoices", "step", "level", "tone", "channel", "provider", "to", "cc", "contact",
        "state", "attempt", "reminder", "policy", "template", "error_class", "error_code", "provider_id", "segments",
    ]  # fmt: skip
    assert rows[0]["at"].endswith("+01:00")


def test_log_of_one_customer(delivered: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log", "--customer", "C-18", "--json"]) == 0
    assert [json.loads(line)["customer"] for line in capsys.readouterr().out.splitlines()] == ["C-18"]


def test_log_for_people_shortens_addresses_and_takes_names_as_they_are(
    delivered: Pipeline, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["log"]) == 0
    shown = capsys.readouterr().out
    assert "an…@example.com" in shown
    assert "anne@example.com" not in shown
    assert "Café [red]Rouge" in shown


def test_an_empty_log_is_nothing_on_standard_output(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log"]) == 0
    assert capsys.readouterr().out == ""


def test_a_key_is_shown_once_and_kept_as_a_digest(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "create"]) == 0
    shown = dict(line.rsplit(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    engine = make_engine(database)
    with engine.connect() as connection:
        known = sellers.key_of(connection, shown["key"])
        kept = connection.exec_driver_sql("SELECT api_keys::text FROM api_keys").scalars().all()
    engine.dispose()
    assert known is not None
    assert known.seller == "default"
    assert shown["signing secret"] == webhook_secret(SECRET_KEY, known.id)
    assert not any(shown["key"] in row for row in kept)


def test_a_key_without_a_secret_to_derive_from_is_refused(
    database: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RELANCE_SECRET_KEY")
    assert main(["key", "create"]) == 2
    assert capsys.readouterr().err.startswith("relance: RELANCE_SECRET_KEY is not set")


def test_a_seller_is_made_and_changed_and_may_have_a_key(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--name", "Acme", "--language", "en", "--country", "DE", "--region", "BY", "--timezone", "Europe/Berlin"]
    assert main(["seller", "set", "--seller", "acme", *words]) == 0
    assert capsys.readouterr().out == "acme: Acme, en, DE DE-BY, Europe/Berlin, policy standard\n"
    assert main(["seller", "set", "--seller", "acme", "--name", "Acme GmbH"]) == 0
    assert capsys.readouterr().out == "acme: Acme GmbH, en, DE DE-BY, Europe/Berlin, policy standard\n"
    assert main(["key", "create", "--seller", "acme"]) == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--policy", ""], "DE DE-BY, Europe/Paris, policy standard"),
        (["--region", ""], "DE, Europe/Paris, policy gentle"),
        (["--country", "AT"], "AT, Europe/Paris, policy gentle"),
        (["--country", "AT", "--region", "9"], "AT AT-9, Europe/Paris, policy gentle"),
        (["--country", "DE"], "DE DE-BY, Europe/Paris, policy gentle"),
    ],
)
def test_a_policy_and_a_region_of_a_seller_can_be_taken_back(
    words: list[str], told: str, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty word does, and another country takes back a region that is not its own."""
    given = ["--name", "Acme", "--language", "en", "--country", "DE", "--region", "BY", "--policy", "gentle"]
    assert main(["policy", "publish", "gentle"]) == 0
    assert main(["seller", "set", "--seller", "acme", *given]) == 0
    capsys.readouterr()
    assert main(["seller", "set", "--seller", "acme", *words]) == 0
    assert capsys.readouterr().out == f"acme: Acme, en, {told}\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--timezone", "Paris"], '--timezone: "Paris" is not a time zone'),
        (["--country", "Germany"], '--country: "Germany" is not an ISO 3166 country'),
        (["--region", "Bretagne"], '--region: "Bretagne" is not an ISO 3166-2 region of FR'),
        (["--policy", "harsh"], "--policy: there is no stored policy 'harsh'"),
        (["--name", ""], "--name: is blank; customers read it"),
        (["--seller", "a\nb"], '--seller: "a\\nb" holds a control character'),
    ],
)
def test_a_wrong_setting_of_a_seller_is_named_and_changes_nothing(
    words: list[str], told: str, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["seller", "set", "--name", "Changed", *words]) == 2
    assert capsys.readouterr().err.startswith(f"relance: {told}")
    assert main(["seller", "set"]) == 0
    assert "Changed" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [["keep"], ["suppress", "+33612345678", "--channel", "sms"], ["hold", "C-17"], ["policy", "list"]]
)
def test_a_persons_verb_says_words_and_logs_nothing_unless_asked(
    delivered: Pipeline, database: str, words: list[str], tmp_path: Path
) -> None:
    """Found in review: `relance keep` by hand printed its log between its words."""
    ended = run_relance(*words, folder=tmp_path, settings={"database_url": database})
    assert (ended.returncode, [line for line in ended.stderr.splitlines() if line.startswith("{")]) == (0, [])
    assert '"event"' not in ended.stdout


def test_a_persons_verb_logs_as_it_is_asked_to(database: str, tmp_path: Path) -> None:
    settings = {"database_url": database, "log_level": "info"}
    ended = run_relance("keep", folder=tmp_path, settings=settings)
    assert '"keep.' in ended.stderr


def test_migrating_twice_is_no_fault(database: str) -> None:
    assert main(["migrate"]) == 0
    assert main(["migrate"]) == 0


def test_a_database_without_our_tables_says_what_to_do(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"bare_{datetime.now(UTC):%H%M%S%f}"
    monkeypatch.setenv("RELANCE_DATABASE_URL", servers.postgres.create_database(name))
    assert main(["log"]) == 2
    servers.postgres.drop_database(name)
    assert (
        capsys.readouterr().err == "relance: the database has not the tables of this release: run `relance migrate`\n"
    )


def test_a_database_that_is_away_is_one_line_without_its_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RELANCE_DATABASE_URL", "postgresql://relance:a-password@127.0.0.1:1/relance")
    assert main(["migrate"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("relance: the database cannot be used: connection failed")
    assert told.count("\n") == 1
    assert "a-password" not in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-Q", "deliver.sms", "--nonsense"], "No such option '--nonsense'."),
        (["-Q", "deliver.fax"], "Trying to select queue subset of ['deliver.fax'], but queue 'deliver.fax' isn't"),
    ],
)
def test_a_wrong_option_of_celery_is_one_line_too(
    words: list[str], told: str, database: str, redis_url: str, tmp_path: Path
) -> None:
    settings = {"database_url": database, "redis_url": redis_url}
    ended = run_relance("worker", *words, folder=tmp_path, settings=settings)
    assert (ended.returncode, ended.stdout) == (2, "")
    lines = [line for line in ended.stderr.splitlines() if "SecurityWarning" not in line]  # Celery's, of root
    assert len(lines) == 1
    assert lines[0].startswith(f"relance: celery worker: {told}")


def test_a_worker_says_at_its_start_which_whatsapp_texts_cannot_go_out(
    database: str, redis_url: str, tmp_path: Path
) -> None:
    settings = {
        "database_url": database,
        "redis_url": redis_url,
        "twilio_whatsapp_from": "+33700000002",
        "twilio_content_sids": json.dumps({"fr.firm": f"HX{'0' * 32}"}),
    }
    ended = run_relance("worker", "--nonsense", folder=tmp_path, settings=settings)
    [told] = [json.loads(line) for line in ended.stderr.splitlines() if "whatsapp.not_approved" in line]
    assert {"fr.thanks", "en.firm"} <= set(told["texts"])
    assert "fr.firm" not in told["texts"]


def test_a_worker_takes_the_options_of_celery_and_stops_on_sigterm(
    database: str, redis_url: str, tmp_path: Path
) -> None:
    settings = {"database_url": database, "redis_url": redis_url}
    worker = start_relance("worker", "-Q", "deliver.sms", "-c", "1", folder=tmp_path, settings=settings)
    assert worker.stdout is not None
    banner = [line for line in iter(worker.stdout.readline, "[tasks]\n") if line.strip()]
    assert any("concurrency: 1" in line for line in banner)
    queues = [line.lstrip(" .>").split()[0] for line in banner if "exchange=" in line]
    assert [queue for queue in queues if not queue.startswith("celery@")] == [
        "deliver.sms"
    ]  # and its own, for canaries
    # Celery says what it consumes before it minds signals; it has children after.
    assert soon(lambda: len(descendants(worker.pid)) > 0)
    worker.terminate()
    worker.communicate(timeout=30)
    assert worker.returncode == 0
