"""Delivers the due reminders of some accounts: claim, call, record. The only step that leaves the process.

Called by the Celery task `reminder.deliver` with account keys, and by tests. No transaction is open while a
provider is called; at most IN_FLIGHT calls are marked as begun, so that a kill leaves few in doubt. What its line
has no room for is not claimed, and is left to a later nudge.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from channels.lines import Line
from channels.port import ChannelPort
from config.wiring import Services
from domain.after import After, after_outcome
from domain.asking import ASKS_AFTER_S, receipt_due_in_s
from domain.ids import AccountKey, ReminderId
from domain.line import Share
from domain.outcomes import TOO_LATE, AttemptState, Outcome, OutcomeClass
from domain.past import PastReminder
from store import accounts, attempts, due, history, journal
from store.attempts import Closing, ReminderChange
from store.engine import Connection, Unavailable
from store.journal import Entry
from workers.bad_copies import repair_copies, to_suppress
from workers.calls import BEGIN_WITHIN_S, LEASE_S, Call
from workers.claim import claim_due
from workers.enclose import enclose
from workers.instants import Now, now_of
from workers.look import look_again
from workers.loop import Runs
from workers.missed import note_missed
from workers.nudges import IN_FLIGHT, channel_of
from workers.onward import onward, sort_out
from workers.planning import plan_and_keep
from workers.refused_here import tell_of_refused

GOES_ON_S = 2.0
"""How long a task begins further shares, counted with all that it waits and calls: whoever goes on for longer is in
the way of others, and keeps a worker from ending that was told to. As much is given out at once as leaves in half."""
ENDS_WITHIN_S = GOES_ON_S + LEASE_S
"""How long a worker that is told to end takes at most, unless the database is away: its last share begins by then.

Fetching documents (5 s), the longest call (13 s) and recording its answer are over with the lease, or in vain."""
RECORD_AGAIN_S = (0.5, 1.0, 2.0)
"""Pauses before the answers are recorded again. With the waits for locks between them, a lease lasts as long."""

_LEASE_AFTER_LAST_S = LEASE_S - BEGIN_WITHIN_S

log = structlog.get_logger()

Answered = tuple[Call, Outcome]


def deliver(
    services: Services,
    runner: Runs,
    keys: Sequence[AccountKey],
    queue: str,
    now: Now | None = None,
    in_flight: int = IN_FLIGHT,
) -> int:
    """Delivers what is due over `queue` among these accounts; returns how many calls it made.

    At most `in_flight` at a time, and as many as the provider's line takes. Business now is the clock's, read again
    before and after each call, unless it is given.
    """
    channel = channel_of(queue)
    line = None if channel is None else services.lines.get(channel)
    rest, made, until = list(keys), 0, time.monotonic() + GOES_ON_S
    while rest:
        share = Share(in_flight) if line is None else line.admit(min(len(rest), in_flight))
        if share.calls:
            batch, rest = rest[: share.calls], rest[share.calls :]
            made += _deliver_share(services, runner, batch, queue, now, line, share)
        if rest and time.monotonic() + share.wait_s > until:
            _let_go(services, rest, queue)
            break
        time.sleep(share.wait_s)
    return made


def _deliver_share(
    services: Services,
    runner: Runs,
    keys: Sequence[AccountKey],
    queue: str,
    now: Now | None,
    line: Line | None,
    share: Share,
) -> int:
    """Claims, calls and records for as many accounts as the line has room for."""
    calls = claim_due(services, keys, queue, now or services.clock.now())
    answered = runner.run(call_all(services, calls)) if calls else []
    answered_at = time.monotonic()
    try:
        if answered:
            record(services, answered, now or services.clock.now())
    finally:
        if line is not None:
            tell(line, share, answered, answered_at)
    return len(calls)


def tell(line: Line, share: Share, answered: Sequence[Answered], at: float) -> None:
    """Tells the line what its share came to by the instant `at` (monotonic).

    Calls that were not begun are no word on the provider, nor are those whose lease ran out meanwhile: no call takes
    so long, so it was this process that stood still.
    """
    made = [(call, outcome) for call, outcome in answered if outcome.kind is not OutcomeClass.NOT_BEGUN]
    used = sum(outcome.segments or call.claim.segments or 1 for call, outcome in made if outcome.was_asked)
    heard = [one for one in made if at < one[0].last_by + _LEASE_AFTER_LAST_S]
    first = [outcome for call, outcome in heard if call.claim.is_new]
    line.heard(share, used, first, [outcome for call, outcome in heard if not call.claim.is_new])


def _let_go(services: Services, keys: Sequence[AccountKey], queue: str) -> None:
    """Leaves accounts to whoever is nudged next: their line is full, or the calls before them were slow."""
    with services.engine.begin() as connection:
        due.let_go(connection, keys)
    log.info("deliver.line_full", queue=queue, left=len(keys))


async def call_all(services: Services, calls: Sequence[Call]) -> list[Answered]:
    """Calls all at once and waits for every answer. A channel never raises for what a provider does."""
    ready = await look_again(services, await enclose(services, calls))
    outcomes = await asyncio.gather(*(_send(services, call) for call in ready))
    return list(zip(ready, outcomes, strict=True))


async def _send(services: Services, call: Call) -> Outcome:
    """One call's answer. A channel that breaks has a bug, and what it did before is not known.

    A call that would begin too late is not made: what it was claimed for may no longer be so.
    """
    if time.monotonic() > call.begin_by:
        log.warning("send.too_late", attempt=call.claim.attempt)
        return TOO_LATE
    channel: ChannelPort = services.channels[call.message.channel]
    message = replace(call.message, validity_s=call.closes_by - time.monotonic())
    try:
        outcome = await channel.send(message)
    except Exception as error:  # noqa: BLE001 - whatever one message breaks must not lose the others' answers
        log.warning("send.crashed", attempt=call.claim.attempt, error=type(error).__name__)
        return Outcome(OutcomeClass.UNCONFIRMED, code="crashed")
    if outcome.kind is OutcomeClass.NOT_BEGUN:
        log.warning("send.not_begun", attempt=call.claim.attempt, code=outcome.code)
    tell_of_refused(call, outcome)
    return outcome


def record(services: Services, answered: Sequence[Answered], now: Now) -> None:
    """Writes down what the calls came to, for those that are still ours, and plans their accounts again.

    What is not recorded is in doubt for ever, so a database that is away or busy is asked again while the leases
    last; each time may repeat the one before, because an attempt is closed once. An answer that breaks it is tried
    alone, and left to the sweep, which has it in doubt; the others are written.
    """
    for pause_s in RECORD_AGAIN_S:
        try:
            return _record_what_can_be(services, answered, now)
        except Unavailable as error:
            log.warning("deliver.not_recorded", calls=len(answered), error=type(error).__name__)
            time.sleep(pause_s)
    return _record_what_can_be(services, answered, now)


def _record_what_can_be(services: Services, answered: Sequence[Answered], now: Now) -> None:
    try:
        _record(services, answered, now)
    except Unavailable:
        raise
    except Exception:  # whatever one answer breaks must not leave the others in doubt
        log.exception("deliver.record_failed", calls=len(answered), attempt=answered[0][0].claim.attempt)
        if len(answered) > 1:
            for one in answered:
                _record_what_can_be(services, [one], now)


def _record(services: Services, answered: Sequence[Answered], now: Now) -> None:
    expected = onward(services, answered, now)
    with services.engine.begin() as connection:
        rows = accounts.lock(connection, {call.claim.account for call, _ in answered})
        further = [call.claim for call, _ in answered if not call.claim.is_new]
        past = history.load(connection, {claim.account for claim in further})
        known = {one.id: one for found in past.values() for one in found}
        tries = attempts.tries_of(connection, [claim.reminder for claim in further])
        decided = [(call, outcome, _after(call, outcome, tries)) for call, outcome in answered]
        ours = attempts.close(connection, [_closing(*one) for one in decided])
        kept = [one for one in decided if one[0].claim.attempt in ours]
        changes = [_change(services, *one, known, now_of(now, one[0].claim.account)) for one in kept]
        attempts.change_reminders(connection, changes)
        _suppress(connection, kept, now)
        repair_copies(connection, rows, [(call, outcome) for call, outcome, _ in kept], now)
        journal.write(connection, [_entry(*one, now_of(now, one[0].claim.account)) for one in kept])
        note_missed(connection, rows, [call for call, _, _ in kept], now)
        ours |= {call.claim.attempt for call, _ in answered if call.claim.is_open}
        whole = {call.claim.account for call, _ in answered if call.claim.attempt in ours and not call.missed}
        in_force = services.policies.in_force(connection)
        as_expected, others = sort_out(rows, expected, whole, in_force)
        plan_and_keep(connection, services, others, now, as_expected)
    log.info("deliver.recorded", calls=len(answered), closed=len(kept))


def _after(call: Call, outcome: Outcome, tries: Mapping[tuple[str, str, str | None], int]) -> After:
    earlier = tries.get((call.claim.reminder, call.claim.channel, _error_class(outcome)), 0)
    return after_outcome(outcome, call.claim.attempt, earlier + 1, has_other=_has_other(call))


def _has_other(call: Call) -> bool:
    """Whether the reminder was claimed with another channel left to go out over."""
    reminder = call.planned.plan.reminder
    return reminder is not None and any(route.channel.value != call.claim.channel for route in reminder.routes)


def _closing(call: Call, outcome: Outcome, after: After) -> Closing:
    is_error = after.reminder_state != "done"
    return Closing(
        attempt=call.claim.attempt,
        fence=1,
        state=after.attempt_state,
        provider_id=outcome.provider_id,
        error_class=_error_class(outcome) if is_error else None,
        error_code=outcome.code,
        segments=outcome.segments,
        ask_in_s=_ask_in_s(call, after),
    )


def _ask_in_s(call: Call, after: After) -> float | None:
    """When its provider is asked what became of it, unless a receipt tells before."""
    match after.attempt_state:
        case AttemptState.UNCONFIRMED:
            return ASKS_AFTER_S[0]
        case AttemptState.ACCEPTED:
            return receipt_due_in_s(call.message.channel, call.message.validity_s)
        case _:
            return None


def _error_class(outcome: Outcome) -> str:
    """The log's word: `rate_limited` is told from `transient`, because it spends no try."""
    return "rate_limited" if outcome.rate_limited else outcome.kind.value


def _change(
    services: Services,
    call: Call,
    _outcome: Outcome,
    after: After,
    known: Mapping[ReminderId, PastReminder],
    now: datetime,
) -> ReminderChange:
    """A reminder's first attempt has no channel behind it."""
    gone = [] if call.claim.is_new else [channel.value for channel in known[call.claim.reminder].used]
    if after.spends_channel:
        gone.append(call.claim.channel)
    retry_at = now + services.clock.business_span(after.pause_s) if after.reminder_state == "open" else None
    return ReminderChange(call.claim.reminder, after.reminder_state, tuple(dict.fromkeys(gone)), retry_at)


def _suppress(connection: Connection, kept: Sequence[tuple[Call, Outcome, After]], now: Now) -> None:
    entries = []
    for call, outcome, after in kept:
        claim, at = call.claim, now_of(now, call.claim.account)
        if after.suppresses is not None:
            entries.append((claim.seller, claim.channel, claim.recipient, after.suppresses, at))
        entries += to_suppress(call, outcome, at)
    if entries:
        history.suppress(connection, entries)


def _entry(call: Call, outcome: Outcome, after: After, now: datetime) -> Entry:
    claim = call.claim
    facts = {
        "channel": claim.channel,
        "state": after.attempt_state.value,
        "class": outcome.kind.value,
        "code": outcome.code,
        "pause_s": round(after.pause_s, 1) if after.pause_s else None,
    }
    return Entry(claim.seller, now, "attempt.answered", facts, claim.account, claim.reminder, claim.attempt)
