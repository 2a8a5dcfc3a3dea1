"""Opens the task for a contact whose message never arrived, where it is too late for another channel.

Called by `workers/settle` and `workers/nameless` in their transaction, with the accounts locked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.ids import AccountKey
from domain.internal_task import InternalTask
from domain.naming import task_id
from domain.past import PastReminder
from domain.task_outcomes import TaskKind
from store import journal, tasks
from store.accounts import AccountRow
from store.attempts import AttemptRow
from store.engine import Connection
from store.journal import Entry


def ask_for_repair(
    connection: Connection,
    failed: Sequence[tuple[AttemptRow, Sequence[PastReminder]]],
    rows: Mapping[AccountKey, AccountRow],
    now: datetime,
) -> None:
    """A person has to look at the contact of each attempt; beside it the reminders of its account."""
    wanted = [_repair(one, past, rows[one.account], now) for one, past in failed]
    opened = tasks.open_tasks(connection, wanted)
    entries = [
        Entry(task.seller, now, "task.opened", _about(task), task.account, one.reminder, task=task.id)
        for task, (one, _) in zip(wanted, failed, strict=True)
        if task.id in opened
    ]
    journal.write(connection, entries)


def _about(task: tasks.NewTask) -> dict[str, str]:
    return {"kind": task.kind, "step": task.step}


def _repair(one: AttemptRow, past: Sequence[PastReminder], row: AccountRow, now: datetime) -> tasks.NewTask:
    """Of the reminder's units, so that it ends with what they owe."""
    mine = next(reminder for reminder in past if reminder.id == one.reminder)
    units = tuple(member.unit_id for member in mine.members)
    task = InternalTask(TaskKind.REPAIR, mine.step, units, max(member.cycle for member in mine.members))
    return tasks.NewTask(
        id=task_id(row.seller, row.customer_id, task),
        seller=row.seller,
        account=row.key,
        kind=task.kind,
        step=task.step,
        units=units,
        opened_at=now,
        cycle=task.cycle,
        utc_offset_s=one.utc_offset_s,
    )
