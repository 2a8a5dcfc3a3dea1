"""A running installation is found by its owner's other shells, and one that is gone is not."""

from pathlib import Path

import pytest

from config.embedded.guarded import EmbeddedError
from config.private_files import read_or_make
from config.running import Running, alone_in, announce, find_running
from config.settings import read_settings

RUNNING = Running(
    "http://127.0.0.1:8080", 1, {"database_url": "postgresql://up", "twilio_content_sids": {"fr.firm": "HX"}}
)


def test_what_was_announced_is_found_while_its_process_holds_the_home(tmp_path: Path) -> None:
    with alone_in(tmp_path):
        announce(tmp_path, RUNNING)
        assert find_running(tmp_path) == RUNNING
    assert find_running(tmp_path) is None
    assert not (tmp_path / "run.json").exists()


def test_what_a_killed_one_left_behind_is_ignored(tmp_path: Path) -> None:
    announce(tmp_path, RUNNING)
    assert find_running(tmp_path) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", "nonsense", '{"url": "x"}'])
def test_a_broken_file_is_ignored(content: str, tmp_path: Path) -> None:
    with alone_in(tmp_path):
        (tmp_path / "run.json").write_text(content, encoding="utf-8")
        assert find_running(tmp_path) is None


def test_a_home_has_one_installation(tmp_path: Path) -> None:
    with alone_in(tmp_path), pytest.raises(EmbeddedError, match=r"is in use by process \d+"), alone_in(tmp_path):
        pass


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    """It holds addresses with passwords."""
    with alone_in(tmp_path):
        announce(tmp_path, RUNNING)
        assert (tmp_path / "run.json").stat().st_mode & 0o777 == 0o600


def test_a_new_home_is_closed_to_others(tmp_path: Path) -> None:
    with alone_in(tmp_path / "new" / "home"):
        assert (tmp_path / "new" / "home").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "new" / "home" / ".gitignore").read_text() == "*\n"


def test_in_a_folder_that_was_there_nothing_is_hidden(tmp_path: Path) -> None:
    with alone_in(tmp_path):
        assert not (tmp_path / ".gitignore").exists()


def test_settings_come_from_the_running_installation_when_no_database_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare_environment: None
) -> None:
    monkeypatch.setenv("RELANCE_HOME", str(tmp_path))
    monkeypatch.setenv("RELANCE_REDIS_URL", "")
    monkeypatch.setenv("RELANCE_LOG_LEVEL", "error")
    running = Running("", 1, {**RUNNING.settings, "redis_url": "redis://up", "log_level": "debug"})
    with alone_in(tmp_path):
        announce(tmp_path, running)
        found = read_settings()
        assert found.database_url is not None
        assert found.redis_url is not None
        assert (found.database_url.get_secret_value(), found.redis_url.get_secret_value()) == (
            "postgresql://up",
            "redis://up",
        )
        assert found.twilio_content_sids == {"fr.firm": "HX"}
        assert found.log_level == "error"


def test_whoever_names_the_very_database_that_it_runs_on_has_its_settings_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare_environment: None
) -> None:
    monkeypatch.setenv("RELANCE_HOME", str(tmp_path))
    monkeypatch.setenv("RELANCE_DATABASE_URL", "postgresql://up")
    with alone_in(tmp_path):
        announce(tmp_path, RUNNING)
        assert read_settings().twilio_content_sids == {"fr.firm": "HX"}


def test_a_named_database_is_never_mixed_with_the_running_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare_environment: None
) -> None:
    monkeypatch.setenv("RELANCE_HOME", str(tmp_path))
    monkeypatch.setenv("RELANCE_DATABASE_URL", "postgresql://mine")
    with alone_in(tmp_path):
        announce(tmp_path, RUNNING)
        found = read_settings()
    assert found.database_url is not None
    assert found.database_url.get_secret_value() == "postgresql://mine"
    assert found.twilio_content_sids == {}


def test_a_secret_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    made = iter(["first", "second"])
    assert [read_or_make(tmp_path / "key", lambda: next(made)) for _ in range(2)] == ["first", "first"]
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["key"]
