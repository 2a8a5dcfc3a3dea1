"""An attempt as its page shows it: the message with its pictures, and what travelled with it. Called by `pages`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from channels.kept import letter_of, pictured
from store.journal import Entry
from store.log import LogRow


@dataclass(frozen=True, slots=True)
class Sent:
    """`html` fetches nothing; `attached` are names of files.

    `missed` are the invoices without whose document the mail left, and why. `unknown` are files of which nobody knows
    whether they left, because the call never reported back.
    """

    row: LogRow
    html: str | None
    attached: tuple[str, ...]
    missed: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]
    is_letter: bool


def as_sent(row: LogRow, entries: Sequence[Entry]) -> Sent:
    """With what the reminder's journal says of this attempt."""
    own = [entry for entry in entries if entry.attempt == row.attempt]
    missed = {str(one.facts["invoice"]): str(one.facts["why"]) for one in own if one.event == "document.missing"}
    wanted = [one["name"] for one in row.message.get("documents", ()) if one["number"] not in missed]
    is_known = any(one.event == "attempt.answered" for one in own)
    return Sent(
        row=row,
        html=pictured(row.message),
        attached=tuple(wanted) if is_known else (),
        missed=tuple(missed.items()),
        unknown=() if is_known else tuple(wanted),
        is_letter=letter_of(row.message) is not None,
    )
