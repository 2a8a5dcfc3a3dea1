"""JSON from strangers, read exactly: no binary floats, no constants that JSON does not know, no field told twice.

Called by everything that events come in through, before `read_event`.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import NoReturn

from domain.fields import shown


class JsonError(ValueError):
    """A text is not JSON that can be read here; the message says where or why."""


def read_json(raw: bytes) -> object:
    """The value in a UTF-8 text: numbers with a point or an exponent as Decimal. Raises JsonError.

    A field that comes twice in one object is refused: readers disagree on which one counts, and it may be an amount.
    Source: RFC 8259, sections 4 and 8.1 (read 2026-11-22); a byte order mark is passed over.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JsonError(f"not UTF-8: byte {error.start} is {raw[error.start]:#04x}") from None
    try:
        found: object = json.loads(
            text, parse_float=_decimal, parse_constant=_refuse_constant, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        raise JsonError(f"not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise JsonError("lists and objects are nested too deep") from None
    except ValueError as error:
        raise error if isinstance(error, JsonError) else JsonError("a number has too many digits") from None
    return found


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise JsonError("a number has too large an exponent") from None


def _refuse_constant(name: str) -> NoReturn:
    raise JsonError(f"not JSON: {name} is no number of JSON")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise JsonError(f"the field {shown(name)} comes twice in one object")
        found[name] = value
    return found
