"""The page of open tasks: what people have to do, the oldest first, as `relance task list` has it.

Read-only, about the visitor's own seller, in a fixed number of round trips.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import structlog
from fastapi import APIRouter
from fastapi.responses import Response

from config.wiring import Services
from domain.account import Account
from domain.ids import AccountKey, telling
from domain.money import Money
from domain.task_outcomes import TaskKind
from store import book, worklist
from store.accounts import AccountRow
from store.engine import Connection, DatabaseFault
from store.worklist import TaskRow
from web.invoice_numbers import numbers_in
from web.paging import first, place_in
from web.parts import PartsHere
from web.sessions import VisitorHere
from web.task_words import ways_to_close
from web.views import Language, show
from workers.folding import fold_accounts

router = APIRouter()
log = structlog.get_logger()

PAGE = 100
"""Tasks on one page."""
MOST_COUNTED = 10_001


@dataclass(frozen=True, slots=True)
class ToDo:
    """A task with what it is about: `units` (none: all that its customer owes), and the commands that close it.

    `owed` is what of that is still owed, by currency, and `due_on` its oldest due date; none where nobody can tell.
    """

    task: TaskRow
    units: tuple[str, ...]
    owed: tuple[Money, ...]
    due_on: date | None
    ways: tuple[str, ...]


@router.get("/tasks")
def get_tasks(parts: PartsHere, visitor: VisitorHere, language: Language, after: str = "") -> Response:
    """The oldest open tasks, or those after a place in the list."""
    seller, place = visitor.seller, place_in(after, "after")
    with book.reading(parts.services.engine) as connection:
        found, is_cut = first(worklist.read(connection, seller=seller, after=place, limit=PAGE + 1), PAGE)
        count = worklist.how_many(connection, seller, MOST_COUNTED) if after or is_cut else len(found)
        known = _accounts(connection, parts.services, found)
        numbers = numbers_in(connection, seller, (), (), found)
    length = telling([task.id for task in found]) if found else 0
    listed = [_to_do(task, known, length) for task in found]
    counted: dict[str, Any] = {"count": min(count, MOST_COUNTED - 1), "is_more": count == MOST_COUNTED}
    return show("tasks.html", language, listed=listed, numbers=numbers, after=after, is_cut=is_cut, **counted)


def _to_do(task: TaskRow, known: Mapping[AccountKey, Account], length: int) -> ToDo:
    units = () if task.kind == TaskKind.REPLY else task.units  # a reply's is the receipt that it is kept with
    account = known.get(task.account)
    about = [] if account is None else [unit for unit in account.units if not units or unit.id in units]
    owed: dict[str, Money] = {}
    for unit in about:
        balance = unit.balance
        owed[balance.currency] = owed[balance.currency] + balance if balance.currency in owed else balance
    due_on = min((unit.due_on for unit in about), default=None)
    return ToDo(task, units, tuple(owed.values()), due_on, ways_to_close(task, task.id[:length]))


def _accounts(connection: Connection, services: Services, found: Sequence[TaskRow]) -> dict[AccountKey, Account]:
    """The accounts that these tasks are about, but for those that break whoever folds them."""
    rows = {task.account: AccountRow(task.account, task.seller, task.customer, "") for task in found}
    return _folded(connection, services, list(rows.values())) if rows else {}


def _folded(connection: Connection, services: Services, rows: list[AccountRow]) -> dict[AccountKey, Account]:
    try:
        return {row.key: account for row, account, _ in fold_accounts(connection, services, rows)}
    except DatabaseFault:
        raise
    except Exception as error:  # noqa: BLE001 - whatever one account breaks must not hide what there is to do
        if len(rows) == 1:
            log.warning("owed.not_told", account=rows[0].key, error=type(error).__name__)
            return {}
        return {key: one for row in rows for key, one in _folded(connection, services, [row]).items()}
