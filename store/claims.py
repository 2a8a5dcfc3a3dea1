"""Claiming a reminder: its row, the steps it takes, and the attempt that is about to be made, in one transaction.

`calling` is committed before the provider is called. Unique (unit, step, cycle) and one running reminder an
account are what the database itself refuses to break, whatever events or workers do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from domain.addresses import address_key
from domain.ids import AccountKey, AttemptId, ReminderId, SellerId
from domain.levels import PHONE_NUMBER_CHANNELS, Channel
from domain.past import Member
from store.arrays import INSTANT, NUMBER, TEXT, Rows, any_of, array_text, joined, seconds, texts
from store.fact_codec import members_to_row
from store.tables import attempts, contacted, reminders, steps_had

_WITH_ADDRESS = frozenset({Channel.EMAIL, *PHONE_NUMBER_CHANNELS})


@dataclass(frozen=True, slots=True)
class Claim:
    """A reminder that leaves now, with its attempt. `is_new`: its first attempt, which takes the steps.

    `claimed_at` is business time, `lease_s` wall time; `utc_offset_s` is the customer's own.
    `is_open`: work for a person, which nobody has to be called for: opened and done by this very claim.
    `message` is what is kept of the words, to show the message as it was sent.
    """

    reminder: ReminderId
    attempt: AttemptId
    seller: SellerId
    account: AccountKey
    is_new: bool
    claimed_at: datetime
    step: str
    level: int
    tone: int
    channel: str
    policy: str
    members: tuple[Member, ...]
    invoice_ids: tuple[str, ...]
    number: int
    provider: str
    contact: str | None
    recipient: str
    cc: tuple[str, ...]
    utc_offset_s: int
    lease_s: float
    is_open: bool
    template: str
    segments: int | None
    message: Mapping[str, Any]


def write(connection: sa.Connection, claims: Sequence[Claim]) -> None:
    """Writes reminders, steps and attempts: in a fixed number of round trips. IntegrityError: a second claim."""
    fresh = [claim for claim in claims if claim.is_new]
    if fresh:
        _insert_reminders(connection, fresh)
        _insert_steps(connection, fresh)
    if len(fresh) < len(claims):
        _continue_reminders(connection, [claim for claim in claims if not claim.is_new])
    _insert_attempts(connection, claims)
    _insert_contacted(connection, claims)


_ENDED = Rows(id=TEXT, state=TEXT)
_END = sa.update(reminders).where(reminders.c.id == _ENDED.c.id).values(state=_ENDED.c.state, retry_at=None)
_FREE_STEPS = sa.delete(steps_had).where(any_of(steps_had.c.reminder_id, "ids"))


def close_reminders(connection: sa.Connection, given_up: Mapping[ReminderId, str]) -> None:
    """Closes reminders that must not go on. What was `withdrawn` never went out: its steps may be taken again."""
    if not given_up:
        return
    connection.execute(_END, _ENDED.sent(given_up.items()))
    withdrawn = [reminder for reminder, state in given_up.items() if state == "withdrawn"]
    if withdrawn:
        connection.execute(_FREE_STEPS, {"ids": array_text(withdrawn)})


_REMINDERS = Rows(
    id=TEXT,
    seller=TEXT,
    account_id=NUMBER,
    claimed_at=INSTANT,
    step=TEXT,
    level=NUMBER,
    tone=NUMBER,
    channel=TEXT,
    policy=TEXT,
    members=TEXT,
    invoice_ids=TEXT,
    state=TEXT,
)
_INSERT_REMINDERS = _REMINDERS.into(
    reminders,
    members=sa.cast(_REMINDERS.c.members, JSONB),
    invoice_ids=texts(_REMINDERS.c.invoice_ids),
    attempts=sa.literal(1),
)


def _insert_reminders(connection: sa.Connection, claims: Sequence[Claim]) -> None:
    rows = [
        (
            claim.reminder,
            claim.seller,
            claim.account,
            claim.claimed_at,
            claim.step,
            claim.level,
            claim.tone,
            claim.channel,
            claim.policy,
            json.dumps(members_to_row(claim.members)),
            joined(claim.invoice_ids),
            _reminder_state(claim),
        )
        for claim in claims
    ]
    connection.execute(_INSERT_REMINDERS, _REMINDERS.sent(rows))


_STEPS = Rows(seller=TEXT, unit_id=TEXT, step=TEXT, cycle=NUMBER, reminder_id=TEXT)
_INSERT_STEPS = _STEPS.into(steps_had)


def _insert_steps(connection: sa.Connection, claims: Sequence[Claim]) -> None:
    rows = [
        (claim.seller, member.unit_id, member.step, member.cycle, claim.reminder)
        for claim in claims
        for member in claim.members
    ]
    connection.execute(_INSERT_STEPS, _STEPS.sent(rows))


_GOING_ON = Rows(id=TEXT, claimed_at=INSTANT, channel=TEXT, attempts=NUMBER, state=TEXT)
_CONTINUE_REMINDERS = (
    sa.update(reminders)
    .where(reminders.c.id == _GOING_ON.c.id, reminders.c.state.in_(["open", "done"]))
    .values(
        state=_GOING_ON.c.state,
        claimed_at=_GOING_ON.c.claimed_at,
        channel=_GOING_ON.c.channel,
        attempts=_GOING_ON.c.attempts,
        retry_at=None,
    )
)


def _continue_reminders(connection: sa.Connection, claims: Sequence[Claim]) -> None:
    """A further attempt moves the reminder's instant: a contact counts on the day on which it is made.

    One that is `done` is a call that reached nobody and is made again.
    """
    rows = [(one.reminder, one.claimed_at, one.channel, one.number, _reminder_state(one)) for one in claims]
    connection.execute(_CONTINUE_REMINDERS, _GOING_ON.sent(rows))


_ATTEMPTS = Rows(
    id=TEXT,
    seller=TEXT,
    account_id=NUMBER,
    reminder_id=TEXT,
    number=NUMBER,
    channel=TEXT,
    provider=TEXT,
    contact=TEXT,
    recipient=TEXT,
    cc=TEXT,
    called_at=INSTANT,
    utc_offset_s=NUMBER,
    state=TEXT,
    leased_until=sa.Double(),
    template=TEXT,
    segments=NUMBER,
    message=TEXT,
)
_INSERT_ATTEMPTS = _ATTEMPTS.into(
    attempts,
    cc=texts(_ATTEMPTS.c.cc),
    message=sa.cast(_ATTEMPTS.c.message, JSONB),
    leased_until=sa.func.clock_timestamp() + seconds(_ATTEMPTS.c.leased_until),
)


def _insert_attempts(connection: sa.Connection, claims: Sequence[Claim]) -> None:
    connection.execute(_INSERT_ATTEMPTS, _ATTEMPTS.sent(map(_attempt_row, claims)))


_CONTACTED = Rows(seller=TEXT, address=TEXT, called_at=INSTANT, attempt_id=TEXT)
_INSERT_CONTACTED = _CONTACTED.into(contacted)


def _insert_contacted(connection: sa.Connection, claims: Sequence[Claim]) -> None:
    """Who is contacted, by each address: other customers may have the same people."""
    rows = {
        (claim.seller, address_key(address), claim.claimed_at, claim.attempt)
        for claim in claims
        if claim.channel in _WITH_ADDRESS
        for address in (claim.recipient, *claim.cc)
    }
    if rows:
        connection.execute(_INSERT_CONTACTED, _CONTACTED.sent(sorted(rows)))


def _reminder_state(claim: Claim) -> str:
    return "done" if claim.is_open else "calling"


def _attempt_row(claim: Claim) -> tuple[Any, ...]:
    return (
        claim.attempt,
        claim.seller,
        claim.account,
        claim.reminder,
        claim.number,
        claim.channel,
        claim.provider,
        claim.contact,
        claim.recipient,
        joined(claim.cc),
        claim.claimed_at,
        claim.utc_offset_s,
        "opened" if claim.is_open else "calling",
        None if claim.is_open else claim.lease_s,
        claim.template,
        claim.segments,
        json.dumps(dict(claim.message)),
    )
