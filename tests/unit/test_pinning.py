"""A running ladder keeps the version of its policy; whoever has none has the newest."""

import pytest

from domain.account import Account
from domain.facts import InvoicePaid, PaymentReceived, PaymentReversed
from domain.ids import InvoiceId
from domain.pinning import Versions, pinned_version, running_on, serve
from tests.domain_factories import (
    DUE_ON,
    a_member,
    a_past_reminder,
    a_policy,
    an_account,
    days,
    euros,
    issued,
    late_morning,
)


def with_steps(*policies: str, state: str = "done") -> Account:
    """C-1 had a step by each of these, one day after the other."""
    return an_account(
        history=tuple(a_past_reminder(late_morning(n), policy=label, state=state) for n, label in enumerate(policies))
    )


def versions(*policies: int, moving: int = 0) -> Versions:
    return Versions({number: a_policy(version=number) for number in policies}, moving)


def test_no_ladder_runs_before_the_first_step() -> None:
    assert running_on(an_account()) is None


def test_the_last_step_says_by_which_policy_the_ladder_runs() -> None:
    assert running_on(with_steps("test@1", "other@7", "test@2")) == ("test", 2)


@pytest.mark.parametrize("state", ["open", "calling", "done", "failed"])
def test_a_step_counts_however_its_delivery_goes(state: str) -> None:
    assert running_on(with_steps("test@1", state=state)) == ("test", 1)


def test_a_withdrawn_reminder_was_no_step() -> None:
    assert running_on(with_steps("test@1", state="withdrawn")) is None


def test_what_is_paid_runs_no_more() -> None:
    past = a_past_reminder(late_morning(2), policy="test@1")
    assert running_on(an_account(issued(), InvoicePaid(InvoiceId("F-1"), DUE_ON), history=(past,))) is None


def test_a_new_invoice_joins_the_ladder_that_runs() -> None:
    past = a_past_reminder(late_morning(2), "first", a_member("F-1"), policy="test@1")
    assert running_on(an_account(issued(), issued("F-2", due_on=days(20)), history=(past,))) == ("test", 1)


def test_a_new_cycle_is_the_same_ladder() -> None:
    """The payment went back: it is the same matter, by the same rules."""
    paid = PaymentReceived(InvoiceId("F-1"), "p1", euros(100), days(3))
    back = PaymentReversed(InvoiceId("F-1"), "p1", euros(100), days(5))
    earlier = a_past_reminder(late_morning(2), policy="test@1")
    later = a_past_reminder(late_morning(8), "first", a_member(cycle=1), policy="test@2")
    assert running_on(an_account(issued(), paid, back, history=(earlier,))) == ("test", 1)
    assert running_on(an_account(issued(), paid, back, history=(earlier, later))) == ("test", 2)


@pytest.mark.parametrize("label", ["", "test", "test@", "test@new"])
def test_a_reminder_whose_policy_nobody_noted_holds_nobody(label: str) -> None:
    assert running_on(with_steps("test@1", label)) is None


def test_a_ladder_is_pinned_only_within_the_policy_that_is_chosen() -> None:
    account = with_steps("test@1")
    assert pinned_version(account, "test") == 1
    assert pinned_version(account, "other") is None
    assert pinned_version(an_account(), "test") is None


@pytest.mark.parametrize(
    ("running", "known", "moving", "expected", "is_pinned"),
    [
        ("test@1", (1, 3), 0, "test@1", True),
        ("test@1", (1, 3), 3, "test@3", True),
        ("test@1", (1, 2, 3), 2, "test@2", True),
        ("test@3", (2, 3), 2, "test@3", True),
        ("test@1", (3,), 0, "test@3", False),
        ("test@4", (3,), 0, "test@3", False),
        ("other@1", (1, 3), 0, "test@3", False),
    ],
    ids=["kept", "moved", "moved half-way", "ahead", "unreadable", "newest unreadable", "another policy"],
)
def test_which_version_serves(
    running: str, known: tuple[int, ...], moving: int, expected: str, is_pinned: bool
) -> None:
    served = serve(with_steps(running), versions(*known, moving=moving))
    assert (served.policy.label, served.is_pinned, served.newest) == (expected, is_pinned, "test@3")
    assert served.is_kept == (expected != "test@3")


def test_who_has_no_running_ladder_has_the_newest() -> None:
    served = serve(an_account(), versions(1, 2, 3, moving=2))
    assert (served.policy.label, served.is_pinned, served.is_kept) == ("test@3", False, False)
