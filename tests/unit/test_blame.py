"""One of many that breaks a step pays alone; what the machine or the database does is paid by nobody."""

import errno
from collections.abc import Sequence

import psycopg.errors
import pytest
from sqlalchemy.exc import OperationalError

from workers.blame import spare_the_others

AWAY = OperationalError("", None, psycopg.errors.AdminShutdown())
TOO_LONG = OperationalError("", None, psycopg.errors.QueryCanceled())
NO_FILES = OSError(errno.EMFILE, "too many open files")
A_BUG = ValueError("a bug")


class Step:
    """Does what it is asked for, but for what breaks it: `errors` by id, and once something did, `then` that."""

    def __init__(self, errors: dict[int, Exception]) -> None:
        self.errors = errors
        self.done: list[int] = []
        self.blamed: list[int] = []

    def work(self, ids: Sequence[int]) -> int:
        for one in ids:
            if one in self.errors:
                raise self.errors[one]
        self.done += ids
        return len(ids)

    def blame(self, one: int, _error: Exception) -> None:
        self.blamed.append(one)

    def run(self, ids: Sequence[int]) -> list[int]:
        return spare_the_others("step.failed", ids, self.work, self.blame)


def test_what_does_not_break_is_done_at_once() -> None:
    step = Step({})
    assert step.run([1, 2, 3]) == [3]
    assert step.blamed == []


@pytest.mark.parametrize("error", [A_BUG, TOO_LONG, MemoryError(), PermissionError(errno.EACCES, "")])
def test_one_that_breaks_it_pays_alone(error: Exception) -> None:
    step = Step({2: error})
    assert step.run([1, 2, 3]) == [1, 1]
    assert step.done == [1, 3]
    assert step.blamed == [2]


@pytest.mark.parametrize("error", [AWAY, NO_FILES])
def test_what_the_machine_or_the_database_does_is_raised(error: Exception) -> None:
    step = Step({2: error})
    with pytest.raises(type(error)):
        step.run([1, 2, 3])
    assert (step.done, step.blamed) == ([], [])


@pytest.mark.parametrize("error", [AWAY, NO_FILES, TOO_LONG, MemoryError()])
def test_alone_nobody_can_be_told_from_the_machine(error: Exception) -> None:
    step = Step({1: error})
    with pytest.raises(type(error)):
        step.run([1])
    assert step.blamed == []


@pytest.mark.parametrize("then", [AWAY, NO_FILES])
def test_what_was_done_counts_where_the_rest_cannot_be_tried(then: Exception) -> None:
    step = Step({2: A_BUG, 4: then})
    assert step.run([1, 2, 3, 4, 5]) == [1, 1]
    assert (step.done, step.blamed) == ([1, 3], [2])


def test_two_that_take_too_long_are_the_databases_fault() -> None:
    step = Step({2: TOO_LONG, 3: TOO_LONG})
    assert step.run([1, 2, 3, 4]) == [1]
    assert (step.done, step.blamed) == ([1], [])


def test_one_that_met_what_is_over_by_the_time_the_others_are_done_is_not_to_blame() -> None:
    """A table that somebody has locked: the batch waits in vain, the first one alone too, and the second gets it."""
    step = Step({1: TOO_LONG})
    tries: list[Sequence[int]] = []

    def work(ids: Sequence[int]) -> int:
        tries.append(ids)
        if len(tries) > 2:
            step.errors.clear()
        return step.work(ids)

    assert spare_the_others("step.failed", [1, 2, 3], work, step.blame) == [1, 1, 1]
    assert (step.done, step.blamed) == ([2, 3, 1], [])


def test_one_that_takes_too_long_at_first_and_breaks_it_then_pays_for_that() -> None:
    step = Step({1: TOO_LONG})

    def work(ids: Sequence[int]) -> int:
        if ids == [3]:
            step.errors[1] = A_BUG
        return step.work(ids)

    assert spare_the_others("step.failed", [1, 2, 3], work, step.blame) == [1, 1]
    assert step.blamed == [1]


def test_where_nobody_else_was_done_too_long_is_no_ones_fault() -> None:
    step = Step({1: A_BUG, 2: TOO_LONG})
    assert step.run([1, 2]) == []
    assert step.blamed == [1]


def test_a_blame_that_the_database_does_not_take_leaves_what_was_done() -> None:
    step = Step({2: A_BUG})

    def blame(_one: int, _error: Exception) -> None:
        raise AWAY

    assert spare_the_others("step.failed", [1, 2, 3], step.work, blame) == [1]


def test_a_bug_in_the_blame_is_told() -> None:
    step = Step({2: A_BUG})

    def blame(_one: int, _error: Exception) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        spare_the_others("step.failed", [1, 2, 3], step.work, blame)
