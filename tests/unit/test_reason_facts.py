"""The facts behind each reason: the journal keeps them, and pages make their sentences of them."""

import pytest

from domain import facts
from domain.account import Account
from domain.facts import Body
from domain.ids import InvoiceId, ReminderId
from domain.levels import Channel
from domain.money import Money
from domain.past import PastReminder
from domain.plan import plan
from domain.planned import Plan
from domain.policy import Policy
from domain.reasons import Code
from tests.domain_factories import (
    CALL,
    FIRST,
    a_contact,
    a_customer,
    a_member,
    a_past_reminder,
    a_policy,
    a_seller,
    a_step,
    an_account,
    an_instalment,
    days,
    issued,
    late_morning,
    paris,
)

F1 = InvoiceId("F-1")
ASKING = a_policy(a_step("ask", 2, approval=True))


def told(found: Plan, code: Code) -> list[dict[str, str | int | None]]:
    return [dict(reason.facts) for reason in found.reasons if reason.code is code]


def owing(*bodies: Body, history: tuple[PastReminder, ...] = ()) -> Account:
    return an_account(issued(), *bodies, history=history)


@pytest.mark.parametrize(
    ("code", "body", "said"),
    [
        (Code.UNIT_DISPUTED, facts.InvoiceDisputed(F1, ""), {"unit": "F-1", "invoice": "F-1"}),
        (
            Code.UNIT_WAITS_FOR_STATUS,
            facts.EInvoiceStatusChanged(F1, "207"),
            {"unit": "F-1", "invoice": "F-1", "code": "207"},
        ),
        (
            Code.UNIT_PAID_IN_OTHER_CURRENCY,
            facts.PaymentReceived(F1, "p", Money(5, "USD"), days(0)),
            {"unit": "F-1", "invoice": "F-1", "currency": "USD"},
        ),
        (
            Code.UNIT_PROMISED,
            facts.PromiseMade((F1,), None, days(6), "Anne"),
            {"unit": "F-1", "until": days(8).isoformat()},
        ),
        (
            Code.UNIT_IN_PLAN,
            facts.PaymentPlanAgreed((F1,), (an_instalment(2, 100),)),
            {"unit": "plan:e1#1", "until": days(4).isoformat()},
        ),
        (
            Code.PLAN_BROKEN,
            facts.PaymentPlanAgreed((F1,), (an_instalment(-1, 100),)),
            {"unit": "plan:e1#1", "due_on": days(-1).isoformat()},
        ),
    ],
)
def test_why_a_unit_waits_or_began_anew(code: Code, body: Body, said: dict[str, str]) -> None:
    assert told(plan(owing(body), a_policy(), late_morning(3)), code) == [said]


@pytest.mark.parametrize(
    ("code", "policy", "said"),
    [
        (Code.STEP_DUE, a_policy(), {"unit": "F-1", "step": "first"}),
        (Code.CHANNEL_CHOSEN, a_policy(), {"channel": "email", "contact": "p1"}),
        (
            Code.STEP_LATER,
            a_policy(CALL),
            {"unit": "F-1", "step": "call", "moment": paris(days(10)).isoformat()},
        ),
        (Code.APPROVAL_NEEDED, ASKING, {"unit": "F-1", "step": "ask"}),
        (
            Code.OUTSIDE_HOURS,
            a_policy(FIRST, hours={None: ((),) * 7}),
            {"channel": "email", "until": None},
        ),
    ],
)
def test_why_a_step_goes_out_or_not(code: Code, policy: Policy, said: dict[str, str | None]) -> None:
    assert told(plan(owing(), policy, late_morning(2)), code) == [said]


def test_the_end_of_a_ladder_names_its_unit() -> None:
    past = a_past_reminder(late_morning(2))
    assert told(plan(owing(history=(past,)), a_policy(FIRST), late_morning(3)), Code.LADDER_DONE) == [{"unit": "F-1"}]


def test_who_joins_names_the_lead() -> None:
    found = plan(owing(issued("F-2")), a_policy(), late_morning(2))
    assert told(found, Code.GROUPED) == [{"unit": "F-2", "lead": "F-1"}]


def test_a_step_without_a_way_to_the_customer_says_which_way_is_missing() -> None:
    nobody = issued(customer=a_customer(contacts=(a_contact(email=None),)))
    found = plan(an_account(nobody), a_policy(FIRST), late_morning(2))
    assert told(found, Code.CHANNEL_UNUSABLE) == [{"channel": "email", "why": "no_address"}]
    assert told(found, Code.NO_USABLE_CHANNEL) == [{"step": "first"}]


def test_hours_and_the_spread_say_until_when() -> None:
    for code, at in ((Code.OUTSIDE_HOURS, paris(days(2))), (Code.SPREAD, paris(days(2), 9))):
        found = plan(owing(), a_policy(), at)
        assert found.reminder is not None
        assert told(found, code) == [{"channel": "email", "until": found.reminder.send_at.isoformat()}]


def test_a_stale_feed_says_how_old_it_is() -> None:
    account = an_account(seller=a_seller(synced_as_of=late_morning(-20)))
    found = plan(account, a_policy(freshness_days=2), late_morning(2))
    assert told(found, Code.FEED_STALE) == [{"as_of": late_morning(-20).isoformat()}]


def test_a_delivery_or_a_retry_names_its_reminder() -> None:
    calling = a_past_reminder(late_morning(2), id=ReminderId("r1"), state="calling")
    found = plan(owing(history=(calling,)), a_policy(), late_morning(3))
    assert told(found, Code.DELIVERY_RUNNING) == [{"reminder": "r1"}]
    again = a_past_reminder(late_morning(2), id=ReminderId("r1"), state="open", retry_at=late_morning(5))
    found = plan(owing(history=(again,)), a_policy(), late_morning(3))
    assert told(found, Code.RETRY) == [{"reminder": "r1", "at": late_morning(5).isoformat()}]


def test_a_ladder_that_waited_is_described_as_it_is_when_the_reminder_leaves() -> None:
    """F-1 has had its last step and waits for a date; F-2's step comes after that date."""
    called = a_past_reminder(late_morning(12), "call", a_member(step="call"), channel=Channel.PHONE)
    said = facts.TaskClosed(
        a_customer().id, "t1", "repair", CALL.id, (called.members[0].unit_id,), 0, "done", days(20)
    )
    account = an_account(issued(), issued("F-2", due_on=days(20)), said, history=(called,))
    found = plan(account, a_policy(CALL), late_morning(13))
    assert told(found, Code.LADDER_DONE) == [{"unit": "F-1"}]
    assert [unit["unit"] for unit in told(found, Code.UNIT_WAITS_FOR_DATE)] == ["F-1"]
