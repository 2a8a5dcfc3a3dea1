"""How one seller's messages look and speak: its brand, and the folders that hold templates of its own.

Made by `config/looks` from the operator's folder; used by `render` and `view`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from channels.port import Address


@dataclass(frozen=True, slots=True)
class Brand:
    """What a seller sets without a template; None: as shipped.

    `name` stands for the seller's, `logo` is the address of a picture, `signature` may have several lines, `colour`
    is `#rrggbb` and dark enough for white words, `reply_to` is where answers go. `address` is vous or tu.
    Letters are written at `place`, and bear `postal_address` below the name.
    """

    name: str | None = None
    logo: str | None = None
    signature: str | None = None
    colour: str | None = None
    reply_to: str | None = None
    address: Address = Address.FORMAL
    place: str | None = None
    postal_address: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """A brand, and where its templates are looked for before the shipped ones: best folder first."""

    folders: tuple[Path, ...] = ()
    brand: Brand = Brand()


PLAIN = Look()
"""Of an operator who set nothing."""
