"""`.env.example` documents every setting, with its default: what is not written there does not exist."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from config.settings import Settings, read_settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
OF_COMPOSE = {"POSTGRES_PASSWORD", "WORKER_CONCURRENCY"} | {
    f"WORKER_{kind}" for kind in ("INTAKE", "EMAIL", "MOBILE", "TASK")
}


def lines_of_the_example() -> list[str]:
    return EXAMPLE.read_text(encoding="utf-8").splitlines()


def variables() -> dict[str, str]:
    pairs = [line.split("=", 1) for line in lines_of_the_example() if line and not line.startswith("#")]
    return {name: value for name, value in pairs if name not in OF_COMPOSE}


def written(default: Any) -> str:
    match default:
        case None:
            return ""
        case SecretStr():
            return default.get_secret_value()
        case dict():
            return json.dumps(default)
        case _:
            return str(default)


def test_the_example_holds_every_setting_and_no_other_in_their_order() -> None:
    assert list(variables()) == [f"RELANCE_{name.upper()}" for name in Settings.model_fields]


def test_every_default_is_the_one_that_holds() -> None:
    defaults = {f"RELANCE_{name.upper()}": written(field.default) for name, field in Settings.model_fields.items()}
    assert variables() == defaults


def test_every_variable_is_explained_above_it() -> None:
    lines = lines_of_the_example()
    for at, line in enumerate(lines):
        if line and not line.startswith("#"):
            assert lines[at - 1].startswith("#") or "=" in lines[at - 1], line


def test_the_example_as_it_stands_is_a_valid_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`cp .env.example .env` must not break anything: empty means not set."""
    for name, value in variables().items():
        monkeypatch.setenv(name, value)
    assert Settings() == Settings.model_construct(**{n: f.default for n, f in Settings.model_fields.items()})


@pytest.mark.parametrize("name", variables())
def test_each_setting_may_be_empty_and_is_not_set_then(
    name: str, bare_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, "")
    assert read_settings().model_fields_set == set()
    assert read_settings() == Settings.model_construct(**{n: f.default for n, f in Settings.model_fields.items()})
