"""What people said when they closed their tasks, as planning asks for it. Used by `plan` alone.

Whatever came of a task, nothing is said about its units before the date that was given with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from domain.account import Account, Unit
from domain.facts import TaskClosed
from domain.ids import StepId
from domain.internal_task import COPY_REFUSED, InternalTask
from domain.levels import Channel
from domain.naming import attempt_id
from domain.past import PastReminder
from domain.task_outcomes import CALLED_AGAIN, TaskKind, TaskOutcome


def waits_for(unit: Unit, account: Account) -> TaskClosed | None:
    """The closing with the latest date among those that speak last of the unit; None if there is none."""
    last: dict[StepId | None, TaskClosed] = {}
    for closed in about(unit, account):
        last[closed.step if closed.kind == TaskKind.APPROVE else None] = closed
    return max(last.values(), key=lambda closed: closed.next_on, default=None)


def about(unit: Unit, account: Account) -> Iterator[TaskClosed]:
    """All that was said about the unit, in order. What repairs a contact, or a copy, is about the customer."""
    return (one for one in account.closed_tasks if unit.id in one.units and not _is_of_customer(one))


def _is_of_customer(one: TaskClosed) -> bool:
    return one.kind == TaskKind.REPLY or (one.kind == TaskKind.REPAIR and one.step == COPY_REFUSED)


def decision(unit: Unit, step: StepId, account: Account) -> TaskOutcome | None:
    """What a person decided last about a step of the unit in its present cycle."""
    found = None
    for closed in about(unit, account):
        if closed.kind == TaskKind.APPROVE and closed.step == step and closed.cycle == unit.cycle:
            found = TaskOutcome(closed.outcome)
    return found


def refused_until(unit: Unit, step: StepId, account: Account) -> date | None:
    """The date that came with a refusal, if that was the last word on the step that the unit had last."""
    last = _last_word(unit, step, account)
    return last.next_on if last is not None and last.outcome == TaskOutcome.REFUSED else None


def call_to_repeat(unit: Unit, step: StepId, account: Account) -> tuple[PastReminder, TaskClosed] | None:
    """The call that is made again, and what was said of it; None while a call is still open.

    A call after which the unit had another reminder is over: that the step has the same name does not bring it back.
    """
    last = _last_word(unit, step, account)
    if last is None or last.kind != Channel.PHONE or last.outcome not in CALLED_AGAIN:
        return None
    for past in account.history:
        if past.state == "done" and last.task_id == attempt_id(past.id, past.attempts):
            return None if _had_later(unit, past, account) else (past, last)
    return None


def _had_later(unit: Unit, call: PastReminder, account: Account) -> bool:
    return any(
        past.at > call.at and past.state != "withdrawn" and any(member.unit_id == unit.id for member in past.members)
        for past in account.history
    )


def closed_before(task: InternalTask, account: Account) -> list[TaskClosed]:
    """How the same task was closed in its earlier rounds, in order."""
    name = (task.kind, task.step, sorted(task.units), task.cycle)
    return [one for one in account.closed_tasks if (one.kind, one.step, sorted(one.units), one.cycle) == name]


def last_word(unit: Unit, account: Account) -> TaskClosed | None:
    """What was said last about the unit, decisions about its steps aside."""
    found = None
    for closed in about(unit, account):
        if closed.kind != TaskKind.APPROVE:
            found = closed
    return found


def unanswered(past: PastReminder, account: Account) -> bool:
    """Whether nobody has spoken to the customer yet: each call of it so far rang in vain."""
    if not account.closed_tasks or past.channel is not Channel.PHONE or not past.attempts:
        return False
    vain = {one.task_id for one in account.closed_tasks if one.outcome == TaskOutcome.NO_ANSWER}
    return all(attempt_id(past.id, number) in vain for number in range(1, past.attempts + 1))


def _last_word(unit: Unit, step: StepId, account: Account) -> TaskClosed | None:
    found = None
    for closed in about(unit, account):
        if closed.step == step and closed.kind != TaskKind.APPROVE and _is_of_cycle(closed, unit, account):
            found = closed
    return found


def _is_of_cycle(closed: TaskClosed, unit: Unit, account: Account) -> bool:
    """Whether it was about the unit's present cycle. A contact about several units bears the latest of theirs."""
    if closed.cycle <= unit.cycle:
        return closed.cycle == unit.cycle
    return any(
        closed.task_id in [attempt_id(past.id, number) for number in range(1, past.attempts + 1)]
        for past in account.history
        for member in past.members
        if member.unit_id == unit.id and member.cycle == unit.cycle
    )
