"""Why something goes out, waits, or never will: reasons as data, turned into sentences elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Code(StrEnum):
    """Every reason that a plan can give. A code's facts are named behind it."""

    STEP_DUE = "step_due"  # unit, step, moment
    STEP_LATER = "step_later"  # unit, step, moment
    GROUPED = "grouped"  # unit, lead
    NOT_GROUPED = "not_grouped"  # unit, why
    CHANNEL_CHOSEN = "channel_chosen"  # channel, contact
    CHANNEL_UNUSABLE = "channel_unusable"  # channel, contact, why
    NO_USABLE_CHANNEL = "no_usable_channel"  # step
    OUTSIDE_HOURS = "outside_hours"  # channel, until
    SPREAD = "spread"  # until
    GAP = "gap"  # until, days
    CAP = "cap"  # until, limit, days
    NOTHING_OWED = "nothing_owed"
    UNIT_DISPUTED = "unit_disputed"  # unit, invoice
    UNIT_PAID_IN_OTHER_CURRENCY = "unit_paid_in_other_currency"  # unit, invoice, currency
    UNIT_PROMISED = "unit_promised"  # unit, until
    UNIT_WAITS_FOR_STATUS = "unit_waits_for_status"  # unit, code
    LADDER_DONE = "ladder_done"  # unit
    APPROVAL_NEEDED = "approval_needed"  # unit, step
    CUSTOMER_HELD = "customer_held"  # reason, until
    FEED_STALE = "feed_stale"  # as_of
    DELIVERY_RUNNING = "delivery_running"  # reminder
    TEMPLATE_BROKEN = "template_broken"  # template, problem
    RETRY = "retry"  # reminder, at


@dataclass(frozen=True, slots=True)
class Reason:
    """A code with its facts. Facts are JSON values: text, numbers, ISO dates and instants; never an address."""

    code: Code
    facts: Mapping[str, str | int | None] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """`{"code": …, "facts": {…}}`, as journal, pages and `--json` show it."""
        return {"code": self.code.value, "facts": dict(self.facts)}
