"""Names for the identifiers that travel through the house, so that the type checker keeps them apart."""

from __future__ import annotations

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
