"""Events from a program with a Celery of its own, as docs/events.md shows it: a worker of ours takes them in."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from config.wiring import Services
from tests.command import environment, start_relance
from tests.factories import invoice_event
from tests.services import using_services
from tests.simulator_process import eventually

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/events.md"


@pytest.mark.parametrize("serializer", ["json", "pickle"])
def test_what_a_program_sends_as_the_page_says_is_taken_in(
    serializer: str, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """Whatever the program's Celery is used to: a worker of ours takes JSON, from the queue that it serves."""
    settings = {"database_url": database_url, "redis_url": redis_url, "log_level": "error"}
    with using_services(**settings) as services:
        worker = start_relance("worker", "-Q", "intake", "-c", "1", folder=tmp_path, settings=settings)
        try:
            send(redis_url, serializer, tmp_path)
            eventually(lambda: events_in(services) == ["evt-0001"], 30.0)
        finally:
            worker.terminate()
            worker.communicate(timeout=60)


def send(redis_url: str, serializer: str, folder: Path) -> None:
    """The page's example with one event, in a program that knows nothing of ours."""
    shown = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    assert shown[1].splitlines()[-1] in (ROOT / "README.md").read_text(encoding="utf-8")
    used_to = f'app.conf.task_serializer = "{serializer}"\n'
    example = (
        shown[1].replace("redis://127.0.0.1:6379/0", redis_url).replace("app.send_task", f"{used_to}app.send_task")
    )
    program = f"import json\nevents = [json.loads({json.dumps(json.dumps(invoice_event()))})]\n{example}"
    subprocess.run(  # noqa: S603 - the page's own words
        [sys.executable, "-c", program], cwd=folder, env=environment({}), check=True, timeout=30
    )


def events_in(services: Services) -> list[str]:
    with services.engine.connect() as connection:
        return list(connection.execute(sa.text("SELECT event_id FROM inbox")).scalars())
