"""A segment comes of facts and of nothing else; a gate keeps back a first reminder and no other."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain import facts
from domain.account import Account, InvoiceState
from domain.doubts import OTHER_CURRENCY, PAYMENT_SENT
from domain.facts import Fact
from domain.fold import fold
from domain.ids import CustomerId, InvoiceId
from domain.internal_task import NOT_SET_UP
from domain.plan import plan
from domain.planned import Plan
from domain.reasons import Code
from tests.domain_factories import a_fact, a_seller, days, issued
from tests.property.journeys import World, journey, worlds

C1 = CustomerId("C-1")

paid_late = st.lists(st.integers(-20, 60), max_size=16)


def book_of(delays: list[int]) -> list[Fact]:
    """An invoice for each delay, a month apart, paid that many days after it was due."""
    found = []
    for n, delay in enumerate(delays):
        due_on = days(-30 * n)
        paid = facts.InvoicePaid(InvoiceId(f"F-{n}"), due_on + timedelta(days=delay))
        found += [a_fact(issued(f"F-{n}", due_on=due_on), 2 * n), a_fact(paid, 2 * n + 1)]
    return found


def account_of(found: list[Fact]) -> Account:
    return fold(C1, found, a_seller())


@given(paid_late, st.data())
def test_the_order_of_facts_changes_no_segment(delays: list[int], data: st.DataObject) -> None:
    found = book_of(delays)
    assert account_of(data.draw(st.permutations(found))).segment == account_of(found).segment


@given(st.lists(st.integers(-20, 60), min_size=3, max_size=12))
def test_the_segment_is_what_its_figures_say(delays: list[int]) -> None:
    segment = account_of(book_of(delays)).segment
    assert segment.figures is not None
    in_time = sum(delay <= 3 for delay in delays) / len(delays)
    mean = sum(max(0, delay) for delay in delays) / len(delays)
    assert segment.figures.settled == len(delays)
    if in_time < 0.3 or mean >= 15.5:
        assert segment.name == "chronic"
    else:
        assert segment.name == ("reliable" if in_time >= 0.8 else "occasional")


@given(st.lists(st.integers(-20, 60), min_size=3, max_size=12), st.data())
def test_paying_one_of_them_sooner_never_makes_it_worse(delays: list[int], data: st.DataObject) -> None:
    ranks = {"chronic": 0, "occasional": 1, "reliable": 2}
    at = data.draw(st.integers(0, len(delays) - 1))
    sooner = [min(delay, 0) if n == at else delay for n, delay in enumerate(delays)]
    before, after = (account_of(book_of(each)).segment.name for each in (delays, sooner))
    assert ranks[after] >= ranks[before]


@given(worlds())
def test_an_invoice_that_holds_is_never_asked_for_first(world: World) -> None:
    """Counted by hand: whatever goes out first about a unit is complete, right, or passed by a person."""
    for moment in journey(world):
        if moment.leaves is None:
            continue
        begun = {m.unit_id for p in moment.account.history if p.state != "withdrawn" for m in p.members}
        for unit in moment.account.units:
            if unit.id not in {m.unit_id for m in moment.leaves.members} or unit.id in begun:
                continue
            of_invoice = {
                each.id for each in moment.account.units if each.states[0].invoice.id == unit.states[0].invoice.id
            }
            if of_invoice & begun:
                continue
            passed = {
                str(task.step)
                for task in moment.account.closed_tasks
                if task.outcome == "as_is" and of_invoice & set(task.units)
            }
            assert moment.account.complaint is None or "complaint" in passed
            for state in unit.states:
                assert "purchase_order" in passed or not lacks_order(world, state)
                assert not is_due_too_early(state, unit.due_on)


def lacks_order(world: World, state: InvoiceState) -> bool:
    return "purchase_order" in world.policy.require and state.invoice.purchase_order is None


def is_due_too_early(state: InvoiceState, due_on: date) -> bool:
    return state.invoice.issued_on is not None and due_on < state.invoice.issued_on


@given(worlds())
def test_a_gate_never_stops_a_unit_that_has_had_a_reminder(world: World) -> None:
    """From the moment at which every unit has had one, requiring more and complaining changes nothing."""
    strict = replace(world.policy, require=("purchase_order", "iban"))
    complained = a_fact(facts.ComplaintOpened(C1, "late", "rude"), 9999)
    for moment in journey(world):
        begun = {m.unit_id for p in moment.account.history if p.state == "done" for m in p.members}
        if moment.account.units and all(unit.id in begun for unit in moment.account.units):
            told = replace(moment.world, found=(*moment.world.found, complained))
            account = replace(told.account(moment.account.history), elsewhere=moment.account.elsewhere)
            found = plan(account, strict, moment.now)
            assert found == moment.plan
            assert Code.GATE not in {reason.code for reason in found.reasons}


@given(worlds())
def test_each_gate_has_its_task_and_each_fix_its_gate(world: World) -> None:
    for moment in journey(world, most=25):
        held = {(r.facts["unit"], r.facts["why"]) for r in moment.plan.reasons if r.code is Code.GATE}
        fixes = fixes_in(moment.plan)
        assert fixes <= held
        closed = any(task.kind == "fix" for task in moment.account.closed_tasks)
        waits = any(reason.code is Code.WAITS_FOR_DATE for reason in moment.plan.reasons)  # after a low score
        if held and not closed and not waits and moment.account.hold is None:
            assert {why for _, why in fixes} == {why for _, why in held}


def fixes_in(found: Plan) -> set[tuple[str, str]]:
    """What gates ask for: money that is doubted is asked about in the same way, at any time; our set-up is not."""
    asked = [task for task in found.tasks if task.kind == "fix" and task.step != NOT_SET_UP]
    fixes = {(task.units[0], str(task.step)) for task in asked}
    return {fix for fix in fixes if fix[1] not in (OTHER_CURRENCY, PAYMENT_SENT)}
