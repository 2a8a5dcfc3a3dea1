"""What a person says came of a task, checked against the task and taken in as a `task.closed` event.

Called by `relance task close` and `task approve`. Of two people who close the same task at once, the first one does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

import typer

from cli.errors import BadInputError
from cli.known import an_id_in
from cli.own_events import event_of, nudge
from config.wiring import Services
from domain.account import Account
from domain.event import EventError
from domain.fields import a_day
from domain.hours import local_date
from domain.read_event import read_event
from domain.task_outcomes import OUTCOMES_OF, SCORES, TaskKind
from store import book, worklist
from store.engine import Connection
from store.worklist import TaskRow
from workers.folding import fold_accounts
from workers.receive import receive_in


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of a task, as it was typed."""

    outcome: str | None
    next_on: str | None
    note: str | None
    by: str | None
    score: int | None = None


def approve(services: Services, name: str, said: Said) -> int:
    """Closes a task that asks for approval; approving needs no date. Returns the exit code."""
    with services.engine.connect() as connection:
        task = the_one(connection, name, is_open=True)
        if task is None:
            return _none(connection, name)
        if task.kind != TaskKind.APPROVE:
            raise BadInputError(f"ID: {name!r} is a {task.kind} task; close it with `relance task close`")
        if said.outcome == "approved" and said.next_on is None:
            said = replace(said, next_on=_today(connection, services, task, services.clock.now()).isoformat())
    if said.next_on is None:
        raise BadInputError(f"--next is missing: a step that is {said.outcome} needs a date, as in 2026-12-24")
    return close(services, name, said)


def close(services: Services, name: str, said: Said) -> int:
    """Takes in what came of an open task, and prints it. Returns the exit code: 1 if it is not open any more."""
    now = services.clock.now()
    with services.engine.begin() as connection:
        task = the_one(connection, name, is_open=True)
        task = None if task is None else worklist.locked(connection, task.id)
        if task is None or task.state != "open":
            return _none(connection, name)
        outcome, next_on = _checked(task, said, _today(connection, services, task, now))
        event = _event(task, outcome, next_on, said, now)
        reply = receive_in(connection, task.seller, [event], now)
    nudge(services, reply.inbox_ids)
    typer.echo(f"{task.customer}{f' ({task.name})' if task.name else ''}: {task.kind} {outcome}, next {next_on}")
    return 0


def the_one(connection: Connection, name: str, *, is_open: bool = False) -> TaskRow | None:
    """The task (or open task) that was meant, or None; BadInputError where that cannot be told."""
    found = worklist.named(connection, an_id_in("ID", name), is_open=is_open)
    if len(found) > 1:
        raise BadInputError(f"ID: several tasks begin with {name!r}; give more of it")
    return found[0] if found else None


def known(connection: Connection, name: str) -> TaskRow:
    """The task that was meant, open or not; BadInputError where that cannot be told, or there is none."""
    found = the_one(connection, name)
    if found is None:
        raise BadInputError(f"ID: there is no task {name!r}; `relance task list --all` shows which there are")
    return found


def _none(connection: Connection, name: str) -> int:
    ended = known(connection, name)
    typer.echo(f"there is no open task {name!r}; {ended.id} is {ended.outcome or 'being closed'}", err=True)
    return 1


def _checked(task: TaskRow, said: Said, today: date) -> tuple[str, date]:
    """The outcome and the next date; BadInputError says what is missing or wrong, and what would be right."""
    choices = f"of a task of kind {task.kind} the outcome is one of {', '.join(OUTCOMES_OF[task.kind])}"
    missing = [option for option, value in (("--outcome", said.outcome), ("--next", said.next_on)) if not value]
    if missing or said.outcome is None or said.next_on is None:
        verb = "is" if len(missing) == 1 else "are"
        raise BadInputError(f"{' and '.join(missing)} {verb} missing: {choices}; the next date is written 2026-12-24")
    if said.outcome not in OUTCOMES_OF[task.kind]:
        raise BadInputError(f"--outcome: {said.outcome!r} cannot come of this: {choices}")
    try:
        next_on = a_day(said.next_on)
    except ValueError as wrong:
        raise BadInputError(f"--next: {wrong}") from None
    if next_on < today:
        raise BadInputError(f"--next: {next_on} is over already; at the customer's it is {today}")
    return said.outcome, next_on


def _event(task: TaskRow, outcome: str, next_on: date, said: Said, now: datetime) -> dict[str, object]:
    data: dict[str, object] = {
        "customer_id": task.customer,
        "task_id": task.id,
        "kind": task.kind,
        "step": task.step,
        "units": list(task.units),
        "cycle": task.cycle,
        "outcome": outcome,
        "next_on": next_on.isoformat(),
        "note": said.note,
        "by": said.by,
    }
    if said.score is not None:
        data["score"] = said.score
    event = event_of("task.closed", data, now)
    try:
        read_event(event)
    except EventError as wrong:
        raise BadInputError(f"--{wrong.field.removeprefix('data.')}: {wrong.problem}") from None
    return event


def _today(connection: Connection, services: Services, task: TaskRow, now: datetime) -> date:
    """The date at the customer's."""
    return local_date(_account(connection, services, task).place, now)


def survey_behind(connection: Connection, services: Services, task: TaskRow) -> str:
    """What was said in the survey that a task about a low score came from; empty if nobody knows any more."""
    closed = _account(connection, services, task).closed_tasks
    found = next((one for one in closed if one.task_id in task.units), None)
    if found is None or found.score is None:
        return ""
    by = f" [{found.by}]" if found.by else ""
    return f"score {found.score} of {SCORES[-1]}{by}" + (f"\n{found.note}" if found.note else "")


def _account(connection: Connection, services: Services, task: TaskRow) -> Account:
    rows = book.batch(connection, 1, seller=task.seller, customer=task.customer)
    [(_, account, _)] = fold_accounts(connection, services, rows)
    return account
