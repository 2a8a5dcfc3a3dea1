"""Settles receipts: finds their attempts, moves the attempts' states by rank, and takes their reminders on.

Called by the Celery task `receipt.settle` with receipt ids, by the sweep, and by tests. Receipts come late, early,
doubled and shuffled; one whose attempt nobody knows yet is parked and tried again, and one that names none is of an
address (`workers/nameless`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from config.wiring import Services
from domain.after import FAILURES, PROOFS, ReminderMove, after_receipts, late_pause_s
from domain.asking import WAITING, receipt_due_in_s
from domain.ids import AccountKey, AttemptId, ReminderId, SellerId
from domain.levels import Channel
from domain.outcomes import AttemptState, Receipt, after_receipt
from domain.past import PastReminder
from store import accounts, attempts, history, journal, receipts
from store.accounts import AccountRow
from store.attempts import AttemptRow, ReminderChange, Report
from store.engine import Connection
from store.journal import Entry
from store.receipts import ReceiptRow
from workers.blame import spare_the_others
from workers.nameless import find_nameless, tell_of_nameless, to_suppress
from workers.planning import plan_and_keep
from workers.repair import ask_for_repair

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Settled:
    """An attempt with its receipts in the order of their times, and the state that it had after each."""

    row: AttemptRow
    receipts: tuple[ReceiptRow, ...]
    states: tuple[AttemptState, ...]

    @property
    def state(self) -> AttemptState:
        """The state that they lead to."""
        return self.states[-1] if self.states else self.row.state

    @property
    def new_state(self) -> AttemptState | None:
        """The state that the receipts lead to, None if they change nothing."""
        return None if self.state is self.row.state else self.state

    @property
    def is_news(self) -> bool:
        """Whether the reminder may move: not by a proof that the message of a finished one has left."""
        return self.new_state is not None and not (self.state in PROOFS and self.row.reminder_state == "done")

    @property
    def code(self) -> str | None:
        """The last error code that a receipt gave, if any."""
        return next((one.receipt.code for one in reversed(self.receipts) if one.receipt.code), None)

    @property
    def failure(self) -> Receipt | None:
        """The last receipt that says of what class its failure is, if one does."""
        said = (one.receipt for one in reversed(self.receipts) if one.receipt.kind is not None)
        return next((one for one in said if one.state is self.state and _is_for(self.row, one)), None)

    @property
    def provider_id(self) -> str | None:
        """The vendor's id, if a receipt gave one."""
        return next((one.receipt.provider_id for one in self.receipts if one.receipt.provider_id), None)


def settle(services: Services, ids: Sequence[int], now: datetime) -> int:
    """Settles these receipts, in one transaction for all; returns how many are done with.

    One that breaks it is tried alone, and parked; the others go on.
    """

    def park(receipt_id: int, _error: Exception) -> None:
        with services.engine.begin() as connection:
            receipts.park(connection, [receipt_id])

    return sum(spare_the_others("settle.failed", ids, lambda some: _settle(services, some, now), park))


def _settle(services: Services, ids: Sequence[int], now: datetime) -> int:
    with services.engine.begin() as connection:
        taken = receipts.take(connection, ids)
        owners = _owners(connection, taken)
        known = attempts.find(connection, set(owners.values()))
        nameless = find_nameless(connection, taken, owners.keys(), now)
        also = {mail.account for one in nameless for mail in one.mails}
        rows = accounts.lock(connection, {row.account for row in known} | also)
        # Read again: what was read before the lock may have moved.
        settled = _by_attempt(attempts.find(connection, set(owners.values())), taken, owners)
        by_key = {row.key: row for row in rows}
        # All at once: the rows of two calls would not be locked in one order.
        history.suppress(connection, [*_to_suppress(settled, now), *to_suppress(nameless, now)])
        moved = _apply(connection, settled, by_key, now) if settled else set()
        if nameless:
            moved |= tell_of_nameless(connection, nameless, by_key, now)
            accounts.wake(connection, also - moved, now)
        if moved:
            plan_and_keep(connection, services, [row for row in rows if row.key in moved], now)
        done: list[tuple[int, AttemptId | None]] = [(one.row.id, None) for one in nameless]
        done += [(one.id, one_attempt.row.id) for one_attempt in settled for one in one_attempt.receipts]
        receipts.mark_settled(connection, done)
        parked = {one.id for one in taken} - {receipt for receipt, _ in done}
        receipts.park(connection, parked)
    _count_failures(services, settled)
    if parked:
        log.info("settle.parked", count=len(parked))
    return len(done)


def _count_failures(services: Services, settled: Sequence[Settled]) -> None:
    """Tells the lines which accepted messages have failed since, for operators to see."""
    words: dict[Channel, list[str]] = defaultdict(list)
    for one in settled:
        if one.new_state in FAILURES:
            kind = one.failure.kind if one.failure is not None else None
            words[Channel(one.row.channel)].append((kind or one.state).value)
    for channel in words.keys() & services.lines.keys():
        services.lines[channel].failed_later(words[channel])


def _owners(connection: Connection, taken: Sequence[ReceiptRow]) -> dict[int, AttemptId]:
    """Which attempt each receipt is about: by our id if it carries one, else by the provider's."""
    by_provider = attempts.find_by_provider(
        connection, {one.receipt.provider_id for one in taken if one.receipt.provider_id is not None}
    )
    found: dict[int, AttemptId] = {}
    for one in taken:
        owner = one.receipt.attempt_id or by_provider.get(one.receipt.provider_id or "")
        if owner is not None:
            found[one.id] = AttemptId(owner)
    return found


def _by_attempt(
    rows: Sequence[AttemptRow], taken: Sequence[ReceiptRow], owners: dict[int, AttemptId]
) -> list[Settled]:
    settled = []
    of: dict[AttemptId, list[ReceiptRow]] = defaultdict(list)
    for one in taken:
        if (owner := owners.get(one.id)) is not None:
            of[owner].append(one)
    for row in rows:
        mine = sorted(of[row.id], key=lambda one: one.receipt.turn(one.received_at))
        states, state = [], row.state
        for one in mine:
            if one.receipt.state is not None and _is_for(row, one.receipt):
                state = after_receipt(state, one.receipt.state)
            states.append(state)
        settled.append(Settled(row, tuple(mine), tuple(states)))
    return settled


def _is_for(row: AttemptRow, receipt: Receipt) -> bool:
    """Whether a receipt speaks of the recipient: people in copy have receipts of their own."""
    return receipt.address is None or receipt.address.casefold() == row.recipient.casefold()


def _apply(
    connection: Connection,
    settled: Sequence[Settled],
    rows: Mapping[AccountKey, AccountRow],
    now: datetime,
) -> set[AccountKey]:
    """Writes what the receipts say; returns whose plans it may change: mostly nobody's."""
    news = [one for one in settled if one.is_news]
    past = history.load(connection, {one.row.account for one in news}) if news else {}
    attempts.report(connection, [_report(one) for one in settled])
    late = _late_tries(connection, news)
    moves = [(one, _move(one, past[one.row.account], late)) for one in news]
    changes = [_change(one, move, now) for one, move in moves if move is not None]
    if changes:
        attempts.change_reminders(connection, changes)
    journal.write(connection, [entry for one in settled for entry in _entries(one, now)])
    too_late = [(one.row, past[one.row.account]) for one, move in moves if move is not None and move.needs_repair]
    if too_late:
        ask_for_repair(connection, too_late, rows, now)
    suppressing = {one.row.account for one in settled for found in one.receipts if found.receipt.suppress is not None}
    return suppressing | {one.row.account for one, move in moves if move is not None}


def _to_suppress(settled: Sequence[Settled], now: datetime) -> list[tuple[SellerId, str, str, str, datetime]]:
    """What `store/history.suppress` takes for the addresses that the receipts of known attempts name."""
    return [
        (one.row.seller, one.row.channel, receipt.address or one.row.recipient, receipt.suppress, now)
        for one in settled
        for receipt in (found.receipt for found in one.receipts)
        if receipt.suppress is not None
    ]


def _report(one: Settled) -> Report:
    """A state after which another receipt may come has a deadline for it."""
    waits = receipt_due_in_s(Channel(one.row.channel)) if one.state in WAITING else None
    failure = one.failure
    kind = None if failure is None or failure.kind is None else failure.kind.value
    return Report(one.row.id, one.new_state, one.provider_id, one.code, waits, kind)


def _late_tries(connection: Connection, news: Sequence[Settled]) -> dict[tuple[str, str, str | None], int]:
    """How often each reminder has failed late on each channel, by class, these reports included."""
    again = {one.row.reminder for one in news if one.failure is not None and one.failure.late_tries}
    return attempts.tries_of(connection, again, AttemptState.UNDELIVERED)


def _move(
    one: Settled, past: Sequence[PastReminder], late: Mapping[tuple[str, str, str | None], int]
) -> ReminderMove | None:
    failure = one.failure
    times = 0 if failure is None else late.get((one.row.reminder, one.row.channel, failure.kind), 0)
    again_in_s = late_pause_s(failure, times)
    return after_receipts(one.row.state, one.state, one.row.number, past, one.row.reminder, again_in_s)


def _change(one: Settled, move: ReminderMove, now: datetime) -> ReminderChange:
    spent = one.row.reminder_spent
    if move.spends_channel:
        spent = tuple(dict.fromkeys((*spent, one.row.channel)))
    retry_at = now + timedelta(seconds=move.pause_s) if move.state == "open" else None
    return ReminderChange(ReminderId(one.row.reminder), move.state, spent, retry_at)


def _entries(one: Settled, now: datetime) -> Iterator[Entry]:
    for found, state in zip(one.receipts, one.states, strict=True):
        yield _entry(one, found, state, now)


def _entry(one: Settled, found: ReceiptRow, state: AttemptState, now: datetime) -> Entry:
    facts = {
        "provider": found.provider,
        "word": found.receipt.word,
        "state": state.value,
        "code": found.receipt.code,
        "channel": Channel(one.row.channel).value,
    }
    return Entry(one.row.seller, now, "receipt.settled", facts, one.row.account, one.row.reminder, one.row.id)
