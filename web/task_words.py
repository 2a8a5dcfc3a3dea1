"""What a task is called, and the commands that close it. Called by the page of tasks and by `relance task`."""

from __future__ import annotations

from domain.customer import Seller
from domain.task_outcomes import OUTCOMES_OF, SCORES, TaskKind, TaskOutcome
from store.worklist import TaskRow
from web.words import said, word

_WHY = ("{} : {}", "{}: {}")
_STEP = ("étape « {} »", "step “{}”")


def about(task: TaskRow, seller: Seller) -> str:
    """Its units; where it has none, the contact to repair, or the seller, whose own business it is."""
    if task.units:
        return ", ".join(task.units)
    return f"{seller.id} {seller.name}".rstrip() if task.kind == TaskKind.FIX else task.title


def title_of(task: TaskRow, language: str) -> str:
    """Its title; where it has none, or that is all it is about, its kind, and its step or what is wrong."""
    if (task.title and task.units) or not task.step:
        return task.title or _kind_and(task, "", language)
    return _kind_and(task, _asked(task, language), language)


def named_beside(task: TaskRow, language: str) -> str:
    """What it is, where its customer and invoices stand beside it: its kind, and its step or what is wrong.

    The title of a contact would say them again, as they were when it was opened.
    """
    if task.reminder is not None:
        return _kind_and(task, _step(task, language), language)
    return _kind_and(task, task.title or _asked(task, language), language)


def _kind_and(task: TaskRow, what: str, language: str) -> str:
    named = word(task.kind, language)
    begun = named[:1].upper() + named[1:]
    return said(_WHY, language).format(begun, what) if what else begun


def _asked(task: TaskRow, language: str) -> str:
    named = word(task.step, language)
    return _step(task, language) if named == task.step else named


def _step(task: TaskRow, language: str) -> str:
    return said(_STEP, language).format(task.step) if task.step else ""


def ways_to_close(task: TaskRow, name: str) -> tuple[str, ...]:
    """The commands that close an open task, one of which is to be chosen; none for any other.

    `name` is the beginning of its id, as far as it is told.
    """
    if task.state != "open":
        return ()
    if task.kind == TaskKind.APPROVE:
        verb = f"relance task approve {name}"
        return verb, f"{verb} --decline --next DATE", f"{verb} --postpone --next DATE"
    verb = f"relance task close {name} --outcome"
    outcomes = [outcome.value for outcome in OUTCOMES_OF[task.kind]]
    others = [f"{verb} {'|'.join(one for one in outcomes if one != TaskOutcome.ANSWERED)} --next DATE"]
    if TaskOutcome.ANSWERED in outcomes:
        others.insert(0, f"{verb} {TaskOutcome.ANSWERED} --score {SCORES[0]}-{SCORES[-1]} --next DATE")
    return tuple(others)
