"""What `up` was given holds for its other shells: each setting, such that it means the same in any folder."""

from pathlib import Path

import pytest

from cli.installation import environment_of, given_settings
from config.running import Running, alone_in, announce
from config.settings import Settings, read_settings

GIVEN = {
    "RELANCE_POLICY": "mine.yaml",
    "RELANCE_TEMPLATES": "words",
    "RELANCE_SMS_PER_S": "2.5",
    "RELANCE_KEEP_MONTHS": "24",
    "RELANCE_TWILIO_AUTH_TOKEN": "token",
    "RELANCE_TWILIO_CONTENT_SIDS": '{"fr.firm": "HX1"}',
    "RELANCE_SENDGRID_API_KEY": "",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare_environment: None) -> Path:
    """Where `up` is called, with a policy and a folder of words in it."""
    (tmp_path / "mine.yaml").touch()
    (tmp_path / "words").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_all_that_was_given_is_told_with_absolute_paths_and_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    assert given_settings(Settings()) == {
        "policy": str(folder / "mine.yaml"),
        "templates": str(folder / "words"),
        "sms_per_s": 2.5,
        "keep_months": 24,
        "twilio_auth_token": "token",
        "twilio_content_sids": {"fr.firm": "HX1"},
    }


@pytest.mark.parametrize("name", ["firm", "nowhere.yaml", "", "n" * 300])
def test_a_shipped_policy_and_a_slip_stay_as_they_were_written(name: str, folder: Path) -> None:
    """A file that happens to have a shipped name is not meant; of a slip the complaint shows what was typed."""
    (folder / "firm").touch()
    assert given_settings(Settings(policy=name)) == {"policy": name}


def test_another_shell_takes_it_unless_it_says_otherwise(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = given_settings(Settings(policy="mine.yaml", sms_per_s=2.5, email_per_s=1.0))
    with alone_in(folder / ".relance"):
        announce(folder / ".relance", Running("", 1, {"database_url": "postgresql://up", **told}))
        monkeypatch.setenv("RELANCE_EMAIL_PER_S", "50")
        found = read_settings()
    assert (found.policy, found.sms_per_s, found.email_per_s) == (str(folder / "mine.yaml"), 2.5, 50.0)


def test_a_part_is_started_on_the_very_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    given = given_settings(Settings())
    for name, value in environment_of(given).items():
        monkeypatch.setenv(name, value)
    assert given_settings(Settings()) == given
