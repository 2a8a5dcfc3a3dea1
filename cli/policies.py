"""`relance policy`: are policies sound, which are stored, what would another one change, and put one in force."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from difflib import unified_diff
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import BadInputError
from cli.services import opened_services
from cli.words import json_line
from config.policy_book import is_readable
from config.policy_files import LoadedPolicy, doubts_about, load_policy, parse_policy, policy_names
from config.publishing import publish_policy
from domain.policy_changes import changes_between
from store.policies import StoredPolicy, bodies_of, ladders_on, newest_versions, versions
from store.retention import take_your_time

app = typer.Typer(help="Who is contacted when, over what.", rich_markup_mode=None)

_LABEL = re.compile(r"(?P<name>[^@/]+)@(?P<version>[1-9][0-9]{0,8})", re.ASCII)

_File = Annotated[str, typer.Argument(help="A policy file, or the name of a shipped policy.", show_default=False)]
_Json = Annotated[bool, typer.Option("--json", help="JSON Lines.")]
_Either = Annotated[str, typer.Argument(help="A file, a shipped name, or NAME@VERSION.", show_default=False)]


@app.callback()
def _group() -> None:
    """Who is contacted when, over what."""


@app.command()
def check(file: _File, as_json: _Json = False) -> int:
    """Say what in a policy cannot work as written.

    A line for each: FILE:LINE: where: what; with --json these four as `file`, `line`, `where` and `problem`, and no
    line if it is fine. The exit code is 1 if there is any, and 2 if it is no policy at all.
    """
    doubts = doubts_about(load_policy(file))
    for one in doubts:
        typer.echo(json_line(one.as_dict()) if as_json else one)
    if not doubts and not as_json:
        typer.echo("fine")
    return 1 if doubts else 0


@app.command("list")
def list_(as_json: _Json = False) -> None:
    """List the stored versions.

    The newest of each name is in force for the customers and sellers that name it. The one marked `default` is in
    force for all others, as RELANCE_POLICY says here. Running ladders stay on their version; how many there are on
    each is as they were last planned. A version marked `unreadable` is passed over.
    """
    with opened_services() as services, services.engine.begin() as connection:
        take_your_time(connection)
        stored, running = versions(connection), ladders_on(connection)
    readable = {one.label for one in stored if is_readable(one.body)}
    newest = {one.name: one.label for one in stored if one.label in readable}
    for one in stored:
        line = _as_json if as_json else _one_line
        is_default = one.label == newest.get(services.policies.default)
        typer.echo(line(one, running.get(one.label, 0), default=is_default, unreadable=one.label not in readable))


@app.command()
def publish(
    file: _File,
    anyway: Annotated[bool, typer.Option("--anyway", help="Even if `policy check` finds something.")] = False,
    move: Annotated[bool, typer.Option("--move", help="Have running ladders go over to it.")] = False,
) -> int:
    """Store a policy as the next version of its name.

    Nothing is stored if the newest version says the same. It is in force at once for all whose policy has that name,
    without a restart: the customers and sellers that name it, and, if RELANCE_POLICY is a policy of that name, all
    others. Only running ladders stay on the version by which they had their last step, unless --move is given, now
    or later. But RELANCE_POLICY is published at each start of a process: if it still holds an older text, a restart
    publishes that text again, and standard error says so. So set it to the same file.
    """
    loaded = load_policy(file)
    doubts = doubts_about(loaded)
    if doubts:
        typer.echo("\n".join(map(str, doubts)), err=True)
        if not anyway:
            return 1
    with opened_services() as services:
        published = publish_policy(services, loaded, moves=move)
        is_taken_back = services.policies.would_replace(loaded)
    typer.echo(published.label)
    for label, count in sorted(published.running.items()):
        typer.echo(f"{published.label}: {_moved(count) if move else _kept(count)} {label}", err=True)
    if is_taken_back:
        again = "the next start of a process publishes that again"
        typer.echo(f"RELANCE_POLICY holds another text of {loaded.policy.name}: {again}; set it to {file}", err=True)
    return 0


@app.command()
def diff(old: _Either, new: _Either, as_json: _Json = False) -> None:
    """Show what differs between two policies: their texts, then their steps. Nothing, if nothing does.

    With --json, an object of `kind` `text` with each `line`, and one of `kind` `change` for each `step` (null: all
    else) that is `gone`, `new`, `changed` in these `words` or `reordered`.
    """
    before, after = _either(old), _either(new)
    lines = (before.text.splitlines(), after.text.splitlines())
    for line in unified_diff(*lines, before.file, after.file, lineterm=""):
        typer.echo(json_line({"kind": "text", "line": line}) if as_json else line)
    for change in changes_between(before.policy, after.policy):
        typer.echo(json_line({"kind": "change", **asdict(change)}) if as_json else change)


def _either(word: str) -> LoadedPolicy:
    """The policy in a file, or the stored version; a file is taken first."""
    label = _LABEL.fullmatch(word)
    if label is None or word in policy_names() or Path(word).exists():
        return load_policy(word)
    return _stored(label["name"], int(label["version"]))


def _stored(name: str, version: int) -> LoadedPolicy:
    label = f"{name}@{version}"
    with opened_services() as services, services.engine.connect() as connection:
        text = bodies_of(connection, [(name, version)]).get((name, version))
        newest = newest_versions(connection).get(name, 0)
    if text is None:
        known = f"the newest is {name}@{newest}" if newest else "none of that name is"
        raise BadInputError(f"{label} is not stored; {known}")
    return LoadedPolicy(replace(parse_policy(text, label), version=version), text, label)


def _moved(count: int) -> str:
    return "1 running ladder moves from" if count == 1 else f"{count} running ladders move from"


def _kept(count: int) -> str:
    return "1 running ladder stays on" if count == 1 else f"{count} running ladders stay on"


def _one_line(one: StoredPolicy, running: int, *, default: bool, unreadable: bool) -> str:
    marks = {"default": default, "moves": one.moves, "unreadable": unreadable, f"{running} running": running > 0}
    told = [mark for mark, is_so in marks.items() if is_so]
    return "  ".join([one.label, f"{one.stored_at:%Y-%m-%d %H:%M} UTC", *told])


def _as_json(one: StoredPolicy, running: int, *, default: bool, unreadable: bool) -> str:
    values = {"name": one.name, "version": one.version, "stored_at": one.stored_at.isoformat(), "default": default}
    return json_line({**values, "moves": one.moves, "unreadable": unreadable, "running": running})
