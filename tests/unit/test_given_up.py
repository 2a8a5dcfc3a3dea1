"""What is planned together with giving a reminder up is what is planned once it is closed."""

from dataclasses import replace

from domain import facts
from domain.cycles import at_moment
from domain.ids import CustomerId, InvoiceId
from domain.plan import plan
from tests.domain_factories import (
    a_member,
    a_past_reminder,
    a_policy,
    an_account,
    days,
    euros,
    issued,
    late_morning,
    on_day,
    paris,
)

F1 = InvoiceId("F-1")
POLICY = a_policy(after_broken_promise="first")


def test_the_cycle_that_only_it_had_is_over_with_it() -> None:
    """It began a new cycle after a promise that was kept after all, as is told late; then the customer is held."""
    begun = a_past_reminder(late_morning(9), "first", a_member(cycle=1), state="open", retry_at=late_morning(10))
    account = an_account(
        issued(),
        on_day(2, facts.PromiseMade((F1,), euros(50), days(6), "Anne")),
        on_day(11, facts.PaymentReceived(F1, "p1", euros(50), days(5))),
        on_day(12, facts.CustomerHeld(CustomerId("C-1"), "talks", paris(days(20)))),
        history=(begun,),
    )
    now = late_morning(12)
    assert at_moment(account, POLICY, now).account.units[0].cycle == 1
    found = plan(account, POLICY, now)
    assert found.gives_up == (begun.id, "withdrawn")
    after = plan(replace(account, history=found.ended(account.history)), POLICY, now)
    assert replace(found, gives_up=None) == after
