"""`relance demo`: an installation of its own, a sample book, and a table of what becomes of it. Then nothing is left.

It reads no setting of the operator's but RELANCE_LOG_LEVEL, so that it never touches a real provider or database.
Time is Tuesday, 09:30 in Paris, and runs fast. Exit codes: 0 stopped, or all as expected with --exit; 1 otherwise.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import typer
from rich.console import Console

from cli.demo_check import Seen, problems_of, strays_of
from cli.demo_screen import PARIS, screen_for
from cli.installation import Installation, PartEndedError, installed
from cli.pretend import received
from cli.sample_book import Book, Json, sample_book
from cli.sample_customers import sample_customers
from config.clock import clock_text
from config.embedded.processes import StopRequested, stop_on_signals
from config.wiring import DEFAULT_SELLER, read_settings
from store import log, overview, worklist

START = datetime(2026, 11, 24, 9, 30, tzinfo=PARIS)
RATE = 900
"""Business seconds per second: an hour is four seconds, and all that is expected happens within a day."""
LATER = timedelta(hours=1)
"""When the last facts arrive, long before the morning of those they are about."""

_BOOT_S = 5.0
_MOST_BOOT_S = 60.0
_DEADLINE_S = 240.0
_LOOK_S = 0.5
_ASK_S = 30.0
_KEPT = frozenset({"RELANCE_LOG_LEVEL"})


def demo(
    ends: Annotated[bool, typer.Option("--exit", help="End when all is delivered; 1 if anything is not.")] = False,
) -> int:
    """Show it at work with a sample book.

    Providers are simulated and time runs fast; your settings are not read.
    """
    for name in [name for name in os.environ if name.startswith("RELANCE_") and name not in _KEPT]:
        del os.environ[name]
    began = time.monotonic()
    try:
        with stop_on_signals(), TemporaryDirectory(prefix="relance-demo-") as folder:
            return _run(Path(folder), began, ends=ends)
    except StopRequested:
        typer.echo("Stopped. Nothing is left running.", err=True)
        return 1 if ends else 0
    except PartEndedError as ended:
        typer.echo(f"relance: {ended}", err=True)
        return 1


def _run(home: Path, began: float, *, ends: bool) -> int:
    console = Console(markup=False, highlight=False)
    console.print("Starting PostgreSQL, Redis, web, worker, scheduler and simulators…", soft_wrap=True)

    def fast_clock() -> dict[str, Any]:
        """From 09:30 when the parts are up: on a slow machine they take as long again as the servers took."""
        boot = timedelta(seconds=min(_MOST_BOOT_S, _BOOT_S + 1.2 * (time.monotonic() - began)))
        return {"clock": clock_text(START, RATE, datetime.now(UTC) + boot)}

    with installed(read_settings({"home": home}), 0, durable=False, wanted=fast_clock) as installation:
        console.print(f"Key for events: {installation.key}", soft_wrap=True)  # before /readyz first says 200
        installation.start()
        installation.wait_until_ready()
        console.print(f"Delivery log:   {installation.sign_in_url}", soft_wrap=True)
        console.print(f"Other shells:   RELANCE_HOME={home} relance log --follow\n", soft_wrap=True)
        book = sample_book(sample_customers(START.date()), START)
        return Show(console, installation, book).run(ends=ends)


class Show:
    """One run of the demo: sends the book, looks on, and judges in the end."""

    def __init__(self, console: Console, installation: Installation, book: Book) -> None:
        self._console = console
        self._installation = installation
        self._book = book
        self._later: tuple[Json, ...] = book.later

    def run(self, *, ends: bool) -> int:
        """Until all is as expected or the deadline has passed (`ends`), or for ever; returns the exit code."""
        self._wait_for(START)
        for batch in (self._book.ahead, *self._book.batches):
            self._send(batch)
        deadline = time.monotonic() + _DEADLINE_S
        with screen_for(self._console, self._book.customers) as screen:
            while True:
                self._installation.check()
                if self._now() >= START + LATER and self._later:
                    self._send(self._later)
                    self._later = ()
                seen = self._look()
                open_points = problems_of(self._book.customers, seen)
                done = not open_points and not self._later
                screen.show(seen, self._now(), "All as expected." if done else f"{len(open_points)} still to come.")
                if ends and (done or time.monotonic() > deadline):
                    screen.conclude(seen)
                    break
                time.sleep(_LOOK_S)
        return self._judge(seen, open_points)

    def _judge(self, seen: Seen, open_points: Sequence[str]) -> int:
        strays = strays_of(self._book.customers, received(self._installation.settings["twilio_api_url"]))
        for line in (*open_points, *strays):
            self._console.print(f"NOT AS EXPECTED  {line}", soft_wrap=True)
        channels = Counter(row.channel for row in seen.contacts)
        counts = ", ".join(f"{number} {channel}" for channel, number in sorted(channels.items()))
        quiet = len(self._book.customers) - len({row.customer for row in seen.contacts})
        verdict = "Not everything is as expected." if open_points or strays else "Everything is as expected."
        self._console.print(f"\n{verdict} Went out: {counts}. Left alone: {quiet} customers.", soft_wrap=True)
        return 1 if open_points or strays else 0

    def _now(self) -> datetime:
        return self._installation.services.clock.now()

    def _wait_for(self, instant: datetime) -> None:
        while self._now() < instant:
            self._installation.check()
            time.sleep(0.05)

    def _look(self) -> Seen:
        with self._installation.services.engine.connect() as connection:
            accounts = overview.accounts_of(connection, DEFAULT_SELLER)
            return Seen(
                rows=log.read(connection, seller=DEFAULT_SELLER),
                accounts={str(account.customer_id): account for account in accounts},
                tasks=worklist.read(connection, seller=DEFAULT_SELLER),
            )

    def _send(self, events: Sequence[Json]) -> None:
        """Posts a batch as a billing system does. Raises PartEndedError unless all of it is accepted."""
        request = Request(  # noqa: S310 - our own address
            f"{self._installation.url}/v1/events",
            data=json.dumps(list(events)).encode(),
            headers={
                "Authorization": f"Bearer {self._installation.key}",
                "Content-Type": "application/cloudevents-batch+json",
            },
        )
        try:
            with urlopen(request, timeout=_ASK_S) as answer:  # noqa: S310 - our own address
                reply = json.load(answer)
        except HTTPError as refused:
            with refused:
                raise PartEndedError(f"the sample book was refused: {refused.read().decode()[:200]}") from None
        if reply["rejected"]:
            raise PartEndedError(f"a sample event was rejected: {reply['rejected'][0]}")
