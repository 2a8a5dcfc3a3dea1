"""What is kept how long: months, and whether what was written about invoices may leave. Called by `workers/keep`.

Source of the default, 132 months: Code de commerce L123-22, supporting documents are kept for ten years, from the end
of the financial year, so that eleven cover any day of it. Against it stands RGPD article 5(1)(e): no longer than the
purpose needs. Read on 2026-11-22, second-hand; `docs/retention.md` has more. The operator decides.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from domain.account import Account, Standing
from domain.ids import InvoiceId

MONTHS_AHEAD = 3
"""As many months after the present one have their part of the journal made for them."""

_MONTHS = 12


def month_start(at: datetime, months: int = 0) -> datetime:
    """The first instant, in UTC, of the month of `at` (aware), or of the one so many months later."""
    utc = at.astimezone(UTC)
    year, month = divmod(utc.year * _MONTHS + utc.month - 1 + months, _MONTHS)
    return datetime(year, month + 1, 1, tzinfo=UTC)


def may_leave(account: Account, invoice_ids: Collection[InvoiceId]) -> bool:
    """Whether what was written about these invoices may: each is known here and is owed no more."""
    over = {state.invoice.id for state in account.invoices if state.standing is not Standing.OPEN}
    return over.issuperset(invoice_ids)
