"""Promises and payment plans at their edges: what they cover, what counts for them, which cycle they start."""

import pytest

from domain import facts
from domain.account import Account, Unit
from domain.cycles import at_moment
from domain.facts import Body, Fact
from domain.fold import fold
from domain.ids import CustomerId, InvoiceId, StepId, UnitId
from domain.levels import Level
from domain.money import Money
from domain.past import PastReminder
from domain.plan import plan
from domain.policy import Offset, OffsetKind, Policy
from domain.reasons import Code
from tests.domain_factories import (
    ALL_HOURS,
    DUE_ON,
    a_fact,
    a_member,
    a_past_reminder,
    a_policy,
    a_seller,
    a_step,
    an_account,
    an_instalment,
    days,
    euros,
    issued,
    late_morning,
    paris,
    promise,
)

C1, F1, F2 = CustomerId("C-1"), InvoiceId("F-1"), InvoiceId("F-2")
POLICY = a_policy(after_broken_promise="call")
PARTS = issued(instalments=(an_instalment(0, 40), an_instalment(1, 60)))


def told(*later: tuple[int, Body], first: Body | None = None, history: tuple[PastReminder, ...] = ()) -> Account:
    """C-1 owes F-1; then facts so many days after it is due, at ten in Paris."""
    found: list[Fact] = [a_fact(first or issued())]
    found += [a_fact(body, at=paris(days(day), 10), event_id=f"l{n}") for n, (day, body) in enumerate(later)]
    return fold(C1, found, a_seller(), history)


def promised_on_the_phone(day: int, *units: str) -> facts.TaskClosed:
    names = tuple(UnitId(unit) for unit in units)
    return facts.TaskClosed(C1, f"t-{units}", "phone", StepId("call"), names, 0, "promised", days(day))


def paid(amount: int, day: int, name: str = "p1", of: InvoiceId = F1) -> facts.PaymentReceived:
    return facts.PaymentReceived(of, name, euros(amount), days(day))


def returned(amount: int, name: str = "p1") -> facts.PaymentReversed:
    return facts.PaymentReversed(F1, name, euros(amount), DUE_ON)


def news(day: int, account: Account, policy: Policy = POLICY) -> list[tuple[str, dict[str, str | int | None]]]:
    return [(one.event, dict(one.facts)) for one in plan(account, policy, late_morning(day)).news]


def events(day: int, account: Account) -> list[str]:
    return [event for event, _ in news(day, account)]


def promised(day: int, account: Account) -> list[tuple[str, str]]:
    """The units that wait for a promise, and until when."""
    found = plan(account, POLICY, late_morning(day))
    return [
        (str(one.facts["unit"]), str(one.facts["until"])) for one in found.reasons if one.code is Code.UNIT_PROMISED
    ]


def unit_at(day: int, account: Account) -> Unit:
    return at_moment(account, POLICY, late_morning(day)).account.units[0]


def test_a_promise_about_one_instalment_keeps_no_other_back() -> None:
    account = told((2, promised_on_the_phone(30, "F-1#1")), first=PARTS)
    assert promised(3, account) == [("F-1#1", days(32).isoformat())]


def test_of_two_promises_about_a_unit_the_later_is_waited_for() -> None:
    account = told((2, promise(30)), (3, promised_on_the_phone(10, "F-1#1")), first=PARTS)
    assert promised(5, account) == [("F-1#1", days(32).isoformat()), ("F-1#2", days(32).isoformat())]


def test_a_promise_about_one_invoice_of_a_plan_keeps_the_plan_back() -> None:
    agreed = facts.PaymentPlanAgreed((F1, F2), (an_instalment(5, 200),))
    account = told((0, issued("F-2")), (1, agreed), (2, promise(30, None, "F-2")))
    assert promised(3, account) == [("plan:l1#1", days(32).isoformat())]


@pytest.mark.parametrize(
    ("newer", "broken"),
    [(("F-1#1",), 0), (("F-1#1", "F-1#2"), 0), (("F-1#2",), 1)],
)
def test_a_newer_promise_replaces_one_about_units_that_it_names_as_well(newer: tuple[str, ...], broken: int) -> None:
    older = promised_on_the_phone(6, "F-1#1")
    newer_one = facts.TaskClosed(
        C1, "t2", "phone", StepId("call"), tuple(UnitId(unit) for unit in newer), 0, "promised", days(40)
    )
    account = told((2, older), (3, newer_one), first=PARTS)
    assert events(9, account).count("promise.broken") == broken


def test_a_promise_at_the_end_of_the_grace_comes_too_late() -> None:
    newer = a_fact(promise(12), at=paris(days(9)), event_id="newer")
    account = an_account(issued(), a_fact(promise(6), at=paris(days(3)), event_id="older"), newer)
    assert events(9, account) == ["promise.broken"]


def test_what_comes_in_on_the_day_of_a_promise_counts_for_it() -> None:
    account = told((3, promise(6, 40)), (4, paid(40, 3)))
    assert news(4, account) == [("promise.kept", {"promised_on": days(6).isoformat(), "amount": "40.00 EUR"})]


def test_a_promise_about_two_invoices_is_kept_when_both_are_paid() -> None:
    both = (0, issued("F-2")), (3, promise(6, None, "F-1", "F-2")), (4, paid(100, 4))
    assert events(9, told(*both)) == ["promise.broken"]
    kept = told(*both, (5, paid(100, 5, "p2", F2)))
    assert news(9, kept) == [("promise.kept", {"promised_on": days(6).isoformat(), "amount": None})]


def test_a_broken_plan_is_told_with_its_due_date() -> None:
    agreed = facts.PaymentPlanAgreed((F1,), (an_instalment(10, 100),))
    said = {"unit": "plan:l0#1", "due_on": days(10).isoformat()}
    assert news(13, told((3, agreed))) == [("plan.broken", said)]


def test_a_payment_that_went_back_on_the_due_date_starts_nothing_again() -> None:
    assert unit_at(1, told((-5, paid(100, -5)), (0, returned(100)))).cycle == 0
    assert unit_at(1, told((-5, paid(100, -5)), (1, returned(100)))).cycle == 1


def test_a_reminder_that_was_withdrawn_leaves_no_cycle_behind() -> None:
    call = a_past_reminder(late_morning(9), "call", a_member(step="call", cycle=1), state="withdrawn")
    account = told((3, promise(6, 40)), (20, paid(40, 5)), history=(call,))
    assert unit_at(20, account).cycle == 0


def test_a_cycle_that_only_history_knows_began_with_its_first_reminder() -> None:
    had = (
        a_past_reminder(late_morning(2), "first"),
        *(a_past_reminder(late_morning(day), "call", a_member(step="call", cycle=1)) for day in (9, 15)),
    )
    account = told((3, promise(6, 40)), (20, paid(40, 5)), history=had)
    unit = unit_at(20, account)
    assert (unit.cycle, unit.restarted_on) == (1, days(9))


def test_the_last_of_several_restarts_counts() -> None:
    twice = told((5, paid(100, 5)), (6, returned(100)), (7, paid(100, 7, "p2")), (9, returned(100, "p2")))
    unit = unit_at(9, twice)
    assert (unit.cycle, unit.restarted_on) == (2, days(9))


def test_words_without_a_currency_about_invoices_of_nobody_mean_nothing() -> None:
    nobody = (InvoiceId("F-9"),)
    said = facts.PromiseMade(nobody, Money(5000, "EUR"), days(6), "", currency_stated=False)
    agreed = facts.PaymentPlanAgreed(nobody, (an_instalment(5, 50),), currency_stated=False)
    account = told((3, said), (3, agreed))
    assert [unit.id for unit in account.units] == ["F-1"]
    assert [one.amount for one in account.promises] == [Money(5000, "EUR")]


def test_a_reply_promises_only_what_is_still_owed() -> None:
    read = facts.TaskClosed(C1, "t1", "reply", StepId(""), (UnitId("r1"),), 0, "promised", days(5))
    cent = issued("F-3", total=Money(1, "EUR"))
    account = told((0, issued("F-2")), (1, facts.InvoicePaid(F2, days(1))), (1, cent), (2, read))
    assert [(one.id, one.invoice_ids) for one in account.promises] == [("task:t1", ("F-1", "F-3"))]


def test_a_member_of_the_lead_climbs_on_from_the_highest_level_it_has_had() -> None:
    joined = a_past_reminder(late_morning(3), "widen", a_member("F-2", "widen"), a_member(), level=Level.FIRM)
    called = a_past_reminder(late_morning(13), "call", a_member(step="call"))
    found = plan(an_account(history=(joined, called)), a_policy(), late_morning(50))
    assert [(task.kind, task.step) for task in found.tasks] == [("approve", "notice")]


def test_a_broken_promise_about_one_invoice_starts_no_other_again() -> None:
    account = told((0, issued("F-2")), (3, promise(6)), (4, promise(5, 1)))
    assert [(unit.id, unit.cycle) for unit in at_moment(account, POLICY, late_morning(9)).account.units] == [
        ("F-1", 1),
        ("F-2", 0),
    ]
    found = plan(account, POLICY, late_morning(9))
    broken = [dict(one.facts) for one in found.reasons if one.code is Code.PROMISE_BROKEN]
    assert broken == [{"unit": "F-1", "promised_on": days(5).isoformat()}]


def test_each_member_of_a_reminder_has_its_own_cycle() -> None:
    both = a_past_reminder(late_morning(9), "call", a_member("F-1", "call"), a_member("F-2", "call", cycle=1))
    assert unit_at(20, told((0, issued("F-2")), (3, promise(30)), history=(both,))).cycle == 0


def test_a_plan_waits_and_breaks_from_the_first_instant_of_a_day() -> None:
    account = told((3, facts.PaymentPlanAgreed((F1,), (an_instalment(10, 100),))))
    for day, code in ((10, Code.UNIT_IN_PLAN), (13, Code.PLAN_BROKEN)):
        assert code in [one.code for one in plan(account, POLICY, paris(days(day))).reasons]
    assert at_moment(account, POLICY, paris(days(13))).account.units[0].restarted_on == days(13)


def test_all_that_came_in_on_the_last_day_of_the_grace_keeps_a_promise() -> None:
    owing = (0, issued("F-2")), (3, promise(6)), (12, paid(100, 8))
    assert events(12, told(*owing)) == ["promise.kept"]


def test_a_new_cycle_climbs_from_the_level_of_the_steps_before_its_first() -> None:
    policy = a_policy(after_broken_promise="notice")
    found = plan(told((3, promise(6))), policy, late_morning(9))
    assert [(task.kind, task.step) for task in found.tasks] == [("approve", "notice")]


def test_a_cycle_begins_on_its_day_even_where_its_step_counts_business_days() -> None:
    """The promise is broken on a Saturday, which no number of business days leads to."""
    step = a_step("first", 0, when=Offset(OffsetKind.DUE_BUSINESS, 7))
    policy = a_policy(step, hours={None: ALL_HOURS})
    found = plan(told((-1, promise(0))), policy, late_morning(3)).reminder
    assert found is not None
    assert paris(days(3)) < found.send_at < paris(days(4))
    assert found.members[0].cycle == 1


def test_a_promise_about_one_plan_covers_the_invoices_of_no_other() -> None:
    plans = [(1, facts.PaymentPlanAgreed((name,), (an_instalment(5, 100),))) for name in (F1, F2)]
    account = told((0, issued("F-2")), *plans, (2, promised_on_the_phone(30, "plan:l2#1")))
    assert [one.invoice_ids for one in account.promises] == [("F-2",)]


def test_money_that_comes_after_a_promise_was_kept_does_not_break_it() -> None:
    kept = (3, promise(6)), (5, paid(100, 5))
    for later in (paid(100, 20, "p2"), facts.PaymentReceived(F1, "p2", Money(500, "USD"), days(20))):
        assert events(21, told(*kept, (20, later))) == ["promise.kept"]
    assert events(21, told((3, promise(6)), (5, paid(99, 5)), (20, paid(100, 20, "p2")))) == ["promise.broken"]
    over = told((3, promise(6)), (4, facts.InvoiceCancelled(F1, "")), (20, paid(100, 20)))
    assert events(21, over) == []


@pytest.mark.parametrize(("in_time", "event"), [(40, "promise.kept"), (39, "promise.broken")])
def test_what_settles_a_promised_instalment_in_time_is_not_undone_by_the_next_ones_payment(
    in_time: int, event: str
) -> None:
    parts = issued(instalments=(an_instalment(0, 50), an_instalment(40, 50)))
    credited = facts.CreditNoteIssued(F1, "c1", euros(10))
    first = (12, promised_on_the_phone(15, "F-1#1")), (13, credited), (14, paid(in_time, 14))
    account = told(*first, (41, paid(100 - 10 - in_time, 41, "p2")), first=parts)
    assert [event for event in events(42, account) if event.startswith("promise")] == [event]


@pytest.mark.parametrize("later", [None, 40])
@pytest.mark.parametrize(
    ("credited_on", "in_time", "event"),
    [
        (13, 40, "promise.kept"),
        (13, 39, "promise.broken"),
        (20, 40, "promise.kept"),
        (5, 40, "promise.kept"),
        (5, 39, "promise.broken"),
    ],
)
def test_a_credit_note_takes_its_part_off_a_promised_instalment_of_a_plan(
    credited_on: int, in_time: int, event: str, later: int | None
) -> None:
    """It was told as kept, and as broken when the next instalment came in, in time: nobody had promised that."""
    agreed = facts.PaymentPlanAgreed((F1,), (an_instalment(10, 50), an_instalment(40, 50)))
    found = (1, agreed), (12, promised_on_the_phone(15, "plan:l0#1")), (14, paid(in_time, 14))
    note = (credited_on, facts.CreditNoteIssued(F1, "c1", euros(10)))
    more = [] if later is None else [(later, paid(50, later, "p2"))]
    assert [one for one in events(41, told(*found, note, *more)) if one.startswith("promise")] == [event]


@pytest.mark.parametrize(
    ("happened", "received", "covered"),
    [
        (-1, 4, ("F-1",)),  # dated back, or by a clock that is behind: nobody knew of it
        (9, 1, ("F-1", "F-2")),  # by a clock that is ahead: it was known
    ],
)
def test_a_reply_speaks_of_the_invoices_that_had_reached_us_by_then(
    happened: int, received: int, covered: tuple[str, ...]
) -> None:
    """Whatever time their events bear: that clock is the sender's."""
    read = facts.TaskClosed(C1, "t1", "reply", StepId(""), (UnitId("r1"),), 0, "promised", days(5))
    stated = a_fact(issued("F-2"), at=paris(days(happened), 9), event_id="i2", received_at=paris(days(received), 9))
    account = an_account(issued(), stated, a_fact(read, at=paris(days(2), 10), event_id="read"))
    assert [one.invoice_ids for one in account.promises] == [covered]


@pytest.mark.parametrize("over", [facts.InvoiceCancelled(F1, ""), facts.CreditNoteIssued(F1, "c1", euros(100))])
def test_a_promise_that_was_kept_stays_kept_when_what_he_paid_is_written_off(over: Body) -> None:
    """Of two invoices the paid one is credited a week later: he was called about the other."""
    both = (0, issued("F-2", total=euros(700))), (3, promise(6, 100, "F-1", "F-2")), (5, paid(100, 5))
    assert events(11, told(*both, (11, over))) == ["promise.kept"]
    assert unit_at(11, told(*both, (11, over))).cycle == 0
    too_little = (*both[:2], (5, paid(60, 5)), (11, over))
    assert events(11, told(*too_little)) == ["promise.broken"]


def test_a_promise_about_an_instalment_is_not_kept_by_what_is_credited_of_another() -> None:
    by_phone = (2, promised_on_the_phone(6, "F-1#2"))
    credited = (3, facts.CreditNoteIssued(F1, "c1", euros(60)))
    assert events(9, told(by_phone, credited, first=PARTS)) == ["promise.broken"]
    assert events(9, told(by_phone, credited, (5, paid(40, 5)), first=PARTS)) == ["promise.kept"]


def test_what_was_promised_before_a_plan_may_be_promised_again_after_it() -> None:
    agreed = facts.PaymentPlanAgreed((F1,), (an_instalment(5, 50), an_instalment(6, 50)))
    account = told((3, promise(25)), (4, agreed), (5, promise(25)))
    assert promised(12, account) == [(f"plan:l1#{n}", days(27).isoformat()) for n in (1, 2)]
