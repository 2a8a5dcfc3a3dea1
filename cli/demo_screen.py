"""What the demo shows while it runs: a living table on a terminal, plain lines elsewhere. Called by `demo` alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli.demo_check import DELIVERED, Seen
from cli.log import one_line, table_of
from cli.sample_book import SampleCustomer
from domain.reasons import Code
from web.sentences import explain

PARIS = ZoneInfo("Europe/Paris")

_LANGUAGE = "en"
_MOST_REASONS = 2
_FRAME = 9
"""Lines that headings, titles and blank lines take."""
_NO_OBSTACLE = frozenset({Code.STEP_DUE, Code.GROUPED, Code.CHANNEL_CHOSEN, Code.CHANNEL_UNUSABLE})


class Screen(Protocol):
    """Shows what is seen, again and again."""

    def show(self, seen: Seen, now: datetime, status: str) -> None:
        """Shows the state at business time `now`."""

    def conclude(self, seen: Seen) -> None:
        """Shows in the end what has not been shown in full."""


@contextmanager
def screen_for(console: Console, customers: Sequence[SampleCustomer]) -> Iterator[Screen]:
    """A living table if the console is a terminal, else a line for each contact as it ends."""
    if console.is_terminal:
        with Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop") as live:
            yield LiveTable(live, console, customers)
    else:
        yield PlainLines(console, customers)


class PlainLines:
    """A line for each contact when its state is final, and in the end one for each customer without any."""

    def __init__(self, console: Console, customers: Sequence[SampleCustomer]) -> None:
        self._console = console
        self._customers = customers
        self._told: set[str] = set()

    def show(self, seen: Seen, now: datetime, status: str) -> None:  # noqa: ARG002 - the shape is Screen's
        """Says what is new."""
        for row in seen.contacts:
            if row.state in DELIVERED and row.attempt not in self._told:
                self._told.add(row.attempt)
                self._console.print(one_line(row), soft_wrap=True)

    def conclude(self, seen: Seen) -> None:
        """Says why the others got nothing."""
        for customer in silent(self._customers, seen):
            self._console.print(f"nothing to  {customer.name}  {why_nothing(customer, seen)}", soft_wrap=True)


class LiveTable:
    """Two tables, redrawn: what went out, the newest that fit; and why the others got nothing."""

    def __init__(self, live: Live, console: Console, customers: Sequence[SampleCustomer]) -> None:
        self._live = live
        self._console = console
        self._customers = customers

    def show(self, seen: Seen, now: datetime, status: str) -> None:
        """Draws both tables and the clock."""
        quiet = silent(self._customers, seen)
        room = max(3, self._console.height - _FRAME)
        most_quiet = min(len(quiet), max(3, room // 2))
        rows = seen.contacts[-max(3, room - most_quiet) :]
        clock = f"{now.astimezone(PARIS):%A %d %B, %H:%M} in Paris"
        self._live.update(
            Group(
                Text(f"{clock}   {status}", style="bold"),
                Text(),
                Text(f"Went out: {len(seen.contacts)}"),
                table_of(list(rows)),
                Text(),
                Text(f"Got nothing: {len(quiet)}"),
                reasons_table(quiet[:most_quiet], seen),
            ),
            refresh=True,
        )

    def conclude(self, seen: Seen) -> None:
        """Prints both tables in full; the living ones vanish."""
        quiet = silent(self._customers, seen)
        self._console.print(Group(table_of(seen.contacts), Text(), reasons_table(quiet, seen)))


def silent(customers: Sequence[SampleCustomer], seen: Seen) -> list[SampleCustomer]:
    """The customers that nothing has gone out to."""
    reached = {row.customer for row in seen.contacts}
    return [customer for customer in customers if customer.id not in reached]


def reasons_table(customers: Sequence[SampleCustomer], seen: Seen) -> Table:
    """Each customer with why it got nothing (yet)."""
    table = Table("Customer", "Why nothing", box=None, pad_edge=False)
    for customer in customers:
        table.add_row(Text(customer.name), Text(why_nothing(customer, seen)))
    return table


def why_nothing(customer: SampleCustomer, seen: Seen) -> str:
    """The first reasons of the present plan that stand in the way, as sentences; times are those of Paris."""
    account = seen.accounts.get(customer.id)
    reasons = (account.plan or {}).get("reasons", []) if account is not None else []
    standing = [reason for reason in reasons if reason["code"] not in _NO_OBSTACLE]
    told = list(dict.fromkeys(explain(standing, _LANGUAGE, PARIS)))
    return " ".join(told[:_MOST_REASONS]) or "Not planned yet."
