"""How long lists are cut into pages: what one shows, and where the next one goes on. Called by the pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

from web.refusals import Refusal

T = TypeVar("T")


def first(found: Sequence[T], most: int) -> tuple[Sequence[T], bool]:
    """The first `most` of them, and whether there are more."""
    return found[:most], len(found) > most


def place_in(asked: str, field: str) -> tuple[datetime, str] | None:
    """A place in a list as the filter `as_place` names it: an instant (UTC) and an id; None where nothing is asked.

    422 for what is none, which names the field.
    """
    if not asked:
        return None
    at, _, name = asked.partition("~")
    try:
        return datetime.fromisoformat(at).astimezone(UTC), name
    except (ValueError, OverflowError):
        raise Refusal(422, f"{field}: no place in the list; take the link on its page") from None
