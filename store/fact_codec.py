"""How facts and events are written in a row and read back: JSON of the domain's own values.

Kept apart from the events' wire format, so that what was accepted once can be read for ever, however strict the
reading of events becomes.
"""

from __future__ import annotations

from typing import Any, get_args

from pydantic import TypeAdapter

from domain.facts import Body
from domain.past import Member

_ADAPTERS: dict[str, TypeAdapter[Any]] = {body.__name__: TypeAdapter(body) for body in get_args(Body)}
_MEMBERS: TypeAdapter[tuple[Member, ...]] = TypeAdapter(tuple[Member, ...])


def body_to_row(body: Body) -> tuple[str, str]:
    """The fact's type name and its JSON."""
    name = type(body).__name__
    return name, _ADAPTERS[name].dump_json(body).decode()


def body_from_row(type_name: str, text: str) -> Body:
    """The fact that `body_to_row` wrote."""
    body: Body = _ADAPTERS[type_name].validator.validate_json(text)
    return body


def members_to_row(members: tuple[Member, ...]) -> list[dict[str, Any]]:
    """A reminder's members as JSON values, lead first."""
    rows: list[dict[str, Any]] = _MEMBERS.dump_python(members, mode="json")
    return rows


def members_from_row(text: str) -> tuple[Member, ...]:
    """The members that `members_to_row` wrote, from their JSON."""
    members: tuple[Member, ...] = _MEMBERS.validator.validate_json(text)
    return members
