"""What is written of records and exceptions: where and of what kind, never the words that may quote somebody."""

import asyncio
import gc
import io
import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from config.logs import set_up_logs

PRIVATE = "anne@example.com"


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Set up on the standard error of this test, and leave the process's logging as it was."""
    for name in ("asyncio", "celery.worker", "uvicorn.error"):
        logging.getLogger(name).disabled = False  # import-linter disables whatever logger there is
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    set_up_logs("debug")
    structlog.configure(cache_logger_on_first_use=False)

    def read() -> list[dict[str, Any]]:
        assert PRIVATE not in stream.getvalue()
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    yield read
    root.handlers, root.level = before, level


def fail(cause: Exception | None = None) -> None:
    raise ValueError(f"no such person: {PRIVATE}") from cause


def test_an_exception_is_its_kind_its_causes_and_its_frames(told: Any) -> None:
    try:
        try:
            fail()
        except ValueError as error:
            raise KeyError(PRIVATE) from error
    except KeyError:
        structlog.get_logger().error("step.failed", exc_info=True, account=7)
    [line] = told()
    assert (line["event"], line["account"], line["error"], line["causes"]) == (
        "step.failed",
        7,
        "KeyError",
        ["ValueError"],
    )
    assert line["frames"][-1].endswith("test_an_exception_is_its_kind_its_causes_and_its_frames")
    assert "exc_info" not in line


def test_private_fields_are_dropped(told: Any) -> None:
    structlog.get_logger().info("sent", to=PRIVATE, url=PRIVATE, ids=[1])
    structlog.get_logger().info("failed", accounts=[7, PRIVATE], ids=[8, PRIVATE])
    structlog.get_logger().info("counted", receipts=3)
    sent, failed, counted = told()
    assert sent.keys() == {"event", "ids", "level", "timestamp"}
    assert (failed["accounts"], failed["ids"]) == ([7], [8])
    assert counted["receipts"] == 3


def test_a_librarys_record_keeps_its_template_and_loses_its_arguments(told: Any) -> None:
    logging.getLogger("celery.worker").warning("Received %s from %r", PRIVATE, [PRIVATE])
    [line] = told()
    assert (line["event"], line["level"], line["logger"]) == ("library.told", "warning", "celery.worker")
    assert line["says"] == "Received %s from %r"


def test_a_crashed_task_is_named(told: Any) -> None:
    context = {"name": "event.intake", "id": "t-1", "args": PRIVATE, "exc": PRIVATE, "traceback": PRIVATE}
    try:
        fail()
    except ValueError as error:
        logging.getLogger("celery.app.trace").error(  # noqa: TRY400 - as Celery does
            "Task %(name)s[%(id)s]: %(exc)s\n%(traceback)s", context, exc_info=error
        )
    [line] = told()
    assert (line["task_name"], line["task_id"], line["error"]) == ("event.intake", "t-1", "ValueError")
    assert line["frames"][-1].endswith(" fail")


@pytest.mark.parametrize(
    ("logger", "words", "says"),
    [
        ("somebody", f"could not write to {PRIVATE}", None),
        ("asyncio", f"Task exception was never retrieved\nfuture: {PRIVATE}", "Task exception was never retrieved"),
        ("asyncio", f"Exception in callback send('{PRIVATE}')", "Exception in callback send"),
        ("uvicorn.error", "Invalid HTTP request received.", "Invalid HTTP request received"),
    ],
)
def test_of_words_without_arguments_the_constant_beginning_is_kept(
    told: Any, logger: str, words: str, says: str | None
) -> None:
    logging.getLogger(logger).error(words)
    assert told()[0]["says"] == says


@pytest.mark.parametrize("level", [5, 25, 60])
def test_levels_that_only_libraries_know_are_rounded(told: Any, level: int) -> None:
    logging.getLogger("multiprocessing").setLevel(1)
    logging.getLogger("multiprocessing").log(level, "%s", PRIVATE)
    assert {line["level"] for line in told()} <= {"debug", "info", "critical"}


def test_a_record_that_cannot_be_written_is_not_printed_either(told: Any) -> None:
    class Unprintable:
        def __str__(self) -> str:
            raise ValueError(PRIVATE)

    [ours] = [one for one in logging.getLogger().handlers if type(one).__module__ == "config.logs"]
    ours.handle(logging.LogRecord("somebody", logging.ERROR, __file__, 1, Unprintable(), (PRIVATE,), None))
    assert [line["event"] for line in told()] == ["library.lost"]


@pytest.mark.parametrize("field", [{"accounts": None}, {"found": {("a", "b"): 1}}])
def test_a_line_that_cannot_be_made_stops_nobody(told: Any, field: dict[str, Any]) -> None:
    structlog.get_logger("somebody").info("counted", **field)
    [line] = told()
    assert (line["event"], line["line"], line["error"]) == ("log.lost", "counted", "TypeError")


def test_a_log_that_is_full_stops_nobody() -> None:
    code = "from config.logs import set_up_logs; import structlog; set_up_logs('info')"
    code += "; structlog.get_logger().info('work'); print('done')"
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=full, text=True, check=False, timeout=30
        )
    assert ended.stdout == "done\n"  # the exit code is Python's, which may find at its end that the log is full


def test_an_exception_that_nobody_retrieves_is_told_without_words(told: Any) -> None:
    async def lose() -> None:
        raised = asyncio.get_running_loop().create_future()
        raised.set_exception(ValueError(PRIVATE))
        del raised
        gc.collect()

    asyncio.run(lose())
    assert [line["error"] for line in told()] == ["ValueError"]


@pytest.mark.parametrize(
    "code",
    [
        "raise ValueError(private)",
        "thread = threading.Thread(target=lambda: int(private)); thread.start(); thread.join()",
        "class Dying:\n    def __del__(self): raise ValueError(private)\nDying()",
        "warnings.warn(private, RuntimeWarning)",
    ],
)
def test_what_crashes_a_process_is_told_without_words(code: str) -> None:
    start = "import threading, warnings\nfrom config.logs import set_up_logs\nset_up_logs('info')\n"
    start += f"private = {PRIVATE!r}\n"
    ended = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", start + code], capture_output=True, text=True, check=False, timeout=30
    )
    [line] = [json.loads(line) for line in ended.stderr.splitlines()]
    assert PRIVATE not in ended.stderr
    assert line["event"] in {"process.crashed", "library.warned"}
    assert line.get("error", "ValueError") == "ValueError"
