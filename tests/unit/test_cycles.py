"""What starts a ladder again: a broken promise, a payment plan that was not kept, a payment that went back."""

from dataclasses import replace
from datetime import date

import pytest

from domain import facts
from domain.account import Account
from domain.cycles import at_moment
from domain.facts import Body, Fact
from domain.fold import fold
from domain.ids import CustomerId, InvoiceId, StepId, UnitId
from domain.levels import Channel, Level
from domain.money import Money
from domain.past import PastReminder
from domain.plan import plan
from domain.planned import Plan
from domain.policy import Offset, OffsetKind, Policy, Segment, Step
from tests.domain_factories import (
    CALL,
    DUE_ON,
    FIRST,
    HEADS_UP,
    WIDEN,
    a_customer,
    a_fact,
    a_member,
    a_past_reminder,
    a_policy,
    a_seller,
    a_step,
    an_instalment,
    asked,
    codes,
    days,
    euros,
    issued,
    late_morning,
    paris,
    promise,
)

F1 = InvoiceId("F-1")
POLICY = a_policy(after_broken_promise="call")
IN_TWO = facts.PaymentPlanAgreed((F1,), (an_instalment(10, 50), an_instalment(40, 50)))
SAID = facts.TaskClosed(CustomerId("C-1"), "t1", "phone", StepId("call"), (UnitId("F-1"),), 0, "done", days(9))


def account_of(
    *later: tuple[int, Body], history: tuple[PastReminder, ...] = (), first: Body | None = None
) -> Account:
    """C-1 owes F-1; then facts so many days after it is due, at ten in Paris."""
    told: list[Fact] = [a_fact(first or issued())]
    told += [a_fact(body, at=paris(days(day), 10), event_id=f"l{n}") for n, (day, body) in enumerate(later)]
    return fold(CustomerId("C-1"), told, a_seller(), history)


def paid(amount: int, day: int, name: str = "p1") -> facts.PaymentReceived:
    return facts.PaymentReceived(F1, name, euros(amount), days(day))


def returned(amount: int, name: str = "p1") -> facts.PaymentReversed:
    return facts.PaymentReversed(F1, name, euros(amount), DUE_ON)


def had(step: Step, day: int, cycle: int = 0) -> PastReminder:
    return a_past_reminder(late_morning(day), step.id, a_member(step=step.id, cycle=cycle), level=step.level)


def had_of(unit: str) -> PastReminder:
    return a_past_reminder(late_morning(5), "heads-up", a_member(unit, "heads-up"), level=Level.UPCOMING)


def at(day: int, account: Account, policy: Policy = POLICY) -> Plan:
    return plan(account, policy, late_morning(day))


def leaves(day: int, account: Account, policy: Policy = POLICY) -> tuple[str, int] | None:
    """The step that leaves in the late morning of that day, with its cycle."""
    reminder = at(day, account, policy).reminder
    is_now = reminder is not None and reminder.send_at == late_morning(day)
    return (reminder.step.id, reminder.members[0].cycle) if reminder is not None and is_now else None


def news(day: int, account: Account, policy: Policy = POLICY) -> list[str]:
    return [one.event for one in at(day, account, policy).news]


def test_a_broken_promise_starts_at_the_policys_step_on_the_day_after_its_grace() -> None:
    account = account_of((3, promise(6)), history=(had(FIRST, 2),))
    assert leaves(8, account) is None
    assert codes(at(8, account).reasons)[0] == "unit_promised"
    assert leaves(9, account) == ("call", 1)
    assert at(9, account).reasons[0].as_dict() == {
        "code": "promise_broken",
        "facts": {"unit": "F-1", "promised_on": days(6).isoformat()},
    }


def test_the_steps_behind_it_come_as_far_behind_it_as_the_ladder_has_them() -> None:
    """Ten days lie between the call and the wider circle, however late the call was."""
    account = account_of((30, promise(34)), history=(had(FIRST, 2), had(CALL, 10), had(WIDEN, 20)))
    assert leaves(37, account) == ("call", 1)
    again = account_of((30, promise(34)), history=(*account.history, had(CALL, 37, cycle=1)))
    assert leaves(46, again) is None
    assert leaves(47, again) == ("widen", 1)


def test_without_a_step_of_its_own_a_policy_starts_again_behind_its_heads_ups() -> None:
    account = account_of((30, promise(34)), history=(had(FIRST, 2), had(CALL, 10)))
    for policy in (a_policy(), a_policy(HEADS_UP, FIRST, after_broken_promise="gone")):
        assert leaves(37, account, policy) == ("first", 1)
    skipping = a_policy(after_broken_promise="call", segments={"vip": Segment(skip=frozenset({CALL.id}))})
    vip = account_of((30, promise(34)), first=issued(customer=a_customer(segment="vip")))
    assert leaves(37, vip, skipping) == ("first", 1)
    assert leaves(37, account, a_policy(HEADS_UP)) is None


@pytest.mark.parametrize("kind", [OffsetKind.PREVIOUS, OffsetKind.DUE_BUSINESS])
def test_a_cycle_may_start_at_a_step_that_counts_otherwise(kind: OffsetKind) -> None:
    second = a_step("second", 0, when=Offset(kind, 7))
    third = a_step("third", 0, Level.FIRM, when=Offset(OffsetKind.PREVIOUS, 5))
    policy = a_policy(FIRST, second, third, after_broken_promise="second")
    account = account_of((30, promise(34)), history=(had(FIRST, 2),))
    assert leaves(37, account, policy) == ("second", 1)
    after = account_of((30, promise(34)), history=(had(FIRST, 2), had(second, 37, cycle=1)))
    assert [leaves(day, after, policy) for day in (41, 42)] == [None, ("third", 1)]


def test_a_payment_in_time_keeps_it_even_when_it_is_told_late() -> None:
    kept = account_of((3, promise(6, 40)), (4, paid(40, 4)))
    assert news(4, kept) == ["promise.kept"]
    assert codes(at(4, kept).reasons)[0] == "step_due"
    late = account_of((3, promise(6, 40)), (12, paid(40, 8)))
    assert (news(12, late), leaves(12, late)) == (["promise.kept"], ("call", 0))
    broken = account_of((3, promise(6, 40)), (12, paid(40, 9)))
    assert (news(12, broken), leaves(12, broken)) == (["promise.broken"], ("call", 1))


def test_payments_before_the_promise_and_other_currencies_do_not_keep_it() -> None:
    dollars = facts.PaymentReceived(F1, "p2", Money(4000, "USD"), days(5))
    assert news(9, account_of((1, paid(40, 1)), (3, promise(6, 40)), (5, dollars))) == ["promise.broken"]
    assert news(9, account_of((3, promise(6, 40)), (5, paid(30, 5)), (6, paid(10, 6, "p2")))) == ["promise.kept"]


def test_all_that_is_open_must_be_paid_where_no_amount_was_named() -> None:
    assert news(9, account_of((3, promise(6)), (5, paid(99, 5)))) == ["promise.broken"]
    assert news(9, account_of((3, promise(6)), (5, paid(100, 5)))) == ["promise.kept"]
    assert news(20, account_of((3, promise(6)), (19, paid(100, 19)))) == ["promise.broken"]


@pytest.mark.parametrize("over", [facts.InvoiceCancelled(F1, ""), facts.CreditNoteIssued(F1, "c1", euros(100))])
@pytest.mark.parametrize("amount", [None, 100])
def test_a_promise_to_pay_what_nobody_has_to_pay_any_more_lapses(over: Body, amount: int | None) -> None:
    """It is not kept: nobody paid. Nor is it broken. Of two invoices, what was promised of the other one stands."""
    assert news(9, account_of((3, promise(6, amount)), (5, over))) == []
    other = (0, issued("F-2")), (3, promise(6, amount, "F-1", "F-2")), (5, over)
    assert news(9, account_of(*other)) == ["promise.broken"]
    assert news(9, account_of(*other, (6, facts.InvoicePaid(InvoiceId("F-2"), days(6))))) == ["promise.kept"]


def test_a_newer_promise_made_in_time_replaces_it() -> None:
    account = account_of((3, promise(6)), (6, promise(12)))
    assert codes(at(9, account).reasons)[0] == "unit_promised"
    assert news(15, account) == ["promise.broken"]
    too_late = account_of((3, promise(6)), (10, promise(12)))
    assert news(15, too_late) == ["promise.broken", "promise.broken"]
    assert leaves(15, too_late) == ("call", 2)


def test_a_promise_about_another_invoice_replaces_nothing() -> None:
    account = account_of((0, issued("F-2")), (3, promise(6, None, "F-1", "F-2")), (4, promise(30, None, "F-2")))
    found = at(9, account)
    assert asked(found) == ("call", [("F-1", "call")])
    assert [reason.facts["unit"] for reason in found.reasons if reason.code == "unit_promised"] == ["F-2"]


def test_a_promise_about_invoices_of_nobody_means_nothing() -> None:
    assert at(3, account_of((3, promise(6, None, "F-9")))).news == ()


def test_a_promise_that_breaks_before_the_invoice_is_late_starts_nothing_again() -> None:
    account = account_of((-30, promise(-9)))
    assert (leaves(2, account), news(2, account)) == (("first", 0), ["promise.broken"])


def test_an_amount_without_a_currency_is_in_that_of_its_invoices() -> None:
    yen = issued(total=Money(50_000, "JPY"))
    said = facts.PromiseMade((F1,), Money(5_000_000, "EUR"), days(6), "", currency_stated=False)
    assert account_of((3, said), first=yen).promises[0].amount == Money(50_000, "JPY")
    assert account_of((3, said)).promises[0].amount == Money(5_000_000, "EUR")
    agreed = facts.PaymentPlanAgreed(
        (F1,), (an_instalment(10, 20_000), an_instalment(40, 30_000)), currency_stated=False
    )
    assert [unit.balance.minor for unit in account_of((3, agreed), first=yen).units] == [20_000, 30_000]


def test_what_was_had_in_a_later_cycle_is_never_had_again_in_an_earlier_one() -> None:
    """A payment that turns out to have come in time does not bring the same call once more."""
    account = account_of((3, promise(6, 40)), (20, paid(40, 5)), history=(had(FIRST, 2), had(CALL, 9, cycle=1)))
    found = at(20, account)
    assert [one.event for one in found.news] == ["promise.kept"]
    assert leaves(20, account) == ("widen", 1)


def test_what_was_not_kept_before_a_cycle_began_and_is_told_after_starts_no_other() -> None:
    """The bank's returns of two days are told in the wrong order: he would be called twice about them."""
    both = (5, paid(40, 5)), (6, paid(30, 6, "p2")), (15, returned(30, "p2"))
    before = had(FIRST, 2), had(CALL, 15, cycle=1)
    earlier = account_of(*both, (14, returned(40)), history=before)
    assert [leaves(day, earlier) for day in (19, 26)] == [None, ("widen", 1)]
    assert leaves(19, account_of(*both, (16, returned(40)), history=before)) == ("call", 2)
    promises = (3, promise(4, 40)), (7, promise(11, 40))
    called = account_of(*promises, history=(had(FIRST, 2), had(CALL, 14, cycle=1)))
    assert leaves(19, called) is None


def test_what_happened_before_a_reminder_and_is_told_after_it_starts_nothing_again() -> None:
    """Also in the first cycle: a return that bears an earlier date, and what was stored by an older version."""
    part_paid, before = (5, paid(40, 5)), (had(FIRST, 2), had(CALL, 15))
    assert leaves(20, account_of(part_paid, (12, returned(40)), history=before)) == ("widen", 0)
    assert leaves(20, account_of((5, paid(100, 5)), (12, returned(100)), history=before)) == ("widen", 0)
    assert leaves(20, account_of((3, promise(6)), history=before)) == ("widen", 0)
    stored = account_of((3, paid(40, 3)), (5, returned(40)), history=(had(FIRST, 2), had(CALL, 10), had(WIDEN, 20)))
    assert [leaves(day, stored) for day in (23, 30)] == [None, None]


def test_what_happened_after_a_reminder_starts_a_ladder_again_also_on_that_day() -> None:
    after = a_fact(returned(40), at=paris(days(10), 16), event_id="back")
    told = [a_fact(issued()), a_fact(paid(40, 5), at=paris(days(5), 10), event_id="paid"), after]
    account = fold(CustomerId("C-1"), told, a_seller(), (had(FIRST, 2), had(CALL, 10)))
    assert leaves(13, account) == ("call", 1)
    assert leaves(20, account_of((14, promise(16)), history=(had(FIRST, 2), had(CALL, 15)))) == ("call", 1)


def test_what_happened_before_the_last_reminder_of_a_cycle_starts_no_other() -> None:
    """The first one of the cycle is not all that he had since."""
    both = (5, paid(40, 5)), (6, paid(30, 6, "p2")), (15, returned(40))
    had_since = had(FIRST, 2), had(CALL, 15, cycle=1), had(WIDEN, 25, cycle=1)
    assert leaves(30, account_of(*both, (20, returned(30, "p2")), history=had_since)) is None
    assert leaves(30, account_of(*both, (26, returned(30, "p2")), history=had_since)) == ("call", 2)


@pytest.mark.parametrize(("again_on", "stated_on"), [(5, 5), (5, 20), (4, 9)])
def test_a_promise_told_once_more_is_that_promise(again_on: int, stated_on: int) -> None:
    """Sent again by a synchronisation, it had been kept before it was made, and was told as broken."""
    kept = (3, promise(6, 40)), (4, paid(40, 4))
    once = account_of(*kept, history=(had(FIRST, 2),))
    again = account_of(*kept, (again_on, promise(6, 40)), (stated_on, promise(6, 40)), history=(had(FIRST, 2),))
    assert news(21, again) == news(21, once) == ["promise.kept"]
    assert leaves(21, again) == leaves(21, once) == ("widen", 0)


def test_a_promise_on_the_phone_about_a_whole_invoice_replaces_an_older_one_about_it() -> None:
    """He has until the 20th; it was told that he had broken his word."""
    by_phone = (5, replace(SAID, outcome="promised", next_on=days(20)))
    assert news(12, account_of((3, promise(6)), by_phone)) == []
    parts = issued(instalments=(an_instalment(0, 40), an_instalment(1, 60)))
    of_one, of_both = (replace(by_phone[1], units=tuple(map(UnitId, u))) for u in (["F-1#1"], ["F-1#1", "F-1#2"]))
    assert news(12, account_of((3, promise(6)), (5, of_one), first=parts)) == ["promise.broken"]
    assert news(12, account_of((3, promise(6)), (5, of_both), first=parts)) == []


def test_the_same_may_be_promised_again_after_a_payment_went_back() -> None:
    account = account_of((3, promise(30)), (5, paid(100, 5)), (15, returned(100)), (16, promise(30)))
    assert codes(at(17, account).reasons)[0] == "unit_promised"


def test_a_promise_told_once_more_takes_the_place_of_none_that_was_made_since() -> None:
    first, by_phone = (3, promise(6)), (5, replace(SAID, outcome="promised", next_on=days(20)))
    account = account_of(first, by_phone, (7, promise(6)))
    assert "unit_promised" in codes(at(12, account).reasons)
    other = account_of(first, (5, promise(20)), (7, promise(6)))
    assert (news(12, other), leaves(12, other)) == (["promise.broken"], ("call", 1))


def test_a_payment_that_went_back_starts_at_the_policys_step() -> None:
    account = account_of((5, paid(100, 5)), (15, returned(100)), history=(had(FIRST, 2),))
    assert leaves(15, account) == ("call", 1)
    twice = account_of((5, paid(100, 5)), (6, returned(100)), (7, paid(100, 7, "p2")), (9, returned(100, "p2")))
    assert leaves(9, twice) == ("call", 2)


@pytest.mark.parametrize("back", [40, 10])
def test_what_went_back_of_an_invoice_that_is_still_owed_starts_its_ladder_again(back: int) -> None:
    """Whose direct debit went back is called about that, whatever else he owed, and gets no notice meanwhile."""
    before = had(FIRST, 2), had(CALL, 10)
    account = account_of((5, paid(40, 5)), (15, returned(back)), history=before)
    assert leaves(15, account) == ("call", 1)
    said_before = account_of((3, promise(30)), (5, paid(40, 5)), (15, returned(back)), history=before)
    assert leaves(15, said_before) == ("call", 1)


def test_what_goes_back_starts_a_ladder_again_once_and_only_if_more_is_owed_for_it() -> None:
    in_dollars = facts.PaymentReceived(F1, "p1", Money(4000, "USD"), days(5))
    never_told = account_of((15, returned(40)))
    foreign = account_of((5, in_dollars), (15, facts.PaymentReversed(F1, "p1", Money(4000, "USD"), DUE_ON)))
    overpaid = account_of((5, paid(100, 5)), (6, paid(40, 6, "p2")), (15, returned(40, "p2")))
    twice = account_of((5, paid(40, 5)), (15, returned(40)), (16, returned(40)), (17, returned(30)))
    found = [[len(state.went_back) for state in one.invoices] for one in (never_told, foreign, overpaid, twice)]
    assert found == [[0], [0], [0], [1]]


def test_a_payment_booked_again_with_another_amount_did_not_go_back() -> None:
    """A slip of the books ended his promise, and had him called the day after."""
    booked = (2, promise(25)), (3, paid(30, 3, "p3")), (4, paid(40, 4)), (5, returned(40))
    assert codes(at(6, account_of(*booked, (5, paid(45, 4, "p2")))).reasons)[0] == "unit_promised"
    less, later, same, another = paid(39, 4, "p2"), paid(45, 5, "p2"), paid(45, 4), paid(55, 3, "p3")
    for no_slip in (less, later, same, another):
        found = at(6, account_of(*booked, (5, no_slip)))
        assert "unit_promised" not in codes(found.reasons)


def test_a_reminder_that_reached_nobody_holds_off_no_new_cycle() -> None:
    before = had(FIRST, 2), had(CALL, 10), replace(had(WIDEN, 20), state="failed")
    account = account_of((3, paid(40, 3)), (19, returned(40)), history=before)
    assert leaves(22, account) == ("call", 1)


def late(at_day: int, heard_day: int, body: Body, name: str = "late") -> Fact:
    """What happened on a day and reached us on a later one."""
    return a_fact(body, at=paris(days(at_day), 10), event_id=name, received_at=paris(days(heard_day), 10))


def with_late(*facts_: Fact, history: tuple[PastReminder, ...]) -> Account:
    """C-1 owes F-1, has paid 40 and 30 of it; then what else is told."""
    told = [late(5, 5, paid(40, 5), "p1"), late(6, 6, paid(30, 6, "p2"), "p2")]
    return fold(CustomerId("C-1"), [a_fact(issued()), *told, *facts_], a_seller(), history)


def test_a_return_that_is_told_after_a_reminder_starts_the_ladder_again_on_that_day() -> None:
    """The bank's date lay before the reminder: what had gone back was asked for by the next step alone, a notice."""
    before = had(FIRST, 2), had(CALL, 10), had(WIDEN, 20)
    account = with_late(late(18, 21, returned(40)), history=before)
    assert [leaves(day, account) for day in (21, 22, 23)] == [None, None, ("call", 1)]
    called = replace(account, history=(*before, had(CALL, 23, cycle=1)))
    assert [leaves(day, called) for day in (30, 33)] == [None, ("widen", 1)]
    known = with_late(late(18, 19, returned(40)), history=before)
    assert leaves(23, known) is None
    in_cycle = (*before[:2], had(CALL, 15, cycle=1), had(WIDEN, 25, cycle=1))
    again = with_late(late(15, 15, returned(30, "p2")), late(20, 26, returned(40), "l2"), history=in_cycle)
    assert [leaves(day, again) for day in (26, 28)] == [None, ("call", 2)]


def test_returns_that_are_told_in_the_wrong_order_are_one_call() -> None:
    before = had(FIRST, 2), had(CALL, 15, cycle=1)
    account = with_late(late(15, 15, returned(30, "p2")), late(14, 16, returned(40), "l2"), history=before)
    assert [leaves(day, account) for day in (18, 19, 24, 26)] == [None, None, None, ("widen", 1)]


def test_a_return_was_heard_of_when_it_was_told_first() -> None:
    """Told again, with an earlier time, it would have the customer called twice."""
    before = had(FIRST, 2), had(CALL, 10), had(WIDEN, 20), had(CALL, 24, cycle=1)
    told = late(23, 23, returned(40)), late(18, 26, returned(40), "again")
    for found in (told, told[::-1]):
        assert leaves(28, with_late(*found, history=before)) is None


def test_a_payment_that_went_back_before_the_due_date_starts_nothing_again() -> None:
    account = account_of((-20, paid(100, -20)), (-9, returned(100)))
    assert leaves(-5, account) == ("heads-up", 0)


def test_a_payment_that_went_back_ends_older_promises() -> None:
    account = account_of((3, promise(30)), (5, paid(100, 5)), (15, returned(100)))
    assert (leaves(15, account), news(15, account)) == (("call", 1), [])


def test_extended_terms_end_a_cycle_that_began_before_the_new_date() -> None:
    account = account_of((3, promise(6)), (10, facts.TermsExtended(F1, days(20))), history=(had(FIRST, 2),))
    unit = at_moment(account, POLICY, late_morning(10)).account.units[0]
    assert (unit.cycle, unit.restarted_on) == (0, None)


def test_an_instalment_of_a_plan_waits_for_its_grace_and_then_breaks_the_plan() -> None:
    account = account_of((3, IN_TWO))
    assert leaves(5, account) == ("heads-up", 0)
    assert at(11, account).reasons[0].as_dict()["code"] == "unit_in_plan"
    assert at(5, account_of((3, IN_TWO), history=(had_of("plan:l0#1"),))).reminder == at(11, account).reminder
    assert at(11, account).news == ()
    found = at(13, account)
    assert asked(found) == ("call", [("plan:l0#1", "call")])
    assert (codes(found.reasons)[0], [one.event for one in found.news]) == ("plan_broken", ["plan.broken"])
    assert news(13, account_of((3, IN_TWO), (12, paid(50, 12)))) == []


def test_a_plans_instalment_is_not_broken_while_a_promise_made_in_time_runs_on() -> None:
    """He was given until the 20th; on the 13th he was told, by nobody, that he had broken the plan."""
    by_phone = replace(SAID, units=(UnitId("plan:l0#1"),), outcome="promised", next_on=days(20))
    agreed = (3, IN_TWO), (9, by_phone)
    account = account_of(*agreed, history=(had_of("plan:l0#1"),))
    found = at(13, account)
    assert (found.news, codes(found.reasons)[0]) == ((), "unit_promised")
    assert at_moment(account, POLICY, late_morning(13)).account.units[0].cycle == 0
    assert (news(23, account), leaves(23, account)) == (["promise.broken"], ("call", 1))
    assert news(23, account_of(*agreed, (19, paid(50, 19)))) == ["promise.kept"]
    assert news(16, account_of(*agreed, (15, promise(30)))) == []
    assert (
        news(33, account_of(*agreed, (21, facts.InvoiceDisputed(F1, "")), (30, facts.DisputeResolved(F1, "")))) == []
    )


def test_a_promise_that_was_made_too_late_or_was_over_before_leaves_the_plan_broken() -> None:
    too_late = account_of((3, IN_TWO), (13, promise(20)))
    assert (news(14, too_late), codes(at(14, too_late).reasons)[:2]) == (
        ["plan.broken"],
        ["plan_broken", "unit_promised"],
    )
    over = account_of((3, IN_TWO), (4, promise(6, 10)))
    assert news(13, over) == ["promise.broken", "plan.broken"]


def test_an_account_is_looked_at_again_when_a_promise_ends() -> None:
    account = account_of((3, promise(6)))
    found = at(4, account)
    assert found.again_at == paris(days(9))
    held = account_of((3, promise(6)), (3, facts.CustomerHeld(CustomerId("C-1"), "talks", None)))
    assert at(4, held).again_at == paris(days(9))
    assert at(9, held).again_at is None


def test_nothing_is_looked_at_while_a_delivery_runs() -> None:
    running = a_past_reminder(late_morning(4), "first", state="calling")
    assert at(4, account_of((3, promise(6)), history=(running,))).again_at is None


def test_a_plan_looks_beyond_the_end_of_a_promise() -> None:
    """What comes then is planned with the ladder that begins then."""
    found = at(4, account_of((3, promise(6)), history=(had(FIRST, 2),)))
    assert asked(found) == ("call", [("F-1", "call")])
    assert found.reminder is not None
    assert found.reminder.members[0].cycle == 1
    assert found.reminder.routes[0].channel is Channel.PHONE
    assert found.reminder.send_at.date() == date(2026, 12, 11)


def test_a_payment_and_its_return_told_together_start_nothing_again() -> None:
    """The reminder between had asked for all of it: nobody knew of the payment then."""
    before = had(FIRST, 2), had(CALL, 10), had(WIDEN, 20)
    file = late(17, 21, paid(20, 17, "p3"), "p3"), late(18, 21, returned(20, "p3"), "back")
    account = with_late(*file, history=before)
    assert at_moment(account, POLICY, late_morning(22)).account.units[0].cycle == 0


def test_two_returns_of_one_day_that_are_told_a_day_apart_are_one_call() -> None:
    """The call of the first has asked for both."""
    before = had(FIRST, 9), had(CALL, 12, cycle=1)
    account = with_late(late(7, 12, returned(40)), late(7, 13, returned(30, "p2"), "l2"), history=before)
    assert at_moment(account, POLICY, late_morning(14)).account.units[0].cycle == 1
    same = with_late(late(7, 12, returned(40)), late(7, 13, returned(30, "p2"), "l2"), history=before[:1])
    assert at_moment(same, POLICY, late_morning(14)).account.units[0].cycle == 1


@pytest.mark.parametrize(
    "over",
    [
        ((4, promise(60, 10)), (5, paid(10, 5, "p9"))),  # kept before the instalment was due
        ((4, promise(300)), (5, replace(promise(6), invoice_ids=(F1,)))),  # a slip, corrected
        ((4, promise(60)), (5, paid(10, 5, "p9")), (6, returned(10, "p9"))),  # ended by what went back
    ],
)
def test_a_promise_that_no_longer_runs_leaves_the_plan_broken(over: tuple[tuple[int, Body], ...]) -> None:
    assert "plan.broken" in news(13, account_of((3, IN_TWO), *over))


def test_a_promise_of_a_part_that_is_kept_after_the_instalments_end_took_its_place() -> None:
    """He pays on the 19th what he had promised for the 20th, and is not told on that day that he broke the plan."""
    account = account_of((3, IN_TWO), (9, promise(20, 30)), (19, paid(30, 19)))
    assert (news(19, account), at_moment(account, POLICY, late_morning(19)).account.units[0].cycle) == (
        ["promise.kept"],
        0,
    )
