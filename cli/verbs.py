"""The verbs of `relance`, each in a module that is loaded when it is called, and no sooner.

`main` asks here. So `relance --help` needs none of them, and a worker keeps nothing in memory that only others need.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Verb(NamedTuple):
    """Where a verb's function, or the group of its verbs, is; and what `relance --help` says of it.

    `passes_on`: words that it does not know are for another command line.
    """

    module: str
    name: str
    help: str
    passes_on: bool = False


VERBS = {
    "up": Verb("cli.up", "up", "Run everything on this machine."),
    "demo": Verb("cli.demo", "demo", "Show it at work with a sample book."),
    "migrate": Verb("cli.parts", "migrate", "Bring the database to the newest schema."),
    "web": Verb("cli.parts", "web", "Run the web edge."),
    "worker": Verb("cli.parts", "worker", "Run a Celery worker.", passes_on=True),
    "scheduler": Verb("cli.parts", "scheduler", "Run the scheduler."),
    "emit": Verb("cli.emit", "emit", "Take in events from a file."),
    "replay": Verb("cli.replay", "replay", "Show what a policy would send for a file of events."),
    "log": Verb("cli.log", "log", "Show the delivery log."),
    "explain": Verb("cli.explain", "explain", "Say why a customer is contacted or not, and what comes next."),
    "preview": Verb("cli.preview", "preview", "Show what will go out from today's book."),
    "hold": Verb("cli.holds", "hold", "Send nothing to a customer."),
    "release": Verb("cli.holds", "release", "End the hold on a customer."),
    "suppress": Verb("cli.suppress", "suppress", "Put an address out of use on a channel, or in use again."),
    "keep": Verb("cli.keep", "keep", "Let go of what is older than is kept."),
    "key": Verb("cli.keys", "app", "Keys of the sellers."),
    "seller": Verb("cli.sellers", "app", "The companies that are owed."),
    "policy": Verb("cli.policies", "app", "Who is contacted when, over what."),
    "task": Verb("cli.tasks", "app", "What people have to do, and what came of it."),
    "template": Verb("cli.templates", "app", "The words that customers read."),
    "unconfirmed": Verb("cli.unconfirmed", "app", "Messages that may have been sent."),
    "quarantine": Verb("cli.quarantine", "app", "What could not be taken in."),
}
_PASSES_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


class Verbs(TyperGroup):
    """Lists the verbs by name and help alone; the one that is called takes its place when it is."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        for name, verb in VERBS.items():
            self.add_command(TyperCommand(name, help=verb.help))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The verb that the words call, loaded, and the words that are left for it."""
        name, found, left = super().resolve_command(ctx, args)
        return name, found and loaded(args[0]), left


def loaded(name: str) -> Any:
    """The command, or the group of commands, of a verb."""
    verb = VERBS[name]
    said = getattr(import_module(verb.module), verb.name)
    shell = typer.Typer(rich_markup_mode=None)
    if isinstance(said, typer.Typer):
        shell.add_typer(said, name=name)
    else:
        shell.command(name, context_settings=_PASSES_ON if verb.passes_on else None)(said)
    return typer.main.get_group(shell).commands[name]
