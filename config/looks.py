"""The sellers' own looks: their brands and folders of templates, read from the operator's folder. Called by `wiring`.

<RELANCE_TEMPLATES>/
brand.yaml                      of all sellers
fr/email/courteous.j2           takes the place of the shipped one
sellers/<seller id>/
brand.yaml                    of one seller, value by value over that of all
fr/email/courteous.j2
"""

from __future__ import annotations

import re
from pathlib import Path

from channels.brand import PLAIN, Brand, Look
from channels.port import Address
from channels.words import web_address
from config.yaml_lines import YamlError, read_yaml
from domain.addresses import is_email
from domain.fields import a_list, line, shown, text
from domain.policy_parts import Fault, Part, a_word_of

LARGEST_BYTES = 65_536
BRAND = "brand.yaml"
SELLERS = "sellers"
MOST_LINES = 6
"""Of the sender's address, above the envelope's window."""
LEAST_CONTRAST = 4.5
"""Of white words on the colour. Source: WCAG 2.2, 1.4.3."""

_COLOUR = re.compile(r"#[0-9a-f]{6}", re.ASCII)


class LooksError(ValueError):
    """The operator's folder, or a brand in it, cannot be used; a line for each fault: FILE:LINE: where: what."""


def load_looks(folder: str | None) -> dict[str, Look]:
    """The looks by seller id; that of "" is for all others. Raises LooksError."""
    if folder is None:
        return {}
    root = Path(folder)
    if not root.is_dir():
        raise LooksError(f"RELANCE_TEMPLATES: {folder}: no such folder")
    house = Look((root,), _brand(root, PLAIN.brand))
    found = {"": house}
    sellers = root / SELLERS
    for own in sorted(one for one in sellers.iterdir() if one.is_dir()) if sellers.is_dir() else ():
        has_words = any(own.rglob("*.j2"))
        found[own.name] = Look((own, root) if has_words else house.folders, _brand(own, house.brand))
    return found


def _brand(folder: Path, base: Brand) -> Brand:
    """The brand in the folder over another; that other where there is none."""
    file = folder / BRAND
    if not file.exists():
        return base
    try:
        content = file.read_bytes()
        if len(content) > LARGEST_BYTES:
            raise LooksError(f"{file}: is larger than {LARGEST_BYTES} bytes")
        lined = read_yaml(content.decode())
    except YamlError as error:
        raise LooksError(f"{file}:{error.line}: {error.problem}") from None
    except UnicodeDecodeError:
        raise LooksError(f"{file}: is not UTF-8 text") from None
    except OSError as error:
        raise LooksError(f"{file}: cannot be read: {error.strerror or error}") from None
    faults: list[Fault] = []
    part = Part(lined.document, (), faults)
    stated = Brand(
        name=part.take("name", line(200), base.name),
        logo=part.take("logo", _a_logo, base.logo),
        signature=part.take("signature", lambda value: text(value, 1_000), base.signature),
        colour=part.take("colour", _a_colour, base.colour),
        reply_to=part.take("reply_to", _a_mail_address, base.reply_to),
        address=part.take("address", _an_address, base.address),
        place=part.take("place", line(100), base.place),
        postal_address=part.take("postal_address", _a_postal_address, base.postal_address),
    )
    part.close()
    if faults:
        placed = sorted((lined.line_of(fault.path), at, str(fault)) for at, fault in enumerate(faults))
        raise LooksError("\n".join(f"{file}:{at}: {fault}" for at, _, fault in placed))
    return stated


def _a_logo(value: object) -> str:
    address = web_address(value) if isinstance(value, str) else None
    if address is None or not address.startswith("https://"):
        raise ValueError(f"{shown(value)} is not the address of a picture; it begins with https://")
    return address


def _a_colour(value: object) -> str:
    colour = str(value).lower()
    if not _COLOUR.fullmatch(colour):
        raise ValueError(f"{shown(value)} is not a colour; write it in quotes, as in '#1f5a94'")
    contrast = 1.05 / (_luminance(colour) + 0.05)
    if contrast < LEAST_CONTRAST:
        raise ValueError(f"{shown(value)} is too light for the white words on it ({contrast:.1f} to 1, not 4.5)")
    return colour


def _luminance(colour: str) -> float:
    """How light it is, 0 to 1. Source: WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)  # noqa: PLR2004
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _a_mail_address(value: object) -> str:
    if not isinstance(value, str) or not is_email(value):
        raise ValueError(f"{shown(value)} is not an e-mail address")
    return value


def _a_postal_address(value: object) -> tuple[str, ...]:
    found = tuple(line(100)(one) for one in a_list(value))
    if len(found) > MOST_LINES:
        raise ValueError(f"has {len(found)} lines; at most {MOST_LINES} fit on a letter")
    return found


def _an_address(value: object) -> Address:
    return Address(a_word_of([one.value for one in Address], "form of address")(value))
