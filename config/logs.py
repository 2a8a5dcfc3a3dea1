"""Structured logs on standard error: one JSON object a line, dotted event names, ids and figures, no personal data.

Fields that could hold an address, a name or a secret are dropped before anything is written. Of an exception its kind
and its frames are written, never its words: a constraint's quote the row, a provider's the address. What libraries
log, warn of or let crash goes the same way (`library.told`, `library.warned`, `process.crashed`), with those of their
words that are constant.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import warnings
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from types import TracebackType
from typing import Any, TextIO

import structlog

_PRIVATE = frozenset(
    {"to", "cc", "email", "phone", "name", "body", "text", "token", "key", "secret", "url", "recipient", "address"}
)
_NUMBERS = frozenset({"accounts", "ids"})
"""What came over the broker as row numbers may be anything."""
_CONSTANT = ("asyncio", "celery", "kombu", "uvicorn")
"""Whose messages begin with constant words, also those without arguments, which another may put together anyhow."""
_WORDS = re.compile(r"[A-Za-z ,-]*")
_TASK = ("name", "id", "runtime")
"""What Celery says of a task beside its arguments and its exception."""
_MOST_FRAMES = 12
_MOST_CAUSES = 4
_render = structlog.processors.JSONRenderer()


def set_up_logs(level: str) -> None:
    """Sets up logging for this process; called once by each entry point. `level` is debug, info, warning or error.

    Libraries are heard from warning on, at debug from info on. A hook that somebody else has set is left alone.
    """
    number, stream = getattr(logging, level.upper()), sys.stderr
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _as_line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: _Printer(stream),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [one for one in root.handlers if not isinstance(one, _Libraries)] + [_Libraries()]
    root.setLevel(logging.INFO if number <= logging.DEBUG else max(number, logging.WARNING))
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)  # from info on it logs statements
    warnings.showwarning = _warned
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _crashed
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = lambda told: _crashed(told.exc_type, told.exc_value, told.exc_traceback)
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = lambda told: _crashed(told.exc_type, told.exc_value, told.exc_traceback)


def frames_of(traceback: TracebackType | None) -> list[str]:
    """Where it happened, the innermost last: `file:line function`, at most a dozen."""
    frames: list[str] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code  # not by the library: Celery's come from another process, and are imitations
        frames.append(f"{code.co_filename}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return frames[-_MOST_FRAMES:]


class _Printer(structlog.PrintLogger):
    """Prints each line. A log that is full or closed costs lines, and never the work that they tell of."""

    def msg(self, message: str) -> None:
        """Prints it, if that can be done."""
        with suppress(OSError, ValueError):
            super().msg(message)

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg


class _Libraries(logging.Handler):
    """Takes what libraries log, without the arguments that they put into their messages."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the record as one of ours, or says that it is lost; the library would print its arguments."""
        try:
            self._write(record)
        except Exception as error:  # noqa: BLE001 - whoever logs is not to be stopped by it
            structlog.get_logger().error("library.lost", logger=record.name, error=type(error).__name__)

    @staticmethod
    def _write(record: logging.LogRecord) -> None:
        told = record.args if isinstance(record.args, Mapping) else {}
        task = {f"task_{name}": told[name] for name in _TASK if name in told}
        where = {"logger": record.name, "at": f"{record.module}:{record.lineno}"}
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        structlog.get_logger().log(
            level, "library.told", says=_constant_words(record), **where, **task, exc_info=record.exc_info
        )


def _constant_words(record: logging.LogRecord) -> str | None:
    """The message before anything is put into it; None for what may have been put together."""
    words = str(record.msg).strip().partition("\n")[0]
    if record.args:
        return words[:200]
    return _WORDS.findall(words)[0] if record.name.partition(".")[0] in _CONSTANT else None


def _warned(
    message: Warning | str,  # noqa: ARG001 - the shape is the library's
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    structlog.get_logger().warning("library.warned", kind=category.__name__, at=f"{filename}:{lineno}")


def _crashed(kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger().critical("process.crashed", exc_info=(kind, error, traceback))


def _as_line(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """The line, or one that says that it was lost: a line that cannot be made stops nobody either."""
    try:
        return str(_render(logger, method, _without_words(_without_private(event))))
    except Exception as error:  # noqa: BLE001 - whoever logs is not to be stopped by it
        kept = {name: event[name] for name in ("level", "timestamp", "job") if name in event}
        lost = {"event": "log.lost", "line": str(event.get("event")), "error": type(error).__name__}
        return json.dumps(lost | kept)


def _without_private(event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for field in _PRIVATE & event.keys():
        del event[field]
    for field in _NUMBERS & event.keys():
        told = event[field]
        event[field] = told if isinstance(told, int) else [number for number in told if isinstance(number, int)]
    return event


def _without_words(event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception's kind, where it was raised, and the kinds of those that led to it."""
    told = event.pop("exc_info", None)
    if told is True:
        told = sys.exc_info()
    error = told if isinstance(told, BaseException) else told[1] if isinstance(told, tuple) else None
    if error is None:
        return event
    event["error"] = type(error).__name__
    event["frames"] = frames_of(told[2] if isinstance(told, tuple) else error.__traceback__)
    if causes := _causes_of(error):
        event["causes"] = causes
    return event


def _causes_of(error: BaseException) -> list[str]:
    causes: list[str] = []
    cause = error.__cause__ or error.__context__
    while cause is not None and len(causes) < _MOST_CAUSES:
        causes.append(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    return causes
