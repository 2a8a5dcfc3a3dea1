"""Documents that could not be attached: journaled, and one task for each invoice, so that a person mends the link.

Called by `workers/deliver` in the transaction that records the answers. The mail has gone without.
"""

from __future__ import annotations

from collections.abc import Sequence

from domain.ids import UnitId
from domain.internal_task import DOCUMENT_MISSING, InternalTask
from domain.naming import task_id
from domain.task_outcomes import TaskKind
from store import journal, tasks
from store.accounts import AccountRow
from store.engine import Connection
from store.journal import Entry
from store.tasks import NewTask
from workers.calls import Call
from workers.instants import Now, now_of


def note_missed(connection: Connection, rows: Sequence[AccountRow], calls: Sequence[Call], now: Now) -> None:
    """Two round trips for any number; none if nothing is missing. The accounts are locked."""
    missed = [(call, document, why) for call in calls for document, why in call.missed]
    if not missed:
        return
    by_key = {row.key: row for row in rows}
    wanted = [_task(call, by_key[call.claim.account], document.unit, now) for call, document, _ in missed]
    opened = tasks.open_tasks(connection, wanted)
    entries = [_entry(call, document.number, why, now) for call, document, why in missed]
    entries += [
        Entry(task.seller, task.opened_at, "task.opened", {"kind": task.kind, "why": task.step}, task.account)
        for task in {task.id: task for task in wanted if task.id in opened}.values()
    ]
    journal.write(connection, entries)


def _task(call: Call, row: AccountRow, unit: UnitId, now: Now) -> NewTask:
    wanted = InternalTask(TaskKind.FIX, DOCUMENT_MISSING, (unit,))
    return NewTask(
        id=task_id(row.seller, row.customer_id, wanted),
        seller=row.seller,
        account=row.key,
        kind=wanted.kind,
        step=wanted.step,
        units=wanted.units,
        opened_at=now_of(now, row.key),
        utc_offset_s=call.claim.utc_offset_s,
    )


def _entry(call: Call, number: str, why: str, now: Now) -> Entry:
    claim = call.claim
    facts = {"invoice": number, "why": why}
    return Entry(
        claim.seller,
        now_of(now, claim.account),
        "document.missing",
        facts,
        claim.account,
        claim.reminder,
        claim.attempt,
    )
