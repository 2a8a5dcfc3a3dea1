"""`docker-compose.yml` as who runs it finds it: how many of each, connections, logs, the first start."""

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.pool import QueuePool

from store.engine import make_engine
from tests.compose import compose_services
from web.server import STOP_WITHIN_S

ROOT = Path(__file__).parents[2]
FOR_PEOPLE = 20
"""Connections for a backup, `relance` by hand, health checks, and whoever looks."""


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return compose_services()


@pytest.fixture(scope="module")
def workers(services: dict[str, Any]) -> dict[str, Any]:
    return {name: service for name, service in services.items() if name.startswith("worker-")}


def test_web_has_time_to_answer_what_it_has_begun(services: dict[str, Any]) -> None:
    assert int(services["web"]["stop_grace_period"].removesuffix("s")) > STOP_WITHIN_S


def test_as_many_workers_as_are_wanted_stay_at_the_next_up(workers: dict[str, Any]) -> None:
    """`--scale` counts for one `up`; what stands in .env counts for each. One that is not set, or empty, is 1."""
    wanted = {name: str(one["deploy"]["replicas"]) for name, one in workers.items()}
    assert wanted == {name: f"${{{variable(name)}:-1}}" for name in wanted}
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert [name for name in wanted if f"\n{variable(name)}=1\n" not in example] == []


def test_the_database_has_connections_for_all_that_the_readme_scales_to(
    services: dict[str, Any], workers: dict[str, Any]
) -> None:
    """Celery starts a process for each core unless told how many, and each may open as many as its pool holds."""
    commands = [one["command"] for one in workers.values()]
    assert {command[command.index("-c") + 1] for command in commands} == {"${WORKER_CONCURRENCY:-2}"}
    wanted = dict.fromkeys(workers, 1)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    wanted |= {name: int(number) for name, number in re.findall(r"--scale ([a-z-]+)=(\d+)", readme)}
    assert set(wanted) == set(workers)
    assert sum(wanted.values()) > len(wanted)
    [most] = re.findall(r"max_connections=(\d+)", " ".join(services["postgres"]["command"]))
    pool = make_engine("postgresql://nobody@127.0.0.1:1/none").pool
    assert isinstance(pool, QueuePool)
    web_and_workers = 1 + 2 * sum(wanted.values())
    assert (pool.size() + pool._max_overflow) * web_and_workers + FOR_PEOPLE < int(most)


def test_the_database_is_asked_where_only_the_real_server_answers(services: dict[str, Any]) -> None:
    """While the image makes a new database, a server of its own answers on the socket, and goes away again."""
    words = services["postgres"]["healthcheck"]["test"]
    assert words[words.index("-h") + 1] == "127.0.0.1"
    assert "--wait" in services["migrate"]["command"]


def test_no_log_fills_the_disk(services: dict[str, Any]) -> None:
    """The driver `local` keeps 100 MB of each container (docs.docker.com, read 2026-11-23); the default one all."""
    assert {service["logging"]["driver"] for service in services.values()} == {"local"}


def test_the_image_can_be_read_by_its_user_whoever_checked_it_out() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert "COPY --chmod=755 . /app" in lines


def variable(service: str) -> str:
    """`worker-email`: WORKER_EMAIL."""
    return service.upper().replace("-", "_")
