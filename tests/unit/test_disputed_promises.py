"""What was promised of an invoice that is disputed when the promise ends, is no broken word: it lapses."""

from collections.abc import Callable

import pytest

from domain import facts
from domain.account import Account
from domain.cycles import at_moment
from domain.facts import Body, Fact, TaskClosed
from domain.ids import CustomerId, InvoiceId, StepId, UnitId
from domain.plan import plan
from domain.promises import standings_of
from domain.reasons import Code, Reason
from tests.domain_factories import (
    CALL,
    FIRST,
    a_fact,
    a_member,
    a_past_reminder,
    a_policy,
    an_account,
    an_instalment,
    days,
    euros,
    issued,
    late_morning,
    paris,
    promise,
)

F1, F2 = InvoiceId("F-1"), InvoiceId("F-2")
POLICY = a_policy(after_broken_promise="call")
DISPUTED, RESOLVED = facts.InvoiceDisputed(F1, "broken"), facts.DisputeResolved(F1, "")
HAD_FIRST = (a_past_reminder(late_morning(2), "first", a_member(step="first"), level=FIRST.level),)
PARTS = (an_instalment(0, 50), an_instalment(1, 50))
AGREED = facts.PaymentPlanAgreed((F1, F2), (an_instalment(10, 100), an_instalment(40, 100)))


def told(day: int, body: Body, hour: int = 10) -> Fact:
    return a_fact(body, at=paris(days(day), hour), event_id=f"{day}-{hour}-{type(body).__name__}")


def closed(kind: str, outcome: str, next_day: int, *units: str, task: str = "t1") -> TaskClosed:
    named = tuple(UnitId(unit) for unit in units or ("F-1",))
    return TaskClosed(CustomerId("C-1"), task, kind, StepId("call"), named, 0, outcome, days(next_day))


def paid(amount: int, day: int, of: InvoiceId = F1) -> facts.PaymentReceived:
    return facts.PaymentReceived(of, f"p-{of}", euros(amount), days(day))


def states(day: int, account: Account) -> list[str]:
    return [one.state.value for one in standings_of(account, POLICY, late_morning(day))]


def news(day: int, account: Account) -> list[str]:
    return [one.event for one in plan(account, POLICY, late_morning(day)).news]


def cycles(day: int, account: Account) -> list[tuple[str, int]]:
    return [(unit.id, unit.cycle) for unit in at_moment(account, POLICY, late_morning(day)).account.units]


def of_two(amount: int | None, *later: Fact) -> Account:
    """F-1 and F-2, each of 100, with a promise about both until the 6th and its grace; F-1 is disputed at its end."""
    both = told(3, promise(6, amount, "F-1", "F-2"))
    return an_account(issued(), issued("F-2"), both, told(5, DISPUTED), *later, told(20, RESOLVED))


@pytest.mark.parametrize(
    "contest",
    [
        lambda day: told(day, DISPUTED),
        lambda day: told(day, closed("phone", "disputed", 12, task="t2")),
        lambda day: told(day, facts.EInvoiceStatusChanged(F1, "207")),
    ],
)
def test_a_promise_lapses_whose_invoice_is_disputed_when_it_ends(contest: Callable[[int], Fact]) -> None:
    """He had said that the invoice was wrong, and was told that he had not kept his word."""
    ends = told(20, RESOLVED), told(20, facts.EInvoiceStatusChanged(F1, "205"), 11)
    account = an_account(issued(), told(3, promise(6)), contest(5), *ends, told(25, paid(100, 25)))
    owing = an_account(issued(), told(3, promise(6)), contest(5), *ends)
    assert (states(8, owing), states(9, owing), states(30, account)) == (["pending"], ["lapsed"], ["lapsed"])
    assert [news(day, one) for day, one in ((9, owing), (21, owing), (30, account))] == [[], [], []]
    assert cycles(21, owing) == [("F-1", 0)]


def test_after_the_dispute_the_ladder_goes_on_where_it_was() -> None:
    account = an_account(issued(), told(3, promise(6)), told(5, DISPUTED), told(9, RESOLVED), history=HAD_FIRST)
    found = plan(account, POLICY, late_morning(10))
    assert found.reminder is not None
    assert (found.reminder.step.id, found.reminder.members[0].cycle) == ("call", 0)
    assert "promise_broken" not in [reason.code.value for reason in found.reasons]


def test_it_is_told_why_nobody_holds_him_to_it() -> None:
    """Once for each unit that is still owed, as long as it is; but not beside a promise that was broken since."""
    both = of_two(100)
    found = [reason.as_dict() for day in (8, 9, 21) for reason in lapsed_at(day, both)]
    assert found == [
        {"code": "promise_lapsed", "facts": {"unit": unit, "promised_on": days(6).isoformat()}}
        for unit in ("F-1", "F-2", "F-1", "F-2")
    ]
    assert [reason.facts["unit"] for reason in lapsed_at(21, of_two(None))] == ["F-1"]
    again = told(22, promise(24, None, "F-1"))
    assert lapsed_at(28, of_two(100, again)) == [
        reason for reason in lapsed_at(21, both) if "F-2" in reason.facts.values()
    ]


def lapsed_at(day: int, account: Account) -> list[Reason]:
    return [one for one in plan(account, POLICY, late_morning(day)).reasons if one.code is Code.PROMISE_LAPSED]


def test_a_dispute_that_is_over_before_the_promise_ends_changes_nothing() -> None:
    over = an_account(issued(), told(3, promise(6)), told(4, DISPUTED), told(8, RESOLVED, 23))
    assert (states(9, over), news(9, over), cycles(9, over)) == (["broken"], ["promise.broken"], [("F-1", 1)])
    by_task = closed("phone", "disputed", 5, task="t2"), closed("dispute", "resolved", 8, task="t3")
    over = an_account(issued(), told(3, promise(6)), told(4, by_task[0]), told(8, by_task[1]))
    assert (states(9, over), news(9, over)) == (["broken"], ["promise.broken"])


def test_a_promise_that_was_broken_before_the_dispute_stays_broken() -> None:
    account = an_account(issued(), told(3, promise(6)), told(9, DISPUTED, 0), told(20, RESOLVED))
    assert (states(9, account), news(21, account), cycles(21, account)) == (
        ["broken"],
        ["promise.broken"],
        [("F-1", 1)],
    )


def test_of_several_disputes_the_one_at_its_end_counts() -> None:
    again = told(4, DISPUTED), told(5, RESOLVED), told(7, DISPUTED), told(7, DISPUTED, 15), told(30, RESOLVED)
    assert states(31, an_account(issued(), told(3, promise(6)), *again)) == ["lapsed"]
    between = told(4, DISPUTED), told(5, RESOLVED), told(12, DISPUTED)
    assert states(31, an_account(issued(), told(3, promise(6)), *between)) == ["broken"]


def test_a_dispute_that_is_told_late_has_the_promise_lapse_all_the_same() -> None:
    """What was told as broken meanwhile began a cycle; that stays, if something was had in it."""
    late = a_fact(DISPUTED, at=paris(days(5), 10), event_id="late", received_at=paris(days(12), 10))
    found = [a_fact(issued()), told(3, promise(6)), late, told(20, RESOLVED)]
    assert states(21, an_account(*found)) == states(21, an_account(*found[::-1])) == ["lapsed"]
    called = a_past_reminder(late_morning(10), "call", a_member(step="call", cycle=1), level=CALL.level)
    assert cycles(21, an_account(*found, history=(*HAD_FIRST, called))) == [("F-1", 1)]


def test_what_was_paid_in_time_is_kept_whatever_was_disputed() -> None:
    account = an_account(issued(), told(3, promise(6)), told(5, DISPUTED), told(6, paid(100, 6)))
    assert [states(day, account) for day in (7, 9, 30)] == [["kept"]] * 3


def test_of_other_invoices_it_goes_on() -> None:
    """All that was open was promised: of F-2 that is as it was."""
    assert (news(9, of_two(None)), cycles(21, of_two(None))) == (["promise.broken"], [("F-1", 0), ("F-2", 1)])
    kept = of_two(None, told(6, paid(100, 6, F2)))
    assert (states(8, kept), states(9, kept), news(21, kept)) == (["pending"], ["kept"], ["promise.kept"])


@pytest.mark.parametrize(
    ("amount", "of_f2", "state"),
    [(150, 49, "broken"), (150, 50, "kept"), (100, 0, "lapsed"), (100, 20, "lapsed"), (200, 100, "kept")],
)
def test_of_an_amount_he_has_to_pay_no_more_than_what_is_not_disputed(amount: int, of_f2: int, state: str) -> None:
    """Which of the two it was for nobody knows: what is disputed counts as if it had come in."""
    later = [told(6, paid(of_f2, 6, F2))] if of_f2 else []
    assert states(21, of_two(amount, *later)) == [state]
    credited = facts.CreditNoteIssued(F1, "c1", euros(100))  # how a dispute often ends
    assert states(21, of_two(amount, *later, told(15, credited))) == [state]


def test_what_was_paid_or_credited_of_a_disputed_invoice_before_is_not_disputed_any_more() -> None:
    credited = told(4, facts.CreditNoteIssued(F1, "c1", euros(80)))
    assert states(21, of_two(100, credited, told(6, paid(79, 6, F2)))) == ["broken"]
    assert states(21, of_two(100, credited, told(6, paid(80, 6, F2)))) == ["kept"]
    part_paid = told(4, paid(60, 4))
    assert states(21, of_two(150, part_paid, told(6, paid(49, 6, F2)))) == ["broken"]
    assert states(21, of_two(150, part_paid, told(6, paid(50, 6, F2)))) == ["kept"]


def test_of_instalments_that_were_promised_only_the_named_ones_count() -> None:
    """50 of F-1 and 100 of F-2 were promised on the phone: F-2's are still to be paid."""
    by_phone = told(3, closed("phone", "promised", 6, "F-1#1", "F-2"))
    said = issued(instalments=PARTS), issued("F-2"), by_phone, told(5, DISPUTED)
    assert states(21, an_account(*said, told(6, paid(99, 6, F2)))) == ["broken"]
    assert states(21, an_account(*said, told(6, paid(100, 6, F2)))) == ["kept"]
    alone = issued(instalments=PARTS), told(3, closed("phone", "promised", 6, "F-1#1")), told(5, DISPUTED)
    assert states(21, an_account(*alone)) == ["lapsed"]


def test_a_plans_instalment_is_not_broken_while_one_of_its_invoices_is_disputed() -> None:
    agreed = issued(), issued("F-2"), told(3, AGREED)
    assert news(13, an_account(*agreed)) == ["plan.broken"]
    disputed = an_account(*agreed, told(11, DISPUTED), told(20, RESOLVED))
    found = plan(disputed, POLICY, late_morning(21))
    assert (found.news, "plan_broken" in [reason.code.value for reason in found.reasons]) == ((), False)
    name = disputed.units[0].id
    assert dict(cycles(21, disputed))[name] == 0
    for other in ((told(11, DISPUTED), told(12, RESOLVED)), (told(13, DISPUTED), told(20, RESOLVED))):
        assert news(21, an_account(*agreed, *other)) == ["plan.broken"]


def test_a_promise_about_a_plans_instalment_lapses_with_each_of_its_invoices() -> None:
    agreed = an_account(issued(), issued("F-2"), told(3, AGREED))
    by_phone = told(9, closed("phone", "promised", 15, agreed.units[0].id))
    account = an_account(issued(), issued("F-2"), told(3, AGREED), by_phone, told(16, DISPUTED), told(30, RESOLVED))
    assert (states(31, account), "promise.broken" in news(31, account)) == (["lapsed"], False)


def test_a_promise_about_a_plans_invoices_lapses_with_one_of_them() -> None:
    """None of its instalments is due without that one: nothing is left that he could have broken."""
    both = told(9, promise(12, None, "F-1", "F-2"))
    account = an_account(issued(), issued("F-2"), told(3, AGREED), both, told(11, DISPUTED), told(20, RESOLVED))
    assert (states(21, account), news(21, account)) == (["lapsed"], [])
