"""Nobody is written to before a person has read what he answered; then it goes on."""

from datetime import date

from domain import facts
from domain.ids import CustomerId, StepId, UnitId
from domain.internal_task import InternalTask
from domain.levels import Channel
from domain.plan import plan
from tests.domain_factories import FIRST, a_past_reminder, a_policy, an_account, codes, issued, late_morning

C1 = CustomerId("C-1")
NOW = late_morning(3)
TODAY = date(2026, 12, 5)


def replied(name: str, customer: CustomerId = C1) -> facts.ReplyReceived:
    return facts.ReplyReceived(customer, name, Channel.SMS)


def read(name: str) -> facts.TaskClosed:
    return facts.TaskClosed(C1, f"t-{name}", "reply", StepId(""), (UnitId(name),), 0, "done", TODAY)


def to_read(*names: str) -> tuple[InternalTask, ...]:
    return tuple(InternalTask("reply", StepId(""), (UnitId(name),)) for name in names)


def test_a_reply_that_nobody_has_read_holds_and_is_a_task() -> None:
    found = plan(an_account(issued(), replied("r1"), replied("r2")), a_policy(FIRST), NOW)
    assert (found.reminder, found.again_at, found.tasks) == (None, None, to_read("r1", "r2"))
    [reason] = found.reasons
    assert reason.as_dict() == {"code": "reply_unread", "facts": {"reply": "r1", "channel": "sms"}}


def test_one_that_is_read_holds_no_more() -> None:
    still = plan(an_account(issued(), replied("r1"), replied("r2"), read("r1")), a_policy(FIRST), NOW)
    assert (codes(still.reasons), still.tasks) == (["reply_unread"], to_read("r2"))
    found = plan(an_account(issued(), replied("r1"), read("r1")), a_policy(FIRST), NOW)
    assert "reply_unread" not in codes(found.reasons)


def test_an_open_reminder_is_withdrawn() -> None:
    past = a_past_reminder(late_morning(2), state="open", retry_at=NOW)
    found = plan(an_account(issued(), replied("r1"), history=(past,)), a_policy(FIRST), NOW)
    assert (found.reminder, found.gives_up, found.tasks) == (None, (past.id, "withdrawn"), to_read("r1"))


def test_it_is_read_whatever_else_is_the_matter() -> None:
    """Also while a call is in doubt, which may last, and when nothing is owed any more."""
    past = a_past_reminder(late_morning(2), state="calling")
    found = plan(an_account(issued(), replied("r1"), history=(past,)), a_policy(FIRST), NOW)
    assert (codes(found.reasons), found.tasks) == (["delivery_running"], to_read("r1"))
    found = plan(an_account(replied("r1")), a_policy(FIRST), NOW)
    assert (codes(found.reasons), found.tasks) == (["nothing_owed"], to_read("r1"))
