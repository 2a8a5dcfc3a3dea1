"""`relance key`: keys that let a billing system speak for a seller."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated

import typer

from cli.errors import BadInputError
from cli.known import an_id_in, check, check_seller, only
from cli.services import opened_services
from cli.words import json_line
from config.keys import KEY_PREFIX, new_key, webhook_secret
from config.wiring import DEFAULT_SELLER, required
from store import sellers
from store.sellers import KeyRow

app = typer.Typer(help="Keys of the sellers.", rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Keys of the sellers."""


@app.command()
def create(
    seller: Annotated[str, typer.Option(help="Whose key it is.")] = DEFAULT_SELLER,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON, with the key's id.")] = False,
) -> None:
    """Make a key and print it once, with the secret for signed webhooks; only a digest is kept.

    Its id, which is no secret, is told beside them on standard error.
    """
    with opened_services() as services:
        secret_key = required(services.settings.secret_key, "RELANCE_SECRET_KEY")
        whose = check_seller(services, seller)
        key_id, key = new_key()
        with services.engine.begin() as connection:
            sellers.add_key(connection, key_id, key, whose)
    secret = webhook_secret(secret_key, key_id)
    if as_json:
        typer.echo(json.dumps({"id": key_id, "seller": whose, "key": key, "signing_secret": secret}))
    else:
        typer.echo(f"key            {key}")
        typer.echo(f"signing secret {secret}")
    typer.echo("Send the key as `Authorization: Bearer`, or sign with the secret. It is not shown again.", err=True)
    typer.echo(f"Its id is {key_id}: for `?key=` where you sign, and for `relance key revoke`.", err=True)


@app.command("list")
def list_(
    seller: Annotated[str | None, typer.Option(help="Only this seller's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines.")] = False,
) -> None:
    """List the keys by their ids: whose each is, when it was made and revoked. The keys themselves are not kept."""
    of = only(seller)
    with opened_services() as services, services.engine.connect() as connection:
        check(connection, of)
        found = sellers.keys(connection, seller=of.seller)
    for one in found:
        typer.echo(json_line(one.as_dict()) if as_json else _one_line(one))
    if not found and not as_json:
        typer.echo("There is no key.", err=True)


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(metavar="ID", help="As `key list` shows it.", show_default=False)],
) -> None:
    """Have a key, and what is signed with its secret, count no more: it gets 401, and who logged in with it is out.

    What it has sent stays. To revoke a key twice changes nothing.
    """
    key_id = an_id_in("ID", name)
    if key_id.startswith(KEY_PREFIX):  # not said again here
        raise BadInputError("ID: this is a key, and not its id; `relance key list` shows the ids")
    with opened_services() as services, services.engine.begin() as connection:
        known = sellers.keys(connection, key_id=key_id)
        sellers.revoke_key(connection, key_id, services.clock.wall())
    if not known:
        raise BadInputError(f"ID: there is no key {key_id!r}; `relance key list` shows which there are")
    [one] = known
    if one.revoked_at is None:
        typer.echo(f"{one.id}: revoked; it was a key of {one.seller}")
    else:
        typer.echo(f"{one.id}: was revoked already, {_minute(one.revoked_at)}")


def _one_line(one: KeyRow) -> str:
    ended = [] if one.revoked_at is None else [f"revoked {_minute(one.revoked_at)}"]
    return "  ".join([one.id, one.seller, _minute(one.stored_at), *ended])


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
