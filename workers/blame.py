"""Whose fault it is that a batch broke: what our machine or the database does is laid at nobody's door.

Every step that takes ids asks here: intake, due, claim, settle. It never leaves the process.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from store.engine import Unavailable, took_too_long

_MACHINES = frozenset(
    {
        errno.EDQUOT,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.ENOSPC,
        errno.EROFS,
    }
)
"""Nothing left of files, memory or disk, or a disk that fails: whoever works on whatever would meet it."""

log = structlog.get_logger()


T = TypeVar("T")
R = TypeVar("R")


def is_nobodys(error: Exception) -> bool:
    """Whether it is the database's or this machine's trouble: the work is left as it is, for a later nudge."""
    if isinstance(error, OSError):
        return error.errno in _MACHINES
    return isinstance(error, (*Unavailable, MemoryError))


def _may_be_ones(error: Exception) -> bool:
    """Whether one of many may have brought it about after all: it took too long, or too much."""
    return took_too_long(error) or isinstance(error, MemoryError)


def spare_the_others(
    told: str, ids: Sequence[T], work: Callable[[Sequence[T]], R], blame: Callable[[T, Exception], object]
) -> list[R]:
    """Does the work for all at once; if one breaks it, for each alone, and `blame` hears of those that break it.

    Returns what the work came to, in as many parts as it took; `told` is the log's word for a break. Raises what is
    nobody's fault; but once each is tried alone, what was done counts, and the rest is left to later.
    """
    try:
        return [work(ids)]
    except Exception as error:
        is_one = len(ids) == 1
        if is_nobodys(error) and (is_one or not _may_be_ones(error)):
            raise
        log.warning(told, ids=list(ids), error=type(error).__name__)
        if is_one:
            blame(ids[0], error)
            return []
    return _each_alone(told, ids, work, blame)


def _each_alone(
    told: str, ids: Sequence[T], work: Callable[[Sequence[T]], R], blame: Callable[[T, Exception], object]
) -> list[R]:
    """One that takes too much alone is tried once more after the others: a second such is the database's trouble."""
    done: list[R] = []
    too_much: list[T] = []
    try:
        for one in ids:
            try:
                done += spare_the_others(told, [one], work, blame)
            except Exception as error:
                if too_much or not _may_be_ones(error):
                    raise
                too_much.append(one)
        for one in too_much if done else ():
            done += _once_more(told, one, work, blame)
    except Exception as error:
        if not is_nobodys(error):
            raise
        log.warning("batch.cut_short", after=told, done=len(done), of=len(ids), error=type(error).__name__)
    return done


def _once_more(
    told: str, one: T, work: Callable[[Sequence[T]], R], blame: Callable[[T, Exception], object]
) -> list[R]:
    """Others were done, so that it is to blame: unless what it met (a table that was locked) is over by now."""
    try:
        return spare_the_others(told, [one], work, blame)
    except Exception as error:
        if not _may_be_ones(error):
            raise
        log.warning("batch.too_much", after=told, ids=[one], error=type(error).__name__)
        blame(one, error)
        return []
