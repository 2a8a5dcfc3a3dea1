"""Random accounts, and what happens to them day by day when planned reminders really go out.

Nothing here asks the planner's own modules whether something is allowed: the checks count for themselves.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from domain import facts
from domain.account import Account
from domain.contacted import Contacted
from domain.customer import Customer, Seller
from domain.facts import Body, Fact
from domain.fold import fold
from domain.ids import CustomerId, ReminderId, StepId, UnitId
from domain.internal_task import InternalTask
from domain.invoice import Instalment, Invoice
from domain.levels import Channel
from domain.money import Money
from domain.naming import attempt_id
from domain.past import PastReminder, Suppressed
from domain.plan import plan
from domain.planned import Plan, PlannedReminder
from domain.policy import Policy
from tests.domain_factories import DUE_ON, KNOWN_AT, a_fact
from tests.property.histories import NAMES, due_days, money_moves, plans
from tests.property.parties import EMAILS, PHONES, customers, policies, seldom, sellers

TALKS = ["", "no_answer", "message_left", "call_back", "promised", "refused", "done", "disputed"]
DECISIONS = ["", "approved", "approved", "declined", "postponed"]


@dataclass(frozen=True, slots=True)
class World:
    """What a journey starts from.

    `answers` are what becomes of the reminders that go out, `talks` what comes of calls, `decisions` of approvals, in
    turn, `scores` what surveys are answered with, `looks` whether somebody looks into a low one at once; an empty
    one: nobody has closed the task yet. `elsewhere` is what its people have had about other customers,
    `to_come` what they will have, in order.
    """

    found: tuple[Fact, ...]
    seller: Seller
    suppressed: tuple[Suppressed, ...]
    policy: Policy
    answers: tuple[str, ...]
    talks: tuple[str, ...]
    decisions: tuple[str, ...]
    start: datetime
    elsewhere: tuple[Contacted, ...] = ()
    to_come: tuple[Contacted, ...] = ()
    scores: tuple[int, ...] = ()
    looks: tuple[bool, ...] = ()

    def account(self, history: tuple[PastReminder, ...] = ()) -> Account:
        account = fold(CustomerId("C-1"), self.found, self.seller, history, self.suppressed)
        return replace(account, elsewhere=self.elsewhere)

    def until(self, now: datetime) -> "World":
        """What is known at `now`."""
        had = tuple(one for one in self.to_come if one.at <= now)
        return replace(self, elsewhere=(*self.elsewhere, *had), to_come=self.to_come[len(had) :])


@st.composite
def others(draw: st.DrawFn, start: datetime) -> Contacted:
    """A try of one of three reminders about another customer, at an address that ours may have."""
    is_call = draw(seldom)
    return Contacted(
        at=start + timedelta(hours=draw(st.integers(-40 * 24, 40 * 24))),
        address=draw(st.sampled_from(PHONES if is_call else [*EMAILS, *PHONES])),
        reminder=ReminderId(f"o{draw(st.integers(1, 3))}"),
        is_call=is_call,
        in_vain=is_call and draw(st.booleans()),
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    customer = draw(customers())
    held = st.none() | st.integers(0, 60).map(lambda n: KNOWN_AT + timedelta(hours=17 * n))
    bodies: list[Body] = [
        facts.InvoiceIssued(customer, draw(_invoices(name))) for name in NAMES[: draw(st.integers(1, 4))]
    ]
    more: st.SearchStrategy[Body] = st.one_of(
        money_moves,
        st.builds(facts.InvoiceDisputed, st.sampled_from(NAMES), st.just("broken")),
        st.builds(facts.TermsExtended, st.sampled_from(NAMES), due_days),
        st.builds(facts.PromiseMade, st.tuples(st.sampled_from(NAMES)), st.none(), due_days, st.just("Anne")),
        plans(),
        st.builds(facts.CustomerHeld, st.just(customer.id), st.just("talks"), held),
    )
    bodies += draw(st.lists(more, max_size=4 if draw(seldom) else 1))
    if draw(seldom):
        bodies += draw(st.lists(st.one_of(_settled(), _wrong(customer)), max_size=6))
    gone = st.builds(Suppressed, st.just(Channel.EMAIL), st.sampled_from(EMAILS), st.just("bounce"))
    start = KNOWN_AT + timedelta(minutes=draw(st.integers(20, 30 * 24 * 60)))
    return World(
        found=tuple(a_fact(body, minute) for minute, body in enumerate(bodies)),
        seller=draw(sellers()),
        suppressed=tuple(draw(st.lists(gone, max_size=1))),
        policy=draw(policies()),
        answers=tuple(draw(st.lists(st.sampled_from(["done", "done", "retry", "spent"]), max_size=8))),
        talks=tuple(draw(st.lists(st.sampled_from(TALKS), max_size=5))),
        decisions=tuple(draw(st.lists(st.sampled_from(DECISIONS), max_size=5))),
        start=start,
        scores=tuple(draw(st.lists(st.sampled_from([0, 1, 6, 7, 10]), max_size=3))),
        looks=tuple(draw(st.lists(st.booleans(), max_size=3))),
        to_come=tuple(sorted(draw(st.lists(others(start), max_size=4)), key=lambda one: one.at)),
    )


def _settled() -> st.SearchStrategy[Body]:
    """The whole balance of an invoice came in, sooner or later."""
    return st.builds(facts.InvoicePaid, st.sampled_from(NAMES), due_days)


def _wrong(customer: Customer) -> st.SearchStrategy[Body]:
    """What a person has to look at before a first reminder, and what came of it."""
    whys = st.sampled_from([StepId("complaint"), StepId("purchase_order")])
    units = st.lists(st.sampled_from([UnitId(name) for name in NAMES]), min_size=1, max_size=2).map(tuple)
    closed = st.builds(
        facts.TaskClosed,
        st.just(customer.id), st.sampled_from(["t1", "t2", "t3"]), st.just("fix"), whys, units, st.just(0),
        st.sampled_from(["done", "done", "as_is"]), due_days,
    )  # fmt: skip
    return st.one_of(st.builds(facts.ComplaintOpened, st.just(customer.id), st.just("k1"), st.just("rude")), closed)


@st.composite
def _invoices(draw: st.DrawFn, name: str) -> Invoice:
    minors = draw(st.lists(st.integers(1, 100), max_size=2))
    parts = tuple(Instalment(draw(due_days), Money(minor, "EUR")) for minor in minors)
    usual: dict[str, Any] = {"id": name, "customer_id": CustomerId("C-1"), "number": name, "instalments": parts}
    usual["purchase_order"] = draw(st.sampled_from([None, "PO-1"]))
    usual["issued_on"] = draw(st.sampled_from([None, None, None, DUE_ON]))
    return Invoice(**usual, due_on=draw(due_days), total=Money(sum(minors) or draw(st.integers(1, 300)), "EUR"))


@dataclass(frozen=True, slots=True)
class Moment:
    """One stop of a journey: what was planned at `now`, and for which account of what has been told until then."""

    world: World
    now: datetime
    account: Account
    plan: Plan

    @property
    def continued(self) -> ReminderId | None:
        """The reminder of history that is tried again."""
        return self.plan.reminder.continues if self.plan.reminder else None

    @property
    def given_up(self) -> ReminderId | None:
        """The reminder of history that ends."""
        return self.plan.gives_up[0] if self.plan.gives_up else None

    @property
    def history(self) -> tuple[PastReminder, ...]:
        """What has been, once the reminder that this plan gives up is closed."""
        if self.plan.gives_up is None:
            return self.account.history
        name, state = self.plan.gives_up
        return tuple(replace(p, state=state, retry_at=None) if p.id == name else p for p in self.account.history)

    @property
    def leaves(self) -> PlannedReminder | None:
        """The reminder that goes out at this moment, if one does."""
        reminder = self.plan.reminder
        return reminder if reminder is not None and reminder.send_at == self.now else None


def journey(world: World, most: int = 60) -> Iterator[Moment]:
    """From one moment at which something may change to the next, with every reminder really going out."""
    history: tuple[PastReminder, ...] = ()
    answers, talks, decisions = list(world.answers), list(world.talks), list(world.decisions)
    scores, looks = list(world.scores), list(world.looks)
    opened: set[InternalTask] = set()
    now: datetime | None = world.start
    for _ in range(most):
        if now is None:
            return
        world = world.until(now)
        account = world.account(history)
        moment = Moment(world, now, account, plan(account, world.policy, now))
        yield moment
        asked = [task for task in moment.plan.tasks if task.kind == "approve" and task not in opened]
        closed = [_decided(task, decisions.pop(0), now) for task in asked if decisions]
        low = [task for task in moment.plan.tasks if task.step == "low_score" and task not in opened]
        closed += [_looked_into(task, now) for task in low if looks and looks.pop(0)]
        opened |= set(moment.plan.tasks)
        if moment.leaves is None:
            history, now = moment.history, moment.plan.again_at if not any(closed) else now
        else:
            history = _sent(moment.history, moment.leaves, now, answers.pop(0) if answers else "done")
            if history[-1].channel is Channel.PHONE and history[-1].state == "done" and talks:
                closed.append(_talked(history[-1], talks.pop(0), now))
            if history[-1].channel is Channel.SURVEY and scores:
                closed.append(_answered(history[-1], scores.pop(0), now))
        told = (
            a_fact(body, at=now, event_id=f"closed{len(world.found)}.{n}") for n, body in enumerate(closed) if body
        )
        world = replace(world, found=(*world.found, *told))


def _decided(task: InternalTask, decision: str, now: datetime) -> facts.TaskClosed | None:
    """What a person says at once of a step to approve."""
    if not decision:
        return None
    name = f"{task.step}/{task.units}/{task.cycle}/{task.round}"
    next_on = now.date() + timedelta(days=len(decision) % 4)
    return facts.TaskClosed(CustomerId("C-1"), name, task.kind, task.step, task.units, task.cycle, decision, next_on)


def _talked(past: PastReminder, outcome: str, now: datetime) -> facts.TaskClosed | None:
    """What came at once of a call."""
    if not outcome:
        return None
    units = tuple(member.unit_id for member in past.members)
    next_on = now.date() + timedelta(days=len(outcome) % 5)
    task = attempt_id(past.id, past.attempts)
    cycle = past.members[0].cycle
    return facts.TaskClosed(CustomerId("C-1"), task, "phone", past.step, units, cycle, outcome, next_on)


def _answered(past: PastReminder, score: int, now: datetime) -> facts.TaskClosed | None:
    """What came at once of a survey."""
    if not score:
        return None
    units = tuple(member.unit_id for member in past.members)
    name, cycle = attempt_id(past.id, past.attempts), past.members[0].cycle
    return facts.TaskClosed(
        CustomerId("C-1"), name, "survey", past.step, units, cycle, "answered", now.date(), score=score
    )


def _looked_into(task: InternalTask, now: datetime) -> facts.TaskClosed:
    """Somebody looks at once into a low score, and asks for some days of silence."""
    next_on = now.date() + timedelta(days=2)
    return facts.TaskClosed(
        CustomerId("C-1"), f"look-{task.units[0]}", task.kind, task.step, task.units, 0, "done", next_on
    )


def _sent(
    history: tuple[PastReminder, ...], reminder: PlannedReminder, now: datetime, answer: str
) -> tuple[PastReminder, ...]:
    """History after an attempt: accepted, to be tried again in an hour, or to be with its channel spent."""
    channel = reminder.routes[0].channel
    running = next((past for past in history if past.id == reminder.continues), None)
    answer = (
        "done" if channel in (Channel.PHONE, Channel.SURVEY) else answer
    )  # a task for a person is opened, and that is all
    state = "done" if answer == "done" else "open"
    past = PastReminder(
        id=running.id if running else ReminderId(f"r{len(history)}"),
        at=now,
        step=reminder.step.id,
        level=reminder.level,
        channel=channel,
        members=running.members if running else reminder.members,
        state=state,
        attempts=1 + (running.attempts if running else 0),
        used=(*(running.used if running else ()), *((channel,) if answer == "spent" else ())),
        retry_at=now + timedelta(hours=1) if state == "open" else None,
        calls=(*(running.calls if running else ()), *((now,) if channel is Channel.PHONE else ())),
    )
    return (*(one for one in history if one is not running), past)
