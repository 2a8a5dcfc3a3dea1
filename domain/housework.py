"""Work for people inside the seller's house that planning finds at an instant. Used by `plan`, and by who keeps it.

It is free of the budget and of the hours. The same is opened again only after it was closed, and not before the date
that was given then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from domain.account import Account, Unit
from domain.closings import closed_before, last_word
from domain.facts import TaskClosed
from domain.gates import fixes_of
from domain.grouping import Composition, Share
from domain.hours import start_of_day
from domain.ids import StepId
from domain.internal_task import NOT_SET_UP, InternalTask
from domain.leave import Leaves, Unreachable, Waits
from domain.policy import Step
from domain.task_outcomes import TaskKind, TaskOutcome


@dataclass(frozen=True, slots=True)
class Work:
    """The tasks of an instant. `changes_at` is the first later one at which there are more (None: none known)."""

    tasks: tuple[InternalTask, ...]
    changes_at: datetime | None


def work_at(found: Composition, became: Leaves | Waits | Unreachable, account: Account, at: datetime) -> Work:
    """What people have to do at `at`: fix what holds a first reminder, approve, repair, settle disputes."""
    fixes = fixes_of(found.gates, at) if found.gates else ()
    wanted = [_approval(share) for share in found.approvals]
    wanted += (InternalTask(TaskKind.FIX, StepId(code.value), ()) for code in dict.fromkeys(found.unrated))
    if isinstance(became, Unreachable):
        wanted.append(to_reach(found.shares[0].rung.step, is_ours=became.is_ours))
    if not account.closed_tasks:
        return Work((*fixes, *wanted), None)
    wanted += (task for _, task in _left_by_closings(account))
    opens = [(_opens_at(task, account), in_round(task, account)) for task in dict.fromkeys(wanted)]
    later = [instant for instant, _ in opens if instant is not None and instant > at]
    now = (task for instant, task in opens if instant not in later)
    return Work((*fixes, *now), min(later, default=None))


def in_round(task: InternalTask, account: Account) -> InternalTask:
    """The task with its round: how often the same was closed before."""
    return replace(task, round=len(closed_before(task, account)))


def to_reach(step: Step, *, is_ours: bool) -> InternalTask:
    """What there is to do where a step reaches nobody: repair the contact, or (`is_ours`) set a channel up."""
    if is_ours:
        return InternalTask(TaskKind.FIX, NOT_SET_UP, ())
    return InternalTask(TaskKind.REPAIR, step.id, ())


def _approval(share: Share) -> InternalTask:
    return InternalTask(TaskKind.APPROVE, share.rung.step.id, (share.unit.id,), share.unit.cycle)


def _opens_at(task: InternalTask, account: Account) -> datetime | None:
    """When it may be opened: on the date that was given when the same, or what it follows from, was closed."""
    before = closed_before(task, account)
    if not before and task.kind == TaskKind.DISPUTE:
        before = [said for said, follows in _left_by_closings(account) if follows == task]
    return start_of_day(account.place, before[-1].next_on) if before else None


def disputes_of(account: Account) -> tuple[InternalTask, ...]:
    """The tasks to settle what is disputed, those that are not to be opened yet, too."""
    wanted = (task for _, task in _left_by_closings(account) if task.kind == TaskKind.DISPUTE)
    return tuple(in_round(task, account) for task in dict.fromkeys(wanted))


def _left_by_closings(account: Account) -> Iterator[tuple[TaskClosed, InternalTask]]:
    """What a closed task leaves to be done: to find the right person, to settle a dispute that is open still."""
    if not account.closed_tasks:
        return
    closed = {task.task_id: task for task in account.closed_tasks}
    for unit in account.units:
        said = last_word(unit, account)
        if said is not None and said.outcome == TaskOutcome.WRONG_PERSON:
            yield said, InternalTask(TaskKind.REPAIR, said.step, said.units, said.cycle)
        for name in dict.fromkeys(name for state in unit.states for name in state.disputed_in):
            yield closed[name], _dispute(closed[name], unit)


def _dispute(said: TaskClosed, unit: Unit) -> InternalTask:
    """Settled as it was told: for all units of the task; what a reply disputes, for each unit."""
    if said.kind == TaskKind.REPLY:
        return InternalTask(TaskKind.DISPUTE, StepId(""), (unit.id,))
    return InternalTask(TaskKind.DISPUTE, StepId(""), said.units, said.cycle)


def to_find(account: Account) -> Iterator[InternalTask]:
    """The right person to write to, if a reply has come from a wrong one and nobody has seen to it since."""
    about = [one for one in account.closed_tasks if one.kind == TaskKind.REPLY or _is_of_customer(one)]
    if account.units and about and about[-1].outcome == TaskOutcome.WRONG_PERSON:
        yield in_round(InternalTask(TaskKind.REPAIR, StepId(""), ()), account)


def _is_of_customer(one: TaskClosed) -> bool:
    """Whether a contact of the customer's was repaired, whichever step needed him."""
    return one.kind == TaskKind.REPAIR and not one.units
