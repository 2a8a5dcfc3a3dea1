"""`relance task`: what people have to do, and what came of it.

What a person says of a task is an event like those of the billing system, taken in by the same intake: from the
moment that it is stored, nothing more is claimed for the customer before it is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from channels.answers import CallbackError
from channels.twilio import callbacks as twilio
from cli import task_asked, task_closing, task_letter
from cli.columns import print_table
from cli.errors import BadInputError
from cli.known import check, only
from cli.services import opened_services
from cli.words import json_line
from config.wiring import Services
from domain.customer import Seller
from domain.ids import SHORT, SellerId, telling
from domain.internal_task import LOW_SCORE
from domain.task_outcomes import OUTCOMES_OF, TaskKind, TaskOutcome
from store import book, receipts, sellers, worklist
from store.engine import Connection
from store.sellers import SellerRow
from store.worklist import TaskRow
from web.task_words import about, title_of, ways_to_close

app = typer.Typer(help="What people have to do, and what came of it.", rich_markup_mode=None)

_Name = Annotated[
    str, typer.Argument(metavar="ID", help="As `task list` shows it; its beginning is enough.", show_default=False)
]
_Json = Annotated[bool, typer.Option("--json", help="JSON Lines.")]
_Note = Annotated[str | None, typer.Option(help="What is worth knowing; kept with the task.")]
_By = Annotated[str | None, typer.Option(help="Who did it.")]
_Next = Annotated[
    str | None, typer.Option("--next", metavar="DATE", help="From when on the next thing may happen, 2026-12-24.")
]


@app.callback()
def _group() -> None:
    """What people have to do, and what came of it."""


@app.command("list")
def list_(
    is_all: Annotated[bool, typer.Option("--all", help="Closed and cancelled ones too.")] = False,
    kind: Annotated[str | None, typer.Option(help=f"One of {', '.join(OUTCOMES_OF)}.")] = None,
    customer: Annotated[str | None, typer.Option(help="Only about this customer.")] = None,
    seller: Annotated[str | None, typer.Option(help="Only this seller's.")] = None,
    as_json: _Json = False,
) -> None:
    """List open tasks, the oldest first; times are the customers' own."""
    if kind is not None and kind not in OUTCOMES_OF:
        raise BadInputError(f"--kind: {kind!r} is no kind of task; there are {', '.join(OUTCOMES_OF)}")
    of = only(seller, customer)
    with opened_services() as services, services.engine.connect() as connection:
        check(connection, of)
        found = worklist.read(connection, is_all=is_all, seller=of.seller, customer=of.customer, kind=kind)
        owners = sellers.load(connection, {task.seller for task in found})
    if as_json:
        for task in found:
            typer.echo(json_line(task.as_dict()))
    elif not found:
        typer.echo("There is no task." if is_all else "There is no open task.", err=True)
    else:
        print_table(table_of(found, owners, is_all=is_all))


@app.command()
def show(
    name: _Name,
    as_json: _Json = False,
    pdf: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the letter there, to print.")] = None,
) -> None:
    """Print a task whole: its call sheet, its letter, the customer's reply, or what was said in a survey."""
    with opened_services() as services, book.reading(services.engine) as connection:
        found = task_closing.known(connection, name)
        if pdf is not None:
            task_letter.write(connection, found, pdf)
        body = _body(connection, services, found) or (
            "" if as_json else task_asked.why_now(connection, services, found)
        )
        seller = sellers.load(connection, [found.seller])[found.seller].seller
    for line in [json_line({**found.as_dict(), "body": body})] if as_json else _lines(found, seller, body):
        typer.echo(line)
    if not as_json and (ways := ways_to_close(found, found.id[:SHORT])):
        typer.echo(f"\nTo close it: {', or '.join(ways)}", err=True)


@app.command()
def close(
    name: _Name,
    outcome: Annotated[str | None, typer.Option(help="What came of it; each kind of task has its own.")] = None,
    next_on: _Next = None,
    score: Annotated[int | None, typer.Option(help="What a survey was answered with, 1 to 10.")] = None,
    note: _Note = None,
    by: _By = None,
) -> int:
    """Close a task with what came of it, and the date of the next thing.

    Until that date nothing is said about what the task was about. For `promised` it is the promised date. The exit
    code is 1 if the task is not open any more.
    """
    said = task_closing.Said(outcome, next_on, note, by, score)
    with opened_services() as services:
        return task_closing.close(services, name, said)


@app.command()
def approve(
    name: _Name,
    is_declined: Annotated[bool, typer.Option("--decline", help="Leave the step out.")] = False,
    is_postponed: Annotated[bool, typer.Option("--postpone", help="Ask again on the date of --next.")] = False,
    next_on: _Next = None,
    note: _Note = None,
    by: _By = None,
) -> int:
    """Approve a step that waits for it, from today on or from --next; or decline or postpone it.

    The exit code is 1 if the task is not open any more.
    """
    if is_declined and is_postponed:
        raise BadInputError("--decline and --postpone: say one of them")
    outcome = TaskOutcome.APPROVED
    if is_declined or is_postponed:
        outcome = TaskOutcome.DECLINED if is_declined else TaskOutcome.POSTPONED
    said = task_closing.Said(outcome.value, next_on, note, by)
    with opened_services() as services:
        return task_closing.approve(services, name, said)


def table_of(found: Sequence[TaskRow], owners: Mapping[SellerId, SellerRow], *, is_all: bool) -> Table:
    """The tasks for people, with as much of their ids as tells them apart; titles are in the sellers' languages."""
    ended = ("Outcome", "Next") if is_all else ()
    table = Table(
        "Task", "Opened, there", "Kind", "Customer", "Step", "About", *ended, "Title", box=None, pad_edge=False
    )
    length = telling([task.id for task in found])
    for task in found:
        end = (task.outcome or "", str(task.next_on or "")) if is_all else ()
        table.add_row(
            task.id[:length],
            f"{task.opened_at:%a %d %b %H:%M}",
            task.kind,
            f"{task.customer} {task.name}".rstrip(),
            task.step,
            about(task, owners[task.seller].seller),
            *end,
            title_of(task, owners[task.seller].seller.language),
        )
    return table


def _lines(task: TaskRow, seller: Seller, body: str) -> list[str]:
    who = " · ".join(part for part in (task.kind, f"{task.customer} {task.name}".rstrip(), task.to) if part)
    what = " · ".join(part for part in (task.step, about(task, seller)) if part)
    opened = f"{task.id} · opened {task.opened_at:%a %d %b %Y %H:%M}"
    ended = f" · {task.outcome}" if task.outcome is not None else ""
    until = f", next {task.next_on}" if task.next_on is not None else ""
    by = f", by {task.by}" if task.by else ""
    head = [opened + ended + until + by, who, what, task.note and f"note: {task.note}"]
    head.append(title_of(task, seller.language))
    return [*(line for line in head if line), *(["", body] if body else [])]


def _body(connection: Connection, services: Services, task: TaskRow) -> str:
    """The sheet; of what was said to us, the words."""
    if task.kind != TaskKind.REPLY:
        return task.body
    if task.step == LOW_SCORE:
        return task_closing.survey_behind(connection, services, task)
    return _reply(connection, task)


def _reply(connection: Connection, task: TaskRow) -> str:
    """The customer's own words, from the receipt that they are kept with; none for a reply that others told of."""
    raw = receipts.raw_of(connection, "twilio", task.units[0])
    try:
        return "" if raw is None else twilio.read_inbound(twilio.read_form(raw)).body
    except CallbackError:
        return ""
