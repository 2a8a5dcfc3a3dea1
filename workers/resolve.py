"""Ends the doubt about unconfirmed attempts: their providers have them, or never had them.

Called by `workers/ask` with what providers answered, and by `relance unconfirmed resolve` with what a person says.
A receipt ends it too, in `workers/settle`. It never leaves the process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from config.wiring import Services
from domain.after import After, after_outcome
from domain.ids import AttemptId
from domain.levels import Channel
from domain.outcomes import AttemptState, Outcome, OutcomeClass
from store import accounts, attempts, journal
from store.attempts import AttemptRow, Closing, ReminderChange
from store.engine import Connection
from store.journal import Entry


@dataclass(frozen=True, slots=True)
class Resolution:
    """What an unconfirmed attempt came to: accepted, or transient, which is not sent and may be tried again.

    `by` says who knows: `provider` or `person`. With a `fence` it counts only while the attempt is still ours.
    """

    attempt: AttemptId
    outcome: Outcome
    by: str
    fence: int | None = None


SENT = Outcome(OutcomeClass.ACCEPTED)
NOT_SENT = Outcome(OutcomeClass.TRANSIENT, code="not_sent")


def resolve(connection: Connection, services: Services, found: Sequence[Resolution], now: datetime) -> set[AttemptId]:
    """Closes the attempts that are still in doubt, takes their reminders on, and has their accounts planned again.

    Not sent is a failure like one that was answered: the same channel is tried again while step and window are
    current, five times in all. The planning is left to workers, because a person's shell may know fewer channels.
    Returns which attempts were closed.
    """
    said = {one.attempt: one for one in found}
    keys = {row.account for row in attempts.find(connection, said)}
    rows = accounts.lock(connection, keys)
    # Read again: what was read before the lock may have moved.
    doubted = [row for row in attempts.find(connection, said) if row.state is AttemptState.UNCONFIRMED]
    tries = attempts.tries_of(connection, {row.reminder for row in doubted})
    decided = [(row, said[row.id], _after(row, said[row.id], tries)) for row in doubted]
    ours = attempts.close(connection, [_closing(*one) for one in decided], AttemptState.UNCONFIRMED)
    kept = [one for one in decided if one[0].id in ours]
    changes = [_change(services, row, after, now) for row, _, after in kept if _is_running(row)]
    attempts.change_reminders(connection, changes)
    journal.write(connection, [_entry(*one, now) for one in kept])
    accounts.wake(connection, [row.key for row in rows], now)
    return ours


def _after(row: AttemptRow, said: Resolution, tries: dict[tuple[str, str, str | None], int]) -> After:
    earlier = tries.get((row.reminder, row.channel, said.outcome.kind.value), 0)
    return after_outcome(said.outcome, row.id, earlier + 1)


def _closing(row: AttemptRow, said: Resolution, after: After) -> Closing:
    is_failure = after.attempt_state is AttemptState.REFUSED
    return Closing(
        attempt=row.id,
        fence=row.fence if said.fence is None else said.fence,
        state=after.attempt_state,
        provider_id=None,
        error_class=said.outcome.kind.value if is_failure else None,
        error_code=said.outcome.code,
        segments=None,
    )


def _is_running(row: AttemptRow) -> bool:
    return row.reminder_state == "calling" and row.number == row.reminder_attempts


def _change(services: Services, row: AttemptRow, after: After, now: datetime) -> ReminderChange:
    spent = (*row.reminder_spent, row.channel) if after.spends_channel else row.reminder_spent
    retry_at = now + services.clock.business_span(after.pause_s) if after.reminder_state == "open" else None
    return ReminderChange(row.reminder, after.reminder_state, tuple(dict.fromkeys(spent)), retry_at)


def _entry(row: AttemptRow, said: Resolution, after: After, now: datetime) -> Entry:
    facts = {"channel": Channel(row.channel).value, "state": after.attempt_state.value, "by_whom": said.by}
    return Entry(row.seller, now, "attempt.resolved", facts, row.account, row.reminder, row.id)
