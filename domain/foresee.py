"""`foresee`: what comes next, and what after that, by asking the one `plan` again and again.

The database holds only an account's next reminder; the rest of its future is computed here when somebody asks.
Called by `explain` and `preview`. Pure.

    plan(now) ── leaves now ──▶ it is had: into history ──┐
        ▲  └──── later, or not yet ──▶ go on to again_at ─┤
        └─────────────────────────────────────────────────┘  until `until`, or nothing comes

It is a forecast: nobody pays, every reminder is accepted, approvals are not given, calls have no outcome, and a
payment feed that is fresh now stays so.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.account import Account
from domain.ids import ReminderId
from domain.levels import Channel
from domain.past import PastReminder
from domain.plan import plan
from domain.planned import Plan, PlannedReminder
from domain.policy import Policy
from domain.reasons import Code

MOST_LOOKS = 1_000
"""A ladder ends long before; whatever does not is cut off here."""


def foresee(
    account: Account, policy: Policy, now: datetime, until: datetime, most: int = MOST_LOOKS
) -> tuple[PlannedReminder, ...]:
    """The reminders from `now` up to and including `until` (both aware), in the order in which they would go out.

    None while the payment feed is out of date, and none while a delivery runs: what comes then is not known.
    `plan` is asked at most `most` times.
    """
    found = plan(account, policy, now)
    if any(reason.code is Code.FEED_STALE for reason in found.reasons):
        return ()
    policy = replace(policy, freshness_days=None)
    coming: list[PlannedReminder] = []
    at: datetime | None = now
    for _ in range(most):
        if at is None or at > until:
            break
        found = plan(account, policy, at)
        account = _closed(account, found)
        if found.reminder is not None and found.reminder.send_at <= at:
            coming.append(found.reminder)
            account = _had(account, found.reminder, len(coming))
        else:
            at = found.again_at
    return tuple(coming)


def _closed(account: Account, found: Plan) -> Account:
    """The account once the open reminder that must not go on is closed."""
    if found.gives_up is None:
        return account
    name, state = found.gives_up
    history = (replace(p, state=state, retry_at=None) if p.id == name else p for p in account.history)
    return replace(account, history=tuple(history))


def _had(account: Account, reminder: PlannedReminder, number: int) -> Account:
    """The account after the reminder went out and was accepted; a further attempt keeps its units."""
    channel = reminder.routes[0].channel
    earlier = next((one for one in account.history if one.id == reminder.continues), None)
    calls = earlier.calls if earlier is not None else ()
    past = PastReminder(
        id=earlier.id if earlier is not None else ReminderId(f"foreseen-{number}"),
        at=reminder.send_at,
        step=reminder.step.id,
        level=reminder.level,
        channel=channel,
        members=earlier.members if earlier is not None else reminder.members,
        state="done",
        attempts=1 + (earlier.attempts if earlier is not None else 0),
        calls=(*calls, reminder.send_at) if channel is Channel.PHONE else calls,
    )
    before = (one for one in account.history if one is not earlier)
    return replace(account, history=(*before, past))
