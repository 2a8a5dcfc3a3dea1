"""`relance policy`: are policies sound, which are stored, what would another one change, and put one in force."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from difflib import unified_diff
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import BadInputError
from config.policy_files import LoadedPolicy, doubts_about, load_policy, parse_policy, policy_names
from config.wiring import build, publish_policy
from domain.policy_changes import changes_between
from store.policies import StoredPolicy, body_of, newest_versions, versions

app = typer.Typer(help="Who is contacted when, over what.", rich_markup_mode=None)

_LABEL = re.compile(r"(?P<name>[^@/]+)@(?P<version>[1-9][0-9]{0,8})", re.ASCII)

_File = Annotated[str, typer.Argument(help="A policy file, or the name of a shipped policy.", show_default=False)]
_Either = Annotated[str, typer.Argument(help="A file, a shipped name, or NAME@VERSION.", show_default=False)]


@app.callback()
def _group() -> None:
    """Who is contacted when, over what."""


@app.command()
def check(file: _File) -> int:
    """Say what in a policy cannot work as written.

    A line for each: FILE:LINE: where: what. The exit code is 1 if there is any, and 2 if it is no policy at all.
    """
    doubts = doubts_about(load_policy(file))
    typer.echo("\n".join(doubts) if doubts else "fine")
    return 1 if doubts else 0


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="JSON Lines.")] = False) -> None:
    """List the stored versions.

    The newest of each name is in force for the customers and sellers that name it. The one marked `default` is in
    force for all others, as RELANCE_POLICY says here.
    """
    services = build()
    try:
        with services.engine.connect() as connection:
            stored = versions(connection)
    finally:
        services.engine.dispose()
    newest = {one.name: one.version for one in stored}
    for one in stored:
        is_default = one.name == services.policies.default and one.version == newest[one.name]
        typer.echo(_as_json(one, is_default) if as_json else _one_line(one, is_default))


@app.command()
def publish(
    file: _File,
    anyway: Annotated[bool, typer.Option("--anyway", help="Even if `policy check` finds something.")] = False,
) -> int:
    """Store a policy as the next version of its name.

    Nothing is stored if the newest version says the same. It is in force at once for all whose policy has that name,
    without a restart: the customers and sellers that name it, and, if RELANCE_POLICY is a policy of that name, all
    others. But RELANCE_POLICY is published at each start of a process: if it still holds an older text, a restart
    publishes that text again. So set it to the same file.
    """
    loaded = load_policy(file)
    doubts = doubts_about(loaded)
    if doubts:
        typer.echo("\n".join(doubts), err=True)
        if not anyway:
            return 1
    services = build()
    try:
        typer.echo(publish_policy(services, loaded))
    finally:
        services.engine.dispose()
    return 0


@app.command()
def diff(old: _Either, new: _Either) -> None:
    """Show what differs between two policies: their texts, then their steps. Nothing, if nothing does."""
    before, after = _either(old), _either(new)
    lines = (before.text.splitlines(), after.text.splitlines())
    for line in unified_diff(*lines, before.file, after.file, lineterm=""):
        typer.echo(line)
    for change in changes_between(before.policy, after.policy):
        typer.echo(change)


def _either(word: str) -> LoadedPolicy:
    """The policy in a file, or the stored version; a file is taken first."""
    label = _LABEL.fullmatch(word)
    if label is None or word in policy_names() or Path(word).exists():
        return load_policy(word)
    return _stored(label["name"], int(label["version"]))


def _stored(name: str, version: int) -> LoadedPolicy:
    label = f"{name}@{version}"
    services = build()
    try:
        with services.engine.connect() as connection:
            newest = newest_versions(connection).get(name, 0)
            if version > newest:
                known = f"the newest is {name}@{newest}" if newest else "none of that name is"
                raise BadInputError(f"{label} is not stored; {known}")
            text = body_of(connection, name, version)
    finally:
        services.engine.dispose()
    return LoadedPolicy(replace(parse_policy(text, label), version=version), text, label)


def _one_line(one: StoredPolicy, is_default: bool) -> str:
    return f"{one.name}@{one.version}  {one.stored_at:%Y-%m-%d %H:%M} UTC{'  default' if is_default else ''}"


def _as_json(one: StoredPolicy, is_default: bool) -> str:
    stored_at = one.stored_at.isoformat()
    return json.dumps({"name": one.name, "version": one.version, "stored_at": stored_at, "default": is_default})
