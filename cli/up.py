"""`relance up`: everything on this machine. SIGINT, SIGTERM and, but for `nohup`, SIGHUP end it with exit code 0."""

from __future__ import annotations

import json
import shlex
import time
from datetime import date, timedelta
from typing import Annotated, Any, Never

import typer

from cli.installation import Installation, PartEndedError, installed
from cli.pretend import wants_sendgrid, wants_twilio
from config.embedded.processes import StopRequested, stop_on_signals
from config.wiring import Settings, read_settings

_LOOK_S = 0.2


def up(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the web edge; 0 takes a free one.")] = 8080,
) -> int:
    """Run everything on this machine.

    Servers are embedded and providers simulated unless yours are set.
    """
    try:
        with stop_on_signals():
            _run(read_settings(), port)
    except StopRequested:
        typer.echo("Stopped.", err=True)
        return 0
    except PartEndedError as ended:
        typer.echo(f"relance: {ended}", err=True)
        return 1


def _run(given: Settings, port: int) -> Never:
    typer.echo("Starting…", err=True)
    with installed(given, port) as installation:
        typer.echo(f"Key for events: {installation.key}")  # before /readyz first says 200
        installation.start()
        installation.wait_until_ready()
        typer.echo(greeting(installation, given))
        while True:
            installation.check()
            time.sleep(_LOOK_S)


def greeting(installation: Installation, given: Settings) -> str:
    """What there is to know, and what to try first."""
    return "\n".join(
        (
            f"Address:        {installation.url}",
            f"Page:           {installation.sign_in_url}",
            f"Providers:      {_providers(installation, given)}",
            f"Home:           {installation.home} (the key is in dev-key, the logs in logs/)",
            "Try:",
            f"  {example(installation)}",
            "  relance log --follow",
            "Ctrl-C stops everything.",
        )
    )


def example(installation: Installation) -> str:
    """A command for a shell that sends a late invoice."""
    words = (
        "curl", "-sS", f"{installation.url}/v1/events",
        "-H", f"Authorization: Bearer {installation.key}",
        "-H", "Content-Type: application/cloudevents+json",
        "-d", json.dumps(_late_invoice(date.today())),  # noqa: DTZ011 - an example; any day near now will do
    )  # fmt: skip
    return " ".join(shlex.quote(word) for word in words)


def _late_invoice(today: date) -> dict[str, Any]:
    contact = {"name": "Anne Martin", "email": "anne@example.com"}
    due_on = (today - timedelta(days=3)).isoformat()
    return {
        "specversion": "1.0",
        "id": f"try-{due_on}",
        "source": "by-hand",
        "type": "invoice.issued",
        "data": {
            "customer": {"id": "C-1", "name": "Boulangerie Martin", "contacts": [contact]},
            "invoice": {"id": "F-1", "number": "F-1", "due_on": due_on, "currency": "EUR", "total": "120.00"},
        },
    }


def _providers(installation: Installation, given: Settings) -> str:
    simulated = [
        name for name, wanted in (("Twilio", wants_twilio(given)), ("SendGrid", wants_sendgrid(given))) if wanted
    ]
    if not simulated:
        return "yours"
    where = installation.settings.get("twilio_api_url") or installation.settings.get("sendgrid_api_url")
    return f"{' and '.join(simulated)} simulated at {where}: nothing sent there leaves this machine"
