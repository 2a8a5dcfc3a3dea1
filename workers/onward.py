"""What comes next for an account whose message or work for a person is on its way, worked out without a lock.

The account was read, folded and planned when it was claimed. What has changed since is mostly only that it has had
this reminder; where anything else may have, it is read and planned again. Called by `workers/deliver`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import structlog

from config.policy_book import InForce
from config.wiring import Services
from domain.ids import AccountKey, StepId
from domain.levels import Channel, Level
from domain.outcomes import Outcome, OutcomeClass
from domain.past import PastReminder
from store.accounts import AccountRow
from store.claims import Claim
from workers.calls import Call
from workers.instants import Now, now_of
from workers.planned import Planned
from workers.planning import plan_onward

log = structlog.get_logger()


def onward(services: Services, answered: Sequence[tuple[Call, Outcome]], now: Now) -> dict[AccountKey, Planned]:
    """The plans of those whose first attempt was accepted. What cannot be planned so is planned like all others."""
    found: dict[AccountKey, Planned] = {}
    for call, outcome in answered:
        if outcome.kind is OutcomeClass.ACCEPTED and call.claim.is_new and not call.planned.is_held:
            key = call.claim.account
            try:
                found[key] = plan_onward(services, call.planned, _had(call.claim), now_of(now, key))
            except Exception as error:  # noqa: BLE001 - one account must not keep the others' answers from being recorded
                log.warning("onward.failed", account=key, error=type(error).__name__)
    return found


def sort_out(
    rows: Sequence[AccountRow],
    expected: Mapping[AccountKey, Planned],
    ours: Collection[AccountKey],
    in_force: InForce,
) -> tuple[list[Planned], list[AccountRow]]:
    """Whose plan is as expected, and who has to be planned again. The rows are locked.

    A claim makes its account quiet, or leaves it due over its channel if that is a person. Whatever is learned of it
    meanwhile is planned at once, or wakes it: then it is not so any more, or another plan is kept than the one that
    it was claimed with: one that names this reminder.
    Who publishes a policy wakes those that are asleep, and while it was being claimed it was not: so the policies
    `in_force` are asked.
    """
    as_expected, others, labels = [], [], _labels(in_force)
    for row in rows:
        one = expected.get(row.key)
        if one is not None and row.key in ours and _is_as_claimed(row, one) and _labels(one.in_force) == labels:
            as_expected.append(replace(one, row=row))
        else:
            others.append(row)
    return as_expected, others


def _is_as_claimed(row: AccountRow, one: Planned) -> bool:
    """Of `row` and the row that was claimed. What was quieted has no channel, nor has what was woken."""
    is_left = row.is_quiet or (row.channel is not None and row.channel == one.row.channel)
    return is_left and row.plan_digest == one.row.plan_digest


def _labels(in_force: InForce) -> list[tuple[str, str, int]]:
    """What tells one state of the policies from the next."""
    return sorted((name, versions.newest.label, versions.moving) for name, versions in in_force.items())


def _had(claim: Claim) -> PastReminder:
    """The reminder as history will tell it."""
    return PastReminder(
        id=claim.reminder,
        at=claim.claimed_at,
        step=StepId(claim.step),
        level=Level(claim.level),
        channel=Channel(claim.channel),
        members=claim.members,
        state="done",
        attempts=claim.number,
        policy=claim.policy,
        calls=(claim.claimed_at,) if claim.channel == Channel.PHONE else (),
    )
