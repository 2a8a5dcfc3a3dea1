"""Addresses in copy that will not work: out of use from now on, and a person repairs the contact.

Called by `workers/deliver` in the transaction that records the answers, which puts them out of use with all else.
The reader has his mail, or the next try of the same reminder brings it to him: planned again, it is without them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.addresses import address_key
from domain.ids import SellerId
from domain.internal_task import COPY_REFUSED, InternalTask
from domain.levels import Channel
from domain.naming import task_id
from domain.outcomes import Outcome, OutcomeClass
from domain.task_outcomes import TaskKind
from store import journal, tasks
from store.accounts import AccountRow
from store.engine import Connection
from store.journal import Entry
from store.tasks import NewTask
from workers.calls import Call
from workers.instants import Now, now_of

_WHY = OutcomeClass.PERMANENT_ADDRESS.value


def repair_copies(
    connection: Connection, rows: Sequence[AccountRow], answered: Sequence[tuple[Call, Outcome]], now: Now
) -> None:
    """Two round trips for any number; none if no copy was refused. The accounts are locked."""
    found = [(call, outcome.bad_copies) for call, outcome in answered if outcome.bad_copies]
    if not found:
        return
    by_key = {row.key: row for row in rows}
    wanted = [_repair(call, copies, by_key[call.claim.account], now) for call, copies in found]
    opened = tasks.open_tasks(connection, wanted)
    journal.write(
        connection,
        [
            entry
            for (call, copies), task in zip(found, wanted, strict=True)
            for entry in _entries(call, copies, task, is_new=task.id in opened)
        ],
    )


def to_suppress(call: Call, outcome: Outcome, now: datetime) -> list[tuple[SellerId, str, str, str, datetime]]:
    """What `store/history.suppress` takes for the copies. With all else: two calls would not lock in one order."""
    return [(call.claim.seller, Channel.EMAIL.value, copy, _WHY, now) for copy in outcome.bad_copies]


def _repair(call: Call, copies: Sequence[str], row: AccountRow, now: Now) -> NewTask:
    """Of the reminder's units, so that it ends with what they owe; its title names who is to be repaired.

    Each reminder and each copy has a task of its own: a server may name one copy at a time.
    """
    claim, bad = call.claim, {address_key(copy) for copy in copies}
    contacts = call.planned.account.customer.contacts
    names = [one.name or one.id for one in contacts if address_key(one.email or "") in bad]
    task = InternalTask(
        TaskKind.REPAIR,
        COPY_REFUSED,
        tuple(member.unit_id for member in claim.members),
        max(member.cycle for member in claim.members),
    )
    return NewTask(
        id=task_id(row.seller, row.customer_id, task, (claim.reminder, *bad)),
        seller=row.seller,
        account=row.key,
        kind=task.kind,
        step=task.step,
        units=task.units,
        opened_at=now_of(now, row.key),
        title=", ".join(names),
        cycle=task.cycle,
        utc_offset_s=claim.utc_offset_s,
    )


def _entries(call: Call, copies: Sequence[str], task: NewTask, *, is_new: bool) -> list[Entry]:
    claim = call.claim
    gone = {"channel": claim.channel, "why": _WHY}
    told = [Entry(task.seller, task.opened_at, "address.suppressed", gone, task.account) for _ in copies]
    if is_new:
        about = {"kind": task.kind, "step": task.step}
        told.append(
            Entry(task.seller, task.opened_at, "task.opened", about, task.account, claim.reminder, task=task.id)
        )
    return told
