"""What is owed as the customer's page shows it: how each invoice stands, its newest step and its next one."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain import facts
from domain.account import Account
from domain.customer import Seller
from domain.facts import Body, Fact
from domain.ids import CustomerId, InvoiceId, SellerId, StepId, UnitId
from domain.levels import Level
from domain.money import Money
from domain.owed import Owed, StepOn, owed_of
from domain.plan import plan
from domain.reasons import Code
from tests.domain_factories import (
    a_member,
    a_past_reminder,
    a_policy,
    an_account,
    an_instalment,
    days,
    euros,
    issued,
    on_day,
    paris,
)

F1, F2 = InvoiceId("F-1"), InvoiceId("F-2")
C1 = CustomerId("C-1")
AFTER_FIRST = paris(days(3), 10)
FIRST_HAD = (a_past_reminder(paris(days(2), 9)),)
STEPS_HAD = ((2, "first"), (12, "call"), (20, "widen"))
SECOND = issued("F-2", due_on=days(20))


def seen(account: Account, now: datetime = AFTER_FIRST, **changes: Any) -> Owed:
    policy = a_policy(**changes)
    return owed_of(account, policy, plan(account, policy, now), now)


def told(*bodies: Body | Fact, now: datetime = AFTER_FIRST) -> Owed:
    """Of F-1, which had its first step, and what else is told here."""
    return seen(an_account(issued(), *bodies, history=FIRST_HAD), now)


def test_an_invoice_has_its_newest_step_and_the_next_one_with_its_date() -> None:
    """The call is due on a Saturday, and planned for the Monday."""
    [one] = told().units
    assert (one.late_days, one.waits, one.is_part) == (3, None, False)
    assert one.had == StepOn(a_member().step, days(2))
    assert one.ahead == StepOn(StepId("call"), days(12))


def test_open_invoices_stand_by_due_date_and_what_is_settled_is_not_there() -> None:
    paid = facts.InvoicePaid(InvoiceId("F-3"), days(0))
    owed = told(SECOND, issued("F-3"), paid, issued("F-0", due_on=days(-9), total=Money(500, "JPY")))
    assert [one.state.invoice.id for one in owed.invoices] == ["F-0", "F-1", "F-2"]
    assert owed.totals == ((euros(200), euros(100)), (Money(500, "JPY"), Money(500, "JPY")))


@pytest.mark.parametrize(
    ("body", "code", "step"),
    [
        (facts.InvoiceDisputed(F1, "damaged"), Code.UNIT_DISPUTED, None),
        (facts.PromiseMade((F1,), None, days(14), "Anne"), Code.UNIT_PROMISED, "first"),
        (facts.EInvoiceStatusChanged(F1, "210"), Code.UNIT_WAITS_FOR_STATUS, None),
    ],
)
def test_what_waits_says_why_and_has_a_next_step_only_if_it_will_end(
    body: Body, code: Code, step: str | None
) -> None:
    [one] = told(body).units
    assert one.waits is not None
    assert one.waits.code is code
    assert (one.ahead and one.ahead.on >= days(14), bool(one.ahead)) == (step and True, bool(step))


def test_a_broken_promise_shows_since_when_the_new_cycle_runs() -> None:
    [one] = told(on_day(3, facts.PromiseMade((F1,), None, days(4), "")), now=paris(days(9), 10)).units
    assert one.unit.cycle == 1
    assert one.unit.restarted_on is not None


def test_a_hold_without_an_end_has_no_next_step_and_one_with_an_end_waits_for_it() -> None:
    for until, ahead in ((None, None), (paris(days(30)), days(30))):
        owed = told(facts.CustomerHeld(C1, "talks", until))
        [one] = owed.units
        assert owed.hold is not None
        assert (one.ahead.on if one.ahead else None) == ahead


def test_nobody_knows_what_comes_next_while_a_delivery_is_under_way() -> None:
    """It may be had by then."""
    calling = a_past_reminder(paris(days(3), 9), state="calling")
    [one] = seen(an_account(issued(), history=(calling,))).units
    assert (one.had, one.ahead) == (StepOn(StepId("first"), days(3)), None)


@pytest.mark.parametrize(("held_to", "ahead"), [(None, 30), (20, 30), (40, 40)])
def test_nothing_comes_before_the_date_that_was_given_with_a_reply(held_to: int | None, ahead: int) -> None:
    read = facts.TaskClosed(C1, "t1", "reply", StepId(""), (UnitId("sm1"),), 0, "done", days(30))
    held = [] if held_to is None else [facts.CustomerHeld(C1, "talks", paris(days(held_to)))]
    account = an_account(issued(), SECOND, read, *held, history=FIRST_HAD)
    assert {one.ahead.on for one in seen(account).units if one.ahead} == {days(ahead)}


def test_a_hold_that_is_over_is_none() -> None:
    assert told(facts.CustomerHeld(C1, "talks", AFTER_FIRST - timedelta(days=1))).hold is None


def test_nobody_knows_when_what_waits_for_the_payment_feed_goes_on() -> None:
    seller = Seller(SellerId("default"), synced_as_of=paris(days(-30)))
    [one] = seen(an_account(issued(), seller=seller), freshness_days=2).units
    assert one.ahead is None


def test_a_payment_plan_shows_its_instalments_at_each_invoice_that_it_covers() -> None:
    agreed = facts.PaymentPlanAgreed((F1, F2), (an_instalment(10, 50), an_instalment(40, 150)))
    owed = told(SECOND, agreed)
    assert [[one.unit.balance for one in each.units] for each in owed.invoices] == [[euros(50), euros(150)]] * 2
    assert all(one.is_part and one.unit.agreed for one in owed.units)
    assert owed.totals == ((euros(200), euros(0)),)


def test_a_step_that_a_person_decides_says_so() -> None:
    history = tuple(
        a_past_reminder(paris(days(n), 9), step, a_member("F-1", step), level=Level.FIRM) for n, step in STEPS_HAD
    )
    [one] = seen(an_account(issued(), history=history), paris(days(46), 10)).units
    assert one.ahead == StepOn(StepId("notice"), days(46), asks=True)


def test_nothing_is_shown_of_who_owes_nothing() -> None:
    owed = seen(an_account(issued(), facts.InvoicePaid(F1, days(0))))
    assert (owed.invoices, owed.units, owed.totals) == ((), (), ())
