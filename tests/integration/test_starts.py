"""The parts that wait for others to come say at their start that they do: an empty log tells nobody anything."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.command import RELANCE, environment
from tests.simulator_process import eventually

PATIENCE_S = 30.0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("web", "--port", "0"), {"event": "web.listening", "level": "info", "host": "127.0.0.1"}),
        (("scheduler",), {"event": "scheduler.ticking", "level": "info"}),
    ],
    ids=["web", "scheduler"],
)
def test_a_part_says_that_it_has_begun(
    database_url: str, redis_url: str, tmp_path: Path, words: tuple[str, ...], told: dict[str, Any]
) -> None:
    settings = {"database_url": database_url, "redis_url": redis_url}
    file = tmp_path / "log"
    with (
        file.open("wb") as log,
        subprocess.Popen(  # noqa: S603 - our own command line
            [*RELANCE, *words], cwd=tmp_path, env=environment(settings), stdout=log, stderr=log
        ) as process,
    ):
        try:
            eventually(lambda: file.read_text(encoding="utf-8").endswith("\n"), PATIENCE_S)
        finally:
            process.terminate()
    [line] = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert told.items() <= line.items()
    assert line.get("port", 1) > 0
