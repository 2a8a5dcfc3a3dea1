"""The machine of the model-based test: what may happen to the house, in whatever order Hypothesis chooses."""

import asyncio
import random
import sys
from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from channels.local import PersonTask
from channels.wishes import Wish
from config.wiring import Services
from domain.levels import Channel
from domain.outcomes import AttemptState, Receipt
from tests.factories import Json
from tests.integration.pipeline_checks import check, check_end, check_nobody_is_forgotten
from tests.integration.pipeline_choices import (
    ANSWERS,
    DAYS,
    FATES,
    HOURS,
    INDEX,
    MEANWHILE,
    RECEIPT,
    STRAY,
    WISH,
    WORDS,
    WORKER,
)
from tests.integration.pipeline_driver import Driver, Worker
from tests.integration.pipeline_events import CUSTOMERS, INVOICES, KINDS, Billing
from tests.integration.pipeline_model import START, UPWARDS, Model, Told
from tests.integration.scripted_edge import Answer, Edge, Sent, channels_over


class Life(RuleBasedStateMachine):
    """Three customers, two invoices each, two workers, and everything that can go wrong."""

    services: Services
    runner: asyncio.Runner

    def __init__(self) -> None:
        """Starts with an empty database."""
        super().__init__()
        edge = Edge(START)
        channels = {**channels_over(edge), Channel.PHONE: PersonTask(), Channel.TASK: PersonTask()}
        self.drive = Driver(replace(self.services, channels=channels), self.runner, edge)
        self.late: list[tuple[Told, Json]] = []
        self.told: list[tuple[Told, Json]] = []
        self.billing = Billing()
        self.replies = 0

    # --- Events ----------------------------------------------------------------------------------------------

    @initialize(late_days=st.lists(DAYS, min_size=3, max_size=3))
    def debts(self, late_days: list[int]) -> None:
        """Each customer owes something."""
        now = self.drive.now
        invoices = [f"F-{customer[-1]}1" for customer in CUSTOMERS]
        self.tells(
            [self.billing.made("issued", i, days, now) for i, days in zip(invoices, late_days, strict=True)],
            fold=True,
        )

    @rule(
        kinds=st.lists(st.sampled_from(KINDS), max_size=4),
        invoice=st.sampled_from(sorted(INVOICES)),
        days=DAYS,
        order=st.randoms(use_true_random=False),
        fold=st.booleans(),
    )
    def news_arrives(self, kinds: list[str], invoice: str, days: int, order: random.Random, fold: bool) -> None:
        """What is late, and more about an invoice, in any order; and something for the second time."""
        self.late += [self.billing.made(kind, invoice, days, self.drive.now) for kind in kinds]
        order.shuffle(self.late)
        some = [self.late.pop() for _ in range(order.randint(0, len(self.late)))]
        self.tells([*some, order.choice(self.told)], fold=fold)

    def tells(self, events: list[tuple[Told, Json]], *, fold: bool) -> None:
        """One post."""
        self.drive.tell(events)
        self.told += events
        if fold:
            self.drive.fold(list(self.drive.inbox))

    @precondition(lambda self: self.drive.unfolded())
    @rule(first=INDEX, twice=st.booleans())
    def folds(self, first: int, twice: bool) -> None:
        """Intake of the newest rows of the inbox, perhaps twice, some of them folded long ago."""
        rows = list(self.drive.inbox)
        for _ in range(1 + twice):
            self.drive.fold(rows[-(first % len(rows)) - 1 :])

    # --- Delivery --------------------------------------------------------------------------------------------

    @precondition(lambda self: self.drive.nudges)
    @rule(which=INDEX, worker=WORKER, goes=st.sampled_from(("once", "twice", "twice", "lost")), hours=HOURS)
    def claims(self, which: int, worker: int, goes: str, hours: int) -> None:
        """A nudge reaches a worker late, which claims; or both; or none. It may stay in the queue and come again."""
        self.drive.pass_time(timedelta(hours=hours))
        nudge = self.drive.nudges[which % len(self.drive.nudges)]
        if goes != "twice":
            self.drive.nudges.remove(nudge)
        if goes != "lost":
            self.drive.obey(self.drive.workers[worker], nudge)
        if goes == "twice":
            self.drive.obey(self.drive.workers[1 - worker], nudge)

    @precondition(lambda self: any(worker.claimed or worker.answered for worker in self.drive.workers))
    @rule(worker=WORKER, answers=ANSWERS, records=st.booleans())
    def goes_on(self, worker: int, answers: list[Answer], records: bool) -> None:
        """A worker makes the calls that it has claimed, and writes its answers down: in time, or after its lease."""
        one = self.drive.workers[worker]
        self.drive.edge.answers = answers
        self.drive.call(one)
        if records:
            self.drive.record(one)

    @rule(
        customer=st.sampled_from((*CUSTOMERS, None)),
        hours=HOURS,
        worker=WORKER,
        answers=ANSWERS,
        until=st.sampled_from(("nudged", "claimed", "called", *["recorded"] * 4)),
        meanwhile=MEANWHILE,
    )
    def delivers(
        self, customer: str | None, hours: int, worker: int, answers: list[Answer], until: str, meanwhile: str | None
    ) -> None:
        """A worker does all that is due, whenever, or when somebody may be written to; perhaps it stops half-way.

        Just before it claims, something may be told that nobody folds yet.
        """
        self.drive.pass_time(timedelta(hours=hours))
        if customer is not None:
            self.drive.pass_until_open(customer)
        self.drive.tick()
        if meanwhile is not None:
            news = self.billing.made(meanwhile, f"F-{(customer or CUSTOMERS[0])[-1]}1", 0, self.drive.now)
            self.tells([news], fold=False)
        if until != "nudged":
            self.obeys_all(self.drive.workers[worker], answers, until)

    def obeys_all(self, worker: Worker, answers: list[Answer], until: str) -> None:
        """What is in the queues."""
        for nudge in self.drive.nudges:
            self.drive.obey(worker, nudge)
        self.drive.nudges.clear()
        if until != "claimed":
            self.drive.edge.answers = answers
            self.drive.call(worker)
        if until == "recorded":
            self.drive.record(worker)

    # --- Crashes ---------------------------------------------------------------------------------------------

    @rule(
        customer=st.sampled_from(CUSTOMERS),
        answers=ANSWERS,
        fate=st.sampled_from(FATES),
        receipt=RECEIPT,
        is_asked=st.booleans(),
        goes_on=st.booleans(),
    )
    def a_worker_is_lost(
        self, customer: str, answers: list[Answer], fate: str, receipt: str | None, is_asked: bool, goes_on: bool
    ) -> None:
        """A worker that has claimed is not heard of for longer than its lease, and is swept up after.

        One that was only stopped still holds its claims or its answers, and may go on with them afterwards.
        """
        self.drive.pass_until_open(customer)
        self.drive.tick()
        worker = self.drive.workers[1]
        self.obeys_all(worker, answers, "claimed" if "before" in fate else "called")
        if "dies" in fate:
            worker.claimed.clear()
            worker.answered.clear()
        if receipt is not None and self.taken():
            self.report(self.taken()[-1], AttemptState.SENT, by_name=receipt == "by its own name", times=1)
        if fate != "is slow":
            self.drive.leases_end()
            self.drive.sweep()
        if is_asked:
            self.drive.ask(about_silence=False)
        if goes_on:
            self.drive.call(worker)
            self.drive.record(worker)

    @precondition(lambda self: self.drive.is_in_disorder())
    @rule()
    def sweeps(self) -> None:
        """What was left behind is taken on."""
        self.drive.sweep()

    # --- What becomes known later ----------------------------------------------------------------------------

    @precondition(lambda self: self.taken())
    @rule(which=INDEX, word=st.sampled_from(WORDS), by_name=st.booleans(), times=st.integers(0, 2))
    def a_receipt_comes(self, which: int, word: AttemptState | None, by_name: bool, times: int) -> None:
        """Early, late, doubled, shuffled; settled at once, twice, or when the sweep finds it."""
        self.report(self.taken()[which % len(self.taken())], word, by_name=by_name, times=times)
        rows = self.drive.report("any", None, replace(STRAY, key=f"stray-{which}"), by_name=False)
        for _ in range(times):
            self.drive.settle(rows)

    def report(self, one: Sent, word: AttemptState | None, *, by_name: bool, times: int) -> None:
        """A provider tells of a message under our name for it, or only under its own."""
        if word is not None and UPWARDS.index(word) > UPWARDS.index(one.state):
            one.state = word
        receipt = Receipt(
            key=f"{one.attempt}:{word}",
            word=word or "unsubscribe",
            state=word,
            attempt_id=None if by_name else one.attempt,
            provider_id=one.provider_id,
            suppress="opt_out" if word is None else None,
        )
        rows = self.drive.report("any", one.attempt, receipt, by_name=by_name)
        for _ in range(times):
            self.drive.settle(rows)

    def taken(self) -> list[Sent]:
        """What the providers have."""
        return [one for one in self.drive.edge.sent.values() if one.taken]

    @precondition(lambda self: self.model.attempts)
    @rule(is_mute=st.sampled_from((False, False, True)), silence=st.booleans(), times=st.integers(1, 3))
    def asks(self, is_mute: bool, silence: bool, times: int) -> None:
        """Providers are asked, and mostly answer the truth."""
        self.drive.edge.is_mute = is_mute
        for _ in range(times):
            self.drive.ask(about_silence=silence)

    @precondition(lambda self: self.model.in_state(AttemptState.UNCONFIRMED))
    @rule(which=INDEX)
    def a_person_says(self, which: int) -> None:
        """What became of a message in doubt."""
        doubts = self.model.in_state(AttemptState.UNCONFIRMED)
        self.drive.say(doubts[which % len(doubts)])

    @precondition(lambda self: self.taken())
    @rule(customer=st.sampled_from(CUSTOMERS), channel=st.sampled_from((Channel.SMS, Channel.WHATSAPP)), wish=WISH)
    def a_customer_writes(self, customer: str, channel: Channel, wish: Wish) -> None:
        """Stop, or start again."""
        self.replies += 1
        self.drive.write_back(customer, channel, wish, self.replies)

    # --- What must always hold -------------------------------------------------------------------------------

    @property
    def model(self) -> Model:
        """What may be."""
        return self.drive.model

    @invariant()
    def all_is_as_promised(self) -> None:
        """After each step."""
        check(self.drive)

    def teardown(self) -> None:
        """Let everything run to its end, unless something has failed already."""
        if sys.exc_info()[0] is None:
            self.everything_ends()

    def everything_ends(self) -> None:
        """All is told, the dead are found, every doubt is asked about: nothing is left between two states."""
        if self.late:
            self.drive.tell(self.late)
        for worker in self.drive.workers:
            worker.claimed.clear()
            worker.answered.clear()
        self.drive.leases_end()
        self.drive.edge.is_mute = False
        self.drive.edge.answers = []
        self.drive.sweep()
        for _ in range(3):
            self.drive.ask(about_silence=True)
        self.drive.pass_time(timedelta(days=9))
        for customer in CUSTOMERS * 3:
            self.drive.pass_until_open(customer)
            self.works_until_nothing_is_due()
        self.drive.sweep()
        check(self.drive)
        check_end(self.drive)
        check_nobody_is_forgotten(self.drive)

    def works_until_nothing_is_due(self) -> None:
        """As the scheduler and one worker do it, second by second."""
        for _ in range(5):
            self.drive.tick()
            if not self.drive.nudges:
                return
            self.obeys_all(self.drive.workers[0], [], "recorded")
            self.drive.pass_time(timedelta(seconds=1))
        raise AssertionError("the accounts never come to rest")
