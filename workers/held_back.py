"""What holds a plan back that planning itself does not know of: a provider that is down, an event in quarantine."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from domain.levels import Channel
from domain.planned import Plan
from domain.reasons import Code, Reason
from store.unfolded import SetAside

WHILE_DOWN = timedelta(minutes=5)
"""When to look again at a reminder that only a provider which is down could carry."""

MOST_TOLD = 3
"""As many of the events in quarantine as a plan names."""


def put_off_while_down(answer: Plan, down: Collection[Channel], now: datetime) -> Plan:
    """A reminder that could leave now, and has no way but one that is down, is looked at again in a while."""
    reminder = answer.reminder
    if reminder is None or reminder.send_at > now or reminder.routes[0].channel not in down:
        return answer
    return replace(answer, reminder=None, again_at=now + WHILE_DOWN, fed_at=None)


def held(answer: Plan, events: Sequence[SetAside]) -> Plan:
    """Nothing goes out and nothing is withdrawn: one of the events may have been a payment."""
    why = [Reason(Code.EVENT_IN_QUARANTINE, {"event": one.event_id, "type": one.type}) for one in events[:MOST_TOLD]]
    return replace(answer, reminder=None, again_at=None, gives_up=None, tasks=(), reasons=(*why, *answer.reasons))
