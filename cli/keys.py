"""`relance key`: keys that let a billing system speak for a seller."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.known import check_seller
from config.keys import new_key, webhook_secret
from config.wiring import DEFAULT_SELLER, build, required
from store import sellers

app = typer.Typer(help="Keys of the sellers.", rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Keys of the sellers."""


@app.command()
def create(seller: Annotated[str, typer.Option(help="Whose key it is.")] = DEFAULT_SELLER) -> None:
    """Make a key and print it once, with the secret for signed webhooks; only a digest is kept."""
    services = build()
    secret_key = required(services.settings.secret_key, "RELANCE_SECRET_KEY")
    try:
        whose = check_seller(services, seller)
        key_id, key = new_key()
        with services.engine.begin() as connection:
            sellers.add_key(connection, key_id, key, whose)
    finally:
        services.engine.dispose()
    typer.echo(f"key            {key}")
    typer.echo(f"signing secret {webhook_secret(secret_key, key_id)}")
    typer.echo("Send the key as `Authorization: Bearer`, or sign with the secret. It is not shown again.", err=True)
