"""A step that cannot name its charges waits for a person, like an approval; the customer's other units go on."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from domain.account import Account
from domain.ids import StepId
from domain.internal_task import InternalTask
from domain.levels import Level
from domain.plan import plan
from domain.policy import Policy
from domain.rates import PenaltyRate, RateBasis, Rates
from domain.reasons import Code, Reason
from tests.charge_factories import FORMAL, RATES, UNTIL_2026, an_account_with_rates
from tests.domain_factories import (
    NO_LIMITS,
    a_member,
    a_past_reminder,
    a_policy,
    a_seller,
    a_step,
    asked,
    days,
    issued,
    late_morning,
    paris,
)

FIRM = a_step("firm", 2, Level.FIRM)
LATE = a_step("again", 25, Level.FORMAL)
UNKNOWN: Rates = replace(RATES, ecb={}, legal={})
FIX = InternalTask("fix", StepId("rate_unknown"), ())


def a_ladder(**changes: object) -> Policy:
    """Firm on day 2, formal with charges on day 20, formal without on day 25."""
    return a_policy(FIRM, FORMAL, LATE, **{"limits": NO_LIMITS, **changes})


def after_firm(rates: Rates | None, *more: str) -> Account:
    """F-1 (and `more`), reminded firmly on day 2."""
    names = ("F-1", *more)
    members = tuple(a_member(name, "firm") for name in names)
    past = a_past_reminder(late_morning(2), "firm", *members, level=Level.FIRM)
    return an_account_with_rates(*(issued(name) for name in names), rates=rates, history=(past,))


def test_a_known_rate_lets_the_step_go() -> None:
    found = plan(after_firm(RATES), a_ladder(), late_morning(20))
    assert asked(found) == ("formal", [("F-1", "formal")])
    assert found.tasks == ()


def test_an_unknown_rate_makes_the_step_wait_and_asks_a_person_once() -> None:
    found = plan(after_firm(UNKNOWN), a_ladder(), late_morning(20))

    assert found.reminder is None
    assert found.tasks == (FIX,)
    assert Reason(Code.RATE_UNKNOWN, {"step": "formal", "half_year": "2026-H2"}) in found.reasons


def test_the_ladder_waits_there_even_when_a_later_step_is_due() -> None:
    found = plan(after_firm(UNKNOWN), a_ladder(), late_morning(26))
    assert (found.reminder, found.tasks) == (None, (FIX,))


def test_a_rate_that_is_too_low_waits_as_well() -> None:
    agreed = PenaltyRate(RateBasis.AGREED, Decimal(5))

    found = plan(after_firm(RATES), a_ladder(penalty_rate=agreed), late_morning(20))

    assert found.tasks == (replace(FIX, step=StepId("rate_too_low")),)
    assert Reason(Code.RATE_TOO_LOW, {"step": "formal", "half_year": "2026-H2"}) in found.reasons


def test_a_step_that_also_needs_approval_asks_for_both() -> None:
    policy = a_policy(FIRM, replace(FORMAL, approval=True), limits=NO_LIMITS)

    found = plan(after_firm(UNKNOWN), policy, late_morning(20))

    assert found.tasks == (InternalTask("approve", FORMAL.id, (a_member().unit_id,)), FIX)


def test_the_other_invoices_go_on() -> None:
    """F-2 is due 18 days after F-1: its firm step comes on day 20, without F-1."""
    past = a_past_reminder(late_morning(2), "firm", a_member(step="firm"), level=Level.FIRM)
    later = issued("F-2", due_on=days(18))
    policy = a_policy(a_step("first", 1), FIRM, FORMAL, limits=NO_LIMITS)
    account = an_account_with_rates(issued(), later, rates=UNKNOWN, history=(past,))

    found = plan(account, policy, late_morning(20))

    assert asked(found) == ("first", [("F-2", "first")])
    assert found.tasks == (FIX,)


def test_a_unit_does_not_join_a_message_with_charges_that_cannot_be_told() -> None:
    """F-2's formal step would be pulled forward from day 21 to day 20, which would need the rate of its own span."""
    firm = (a_member("F-1", "firm"), a_member("F-2", "firm"))
    past = a_past_reminder(late_morning(3), "firm", *firm, level=Level.FIRM)
    early = a_step("formal-0", 19, Level.FORMAL)
    policy = a_policy(FIRM, early, replace(FORMAL, when=replace(FORMAL.when, days=20)), limits=NO_LIMITS)
    had = a_past_reminder(late_morning(19), "formal-0", a_member("F-2", "formal-0"), level=Level.FORMAL)
    account = an_account_with_rates(issued(), issued("F-2"), rates=UNKNOWN, history=(past, had))

    found = plan(account, policy, late_morning(19) + timedelta(hours=3))

    assert asked(found) == ("formal-0", [("F-1", "formal-0")])
    assert Reason(Code.NOT_GROUPED, {"unit": "F-2", "why": "rate"}) in found.reasons


def test_a_wait_in_the_future_asks_nobody_yet() -> None:
    """Planned in December, the step of January asks for its rate when it is there."""
    ladder = a_ladder()
    policy = replace(ladder, steps=(FIRM, replace(FORMAL, when=replace(FORMAL.when, days=33))))

    found = plan(after_firm(UNTIL_2026), policy, late_morning(20))

    assert (found.reminder, found.tasks, found.again_at) == (None, (), paris(days(33)))


def test_a_retry_does_not_go_on_without_the_rate() -> None:
    """It was claimed in December and would be tried again in January."""
    past = a_past_reminder(late_morning(2), "firm", a_member(step="firm"), level=Level.FIRM)
    policy = a_policy(FIRM, replace(FORMAL, when=replace(FORMAL.when, days=27)), limits=NO_LIMITS)
    for rates, given_up in ((UNTIL_2026, "withdrawn"), (RATES, None)):
        running = a_past_reminder(
            late_morning(29), "formal", a_member(step="formal"), level=Level.FORMAL, state="open"
        )
        account = an_account_with_rates(issued(), rates=rates, history=(past, running))

        found = plan(account, policy, late_morning(30))

        assert (found.gives_up and found.gives_up[1]) == given_up
        assert (found.reminder is None) == (given_up is not None)


def test_a_seller_without_rates_does_not_wait() -> None:
    account = replace(after_firm(None), seller=a_seller())
    assert asked(plan(account, a_ladder(), late_morning(20))) == ("formal", [("F-1", "formal")])


def test_a_retry_ends_when_the_charges_of_one_of_its_members_cannot_be_told() -> None:
    """F-2 is late since June, for which no rate is known; F-1 leads."""
    members = tuple(a_member(name, "formal") for name in ("F-1", "F-2"))
    running = a_past_reminder(late_morning(20), "formal", *members, level=Level.FORMAL, state="open")
    firm = tuple(a_member(name, "firm") for name in ("F-1", "F-2"))
    past = a_past_reminder(late_morning(2), "firm", *firm, level=Level.FIRM)
    bodies = issued(), issued("F-2", due_on=days(-180))
    for rates, given_up in ((RATES, None), (UNTIL_2026, (running.id, "withdrawn"))):
        account = an_account_with_rates(*bodies, rates=rates, history=(past, running))
        assert plan(account, a_policy(FIRM, FORMAL, limits=NO_LIMITS), late_morning(20)).gives_up == given_up
