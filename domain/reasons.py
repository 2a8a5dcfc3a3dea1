"""Why something goes out, waits, or never will: reasons as data, turned into sentences elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Code(StrEnum):
    """Every reason that a plan can give. A code's facts are named behind it."""

    STEP_DUE = "step_due"  # unit, step
    STEP_LATER = "step_later"  # unit, step, moment
    GROUPED = "grouped"  # unit, lead
    NOT_GROUPED = "not_grouped"  # unit, why
    CHANNEL_CHOSEN = "channel_chosen"  # channel, contact
    CHANNEL_UNUSABLE = "channel_unusable"  # channel, why
    NO_USABLE_CHANNEL = "no_usable_channel"  # step
    OUTSIDE_HOURS = "outside_hours"  # channel, until
    SPREAD = "spread"  # channel, until
    GAP = "gap"  # until, days; who: the person, if contacts about other customers count
    CAP = "cap"  # until, limit, days; who
    CALLS_CAP = "calls_cap"  # until, limit, days; who
    NOTHING_OWED = "nothing_owed"
    UNIT_DISPUTED = "unit_disputed"  # unit, invoice
    UNIT_PAID_IN_OTHER_CURRENCY = "unit_paid_in_other_currency"  # unit, invoice, currency
    UNIT_PROMISED = "unit_promised"  # unit, until
    UNIT_IN_PLAN = "unit_in_plan"  # unit, until
    UNIT_WAITS_FOR_DATE = "unit_waits_for_date"  # unit, outcome, until
    PROMISE_BROKEN = "promise_broken"  # unit, promised_on
    PROMISE_LAPSED = "promise_lapsed"  # unit, promised_on
    PLAN_BROKEN = "plan_broken"  # unit, due_on
    WAITS_FOR_DATE = "waits_for_date"  # outcome, until
    UNIT_WAITS_FOR_STATUS = "unit_waits_for_status"  # unit, invoice, code
    LADDER_DONE = "ladder_done"  # unit
    APPROVAL_NEEDED = "approval_needed"  # unit, step
    RATE_UNKNOWN = "rate_unknown"  # step, half_year
    RATE_TOO_LOW = "rate_too_low"  # step, half_year
    CUSTOMER_HELD = "customer_held"  # reason, until
    REPLY_UNREAD = "reply_unread"  # reply, channel
    LOW_SCORE = "low_score"  # task, score
    FEED_STALE = "feed_stale"  # as_of
    DELIVERY_RUNNING = "delivery_running"  # reminder
    PROVIDER_DOWN = "provider_down"  # channel
    PROVIDER_PAUSED = "provider_paused"  # channel, until
    TEMPLATE_BROKEN = "template_broken"  # template, problem
    EVENT_IN_QUARANTINE = "event_in_quarantine"  # event, type
    RETRY = "retry"  # reminder, at
    SEGMENT = "segment"  # name; derived: settled, unpaid, in_time_percent, mean_days_late, as_of
    GATE = "gate"  # unit, invoice, why


@dataclass(frozen=True, slots=True)
class Reason:
    """A code with its facts. Facts are JSON values: text, numbers, ISO dates and instants; never an address."""

    code: Code
    facts: Mapping[str, str | int | None] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """`{"code": …, "facts": {…}}`, as journal, pages and `--json` show it."""
        return {"code": self.code.value, "facts": dict(self.facts)}
