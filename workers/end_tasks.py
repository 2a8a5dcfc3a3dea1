"""Ends tasks: those that a person has closed, as the account's facts say, and those that nobody has to do any more.

Called by `workers/planning` for a batch of locked accounts. Three round trips for any number of tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.account import Account
from domain.facts import TaskClosed
from domain.ids import AccountKey, AttemptId
from domain.outcomes import AttemptState
from store import attempts, journal, tasks
from store.accounts import AccountRow
from store.attempts import Report
from store.engine import Connection
from store.journal import Entry
from store.tasks import CANCELLED, ClosedTask, Closing, Pending

Folded = tuple[AccountRow, Account, datetime, tuple[str, ...] | None]
"""A locked account with what it was folded to, the business time at which it is looked at, and the ids of the `fix`
and `dispute` tasks that it asks for then (None: it does not say)."""


def end_tasks(connection: Connection, found: Sequence[Folded]) -> None:
    """Has the rows, the log and the journal say what came of these accounts' tasks.

    The rows follow the facts, whoever sent them and in whatever order they came: the last word by the order of the
    stamps counts, as in `fold`.
    """
    closings = [_closing(task, row, now) for row, account, now, _ in found for task in account.closed_tasks]
    pending = [Pending(row.key, _pending(account), now, wanted) for row, account, now, wanted in found]
    ended = [*tasks.close(connection, closings), *tasks.cancel_moot(connection, pending)]
    if not ended:
        return
    by_key = {row.key: (row, now) for row, _, now, _ in found}
    reports = [Report(AttemptId(task.id), _state(task)) for task in ended if task.reminder is not None]
    attempts.report(connection, reports)
    scores = {(row.key, task.task_id): task.score for row, account, _, _ in found for task in account.closed_tasks}
    journal.write(connection, [_entry(task, scores, *by_key[task.account]) for task in ended])


def _closing(task: TaskClosed, row: AccountRow, now: datetime) -> Closing:
    return Closing(task.task_id, row.key, task.kind, task.outcome, task.next_on, task.note, task.by, now)


def _pending(account: Account) -> tuple[str, ...]:
    to_read = (*(reply.reply_id for reply in account.unread), *(survey.task_id for survey in account.low_scores))
    return (*(unit.id for unit in account.units), *to_read)


def _state(task: ClosedTask) -> AttemptState:
    return AttemptState.CANCELLED if task.outcome == CANCELLED else AttemptState.DONE


def _entry(
    task: ClosedTask, scores: Mapping[tuple[AccountKey, str], int | None], row: AccountRow, now: datetime
) -> Entry:
    """What a person noted stays out of the journal: it may hold anything."""
    attempt = AttemptId(task.id) if task.reminder is not None else None
    facts: dict[str, str | int | None] = {"kind": task.kind, "step": task.step}
    if task.outcome == CANCELLED:
        return Entry(row.seller, now, "task.cancelled", facts, row.key, task.reminder, attempt, task.id)
    facts |= {"outcome": task.outcome, "next_on": str(task.next_on), "by": task.by}
    score = scores.get((row.key, task.id))
    if score is not None:
        facts["score"] = score
    return Entry(row.seller, now, "task.closed", facts, row.key, task.reminder, attempt, task.id)
