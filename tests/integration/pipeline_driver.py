"""Drives the real steps on the real database for the model-based test, and tells the model what was done.

A worker that dies is one whose held calls are dropped; time on the wall passes by SQL, business time is a parameter.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from channels.twilio.callbacks import Inbound
from channels.wishes import Wish
from config.wiring import DEFAULT_SELLER, Services
from domain.after import after_outcome
from domain.ids import AccountKey, AttemptId
from domain.levels import Channel
from domain.outcomes import AttemptState, Receipt
from store import receipts
from tests.factories import Json, customer_data
from tests.integration.pipeline_model import DOUBT, START, Model, Told, is_open
from tests.integration.scripted_edge import Edge
from workers.ask import ask
from workers.calls import Call
from workers.claim import claim_due
from workers.deliver import Answered, call_all, record
from workers.due import due, plan_again
from workers.hear import hear
from workers.intake import intake
from workers.look_for import look_for
from workers.nudges import Nudge
from workers.receive import receive
from workers.resolve import NOT_SENT, SENT, Resolution, resolve
from workers.settle import settle
from workers.sweep import sweep

EMPTY = """TRUNCATE accounts, invoices, facts, inbox, tasks, announced, journal, quarantine, reminders, steps_had,
    attempts, contacted, receipts, suppressions RESTART IDENTITY CASCADE"""
LEASES_END = "UPDATE attempts SET leased_until = clock_timestamp() - interval '1 s' WHERE state = 'calling'"
NUDGES_END = "UPDATE accounts SET nudged_at = NULL"
INBOX_AGES = "UPDATE inbox SET stored_at = stored_at - interval '1 hour' WHERE folded_at IS NULL"
RECEIPTS_AGE = "UPDATE receipts SET look_at = clock_timestamp() WHERE look_at IS NOT NULL"
DOUBT_AGES = "UPDATE attempts SET ask_at = clock_timestamp() WHERE ask_at IS NOT NULL AND state = 'unconfirmed'"
SILENCE_AGES = """UPDATE attempts SET ask_at = clock_timestamp() WHERE ask_at IS NOT NULL
    AND state <> 'unconfirmed' AND called_at < :before"""
WALL_IS_BUSINESS = "UPDATE attempts SET stored_at = called_at"
"""What is asked about is looked for near the instant of its call."""


@dataclass(slots=True)
class Worker:
    """What a worker process holds in its memory."""

    claimed: list[Call] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)


@dataclass(slots=True)
class Reported:
    """A receipt that lies in the store."""

    row: int
    attempt: AttemptId | None
    by_name: bool
    receipt: Receipt


class Driver:
    """One installation, its workers, and its model."""

    def __init__(self, services: Services, runner: asyncio.Runner, edge: Edge) -> None:
        """Starts from an empty database."""
        self.services, self.runner, self.edge, self.model = services, runner, edge, Model()
        self.now = edge.now = START
        self.workers = (Worker(), Worker())
        self.nudges: list[Nudge] = []
        self.inbox: dict[int, str] = {}
        self.reported: list[Reported] = []
        self.execute(EMPTY)

    def execute(self, statement: str, **values: object) -> None:
        with self.services.engine.begin() as connection:
            connection.execute(sa.text(statement), values)

    def query(self, statement: str) -> Sequence[Any]:
        with self.services.engine.connect() as connection:
            return connection.execute(sa.text(statement)).all()

    def pass_time(self, span: timedelta) -> None:
        """Business time goes on, and on the wall longer than a nudge is believed in and than a lease lasts."""
        if span > timedelta(minutes=1):
            self.leases_end()
        self.now = self.edge.now = self.now + span
        self.execute(NUDGES_END)

    def pass_until_open(self, customer: str) -> None:
        """Time passes by half hours; what was spread over a window has left by its last half hour."""
        at = self.now + timedelta(minutes=30)
        while not (is_open(customer, at) and not is_open(customer, at + timedelta(minutes=30))):
            at += timedelta(minutes=30)
        self.pass_time(at - self.now)

    # --- Events ----------------------------------------------------------------------------------------------

    def tell(self, events: Sequence[tuple[Told, Json]]) -> None:
        """Posts these events in one batch: those that are new are accepted."""
        reply = receive(self.services, DEFAULT_SELLER, [raw for _, raw in events], self.now)
        new = {told.id: told for told, _ in events if told.id not in self.model.told}
        assert reply.rejected == ()
        assert (reply.accepted, reply.duplicate) == (len(new), len(events) - len(new))
        self.model.told.update(new)
        self.inbox.update(zip(reply.inbox_ids, dict.fromkeys(t.id for t, _ in events if t.id in new), strict=True))

    def fold(self, ids: Sequence[int]) -> None:
        """Intake of these rows, folded already or not."""
        new = {self.inbox[one] for one in ids} & {one.id for one in self.model.told.values() if not one.folded}
        assert intake(self.services, ids, self.now) == len(new)
        for name in new:
            self.model.told[name].folded = True

    def unfolded(self) -> list[Told]:
        """What lies in the inbox."""
        return [one for one in self.model.told.values() if not one.folded]

    def is_in_disorder(self) -> bool:
        """Whether a sweep may find something."""
        return bool(self.unfolded() or self.reported or self.model.in_state(AttemptState.CALLING))

    # --- Delivery --------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """The scheduler looks for what is due."""
        self.nudges += due(self.services, self.now)

    def obey(self, worker: Worker, nudge: Nudge) -> None:
        """A worker takes a nudge: plans, or claims and goes no further."""
        keys = [AccountKey(key) for key in nudge.ids]
        if nudge.kind == "account.plan":
            plan_again(self.services, keys, self.now)
            return
        for call in claim_due(self.services, keys, nudge.queue, self.now):
            customer = self.customer_of(call)
            assert list(self.model.broken_by(call, customer, self.now)) == []
            self.model.claims(call, customer)
            worker.claimed.append(call)

    def customer_of(self, call: Call) -> str:
        """Whose account it is."""
        found = self.query(f"SELECT customer_id FROM accounts WHERE id = {call.claim.account}")  # noqa: S608 - a number
        return str(found[0].customer_id)

    def call(self, worker: Worker) -> None:
        """The worker calls the providers, as far as it has claimed and its leases last."""
        before = len(self.edge.calls)
        worker.answered += self.runner.run(call_all(self.services, worker.claimed))
        worker.claimed.clear()
        assert all(self.model.attempts[one].is_held for one in self.edge.calls[before:]), "a call after its lease"

    def record(self, worker: Worker) -> None:
        """The worker writes down its answers, in time or too late."""
        for call, outcome in worker.answered:
            after = after_outcome(outcome, call.claim.attempt, 1)
            self.model.records(
                call.claim.attempt, after.attempt_state, after.suppresses, names=outcome.provider_id is not None
            )
        if worker.answered:
            record(self.services, worker.answered, self.now)
        worker.answered.clear()

    def leases_end(self) -> None:
        """Whoever holds a call has been away for too long."""
        if not self.model.in_state(AttemptState.CALLING):
            return
        for worker in self.workers:
            worker.claimed = [replace(call, begin_by=-math.inf) for call in worker.claimed]
        for attempt in self.model.in_state(AttemptState.CALLING):
            self.model.attempts[attempt].is_held = False
        self.execute(LEASES_END)

    def sweep(self) -> None:
        """The sweep, and what it nudges: what nobody has taken up."""
        self.execute(INBOX_AGES)
        self.execute(RECEIPTS_AGE)
        nudges = sweep(self.services, self.now)
        self.model.sweeps()
        for nudge in nudges:
            if nudge.kind == "event.intake":
                self.fold(nudge.ids)
            elif nudge.kind == "reply.look_for":  # it is left to a person: what he wrote is not kept as it came
                assert look_for(self.services, nudge.ids, self.now) == ()
            else:
                self.settle(nudge.ids)

    # --- What becomes known later ----------------------------------------------------------------------------

    def report(self, provider: str, attempt: AttemptId | None, receipt: Receipt, *, by_name: bool) -> list[int]:
        """A provider posts a receipt, once or again; its row, if it is new."""
        with self.services.engine.begin() as connection:
            rows = receipts.put(connection, provider, [(receipt, b"raw")], self.now)
        self.reported += [Reported(row, attempt, by_name, receipt) for row in rows]
        return rows

    def settle(self, ids: Sequence[int]) -> None:
        """Receipts are looked at, settled already or not."""
        for one in [one for one in self.reported if one.row in ids]:
            if one.attempt is None or (one.by_name and one.attempt not in self.model.names):
                continue
            known = self.model.attempts[one.attempt]
            self.model.reports(one.attempt, one.receipt.state)
            if one.receipt.suppress:
                self.model.out_of_use.setdefault((known.customer, known.channel), one.receipt.suppress)
        settle(self.services, ids, self.now)

    def ask(self, *, about_silence: bool) -> None:
        """Providers are asked about all that is in doubt, or about all that was silent for four days."""
        self.execute(WALL_IS_BUSINESS)
        self.execute(DOUBT_AGES)
        if about_silence:
            self.execute(SILENCE_AGES, before=self.now - timedelta(days=4))
        ask(self.services, self.runner, self.now)
        self._learn()

    def _learn(self) -> None:
        """What asking may lead to is checked against the truth; then the model takes it over."""
        for id_, state, name in self.query("SELECT id, state, provider_id FROM attempts"):
            known, new = self.model.attempts[AttemptId(id_)], AttemptState(state)
            if name is not None:
                self.model.names.add(known.id)
            if new is known.state:
                continue
            sent = self.edge.sent.get(known.id)
            if known.state is AttemptState.UNCONFIRMED:
                assert known.channel != Channel.EMAIL, "nobody can be asked about it"
                assert not self.edge.is_mute, "nobody has answered"
                truth = sent.state if sent is not None and sent.taken else AttemptState.REFUSED
                assert new is truth, (new, known, sent)
            else:
                assert known.state not in DOUBT
                assert new in (AttemptState.EXPIRED, sent.state if sent is not None else None)
            known.state = new

    def say(self, attempt: AttemptId) -> None:
        """A person has looked at the provider's console and says what became of a message."""
        is_sent = self.edge.took(attempt)
        with self.services.engine.begin() as connection:
            said = Resolution(attempt, SENT if is_sent else NOT_SENT, "person")
            assert resolve(connection, self.services, [said], self.now) == {attempt}
        self.model.attempts[attempt].state = AttemptState.ACCEPTED if is_sent else AttemptState.REFUSED

    def write_back(self, customer: str, channel: Channel, wish: Wish, number: int) -> None:
        """The customer says stop or start on a channel of his telephone."""
        phone = customer_data(id=customer)["contacts"][0]["phone"]
        inbound = Inbound(f"in-{number}", channel, phone, "+33755000001", wish.value, f"SM-in-{number}", wish, False)
        assert hear(self.services, inbound, b"raw", self.now) == ()
        place = (customer, channel.value)
        if wish is Wish.STOP:
            self.model.out_of_use.setdefault(place, "opt_out")
        elif self.model.out_of_use.get(place) == "opt_out":
            del self.model.out_of_use[place]
