"""More rows for the delivery log, at once: copies of an attempt that went out, with their entries in the journal.

first = first_of(pipeline)
copied(connection, first, range(1, 1501))
moved(connection, first, "receipt.settled", "delivered", [name_of(7)])
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from domain.ids import AttemptId, ReminderId, SellerId
from store import journal
from store.engine import Connection
from store.journal import Entry
from store.log import LogRow
from store.tables import attempts
from tests.factories import invoice_event
from tests.pipeline import Pipeline


def first_of(pipeline: Pipeline) -> LogRow:
    """An attempt that was accepted: a mail to C-17."""
    pipeline.take(invoice_event(invoice={"due_on": "2026-11-20"}))
    assert pipeline.deliver_due() == 1
    [row] = pipeline.log()
    return row


def name_of(number: int) -> str:
    """The copy's id; they sort by number."""
    return f"copy-{number:05}"


def copied(connection: Connection, first: LogRow, numbers: Sequence[int], at_s: int = 0) -> None:
    """A copy for each number, called so many seconds after the first, as a claim writes it: row and entry."""
    new = sa.func.unnest(sa.cast(list(numbers), sa.ARRAY(sa.Integer))).table_valued("number").render_derived("new")
    number = sa.cast(new.c.number, sa.Integer)
    changed: dict[str, sa.ColumnElement[Any]] = {
        "id": sa.literal("copy-") + sa.func.lpad(sa.cast(number, sa.Text), 5, "0"),
        "number": attempts.c.number + number,
        "called_at": attempts.c.called_at + timedelta(seconds=at_s),
        "state": sa.literal("calling"),
    }
    columns = {column.name: changed.get(column.name, column) for column in attempts.c}
    rows = sa.select(*columns.values()).select_from(attempts.join(new, sa.true()))
    rows = rows.where(attempts.c.id == first.attempt)
    connection.execute(sa.insert(attempts).from_select(list(columns), rows))
    told(connection, first, "attempt.calling", None, [name_of(one) for one in numbers])


def moved(connection: Connection, first: LogRow, event: str, state: str, of: Sequence[str]) -> None:
    """These attempts come to a state by an event: row and entry."""
    connection.execute(sa.update(attempts).where(attempts.c.id.in_(of)).values(state=state))
    told(connection, first, event, state, of)


def told(connection: Connection, first: LogRow, event: str, state: str | None, of: Sequence[str]) -> None:
    """Entries of the journal, at the instant of the first call."""
    facts = {} if state is None else {"state": state}
    seller, reminder = SellerId(first.seller), ReminderId(first.reminder)
    entries = [Entry(seller, first.at, event, facts, None, reminder, AttemptId(one)) for one in of]
    journal.write(connection, entries)
