"""What an invoice is disputed for, and since when and until when it was. Kept by `fold`, asked for by planning."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

Dispute = tuple[str | None, tuple[str, ...]]
"""The reason of a dispute as an event gave it, and the tasks in which the customer contested the invoice."""

Span = tuple[datetime, datetime | None]
"""From an instant (aware) to another; without the second, the dispute is open."""


def with_change(spans: tuple[Span, ...], at: datetime, *, is_disputed: bool) -> tuple[Span, ...]:
    """The spans, in order, with what is so from `at` on, which is no earlier than any of them."""
    if is_disputed == (bool(spans) and spans[-1][1] is None):
        return spans
    return (*spans, (at, None)) if is_disputed else (*spans[:-1], (spans[-1][0], at))


def was_disputed_until(spans: Iterable[Span], at: datetime) -> bool:
    """Whether it was disputed until `at`, or longer: what begins on that instant was not, what ends on it was."""
    return any(since < at and (until is None or at <= until) for since, until in spans)
