"""Claiming a reminder: its row, the steps it takes, and the attempt that is about to be made, in one transaction.

`calling` is committed before the provider is called. Unique (unit, step, cycle) and one running reminder an
account are what the database itself refuses to break, whatever events or workers do.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from domain.addresses import address_key
from domain.ids import AccountKey, AttemptId, ReminderId, SellerId
from domain.levels import PHONE_NUMBER_CHANNELS, Channel
from domain.past import Member
from store.arrays import INSTANT, NUMBER, TEXT, Columns, among, unnested
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


def close_reminders(connection: sa.Connection, given_up: Mapping[ReminderId, str]) -> None:
    """Closes reminders that must not go on. What was `withdrawn` never went out: its steps may be taken again."""
    if not given_up:
        return
    new = unnested([("id", TEXT), ("state", TEXT)], list(given_up.items()))
    connection.execute(
        sa.update(reminders).where(reminders.c.id == new.c.id).values(state=new.c.state, retry_at=None)
    )
    withdrawn = [reminder for reminder, state in given_up.items() if state == "withdrawn"]
    if withdrawn:
        connection.execute(sa.delete(steps_had).where(among(steps_had.c.reminder_id, withdrawn)))


def steps_taken(connection: sa.Connection, reminders_: Collection[ReminderId]) -> list[tuple[str, str, int]]:
    """The (unit, step, cycle) rows of these reminders."""
    rows = connection.execute(
        sa.select(steps_had.c.unit_id, steps_had.c.step, steps_had.c.cycle).where(
            among(steps_had.c.reminder_id, reminders_)
        )
    )
    return [(unit, step, cycle) for unit, step, cycle in rows]


def _insert_reminders(connection: sa.Connection, claims: Sequence[Claim]) -> None:
    columns: Columns = [
        ("id", TEXT),
        ("seller", TEXT),
        ("account_id", NUMBER),
        ("claimed_at", INSTANT),
        ("step", TEXT),
        ("level", NUMBER),
        ("tone", NUMBER),
        ("channel", TEXT),
        ("policy", TEXT),
        ("members", TEXT),
        ("invoice_ids", TEXT),
        ("state", TEXT),
    ]
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
            "\x1f".join(claim.invoice_ids),
            _reminder_state(claim),
        )
        for claim in claims
    ]
    new = unnested(columns, rows)
    names = [name for name, _ in columns]
    special = {
        "members": sa.cast(new.c.members, JSONB),
        "invoice_ids": sa.func.string_to_array(new.c.invoice_ids, "\x1f", type_=sa.ARRAY(sa.Text)),
    }
    values = [special.get(name, new.c[name]) for name in names]
    statement = insert(reminders).from_select([*names, "attempts"], sa.select(*values, sa.literal(1)))
    connection.execute(statement)


def _insert_steps(connection: sa.Connection, claims: Sequence[Claim]) -> None:
    columns: Columns = [("seller", TEXT), ("unit_id", TEXT), ("step", TEXT), ("cycle", NUMBER), ("reminder_id", TEXT)]
    rows = [
        (claim.seller, member.unit_id, member.step, member.cycle, claim.reminder)
        for claim in claims
        for member in claim.members
    ]
    new = unnested(columns, rows)
    names = [name for name, _ in columns]
    connection.execute(insert(steps_had).from_select(names, sa.select(*(new.c[name] for name in names))))


def _continue_reminders(connection: sa.Connection, claims: Sequence[Claim]) -> None:
    """A further attempt moves the reminder's instant: a contact counts on the day on which it is made.

    One that is `done` is a call that reached nobody and is made again.
    """
    columns: Columns = [
        ("id", TEXT),
        ("claimed_at", INSTANT),
        ("channel", TEXT),
        ("attempts", NUMBER),
        ("state", TEXT),
    ]
    rows = [(one.reminder, one.claimed_at, one.channel, one.number, _reminder_state(one)) for one in claims]
    new = unnested(columns, rows)
    connection.execute(
        sa.update(reminders)
        .where(reminders.c.id == new.c.id, reminders.c.state.in_(["open", "done"]))
        .values(
            state=new.c.state,
            claimed_at=new.c.claimed_at,
            channel=new.c.channel,
            attempts=new.c.attempts,
            retry_at=None,
        )
    )


def _insert_attempts(connection: sa.Connection, claims: Sequence[Claim]) -> None:
    columns: Columns = [
        ("id", TEXT),
        ("seller", TEXT),
        ("account_id", NUMBER),
        ("reminder_id", TEXT),
        ("number", NUMBER),
        ("channel", TEXT),
        ("provider", TEXT),
        ("contact", TEXT),
        ("recipient", TEXT),
        ("cc", TEXT),
        ("called_at", INSTANT),
        ("utc_offset_s", NUMBER),
        ("state", TEXT),
        ("leased_until", sa.Double()),
        ("template", TEXT),
        ("segments", NUMBER),
        ("message", TEXT),
    ]
    new = unnested(columns, [_attempt_row(claim) for claim in claims])
    names = [name for name, _ in columns]
    special = {
        "cc": sa.func.string_to_array(new.c.cc, "\x1f", type_=sa.ARRAY(sa.Text)),
        "message": sa.cast(new.c.message, JSONB),
        "leased_until": sa.func.clock_timestamp() + sa.func.make_interval(0, 0, 0, 0, 0, 0, new.c.leased_until),
    }
    values = [special.get(name, new.c[name]) for name in names]
    connection.execute(insert(attempts).from_select(names, sa.select(*values)))


def _insert_contacted(connection: sa.Connection, claims: Sequence[Claim]) -> None:
    """Who is contacted, by each address: other customers may have the same people."""
    columns: Columns = [("seller", TEXT), ("address", TEXT), ("called_at", INSTANT), ("attempt_id", TEXT)]
    rows = {
        (claim.seller, address_key(address), claim.claimed_at, claim.attempt)
        for claim in claims
        if claim.channel in _WITH_ADDRESS
        for address in (claim.recipient, *claim.cc)
    }
    new = unnested(columns, sorted(rows))
    names = [name for name, _ in columns]
    connection.execute(insert(contacted).from_select(names, sa.select(*(new.c[name] for name in names))))


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
        "\x1f".join(claim.cc),
        claim.claimed_at,
        claim.utc_offset_s,
        "opened" if claim.is_open else "calling",
        None if claim.is_open else claim.lease_s,
        claim.template,
        claim.segments,
        json.dumps(dict(claim.message)),
    )
