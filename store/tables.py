"""Every table, with what keeps its rows true. Only `store` imports this; migrations are checked against it.

    inbox ──intake──▶ facts ──fold──▶ (account, never stored) ──plan──▶ accounts.due_at
                                                                          │ claim
    receipts ◀── callbacks        journal ◀── everything       reminders ─┴─ steps_had, attempts, tasks

Columns ending in `_at` are instants (timestamptz); `leased_until`, `stored_at`, `nudged_at`, `folded_at`,
`look_at`, `settled_at`, `ask_at`, `quarantined_at` and `ticks.at` are wall time, all other instants business time.
"""

from __future__ import annotations

from store.schema import metadata
from store.tables_of_accounts import (
    STANDS_ON,
    accounts,
    announced,
    api_keys,
    facts,
    inbox,
    invoices,
    journal,
    policies,
    quarantine,
    sellers,
    tasks,
)
from store.tables_of_delivery import attempts, contacted, receipts, reminders, steps_had, suppressions
from store.tables_of_running import ticks

__all__ = [
    "STANDS_ON",
    "accounts",
    "announced",
    "api_keys",
    "attempts",
    "contacted",
    "facts",
    "inbox",
    "invoices",
    "journal",
    "metadata",
    "policies",
    "quarantine",
    "receipts",
    "reminders",
    "sellers",
    "steps_had",
    "suppressions",
    "tasks",
    "ticks",
]
