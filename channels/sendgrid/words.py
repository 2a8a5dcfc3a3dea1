"""SendGrid's events in our words, and the argument by which we know a message again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from domain.outcomes import AttemptState, OutcomeClass, Receipt

if TYPE_CHECKING:
    from collections.abc import Mapping

ATTEMPT_ARG = "relance_attempt"
"""The custom argument that carries our attempt id, and nothing else: SendGrid keeps it long and shows it to staff.

Custom arguments come back beside SendGrid's own fields, and `deferred` has an `attempt` of its own (a number of
tries), which would hide ours. Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""


def _word(state: AttemptState | None, suppress: str | None = None, kind: OutcomeClass | None = None) -> Receipt:
    """What an event says: a receipt that lacks only which message it is about."""
    return Receipt("", "", state, suppress=suppress, kind=kind)


NOTHING = _word(None)
"""A word that says nothing of the delivery."""
_UNDELIVERED = _word(AttemptState.UNDELIVERED)
_BLOCKED = replace(_UNDELIVERED, kind=OutcomeClass.TRANSIENT, late_tries=1, wait_s=3600.0)

EVENTS: Mapping[tuple[str, str], Receipt] = {
    ("processed", ""): _word(AttemptState.ACCEPTED),
    ("deferred", ""): _word(AttemptState.DEFERRED),  # SendGrid goes on trying, for three days
    ("delivered", ""): _word(AttemptState.DELIVERED),
    ("bounce", ""): _UNDELIVERED,
    ("bounce", "bounce"): _word(AttemptState.UNDELIVERED, "hard_bounce", OutcomeClass.PERMANENT_ADDRESS),
    ("bounce", "blocked"): _BLOCKED,  # the mail server's mood: this message only, and once more
    ("dropped", ""): _UNDELIVERED,  # not tried at all, although the API had said 202
    ("dropped", "bounced address"): _word(AttemptState.UNDELIVERED, "hard_bounce", OutcomeClass.PERMANENT_ADDRESS),
    ("dropped", "invalid"): _word(AttemptState.UNDELIVERED, "invalid_address", OutcomeClass.PERMANENT_ADDRESS),
    ("dropped", "spam content"): _word(AttemptState.UNDELIVERED, None, OutcomeClass.CONTENT),
    ("dropped", "spam reporting address"): _word(AttemptState.UNDELIVERED, "spam_report", OutcomeClass.OPT_OUT),
    ("dropped", "unsubscribed address"): _word(AttemptState.UNDELIVERED, "opt_out", OutcomeClass.OPT_OUT),
    # An open is often a scanner's, and a click too: neither is a proof that a person read.
    ("open", ""): NOTHING,
    ("click", ""): NOTHING,
    ("spamreport", ""): _word(None, suppress="spam_report"),
    ("unsubscribe", ""): _word(None, suppress="opt_out"),
    ("group_unsubscribe", ""): _word(None, suppress="opt_out"),
    ("group_resubscribe", ""): NOTHING,  # lifts nothing: only a person or START does
}
"""SendGrid's events by (event, and a bounce's `type` or a drop's `reason`); the pair with "" is for all others.

Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""
