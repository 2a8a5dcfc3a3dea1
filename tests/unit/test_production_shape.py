"""`docker-compose.yml` and the lock files say what the code and the design say."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for

from channels.http import CONNECT_S, READ_S
from tests.compose import compose_services
from workers import ask
from workers.deliver import ENDS_WITHIN_S
from workers.nudges import QUEUES
from workers.signs import ALIVE_WITHIN_S

ROOT = Path(__file__).parents[2]
VERBS = {"migrate", "web", "scheduler", "worker"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return compose_services()


@pytest.fixture(scope="module")
def ours(services: dict[str, Any]) -> dict[str, Any]:
    return {name: service for name, service in services.items() if service["image"] == "relance"}


def pins(lock: str) -> set[str]:
    return set(re.findall(r"^[^\s#]+==\S+", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))


def test_it_is_a_compose_file() -> None:
    """By the schema of the Compose specification (compose-spec.io), as check-jsonschema carries it."""
    text = files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text(encoding="utf-8")
    schema = json.loads(text)
    validator = validator_for(schema)(schema)
    found = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(found)] == []
    assert not validator.is_valid(found | {"services": {"web": {"image": "relance", "restarts": "always"}}})


def test_every_part_is_there_and_starts_with_a_verb_of_ours(ours: dict[str, Any]) -> None:
    assert {service["command"][0] for service in ours.values()} == {"relance"}
    assert {service["command"][1] for service in ours.values()} == VERBS


def test_every_queue_has_exactly_one_kind_of_worker(ours: dict[str, Any]) -> None:
    """A queue without a worker would fill for ever; one with two kinds could not be scaled by itself."""
    commands = [service["command"] for service in ours.values() if service["command"][1] == "worker"]
    served = [queue for command in commands for queue in command[command.index("-Q") + 1].split(",")]
    assert sorted(served) == sorted(QUEUES)


def test_every_service_that_answers_is_asked_for_its_health(services: dict[str, Any]) -> None:
    silent = {name for name, service in services.items() if "healthcheck" not in service}
    assert silent == {"migrate", "scheduler"}


def test_a_worker_is_well_only_if_its_pool_works(ours: dict[str, Any]) -> None:
    """The check asks often enough to have a younger sign than one may be, and for the whole of a worker's life."""
    checks = {json.dumps(one["healthcheck"]) for one in ours.values() if one["command"][1] == "worker"}
    assert len(checks) == 1
    check = json.loads(checks.pop())
    assert check["test"] == ["CMD", "python", "-m", "workers.canary"]
    assert 2 * seconds(check["interval"]) < ALIVE_WITHIN_S


def test_a_worker_has_time_to_end_what_it_has_begun(ours: dict[str, Any]) -> None:
    """A container that is killed in the middle of a call leaves it in doubt."""
    graces = [seconds(one["stop_grace_period"]) for one in ours.values() if one["command"][1] == "worker"]
    assert min(graces) > ENDS_WITHIN_S
    assert min(graces) > ask.GOES_ON_S + CONNECT_S + READ_S


def seconds(text: str) -> int:
    """`30s`."""
    return int(text.removesuffix("s"))


def test_everything_restarts_but_the_migration(services: dict[str, Any]) -> None:
    once = {name for name, service in services.items() if service["restart"] != "unless-stopped"}
    assert once == {"migrate"}


def test_nothing_of_ours_starts_before_the_migration_has_ended(ours: dict[str, Any]) -> None:
    waits = {name for name, service in ours.items() if "migrate" in service["depends_on"]}
    assert waits == set(ours) - {"migrate"}


def test_workers_can_be_multiplied(services: dict[str, Any]) -> None:
    """A fixed name or port would stop `--scale` at one."""
    assert not [name for name, service in services.items() if "container_name" in service]
    assert [name for name, service in services.items() if "ports" in service] == ["web"]


def test_no_secret_is_written_down(services: dict[str, Any]) -> None:
    values = [str(value) for service in services.values() for value in service.get("environment", {}).values()]
    secret = [value for value in values if "password" in value.lower() or "relance:" in value]
    assert secret
    assert all("${POSTGRES_PASSWORD:?" in value for value in secret)


def test_the_image_runs_as_an_ordinary_user() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("USER ")] == ["USER relance"]


def test_production_runs_the_versions_that_were_tested() -> None:
    assert pins("requirements-runtime.lock") < pins("requirements.lock")


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-runtime.lock"])
def test_a_lock_names_no_index_and_leaves_no_package_without_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[^\s#])", text, flags=re.MULTILINE)
    assert not [entry for entry in entries if entry.strip() and "--hash=sha256:" not in entry]
    assert "://" not in text
