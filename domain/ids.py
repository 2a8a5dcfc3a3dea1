"""Names for the identifiers that travel through the house, so that the type checker keeps them apart.

And how much of one people are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NewType

SellerId = NewType("SellerId", str)
CustomerId = NewType("CustomerId", str)
InvoiceId = NewType("InvoiceId", str)
ContactId = NewType("ContactId", str)
StepId = NewType("StepId", str)

AccountKey = NewType("AccountKey", int)
"""The store's row number of an account. Locks are always taken in its order."""

UnitId = NewType("UnitId", str)
"""What is dunned: an invoice's id, or `<invoice id>#<n>` for its n-th instalment (1-based); ids write # as ##."""

ReminderId = NewType("ReminderId", str)
AttemptId = NewType("AttemptId", str)
"""Opaque (UUID text): the only one of our ids that providers see."""

SHORT = 8
"""As much of an id as is shown, unless two of a list begin alike."""


def telling(ids: Sequence[str]) -> int:
    """How many letters of the ids differ from each other in all of them."""
    longest = max(len(name) for name in ids)
    return next((n for n in range(SHORT, longest) if len({name[:n] for name in ids}) == len(ids)), longest)
